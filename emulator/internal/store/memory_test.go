package store

import (
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// A stream's losses are told for the first of them, and each time that they have doubled.
func TestMemoryBound(t *testing.T) {
	const bound = 4 << 20
	memory := NewMemory([32]byte{})
	memory.Bound = bound
	var told []int64
	memory.Dropped = func(s Stream, records int64) {
		if s.Name != "large" {
			t.Errorf("stream %s has lost %d records", s.Name, records)
		}
		told = append(told, records)
	}
	small, large := Stream{Name: "small"}, Stream{Name: "large"}
	for _, s := range []*Stream{&small, &large} {
		if err := memory.Add(s); err != nil {
			t.Fatal(err)
		}
	}
	put(t, memory.Log(small.ID), 0, makeRecords(0, 100, 1000, start))
	const appends = 200
	log := memory.Log(large.ID)
	for i := range appends {
		put(t, log, i%2, makeRecords(i%2, 100, 1000, start.Add(time.Duration(i))))
		if bytes := memory.bytes.Load(); bytes > bound {
			t.Fatalf("%d bytes after append %d", bytes, i)
		}
	}
	if got := len(read(t, memory.Log(small.ID), 0, 1)); got != 100 {
		t.Errorf("the small stream has %d records", got)
	}
	left := 0
	for index := range 2 {
		records := read(t, log, index, 1)
		left += len(records)
		if latest := log.LatestPosition(shard(index).ShardID); latest != appends*100/2 {
			t.Errorf("the latest position is %d", latest)
		}
		if n := len(records); n == 0 || records[n-1].SequenceNumber.Position != appends*100/2 {
			t.Errorf("the latest record of shard %d is not there", index)
		}
	}
	if left*1000 < bound/2 {
		t.Errorf("only %d records of 1000 bytes are left", left)
	}
	lost := int64(appends*100 - left)
	if len(told) == 0 || told[len(told)-1] > lost || 2*told[len(told)-1] <= lost {
		t.Fatalf("told of %d losses, but there are %d", told, lost)
	}
	for i, n := range told[1:] {
		if n < 2*told[i] {
			t.Errorf("told of %d losses after %d", n, told[i])
		}
	}
}

// What is dropped or removed makes room.
func TestMemoryBoundCountsWhatIsThere(t *testing.T) {
	memory := NewMemory([32]byte{})
	memory.Bound = 1 << 20
	memory.Dropped = func(_ Stream, records int64) { t.Errorf("%d records were dropped", records) }
	for i := range 20 {
		s := Stream{Name: strconv.Itoa(i)}
		if err := memory.Add(&s); err != nil {
			t.Fatal(err)
		}
		put(t, memory.Log(s.ID), 0, makeRecords(0, 200, 1000, start))
		if i%2 == 0 {
			if err := memory.Remove(s.ID); err != nil {
				t.Fatal(err)
			}
		} else if err := memory.Log(s.ID).DropBefore(start.Add(1)); err != nil {
			t.Fatal(err)
		}
		if bytes := memory.bytes.Load(); bytes != 0 {
			t.Fatalf("%d bytes are left of stream %d", bytes, i)
		}
	}
}

// The bound holds when many append at once. Each log keeps the last of its records in order.
func TestMemoryBoundUnderLoad(t *testing.T) {
	memory := NewMemory([32]byte{})
	memory.Bound = 1 << 20
	memory.Dropped = func(Stream, int64) {}
	var logs []Log
	for range 3 {
		var s Stream
		if err := memory.Add(&s); err != nil {
			t.Fatal(err)
		}
		logs = append(logs, memory.Log(s.ID))
	}
	var wg sync.WaitGroup
	for _, log := range logs {
		wg.Go(func() {
			for i := range 50 {
				put(t, log, 0, makeRecords(0, 50, 500, start.Add(time.Duration(i))))
			}
		})
	}
	wg.Wait()
	put(t, logs[0], 0, makeRecords(0, 1, 1, start.Add(50)))
	if bytes := memory.bytes.Load(); bytes > memory.Bound {
		t.Errorf("%d bytes", bytes)
	}
	for _, log := range logs {
		var positions []uint64
		for _, r := range read(t, log, 0, 1) {
			positions = append(positions, r.SequenceNumber.Position)
		}
		latest := log.LatestPosition(shard(0).ShardID)
		if !slices.IsSorted(positions) || len(positions) > 0 && positions[0]+uint64(len(positions))-1 != latest {
			t.Errorf("%d positions do not end at %d", len(positions), latest)
		}
	}
}

// A stream that is removed while it takes records leaves no bytes behind.
func TestMemoryBoundAfterRemovalUnderLoad(t *testing.T) {
	memory := NewMemory([32]byte{})
	memory.Bound = 1 << 40
	for range 60 {
		var s Stream
		if err := memory.Add(&s); err != nil {
			t.Fatal(err)
		}
		log := memory.Log(s.ID)
		var wg, began sync.WaitGroup
		for index := range 4 {
			began.Add(1)
			wg.Go(func() {
				for i := range 10_000 {
					if _, err := log.Append(t.Context(), shard(index), makeRecords(index, 1, 500, start)); err != nil {
						return
					}
					if i == 0 {
						began.Done()
					}
				}
			})
		}
		began.Wait()
		if err := memory.Remove(s.ID); err != nil {
			t.Fatal(err)
		}
		wg.Wait()
	}
	if bytes := memory.bytes.Load(); bytes != 0 {
		t.Errorf("%d bytes are left", bytes)
	}
}
