package putrecords_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/putrecords/putrecords"
)

// With DistributionAuto a stream needs no partition keys, ignores those it gets and explicit hash
// keys, and gives its open shards equally many records.
func TestDistributionAuto(t *testing.T) {
	c := newClock()
	s := putrecords.MustNew(putrecords.Config{
		Shards: 3, Now: c.Now, RecordDistributionStrategy: putrecords.DistributionAuto,
	})
	if got := s.RecordDistributionStrategy(); got != putrecords.DistributionAuto {
		t.Errorf("strategy %s", got)
	}
	out := mustPut(t, s, keyed("same"), keyed("same"), putrecords.RequestEntry{Data: []byte("x")}, hashed("7"), hashed(afterHashKey))
	if got := shardsOf(out); got != "01201" {
		t.Errorf("shards %s, want 01201", got)
	}
	if got := shardsOf(mustPut(t, s, keyed("same"), keyed("same"))); got != "20" {
		t.Errorf("then shards %s, want 20", got)
	}
	if err := s.SplitShard("shardId-000000000001", putrecords.HashKey{0x80}); err != nil {
		t.Fatal(err)
	}
	counts := make(map[rune]int)
	for _, shard := range shardsOf(mustPut(t, s, repeat(400, keyed("same"))...)) {
		counts[shard]++
	}
	if counts['0'] != 100 || counts['2'] != 100 || counts['3'] != 100 || counts['4'] != 100 {
		t.Errorf("after the split %v, want 100 for each open shard", counts)
	}
	stored := recordsOf(t, s, "shardId-000000000002")[0]
	if stored.PartitionKey != "" || string(stored.Data) != "x" {
		t.Errorf("stored %+v", stored)
	}
}

func TestDistributionAutoRejectsOrdering(t *testing.T) {
	s := putrecords.MustNew(putrecords.Config{RecordDistributionStrategy: putrecords.DistributionAuto})
	_, err := s.PutRecord(t.Context(), &putrecords.PutRecordInput{
		Data: []byte{}, StreamName: ptr("stream"), SequenceNumberForOrdering: ptr("0"),
	})
	wantError(t, err, putrecords.InvalidArgumentException, "SequenceNumberForOrdering can't be used on stream stream under "+
		"account 000000000000, whose record distribution strategy is AUTO.")
	if _, err := s.PutRecord(t.Context(), &putrecords.PutRecordInput{Data: []byte{}, StreamName: ptr("stream")}); err != nil {
		t.Errorf("without a partition key: %v", err)
	}
}

// A fault sees the hash key that the stream chose, and no partition key if there is none.
func TestFaultWithDistributionAuto(t *testing.T) {
	s := putrecords.MustNew(putrecords.Config{Shards: 2, RecordDistributionStrategy: putrecords.DistributionAuto})
	var attempts []putrecords.Attempt
	s.Inject(putrecords.Fault{Match: func(a putrecords.Attempt) bool {
		attempts = append(attempts, a)
		return false
	}})
	mustPut(t, s, putrecords.RequestEntry{Data: []byte("x")}, putrecords.RequestEntry{Data: []byte("x")})
	want := putrecords.Attempt{Index: 1, HashKey: putrecords.HashKey{0x80}, ShardID: "shardId-000000000001", Bytes: 1}
	if len(attempts) != 2 || attempts[1] != want {
		t.Errorf("attempts %+v, want the second %+v", attempts, want)
	}
}

// A dry run changes nothing, so the records put after it go to the same shards as without it.
func TestDryRunWithDistributionAuto(t *testing.T) {
	s := putrecords.MustNew(putrecords.Config{Shards: 2, RecordDistributionStrategy: putrecords.DistributionAuto})
	var shards strings.Builder
	for range 4 {
		in := putrecords.Input{Records: []putrecords.RequestEntry{keyed("k")}, StreamName: ptr("stream"), DryRun: ptr(true)}
		if _, err := s.PutRecords(t.Context(), &in); !errors.Is(err, putrecords.DryRunOperationException) {
			t.Fatalf("dry run: %v", err)
		}
		shards.WriteString(shardsOf(mustPut(t, s, keyed("k"))))
	}
	if got := shards.String(); got != "0101" {
		t.Errorf("shards %s, want 0101", got)
	}
}
