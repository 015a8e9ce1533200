package putrecords_test

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
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
			number := putrecords.SequenceNumber{
				ShardCreated: rapid.Int64Range(0, 1).Draw(t, "created"), Arrived: rapid.Int64().Draw(t, "arrived"),
			}
			for k := range records {
				number.ShardIndex = uint32(k / 100)
				records[k] = putrecords.Record{
					SequenceNumber: number,
					PartitionKey:   strings.Repeat("k", 1+k%3), ExplicitHashKey: strings.Repeat("1", k%2),
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

// inMemory returns what the log holds of a shard.
func inMemory(t rapid.TB, log *putrecords.MemoryLog, shard putrecords.Shard) (records []putrecords.Record) {
	t.Helper()
	for r, err := range log.Records(context.Background(), shard, 1) {
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, r)
	}
	return records
}

// What is dropped on demand comes off the front of a shard. Bytes follows.
func TestMemoryLogDropsOnDemand(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		log := putrecords.MemoryLog{Retention: -1}
		shards := putrecords.MustNew(putrecords.Config{Shards: 2}).Shards()
		kept := make([][]putrecords.Record, len(shards))
		now := start
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			before, dropped := log.Bytes(), 0
			var horizon time.Time // what arrived from then on stays
			switch rapid.IntRange(0, 3).Draw(t, "step") {
			case 0:
				horizon = start.Add(time.Duration(rapid.Int64Range(0, int64(now.Sub(start))+1).Draw(t, "horizon")))
				log.DropBefore(horizon)
			case 1:
				horizon = now.Add(1)
				bytes := rapid.Int64Range(1, before+1).Draw(t, "bytes")
				dropped = log.DropOldest(bytes)
				if (dropped > 0) != (before > 0) || before-log.Bytes() < min(bytes, before) {
					t.Fatalf("dropped %d records and %d bytes of %d, want %d", dropped, before-log.Bytes(), before, bytes)
				}
			default:
				i := rapid.IntRange(0, 1).Draw(t, "shard")
				now = now.Add(time.Minute)
				data := make([]byte, rapid.IntRange(0, 3000).Draw(t, "size"))
				records := slices.Repeat([]putrecords.Record{{Data: data, Arrived: now}}, rapid.IntRange(1, 200).Draw(t, "records"))
				if _, err := log.Append(context.Background(), shards[i], records); err != nil {
					t.Fatal(err)
				}
				kept[i] = append(kept[i], records...)
			}
			gone, data := 0, 0
			for i, shard := range shards {
				latest := uint64(0)
				if n := len(kept[i]); n > 0 {
					latest = kept[i][n-1].SequenceNumber.Position
				}
				got := inMemory(t, &log, shard)
				n := len(kept[i]) - len(got)
				if n < 0 || !slices.EqualFunc(kept[i][n:], got, sameRecord) {
					t.Fatalf("%s: %d records are not the last ones of %d", shard.ShardID, len(got), len(kept[i]))
				}
				if n > 0 && !kept[i][n-1].Arrived.Before(horizon) {
					t.Fatalf("%s: a record that arrived at %v was dropped, before %v", shard.ShardID, kept[i][n-1].Arrived, horizon)
				}
				gone += n
				kept[i] = kept[i][n:]
				for _, r := range got {
					data += len(r.Data)
				}
				if len(got) > 0 && log.LatestPosition(shard.ShardID) != latest {
					t.Fatalf("%s: the latest position changed", shard.ShardID)
				}
			}
			if after := log.Bytes(); after < int64(data) || gone > 0 && after >= before || len(kept[0])+len(kept[1]) == 0 && after != 0 {
				t.Fatalf("%d bytes with %d bytes of data, %d before", after, data, before)
			}
			if dropped > 0 && dropped != gone {
				t.Fatalf("%d records were dropped, not %d", gone, dropped)
			}
		}
	})
}

// DropOldest drops the block whose last record arrived first, whatever its size.
func TestMemoryLogDropsTheOldest(t *testing.T) {
	log := putrecords.MemoryLog{Retention: -1}
	quiet, busy := putrecords.Shard{ShardID: "quiet"}, putrecords.Shard{ShardID: "busy"}
	appendEach(t, &log, quiet, 1, 10)
	late := []putrecords.Record{{Data: make([]byte, 1<<20), Arrived: start.Add(1)}}
	if _, err := log.Append(t.Context(), busy, late); err != nil {
		t.Fatal(err)
	}
	for _, want := range [][2]int{{0, 1}, {0, 0}} {
		if n := log.DropOldest(1); n != 1 {
			t.Errorf("dropped %d records", n)
		}
		if got := [2]int{len(inMemory(t, &log, quiet)), len(inMemory(t, &log, busy))}; got != want {
			t.Errorf("%d records are left, want %d", got, want)
		}
	}
	if n := log.DropOldest(1); n != 0 || log.Bytes() != 0 || log.LatestPosition("busy") != 1 {
		t.Errorf("dropped %d records of an empty log of %d bytes", n, log.Bytes())
	}
}

