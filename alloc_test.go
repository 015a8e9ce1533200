//go:build !race

// The race detector makes sync.Pool forget at random, so these tests do not run under it.

package putrecords_test

import (
	"runtime"
	"testing"
	"weak"

	"github.com/putrecords/putrecords"
)

// A call of 500 records allocates no more than this.
func TestAllocations(t *testing.T) {
	oneASecond := putrecords.Limits{RecordsPerSecond: 1}
	for name, test := range map[string]struct {
		config putrecords.Config
		most   float64
	}{
		"Discard":   {putrecords.Config{Shards: 4, Limits: farLimits, Log: putrecords.Discard()}, 3},
		"MemoryLog": {putrecords.Config{Shards: 4, Limits: farLimits}, 4},
		"1000":      {putrecords.Config{Shards: 1000, Limits: farLimits, Log: putrecords.Discard()}, 3},
		"throttled": {putrecords.Config{Limits: oneASecond, Log: putrecords.Discard(), Now: newClock().Now}, 10},
	} {
		s := putrecords.MustNew(test.config)
		records := benchmarkRecords(100)
		allocations := testing.AllocsPerRun(200, func() {
			if _, err := s.Put(t.Context(), records...); err != nil {
				t.Fatal(err)
			}
		})
		if allocations > test.most {
			t.Errorf("%s: %v allocations a call, want at most %v", name, allocations, test.most)
		}
	}
}

// A call that is over keeps nothing of the caller's, even when a reshard came in the middle of it.
func TestCallKeepsNoRecords(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // one pool, so the next call would reuse this memory
	s := putrecords.MustNew(putrecords.Config{Log: putrecords.Discard(), Now: newClock().Now})
	split := s.Inject(putrecords.Fault{Count: -1, Match: func(putrecords.Attempt) bool {
		key, err := putrecords.ParseHashKey("1000")
		if err == nil {
			err = s.SplitShard("shardId-000000000000", key) // after the call has routed its records
		}
		if err != nil {
			t.Error(err)
		}
		return false
	}})
	data := make([]byte, 1000)
	kept := weak.Make(&data[0])
	if n := stored(t, s, putrecords.Entry("k", data)); n != 1 || len(s.Shards()) != 3 {
		t.Fatalf("stored %d records, on %d shards", n, len(s.Shards()))
	}
	split.Remove()
	runtime.GC()
	if kept.Value() != nil {
		t.Error("the stream keeps a record after the call")
	}
}
