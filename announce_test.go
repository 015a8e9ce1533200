package putrecords_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/putrecords/putrecords"
)

// inShort returns a reshard in short: "0>1,2" when it is made and "0>1,2 done" when it is done.
func inShort(r putrecords.Reshard) string {
	short := func(shards []putrecords.Shard) string {
		var indexes []string
		for _, sh := range shards {
			indexes = append(indexes, strings.TrimLeft(sh.ShardID[8:11], "0")+sh.ShardID[19:])
		}
		return strings.Join(indexes, ",")
	}
	s := short(r.Parents) + ">" + short(r.Children)
	if r.Done {
		s += " done"
	}
	return s
}

// A host is told of each reshard when it is made and when it is done, in order, before the children
// take records. It may look at the stream meanwhile.
func TestResharded(t *testing.T) {
	c := newClock()
	var events []string
	var s *putrecords.Stream
	s = putrecords.MustNew(putrecords.Config{
		Now: c.Now, ReshardDelay: 25 * time.Second, UpdatingDelay: time.Second,
		Resharded: func(r putrecords.Reshard) {
			events = append(events, inShort(r))
			for _, child := range r.Children {
				if n := len(recordsOf(t, s, child.ShardID)); n != 0 {
					t.Errorf("%s: %s has %d records already", inShort(r), child.ShardID, n)
				}
				if _, ok := s.TakesRecords(child.ShardID); ok != r.Done {
					t.Errorf("%s: %s takes records: %t", inShort(r), child.ShardID, ok)
				}
			}
			for _, parent := range r.Parents {
				if parent.SequenceNumberRange.EndingSequenceNumber.IsZero() {
					t.Errorf("%s: %s has no ending number", inShort(r), parent.ShardID)
				}
			}
			if s.Shards()[0].SequenceNumberRange.EndingSequenceNumber.IsZero() || s.Route(putrecords.HashKey{}).ShardID == "" {
				t.Error("the stream does not show the reshard")
			}
		},
	})
	want := func(want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, events); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
	}
	mustSplit(t, s, shard0, "1000")
	want("0>1,2")
	c.advance(time.Second)
	mustMerge(t, s, shard1, shard2)
	want("0>1,2", "1,2>3")
	mustPut(t, s, keyed("k"))
	want("0>1,2", "1,2>3")
	if err := s.SplitShard(shard0, putrecords.HashKey{0x80}); err == nil {
		t.Error("a closed shard is split")
	}
	c.advance(25 * time.Second)
	mustPut(t, s, keyed("k"))
	want("0>1,2", "1,2>3", "0>1,2 done")
	c.advance(time.Second)
	mustPut(t, s, keyed("k"))
	want("0>1,2", "1,2>3", "0>1,2 done", "1,2>3 done")
	mustPut(t, s, keyed("k"))
	want("0>1,2", "1,2>3", "0>1,2 done", "1,2>3 done")
}

// Without a delay a reshard is made and done at once.
func TestReshardedWithoutDelay(t *testing.T) {
	var events []string
	s := putrecords.MustNew(putrecords.Config{Resharded: func(r putrecords.Reshard) { events = append(events, inShort(r)) }})
	mustSplit(t, s, shard0, "1000")
	if got := strings.Join(events, "; "); got != "0>1,2; 0>1,2 done" {
		t.Errorf("told %s", got)
	}
}

// While the host is being told of a reshard, calls of others wait, and no shard is locked.
func TestPutsWaitForResharded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		saved := make(chan struct{})
		s := putrecords.MustNew(putrecords.Config{Resharded: func(putrecords.Reshard) { <-saved }})
		go func() {
			if err := s.SplitShard(shard0, putrecords.HashKey{0x80}); err != nil {
				t.Error(err)
			}
		}()
		synctest.Wait() // until the split waits for the host
		put := false
		go func() {
			mustPut(t, s, keyed("k"))
			put = true
		}()
		synctest.Wait()
		if put || len(s.Shards()) != 3 || s.Stats()[0].Stored.Records != 0 {
			t.Errorf("the put has returned: %t", put)
		}
		close(saved)
		synctest.Wait()
		if !put {
			t.Error("the put waits forever")
		}
	})
}

// A hook that panics leaves the stream usable, and the next hook is called.
func TestReshardedPanics(t *testing.T) {
	calls := 0
	s := putrecords.MustNew(putrecords.Config{Resharded: func(putrecords.Reshard) {
		if calls++; calls == 1 {
			panic("the disk is full")
		}
	}})
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic is lost")
			}
		}()
		mustSplit(t, s, shard0, "1000")
	}()
	mustPut(t, s, keyed("k"))
	if calls != 2 {
		t.Errorf("%d calls, want 2", calls)
	}
}

func TestTakesRecords(t *testing.T) {
	c := newClock()
	s := putrecords.MustNew(putrecords.Config{Now: c.Now, ReshardDelay: 25 * time.Second})
	check := func(shardID string, until time.Time, ok bool) {
		t.Helper()
		if gotUntil, got := s.TakesRecords(shardID); got != ok || !gotUntil.Equal(until) {
			t.Errorf("%s at %v takes records until %v: %t; want %v, %t", shardID, c.now, gotUntil, got, until, ok)
		}
	}
	check(shard0, time.Time{}, true)
	check(shard1, time.Time{}, false)
	mustSplit(t, s, shard0, "1000")
	end := start.Truncate(time.Second).Add(26 * time.Second)
	check(shard0, end, true)
	check(shard1, time.Time{}, false)
	c.now = end.Add(-1)
	check(shard0, end, true)
	c.now = end
	check(shard0, time.Time{}, false)
	check(shard1, time.Time{}, true)
}

// A host that saves the layout when it is told of a reshard loses nothing in a crash: no child has
// taken a record before. Here it crashes right after the split, and again after a record of a
// child.
func ExampleConfig_resharded() {
	log := &putrecords.MemoryLog{} // stands for a log on a disk
	var disk []putrecords.Shard    // stands for a file
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var stream *putrecords.Stream
	start := func() {
		stream = putrecords.MustNew(putrecords.Config{
			Layout: disk, Log: log, Now: func() time.Time { return now },
			Resharded: func(putrecords.Reshard) { disk = stream.Shards() },
		})
		disk = stream.Shards()
	}
	put := func(partitionKey string) {
		out, err := stream.Put(context.Background(), putrecords.Entry(partitionKey, nil))
		fmt.Println(out.Records[0].ShardID, err)
	}
	start()
	put("before")
	fmt.Println(stream.SplitShard("shardId-000000000000", putrecords.HashKey{0x80}))
	start() // after a crash
	put("after")
	start()
	put("later")
	for _, shard := range stream.Shards() {
		for record, err := range stream.Records(shard.ShardID) {
			fmt.Println(shard.ShardID, record.PartitionKey, err)
		}
	}
	// Output:
	// shardId-000000000000 <nil>
	// <nil>
	// shardId-000000000001 <nil>
	// shardId-000000000002 <nil>
	// shardId-000000000000 before <nil>
	// shardId-000000000001 after <nil>
	// shardId-000000000002 later <nil>
}
