package putrecords

import (
	"strconv"
	"testing"
	"time"
)

// oldestInMemory returns the arrival of the oldest record that takes up memory in the log, whether
// Records still yields it or not.
func (l *MemoryLog) oldestInMemory() time.Time {
	oldest := l.newest
	for _, sh := range l.shards {
		chunks, last := sh.from(0)
		for i, c := range chunks {
			if i == len(chunks)-1 {
				c = last
			}
			for r := c.reader(); r.next(); {
				if r.arrived().Before(oldest) {
					oldest = r.arrived()
				}
			}
		}
	}
	return oldest
}

// The memory of a dropped record is released before the newest arrival has moved on by another
// quarter of the retention, in busy shards and in idle ones. Newer records stay.
func TestMemoryLogReleasesMemoryInTime(t *testing.T) {
	const retention = time.Hour
	for _, perRetention := range []int{8, 9, 100, 1000} {
		t.Run(strconv.Itoa(perRetention)+" appends per retention", func(t *testing.T) {
			log := &MemoryLog{Retention: retention}
			now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
			busy, idle := Shard{ShardID: "busy"}, Shard{ShardID: "idle"}
			for i := range 4 * perRetention {
				now = now.Add(retention / time.Duration(perRetention))
				shards := []Shard{busy, idle}
				if i > perRetention {
					shards = shards[:1]
				}
				for _, shard := range shards {
					records := []Record{{PartitionKey: "k", Arrived: now}}
					if _, err := log.Append(t.Context(), shard, records); err != nil {
						t.Fatal(err)
					}
				}
				if age := now.Sub(log.oldestInMemory()); age > retention*5/4 {
					t.Fatalf("after append %d, a record of age %v is still in memory", i, age)
				}
				kept := 0
				for _, err := range log.Records(t.Context(), busy, 0) {
					if err != nil {
						t.Fatal(err)
					}
					kept++
				}
				if want := min(i, perRetention) + 1; kept != want {
					t.Fatalf("after append %d, %d records are kept, want %d", i, kept, want)
				}
			}
		})
	}
}

// Records begins at the position that it is given, wherever chunks begin and end, and at the first
// record that is kept if the position is before it.
func TestMemoryLogFindsPositions(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	log, shard := &MemoryLog{}, Shard{ShardID: "shard"}
	put := func(n, size int) {
		t.Helper()
		for range n {
			records := []Record{{Data: make([]byte, size), Arrived: now}}
			if _, err := log.Append(t.Context(), shard, records); err != nil {
				t.Fatal(err)
			}
		}
	}
	check := func(first, position uint64) {
		t.Helper()
		next := max(first, position)
		for r, err := range log.Records(t.Context(), shard, position) {
			if r.SequenceNumber.Position != next || err != nil {
				t.Fatalf("from position %d: position %d, want %d; %v", position, r.SequenceNumber.Position, next, err)
			}
			next++
		}
		if latest := log.LatestPosition(shard.ShardID); next != max(latest+1, position) {
			t.Fatalf("from position %d: the last position is %d, want %d", position, next-1, latest)
		}
	}
	checkBorders := func(first uint64) {
		t.Helper()
		latest := log.LatestPosition(shard.ShardID)
		positions := []uint64{0, 1, latest - 1, latest, latest + 1, latest + 2, 1<<64 - 1}
		for _, c := range log.shards[shard.ShardID].chunks {
			n := c.number.Position
			positions = append(positions, n-1, n, n+1)
		}
		for _, position := range positions {
			check(first, position)
		}
	}
	put(1500, 20)
	put(600, 3000)
	if n := len(log.shards[shard.ShardID].chunks); n < 20 {
		t.Fatalf("%d chunks are too few to test", n)
	}
	checkBorders(1)
	now = now.Add(23 * time.Hour)
	put(1500, 20)
	checkBorders(1)
	now = now.Add(23 * time.Hour)
	put(3, 20)
	checkBorders(2101)
	now = now.Add(48 * time.Hour)
	if _, err := log.Append(t.Context(), Shard{ShardID: "other"}, []Record{{Arrived: now}}); err != nil {
		t.Fatal(err)
	}
	if sh := log.shards[shard.ShardID]; len(sh.chunks) != 0 || sh.block.Cap() != 0 {
		t.Errorf("%d chunks are left, want 0, and a block of %d bytes", len(sh.chunks), sh.block.Cap())
	}
	put(3, 20)
	checkBorders(3604)
}