// A record that arrived at t is not dropped with those before t.
func TestMemoryLogDropBeforeTheNanosecond(t *testing.T) {
	for after, want := range map[time.Duration]int{-1: 1, 0: 1, 1: 0} {
		log := putrecords.MemoryLog{Retention: -1}
		appendEach(t, &log, putrecords.Shard{ShardID: "a"}, 1, 10)
		log.DropBefore(start.Add(after))
		if got := len(inMemory(t, &log, putrecords.Shard{ShardID: "a"})); got != want {
			t.Errorf("%v after the arrival: %d records are left, want %d", after, got, want)
		}
	}
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
	if perShard := bytes / 1000; perShard > 1000 {
		t.Errorf("a shard with 3 records of 20 bytes takes %d bytes", perShard)
	}
}

// A shard with many records keeps them in few objects, which spares the garbage collector. Wherever
// it stops, its unused memory is at most a tenth and one chunk.
func TestMemoryLogOfABusyShard(t *testing.T) {
	const (
		size         = 256 // of a record: about 1,000 fill a chunk
		bookkeeping  = 24  // bytes per record
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
		if most := uint64(n * (1000 + 24) * 11 / 10); objects > 20 || bytes > most {
			t.Errorf("%d records of 1,000 bytes take %d bytes in %d objects, want at most %d in 20", n, bytes, objects, most)
		}
	}
}

// A record takes at most 24 bytes beyond its own, however small it is.
func TestMemoryLogOfSmallRecords(t *testing.T) {
	for _, size := range []int{0, 1, 20, 136} {
		var log putrecords.MemoryLog
		shard := putrecords.MustNew(putrecords.Config{}).Shards()[0]
		const n = 20_000
		before := heap()
		appendEach(t, &log, shard, n, size)
		if kept := int64(heap()) - int64(before); kept > n*int64(size+24) {
			t.Errorf("%d records of %d bytes take %d bytes", n, size, kept)
		}
		runtime.KeepAlive(&log)
	}
}

// Records that cannot share a chunk still take little memory: their numbers have different parts of
// the shard, or they arrive long after one another.
func TestMemoryLogOfDifferentRecords(t *testing.T) {
	for name, change := range map[string]func(*putrecords.Record, int){
		"created": func(r *putrecords.Record, i int) { r.SequenceNumber.ShardCreated = int64(i % 2) },
		"index":   func(r *putrecords.Record, i int) { r.SequenceNumber.ShardIndex = uint32(i % 2) },
		"arrived": func(r *putrecords.Record, i int) { r.Arrived = start.Add(time.Duration(i) * 4 * time.Hour) },
	} {
		var log putrecords.MemoryLog
		shard := putrecords.MustNew(putrecords.Config{}).Shards()[0]
		records := []putrecords.Record{{Data: make([]byte, 20), Arrived: start}}
		const n = 1000
		_, bytes := allocated(func() {
			for i := range n {
				change(&records[0], i)
				if _, err := log.Append(t.Context(), shard, records); err != nil {
					t.Fatal(err)
				}
			}
		})
		if bytes > n*2000 {
			t.Errorf("%s: a record of 20 bytes takes %d bytes", name, bytes/n)
		}
	}
}

