//go:build !race

package putrecords_test

import (
	"testing"

	"github.com/putrecords/putrecords"
)

// The allocations of a call of 500 records. (The race detector makes sync.Pool forget, so this is not for it.)
func TestAllocations(t *testing.T) {
	for name, test := range map[string]struct {
		config putrecords.Config
		most   float64
	}{
		"Discard":   {putrecords.Config{Shards: 4, Limits: farLimits, Log: putrecords.Discard()}, 6},
		"MemoryLog": {putrecords.Config{Shards: 4, Limits: farLimits}, 10},
		"1000":      {putrecords.Config{Shards: 1000, Limits: farLimits, Log: putrecords.Discard()}, 6},
		"throttled": {putrecords.Config{Limits: putrecords.Limits{RecordsPerSecond: 1}, Log: putrecords.Discard(), Now: newClock().Now}, 10},
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
