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
		for _, c := range sh.chunks {
			for i := range c.records {
				if arrived := c.record(i).Arrived; arrived.Before(oldest) {
					oldest = arrived
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
