package main

import (
	"bufio"
	"fmt"
	"io"
	"runtime"
	"testing"
	"time"

	"github.com/putrecords/putrecords"
)

// liveHeap returns the bytes of everything that is still needed.
func liveHeap() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// atEnd calls f after the last chunk, while the simulation still runs.
func atEnd(source Source, f func()) Source {
	return func(yield func([]Arrival, error) bool) {
		for chunk, err := range source {
			if !yield(chunk, err) {
				return
			}
		}
		f()
	}
}

// Sixteen times the trace takes no more memory than the trace: each column is sixteen times as
// wide, so there are as many. The trace is long enough for the longest delays.
func TestMemoryDoesNotGrow(t *testing.T) {
	config := bigConfig()
	config.Shards, config.Limits = 1, putrecords.Limits{RecordsPerSecond: 200}
	t.Run("made-up traffic", func(t *testing.T) {
		g := Generator{Rate: 250, Keys: 1000, Zipf: 0.5, Burst: 1, Seed: 1}
		var heaps []float64
		for _, g.Duration = range []time.Duration{30 * time.Second, 480 * time.Second} {
			source := newGenerator(g).source(&Traffic{})
			mustSimulate(t, config, atEnd(source, func() { heaps = append(heaps, liveHeap()) }))
		}
		if heaps[1] > 1.1*heaps[0] {
			t.Errorf("%.0f bytes, and %.0f for sixteen times the trace", heaps[0], heaps[1])
		}
	})
	t.Run("trace in which all keys differ", func(t *testing.T) {
		var heaps []float64
		for _, lines := range []int{6000, 96_000} {
			r, w := io.Pipe()
			go func() {
				b := bufio.NewWriter(w)
				fmt.Fprintln(b, "time,key,bytes")
				for i := range lines {
					fmt.Fprintf(b, "%d.%03d,user-%d,100\n", i/200, i%200*5, i)
				}
				w.CloseWithError(b.Flush())
			}()
			trace := &Trace{Report: func(line string) { t.Error(line) }}
			mustSimulate(t, config, atEnd(trace.source(r), func() { heaps = append(heaps, liveHeap()) }))
		}
		if heaps[1] > 1.1*heaps[0] {
			t.Errorf("%.0f bytes, and %.0f for sixteen times the trace", heaps[0], heaps[1])
		}
	})
}
