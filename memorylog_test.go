package putrecords_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/putrecords/putrecords"
)

// A MemoryLog yields what a slice would that is filtered by retention and position, however its chunks fall.
func TestMemoryLogAgreesWithASlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		log := putrecords.MemoryLog{Retention: time.Hour}
		shards := putrecords.MustNew(putrecords.Config{Shards: 2}).Shards()
		kept := make([][]putrecords.Record, len(shards))
		now := start
		for range rapid.IntRange(1, 15).Draw(t, "appends") {
			now = now.Add(time.Duration(rapid.OneOf(rapid.Int64Range(0, 1e9), rapid.Int64Range(0, 3e12)).Draw(t, "elapsed")))
			i := rapid.IntRange(0, 1).Draw(t, "shard")
			records := make([]putrecords.Record, rapid.OneOf(rapid.IntRange(1, 5), rapid.IntRange(1, 200), rapid.Just(2500)).Draw(t, "records"))
			size := rapid.OneOf(rapid.IntRange(0, 10), rapid.IntRange(0, 3000)).Draw(t, "size")
			for k := range records {
				records[k] = putrecords.Record{
					PartitionKey: strings.Repeat("k", 1+k%3), ExplicitHashKey: strings.Repeat("1", k%2),
					Data: make([]byte, size), Arrived: now,
				}
			}
			if wait, err := log.Append(t.Context(), shards[i], records); wait != nil || err != nil {
				t.Fatal("not done: ", err)
			}
			kept[i] = append(kept[i], records...)
			for j, shard := range shards {
				var want, got []putrecords.Record
				position := uint64(rapid.IntRange(0, len(kept[j])+2).Draw(t, "position"))
				for _, r := range kept[j] {
					if r.SequenceNumber.Position >= position && now.Sub(r.Arrived) <= time.Hour {
						want = append(want, r)
					}
				}
				for r, err := range log.Records(t.Context(), shard, position) {
					if err != nil {
						t.Fatal(err)
					}
					got = append(got, r)
				}
				if !slices.EqualFunc(want, got, equalRecords) {
					t.Fatalf("%s from position %d: %d records, want %d", shard.ShardID, position, len(got), len(want))
				}
			}
		}
	})
}

// equalRecords is cmp.Equal for a hundred thousand records.
func equalRecords(a, b putrecords.Record) bool {
	return a.SequenceNumber == b.SequenceNumber && a.PartitionKey == b.PartitionKey && a.ExplicitHashKey == b.ExplicitHashKey &&
		bytes.Equal(a.Data, b.Data) && a.Arrived.Equal(b.Arrived) && a.Arrived.Location() == b.Arrived.Location()
}
