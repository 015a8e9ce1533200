package putrecords_test

import (
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/putrecords/putrecords"
)

// start is where virtual time begins: not at a full second.
var start = time.Date(2026, 3, 4, 5, 6, 7, 800_000_000, time.UTC)

// ptr returns a pointer to v.
func ptr[T any](v T) *T { return &v }

// The shards of a new stream.
const (
	shard0 = "shardId-000000000000"
	shard1 = "shardId-000000000001"
	shard2 = "shardId-000000000002"
	shard3 = "shardId-000000000003"
)

// A clock shows virtual time.
type clock struct{ now time.Time }

func newClock() *clock { return &clock{start} }

func (c *clock) Now() time.Time { return c.now }

func (c *clock) advance(d time.Duration) { c.now = c.now.Add(d) }

// mustPut puts records. It fails the test if the stream rejects the whole request.
func mustPut(t testing.TB, s *putrecords.Stream, records ...putrecords.RequestEntry) *putrecords.Output {
	t.Helper()
	out, err := s.Put(t.Context(), records...)
	if err != nil {
		t.Fatalf("Put: %v", err)
	}
	if len(out.Records) != len(records) {
		t.Fatalf("Put returned %[2]d entries for %[1]d records", len(records), len(out.Records))
	}
	return out
}

// keyed returns a record with a partition key and no data.
func keyed(partitionKey string) putrecords.RequestEntry { return putrecords.Entry(partitionKey, nil) }

// hashed returns a record with an explicit hash key.
func hashed(explicitHashKey string) putrecords.RequestEntry {
	e := putrecords.Entry("k", nil)
	e.ExplicitHashKey = &explicitHashKey
	return e
}

// repeat returns n copies of a record.
func repeat(n int, e putrecords.RequestEntry) []putrecords.RequestEntry {
	records := make([]putrecords.RequestEntry, n)
	for i := range records {
		records[i] = e
	}
	return records
}

// wantError checks that err is an *Error with this code and message.
func wantError(t testing.TB, err error, code putrecords.ErrorCode, message string) {
	t.Helper()
	var e *putrecords.Error
	if !errors.As(err, &e) {
		t.Fatalf("got error %v, want %s", err, code)
	}
	if diff := cmp.Diff(&putrecords.Error{Code: code, Message: message}, e); diff != "" {
		t.Fatalf("error differs (-want +got):\n%s", diff)
	}
}

// shardsOf returns the last digit of each record's shard, or '-' if the record failed.
func shardsOf(out *putrecords.Output) string {
	var b strings.Builder
	for _, e := range out.Records {
		if e.ShardID == "" {
			b.WriteByte('-')
		} else {
			b.WriteByte(e.ShardID[len(e.ShardID)-1])
		}
	}
	return b.String()
}

// sequenceNumber parses the sequence number of a stored record.
func sequenceNumber(t testing.TB, e putrecords.ResultEntry) putrecords.SequenceNumber {
	t.Helper()
	n, err := putrecords.ParseSequenceNumber(e.SequenceNumber)
	if err != nil {
		t.Fatalf("entry %+v: %v", e, err)
	}
	return n
}

// recordsOf returns a shard's records in the log.
func recordsOf(t rapid.TB, s *putrecords.Stream, shardID string) []putrecords.Record {
	t.Helper()
	var records []putrecords.Record
	for r, err := range s.Records(shardID) {
		if err != nil {
			t.Fatalf("Records(%q): %v", shardID, err)
		}
		records = append(records, r)
	}
	return records
}

// sameRecord compares records as cmp.Equal does, but faster.
func sameRecord(a, b putrecords.Record) bool {
	return a.SequenceNumber == b.SequenceNumber && a.PartitionKey == b.PartitionKey && a.ExplicitHashKey == b.ExplicitHashKey &&
		string(a.Data) == string(b.Data) && a.Arrived.Equal(b.Arrived) && a.Arrived.Location() == b.Arrived.Location()
}

// hashSpace is the number of hash keys, 2^128.
var hashSpace = new(big.Int).Lsh(big.NewInt(1), 128)

// plus returns n + k.
func plus(n *big.Int, k int64) *big.Int { return new(big.Int).Add(n, big.NewInt(k)) }

// hashKeyOf returns the hash key n, which must be within the hash space.
func hashKeyOf(n *big.Int) (key putrecords.HashKey) {
	n.FillBytes(key[:])
	return key
}

// nextHashKey returns the hash key after the end of a shard, which must not end the hash space.
func nextHashKey(shard putrecords.Shard) putrecords.HashKey {
	return hashKeyOf(plus(shard.HashKeyRange.EndingHashKey.Big(), 1))
}