// Records come back exactly as they were appended, with lengths, arrivals and numbers of any size.
func TestMemoryLogKeepsRecordsExactly(t *testing.T) {
	var records []putrecords.Record
	add := func(r putrecords.Record) { records = append(records, r) }
	lengths := []int{0, 1, 127, 128, 16383, 16384, 2097151, 2097152}
	for _, n := range lengths {
		add(putrecords.Record{PartitionKey: strings.Repeat("k", n), Arrived: start})
		add(putrecords.Record{ExplicitHashKey: strings.Repeat("1", n), Arrived: start})
		add(putrecords.Record{Data: []byte(strings.Repeat("d", n)), Arrived: start})
		add(putrecords.Record{PartitionKey: "k", ExplicitHashKey: "1", Data: []byte(strings.Repeat("d", n)), Arrived: start})
	}
	for _, arrived := range []time.Time{
		start, start.Add(1), start.Add(-1), start.Add(time.Hour), start.Add(-time.Hour),
		time.Unix(0, 0), time.Unix(0, -1), time.Unix(0, 999_999_999), time.Unix(1, 0),
		{},
		start.AddDate(1000, 0, 0), start.AddDate(-1000, 0, 0), start,
	} {
		add(putrecords.Record{Arrived: arrived.UTC(), Data: []byte("d")})
		add(putrecords.Record{Arrived: arrived.UTC(), SequenceNumber: putrecords.SequenceNumber{Arrived: arrived.Unix()}})
	}
	for _, n := range []int64{0, 1, -1, math.MaxInt64, math.MinInt64, 0} {
		add(putrecords.Record{Arrived: start, SequenceNumber: putrecords.SequenceNumber{Arrived: n}})
		add(putrecords.Record{Arrived: start, SequenceNumber: putrecords.SequenceNumber{ShardCreated: n}})
		add(putrecords.Record{Arrived: start, SequenceNumber: putrecords.SequenceNumber{ShardIndex: uint32(n)}})
	}
	shard := putrecords.MustNew(putrecords.Config{}).Shards()[0]
	for _, together := range []int{1, 3, len(records)} {
		log := putrecords.MemoryLog{Retention: -1}
		for appended := range slices.Chunk(records, together) {
			if _, err := log.Append(t.Context(), shard, appended); err != nil {
				t.Fatal(err)
			}
		}
		i := 0
		for r, err := range log.Records(t.Context(), shard, 0) {
			if err != nil || i == len(records) {
				t.Fatalf("after %d of %d records: %v", i, len(records), err)
			}
			if want := records[i]; !sameRecord(want, r) || r.SequenceNumber.Position != uint64(i)+1 {
				t.Fatalf("%d together: record %d, arrived %v, has number %+v and arrived %v; want number %+v",
					together, i, want.Arrived, r.SequenceNumber, r.Arrived, want.SequenceNumber)
			}
			if r.Data == nil {
				t.Errorf("record %d has nil data", i)
			}
			i++
		}
		if i != len(records) {
			t.Errorf("%d records, want %d", i, len(records))
		}
	}
}

// A reader sees records without a gap while the log grows and drops old records.
func TestMemoryLogReadWhileItIsWritten(t *testing.T) {
	log := putrecords.MemoryLog{Retention: time.Hour}
	shard := putrecords.MustNew(putrecords.Config{}).Shards()[0]
	var group sync.WaitGroup
	group.Go(func() {
		for i := range 5000 {
			records := []putrecords.Record{{Data: make([]byte, 50), Arrived: start.Add(time.Duration(i) * time.Minute / 10)}}
			if _, err := log.Append(t.Context(), shard, records); err != nil {
				t.Error(err)
			}
		}
	})
	for range 2 {
		group.Go(func() {
			for last := uint64(0); last < 5000; {
				latest, before := log.LatestPosition(shard.ShardID), uint64(0)
				for r, err := range log.Records(t.Context(), shard, max(last, 1)) {
					n := r.SequenceNumber.Position
					if arrived := start.Add(time.Duration(n-1) * time.Minute / 10); err != nil || n < last || before != 0 && n != before+1 ||
						!r.Arrived.Equal(arrived) || len(r.Data) != 50 {
						t.Errorf("record %+v after %d, from %d: %v", r, before, last, err)
						return
					}
					before = n
				}
				if before < latest {
					t.Errorf("the last record is %d, want at least %d", before, latest)
					return
				}
				last = before
				runtime.Gosched()
			}
		})
	}
	group.Wait()
}

// BenchmarkRecords reads records of 1 KiB: all 10,000, and the last 100.
func BenchmarkRecords(b *testing.B) {
	const n = 10_000
	var log putrecords.MemoryLog
	s := putrecords.MustNew(putrecords.Config{Log: &log, Limits: unlimited})
	for range n / 500 {
		if _, err := s.Put(b.Context(), benchmarkRecords(1<<10)...); err != nil {
			b.Fatal(err)
		}
	}
	for _, from := range []uint64{1, n - 99} {
		b.Run(fmt.Sprintf("from=%d", from), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for r, err := range log.Records(b.Context(), s.Shards()[0], from) {
					if err != nil {
						b.Fatal(err)
					}
					runtime.KeepAlive(r)
				}
			}
			reportRecords(b, n+1-int(from))
		})
	}
}
