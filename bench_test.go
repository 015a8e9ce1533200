package putrecords_test

import (
	"context"
	"fmt"
	"testing"

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

// BenchmarkPutRecords puts 500 records a call, under limits that are far above that but not unlimited.
func BenchmarkPutRecords(b *testing.B) {
	limits := putrecords.Limits{RecordsPerSecond: 1 << 30, BytesPerSecond: 1 << 30}
	for _, shards := range []int{1, 4, 64, 1000} {
		b.Run(fmt.Sprintf("shards=%d", shards), func(b *testing.B) {
			benchmarkPut(b, putrecords.Config{Shards: shards, Limits: limits, Log: putrecords.Discard()}, benchmarkRecords(100))
		})
	}
	b.Run("log=memory", func(b *testing.B) {
		log := &putrecords.MemoryLog{Retention: 1}
		benchmarkPut(b, putrecords.Config{Shards: 4, Limits: limits, Log: log}, benchmarkRecords(100))
	})
	b.Run("throttled", func(b *testing.B) {
		config := putrecords.Config{Shards: 4, Limits: putrecords.Limits{RecordsPerSecond: 1}, Log: putrecords.Discard(), Now: newClock().Now}
		benchmarkPut(b, config, benchmarkRecords(100))
	})
}

func benchmarkPut(b *testing.B, config putrecords.Config, records []putrecords.RequestEntry) {
	s := putrecords.MustNew(config)
	in := &putrecords.Input{Records: records, StreamName: new(s.Name())}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.PutRecords(context.Background(), in); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(records)), "ns/record")
}

func BenchmarkHashKeyOf(b *testing.B) {
	for b.Loop() {
		putrecords.HashKeyOf("00000000-0000-0000-0000-000000000000")
	}
}

func BenchmarkRoute(b *testing.B) {
	s := putrecords.MustNew(putrecords.Config{Shards: 1000})
	key := putrecords.HashKeyOf("k")
	for b.Loop() {
		s.Route(key)
	}
}

func BenchmarkSequenceNumberString(b *testing.B) {
	n := productionNumbers[0].number
	b.ReportAllocs()
	for b.Loop() {
		_ = n.String()
	}
}

func BenchmarkParseSequenceNumber(b *testing.B) {
	for b.Loop() {
		if _, err := putrecords.ParseSequenceNumber(productionNumbers[0].digits); err != nil {
			b.Fatal(err)
		}
	}
}
