package putrecords_test

import (
	"context"
	"crypto/md5"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/putrecords/putrecords"
)

// payload is what the data of all records are parts of. It makes the heap as large as that of a
// program around a stream. With a tiny heap, the garbage collector runs a third of the time.
var payload = sync.OnceValue(func() []byte { return make([]byte, 64<<20) })

// benchmarkBatches returns batches of n records with keys of 36 bytes, as UUIDs have. All keys
// differ. The batches take turns, because the keys and the buckets of a single one stay in the
// processor's cache.
func benchmarkBatches(n, data int) [64][]putrecords.RequestEntry {
	var batches [64][]putrecords.RequestEntry
	for k := range batches {
		batches[k] = make([]putrecords.RequestEntry, n)
		for i := range batches[k] {
			start := (k*n + i) * data % (64<<20 - data)
			batches[k][i] = putrecords.Entry(fmt.Sprintf("%036d", k*n+i), payload()[start:][:data])
		}
	}
	return batches
}

// benchmarkRecords returns a batch of 500.
func benchmarkRecords(data int) []putrecords.RequestEntry { return benchmarkBatches(500, data)[0] }

// farLimits are far above what benchmarks put, but not unlimited, so that the buckets are measured
// too.
var farLimits = putrecords.Limits{RecordsPerSecond: 1 << 30, BytesPerSecond: 1 << 50}

// unlimited leaves the buckets out.
var unlimited = putrecords.Limits{RecordsPerSecond: -1, BytesPerSecond: -1}

// BenchmarkFloor does for a call of 500 records what an implementation does at least: the MD5
// digest of each key, the digits of each number, and the entry of each record. It divides each
// number into its digits. A call can do with less, because it adds to the digits of the number
// before.
func BenchmarkFloor(b *testing.B) {
	batches := benchmarkBatches(500, 100)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		runtime.KeepAlive(floor(batches[i%len(batches)]))
	}
	reportRecords(b, 500)
}

func floor(records []putrecords.RequestEntry) []putrecords.ResultEntry {
	var key []byte
	var digits strings.Builder
	digits.Grow(56 * len(records))
	results := make([]putrecords.ResultEntry, len(records))
	for i := range records {
		key = append(key[:0], *records[i].PartitionKey...)
		digest := md5.Sum(key)
		var printed [56]byte
		putrecords.PrintNumber(putrecords.SequenceNumber{ShardCreated: 1 << 30, Position: uint64(i), Arrived: 1 << 30, ShardIndex: uint32(digest[0])}, &printed)
		digits.Write(printed[:])
		results[i] = putrecords.ResultEntry{SequenceNumber: digits.String()[56*i:], ShardID: "shardId-000000000000"}
	}
	return results
}

// BenchmarkPutRecords puts 500 records a call, unless its name says otherwise.
func BenchmarkPutRecords(b *testing.B) {
	discard := func(shards int, limits putrecords.Limits) putrecords.Config {
		return putrecords.Config{Shards: shards, Limits: limits, Log: putrecords.Discard()}
	}
	for _, shards := range []int{1, 4, 64, 1000, 10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("shards=%d", shards), func(b *testing.B) {
			benchmarkPut(b, discard(shards, farLimits), benchmarkBatches(500, 100))
		})
	}
	for _, shards := range []int{4, 1000, 10_000} {
		b.Run(fmt.Sprintf("unlimited/shards=%d", shards), func(b *testing.B) {
			benchmarkPut(b, discard(shards, unlimited), benchmarkBatches(500, 100))
		})
	}
	for _, records := range []int{1, 10, 100, 500} {
		b.Run(fmt.Sprintf("records=%d", records), func(b *testing.B) {
			benchmarkPut(b, discard(4, farLimits), benchmarkBatches(records, 100))
		})
	}
	for _, data := range []int{100, 1 << 10, 10 << 10} {
		b.Run(fmt.Sprintf("log=memory/data=%d", data), func(b *testing.B) {
			now := start
			config := putrecords.Config{
				Shards: 4, Limits: farLimits, Log: &putrecords.MemoryLog{Retention: time.Second},
				Now: func() time.Time { now = now.Add(10 * time.Millisecond); return now },
			}
			benchmarkPut(b, config, benchmarkBatches(500, data))
		})
	}
	b.Run("explicit", func(b *testing.B) {
		batches := benchmarkBatches(500, 100)
		for _, records := range batches {
			for i := range records {
				records[i].ExplicitHashKey = ptr(putrecords.HashKeyOf(*records[i].PartitionKey).String())
			}
		}
		benchmarkPut(b, discard(4, farLimits), batches)
	})
	b.Run("throttled", func(b *testing.B) {
		config := discard(4, putrecords.Limits{RecordsPerSecond: 1})
		config.Now = newClock().Now
		benchmarkPut(b, config, benchmarkBatches(500, 100))
	})
}

