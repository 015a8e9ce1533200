//go:build unix

package main

import (
	"context"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/putrecords/putrecords"
)

// big is traffic that 1,000 shards just about take: most of a million keys are cold, a few are hot.
var big = Generator{Rate: 400_000, Keys: 1_000_000, Zipf: 0.8, Bytes: 100, Burst: 1, Duration: 2 * time.Second, Seed: 1}

// BenchmarkSimulate plays the same traffic through Admit and through PutRecords.
func BenchmarkSimulate(b *testing.B) {
	trace := recorded(b, newGenerator(big).source(&Traffic{}))
	want, err := simulate(context.Background(), bigConfig(), trace)
	if err != nil {
		b.Fatal(err)
	}
	for _, through := range []struct {
		name string
		put  func(*putrecords.Stream, []putrecords.Admission) error
	}{
		{"Admit", nil},
		{"PutRecords", putByName(big.Keys)},
		{"PutRecordsWithoutNames", putAsCheaplyAsPossible},
	} {
		b.Run(through.name, func(b *testing.B) {
			config := bigConfig()
			config.put = through.put
			measureRecords(b, func() int64 {
				result, err := simulate(context.Background(), config, trace)
				if err != nil {
					b.Fatal(err)
				}
				if through.name == "PutRecords" && (result.Stored != want.Stored || result.Throttled != want.Throttled) {
					b.Fatalf("%d stored and %d throttled, want %d and %d", result.Stored, result.Throttled, want.Stored, want.Throttled)
				}
				return result.Sent
			})
		})
	}
}

// BenchmarkGenerate makes the traffic and finds its hottest keys, which the command does on a core
// of its own, once for all shard counts.
func BenchmarkGenerate(b *testing.B) {
	g := newGenerator(big)
	measureRecords(b, func() int64 {
		traffic := &Traffic{}
		for _, err := range g.source(traffic) {
			if err != nil {
				b.Fatal(err)
			}
		}
		return traffic.Records
	})
}

// measureRecords reports how many records a second of processor time takes. Other programs disturb
// that less than the time on the clock.
func measureRecords(b *testing.B, run func() (records int64)) {
	var records int64
	begin := processorTime(b)
	for b.Loop() {
		records += run()
	}
	b.ReportMetric(float64(records)/(processorTime(b)-begin).Seconds(), "records/CPU-s")
}

// recorded keeps what a source yields.
func recorded(b *testing.B, source Source) Source {
	var chunks [][]Arrival
	for chunk, err := range source {
		if err != nil {
			b.Fatal(err)
		}
		chunks = append(chunks, slices.Clone(chunk))
	}
	return func(yield func([]Arrival, error) bool) {
		for _, chunk := range chunks {
			if !yield(chunk, nil) {
				return
			}
		}
	}
}

// processorTime returns how much processor time this program has used.
func processorTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
