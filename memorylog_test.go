package putrecords_test

import (
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/putrecords/putrecords"
)

// However a MemoryLog divides records into chunks, it yields the same as a slice filtered by
// retention and position.
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
				t.Fatal("Append failed or left work to wait: ", err)
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
				if !slices.EqualFunc(want, got, sameRecord) {
					t.Fatalf("%s from position %d: %d records, want %d", shard.ShardID, position, len(got), len(want))
				}
			}
		}
	})
}

// allocated returns how many objects f allocates, and how many bytes.
func allocated(f func()) (objects, bytes uint64) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.Mallocs - before.Mallocs, after.TotalAlloc - before.TotalAlloc
}

// appendEach appends records one at a time, n of them with the given number of bytes.
func appendEach(t *testing.T, log *putrecords.MemoryLog, shard putrecords.Shard, n, size int) {
	t.Helper()
	records := []putrecords.Record{{Data: make([]byte, size), Arrived: start}}
	for range n {
		if _, err := log.Append(t.Context(), shard, records); err != nil {
			t.Fatal(err)
		}
	}
}

// A shard with few records takes little memory, so a stream may have many such shards.
func TestMemoryLogOfQuietShards(t *testing.T) {
	var log putrecords.MemoryLog
	shards := putrecords.MustNew(putrecords.Config{Shards: 1000}).Shards()
	_, bytes := allocated(func() {
		for _, shard := range shards {
			appendEach(t, &log, shard, 3, 20)
		}
	})
	if perShard := bytes / 1000; perShard > 2000 {
		t.Errorf("a shard with 3 records of 20 bytes takes %d bytes", perShard)
	}
}

// A shard with many records keeps them in few objects, which spares the garbage collector. Wherever
// it stops, its unused memory is at most a tenth and one chunk.
func TestMemoryLogOfABusyShard(t *testing.T) {
	const (
		size         = 256 // of a record: as many fill the records of a chunk as fill its bytes
		bookkeeping  = 80  // bytes per record
		perChunk     = 1024
		objectsFirst = 60 // of the small chunks that come first
	)
	var log putrecords.MemoryLog
	shard := putrecords.MustNew(putrecords.Config{}).Shards()[0]
	var objects, bytes uint64
	for n := uint64(perChunk); n <= 100*perChunk; n += perChunk {
		moreObjects, moreBytes := allocated(func() { appendEach(t, &log, shard, perChunk, size) })
		objects, bytes = objects+moreObjects, bytes+moreBytes
		if most := n/perChunk*4 + objectsFirst; objects > most {
			t.Fatalf("%d records are %d objects, want at most %d", n, objects, most)
		}
		if most := (n*11/10 + perChunk) * (size + bookkeeping); bytes > most {
			t.Fatalf("%d records take %d bytes, want at most %d", n, bytes, most)
		}
	}
}

// Records that arrive together take few chunks, which are hardly larger than they need to be.
func TestMemoryLogOfOneRequest(t *testing.T) {
	for _, n := range []int{500, 3000} {
		var log putrecords.MemoryLog
		shard := putrecords.MustNew(putrecords.Config{}).Shards()[0]
		records := make([]putrecords.Record, n)
		for i := range records {
			records[i] = putrecords.Record{Data: make([]byte, 1000), Arrived: start}
		}
		objects, bytes := allocated(func() {
			if _, err := log.Append(t.Context(), shard, records); err != nil {
				t.Fatal(err)
			}
		})
		if most := uint64(n * (1000 + 80) * 11 / 10); objects > 20 || bytes > most {
			t.Errorf("%d records of 1,000 bytes take %d bytes in %d objects, want at most %d in 20", n, bytes, objects, most)
		}
	}
}