func benchmarkPut(b *testing.B, config putrecords.Config, batches [64][]putrecords.RequestEntry) {
	s := putrecords.MustNew(config)
	var inputs [len(batches)]putrecords.Input
	for i, records := range batches {
		inputs[i] = putrecords.Input{Records: records, StreamName: ptr(s.Name())}
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := s.PutRecords(context.Background(), &inputs[i%len(inputs)]); err != nil {
			b.Fatal(err)
		}
	}
	reportRecords(b, len(batches[0]))
}

// BenchmarkPutRecord puts one record a call.
func BenchmarkPutRecord(b *testing.B) {
	s := putrecords.MustNew(putrecords.Config{Shards: 4, Limits: farLimits, Log: putrecords.Discard()})
	var inputs [64]putrecords.PutRecordInput
	for i, records := range benchmarkBatches(1, 100) {
		inputs[i] = putrecords.PutRecordInput{Data: records[0].Data, PartitionKey: records[0].PartitionKey, StreamName: ptr(s.Name())}
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := s.PutRecord(context.Background(), &inputs[i%len(inputs)]); err != nil {
			b.Fatal(err)
		}
	}
	reportRecords(b, 1)
}

// reportRecords reports the time of a record, of a benchmark that takes n of them a time.
func reportRecords(b *testing.B, n int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/record")
}

// BenchmarkParallel has as many callers as cores: on one stream, on a stream each, and doing what
// BenchmarkFloor does.
func BenchmarkParallel(b *testing.B) {
	batches := benchmarkBatches(500, 100)
	config := func() putrecords.Config {
		return putrecords.Config{Shards: 4, Limits: farLimits, Log: putrecords.Discard()}
	}
	shared := putrecords.MustNew(config())
	for _, callers := range []int{1, runtime.GOMAXPROCS(0)} {
		for _, on := range []struct {
			name   string
			stream func() *putrecords.Stream
		}{
			{"floor", func() *putrecords.Stream { return nil }},
			{"shared", func() *putrecords.Stream { return shared }},
			{"each", func() *putrecords.Stream { return putrecords.MustNew(config()) }},
		} {
			b.Run(fmt.Sprintf("%s/callers=%d", on.name, callers), func(b *testing.B) {
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(callers))
				b.RunParallel(func(pb *testing.PB) {
					s := on.stream()
					for i := 0; pb.Next(); i++ {
						records := batches[i%len(batches)]
						if s == nil {
							runtime.KeepAlive(floor(records))
						} else if _, err := s.Put(context.Background(), records...); err != nil {
							b.Error(err)
						}
					}
				})
				reportRecords(b, 500)
			})
		}
	}
}

// BenchmarkKept measures a garbage collection while a MemoryLog keeps records of 100 bytes and keys
// of 36, and the memory that it takes for a record beyond those bytes.
func BenchmarkKept(b *testing.B) {
	for _, n := range []int{0, 1_000_000, 10_000_000} {
		b.Run(fmt.Sprintf("records=%d", n), func(b *testing.B) {
			s := putrecords.MustNew(putrecords.Config{Shards: 4, Limits: unlimited})
			batches := benchmarkBatches(500, 100)
			before := heap()
			for i := range n / 500 {
				if _, err := s.Put(context.Background(), batches[i%len(batches)]...); err != nil {
					b.Fatal(err)
				}
			}
			kept := heap() - before
			for b.Loop() {
				runtime.GC()
			}
			if n > 0 {
				b.ReportMetric(float64(kept)/float64(n)-136, "B/record")
			}
			runtime.KeepAlive(s)
			runtime.KeepAlive(batches)
		})
	}
}

// BenchmarkNew also measures the memory that a shard takes.
func BenchmarkNew(b *testing.B) {
	for _, shards := range []int{1, 10_000, 1_000_000} {
		b.Run(fmt.Sprintf("shards=%d", shards), func(b *testing.B) {
			before := heap()
			s := putrecords.MustNew(putrecords.Config{Shards: shards})
			live := heap() - before
			runtime.KeepAlive(s)
			for b.Loop() {
				putrecords.MustNew(putrecords.Config{Shards: shards})
			}
			b.ReportMetric(float64(live)/float64(shards), "B/shard")
		})
	}
}

func BenchmarkHashKeyOf(b *testing.B) {
	for b.Loop() {
		putrecords.HashKeyOf("00000000-0000-0000-0000-000000000000")
	}
}

func BenchmarkRoute(b *testing.B) {
	for _, shards := range []int{1, 1000, 10_000} {
		b.Run(fmt.Sprintf("shards=%d", shards), func(b *testing.B) {
			s := putrecords.MustNew(putrecords.Config{Shards: shards})
			key := putrecords.HashKeyOf("k")
			for b.Loop() {
				s.Route(key)
			}
		})
	}
}

func BenchmarkSequenceNumberString(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_ = productionNumbers[0].number.String()
	}
}

func BenchmarkParseSequenceNumber(b *testing.B) {
	for b.Loop() {
		if _, err := putrecords.ParseSequenceNumber(productionNumbers[0].digits); err != nil {
			b.Fatal(err)
		}
	}
}
