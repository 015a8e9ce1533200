package putrecords_test

import (
	"context"
	"crypto/md5"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/putrecords/putrecords"
)

// benchmarkRecords returns 500 records with keys of 36 bytes, as UUIDs have.
func benchmarkRecords(data int) []putrecords.RequestEntry {
	records := make([]putrecords.RequestEntry, 500)
	for i := range records {
		records[i] = putrecords.Entry(fmt.Sprintf("%036d", i), make([]byte, data))
	}
	return records
}

// farLimits are far above what benchmarks put, but not unlimited, so that the buckets are measured
// too.
var farLimits = putrecords.Limits{RecordsPerSecond: 1 << 30, BytesPerSecond: 1 << 50}

// unlimited leaves the buckets out.
var unlimited = putrecords.Limits{RecordsPerSecond: -1, BytesPerSecond: -1}

// BenchmarkFloor does for a call of 500 records what no implementation can avoid: the MD5 digest of
// each key, the digits of each number, and the entry of each record.
func BenchmarkFloor(b *testing.B) {
	records := benchmarkRecords(100)
	b.ReportAllocs()
	for b.Loop() {
		runtime.KeepAlive(floor(records))
	}
	reportRecords(b, len(records))
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

// BenchmarkPutRecords puts 500 records a call.
func BenchmarkPutRecords(b *testing.B) {
	for _, shards := range []int{1, 4, 64, 1000, 10_000} {
		b.Run(fmt.Sprintf("shards=%d", shards), func(b *testing.B) {
			benchmarkPut(b, putrecords.Config{Shards: shards, Limits: farLimits, Log: putrecords.Discard()}, benchmarkRecords(100))
		})
	}
	for _, shards := range []int{4, 1000, 10_000} {
		b.Run(fmt.Sprintf("unlimited/shards=%d", shards), func(b *testing.B) {
			benchmarkPut(b, putrecords.Config{Shards: shards, Limits: unlimited, Log: putrecords.Discard()}, benchmarkRecords(100))
		})
	}
	for _, data := range []int{100, 1 << 10, 10 << 10} {
		b.Run(fmt.Sprintf("log=memory/data=%d", data), func(b *testing.B) {
			now := start
			config := putrecords.Config{
				Shards: 4, Limits: farLimits, Log: &putrecords.MemoryLog{Retention: time.Second},
				Now: func() time.Time { now = now.Add(10 * time.Millisecond); return now },
			}
			benchmarkPut(b, config, benchmarkRecords(data))
		})
	}
	b.Run("explicit", func(b *testing.B) {
		records := benchmarkRecords(100)
		for i := range records {
			records[i].ExplicitHashKey = ptr(putrecords.HashKeyOf(*records[i].PartitionKey).String())
		}
		benchmarkPut(b, putrecords.Config{Shards: 4, Limits: farLimits, Log: putrecords.Discard()}, records)
	})
	b.Run("throttled", func(b *testing.B) {
		config := putrecords.Config{Shards: 4, Limits: putrecords.Limits{RecordsPerSecond: 1}, Log: putrecords.Discard(), Now: newClock().Now}
		benchmarkPut(b, config, benchmarkRecords(100))
	})
}

func benchmarkPut(b *testing.B, config putrecords.Config, records []putrecords.RequestEntry) {
	s := putrecords.MustNew(config)
	in := &putrecords.Input{Records: records, StreamName: ptr(s.Name())}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.PutRecords(context.Background(), in); err != nil {
			b.Fatal(err)
		}
	}
	reportRecords(b, len(records))
}

// reportRecords reports the time of a record, of a benchmark that takes n of them a time.
func reportRecords(b *testing.B, n int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/record")
}

// BenchmarkParallel has as many callers as cores: on one stream, on a stream each, and doing what
// BenchmarkFloor does.
func BenchmarkParallel(b *testing.B) {
	records := benchmarkRecords(100)
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
					for pb.Next() {
						if s == nil {
							runtime.KeepAlive(floor(records))
						} else if _, err := s.Put(context.Background(), records...); err != nil {
							b.Error(err)
						}
					}
				})
				reportRecords(b, len(records))
			})
		}
	}
}

// BenchmarkCollect measures a garbage collection with a million retained records.
func BenchmarkCollect(b *testing.B) {
	for _, n := range []int{0, 1_000_000} {
		b.Run(fmt.Sprintf("records=%d", n), func(b *testing.B) {
			s := putrecords.MustNew(putrecords.Config{Shards: 4, Limits: unlimited})
			records := benchmarkRecords(100)
			for range n / len(records) {
				if _, err := s.Put(context.Background(), records...); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				runtime.GC()
			}
			runtime.KeepAlive(s)
		})
	}
}

func BenchmarkNew(b *testing.B) {
	b.Run("shards=10000", func(b *testing.B) {
		for b.Loop() {
			putrecords.MustNew(putrecords.Config{Shards: 10_000})
		}
	})
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
