package grouplog_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/examples/jetstream/grouplog"
)

var shard = putrecords.MustNew(putrecords.Config{Shards: 2}).Shards()[1]

// A group comes back with the same records, at the positions of its sequence.
func TestGroupComesBackUnchanged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sequence := rapid.Uint64Range(1, 1<<47-1).Draw(t, "sequence")
		records := rapid.SliceOf(rapid.Custom(func(t *rapid.T) putrecords.Record {
			number := shard.SequenceNumberRange.StartingSequenceNumber
			number.Arrived += rapid.Int64Range(0, 1<<36).Draw(t, "second")
			return putrecords.Record{
				SequenceNumber:  number,
				PartitionKey:    string(rapid.SliceOf(rapid.Byte()).Draw(t, "partition key")), // UTF-8 or not
				ExplicitHashKey: rapid.String().Draw(t, "explicit hash key"),
				Data:            rapid.SliceOf(rapid.Byte()).Draw(t, "data"),
				Arrived:         time.Unix(rapid.Int64Range(1, 1<<36).Draw(t, "arrived"), rapid.Int64Range(0, 1e9-1).Draw(t, "ns")).UTC(),
			}
		})).Draw(t, "records")
		group := grouplog.Encode(records)
		most := 0
		for i, r := range records {
			records[i].SequenceNumber.Position = sequence<<16 + uint64(i)
			most += grouplog.Overhead + len(r.PartitionKey) + len(r.ExplicitHashKey) + len(r.Data)
			if grouplog.Sequence(records[i].SequenceNumber.Position) != sequence {
				t.Fatalf("position %d is not in group %d", records[i].SequenceNumber.Position, sequence)
			}
		}
		if len(group) > most {
			t.Fatalf("%d bytes, more than the bound of %d", len(group), most)
		}
		got := []putrecords.Record{}
		for record, err := range grouplog.Decode(shard, sequence, group) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, record)
		}
		if diff := cmp.Diff(records, got); diff != "" {
			t.Fatalf("records differ (-before +after):\n%s", diff)
		}
	})
}

// A group that is cut off is an error, not fewer records without one, unless the cut is between two
// records.
func TestCutGroup(t *testing.T) {
	record := putrecords.Record{PartitionKey: "key", Data: []byte("data"), Arrived: time.Unix(1_800_000_000, 5)}
	group := grouplog.Encode([]putrecords.Record{record, record})
	for n := range group {
		records, failed := 0, false
		for _, err := range grouplog.Decode(shard, 1, group[:n]) {
			if err == nil {
				records++
			}
			failed = err != nil
		}
		if between := n%(len(group)/2) == 0; failed == between || records != n/(len(group)/2) {
			t.Errorf("the first %d of %d bytes: %d records, failed: %v", n, len(group), records, failed)
		}
	}
	for _, err := range grouplog.Decode(shard, 1, []byte(strings.Repeat("\xff", 100))) {
		if err == nil {
			t.Error("a number of 100 bytes is a record")
		}
	}
}
