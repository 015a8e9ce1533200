package putrecords_test

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/putrecords/putrecords"
)

func mustSplit(t testing.TB, s *putrecords.Stream, shardID, newStartingHashKey string) {
	t.Helper()
	if err := s.SplitShard(shardID, parseHashKey(t, newStartingHashKey)); err != nil {
		t.Fatal(err)
	}
}

func mustMerge(t testing.TB, s *putrecords.Stream, shardID, adjacentShardID string) {
	t.Helper()
	if err := s.MergeShards(shardID, adjacentShardID); err != nil {
		t.Fatal(err)
	}
}

func TestSplitShard(t *testing.T) {
	c := newClock()
	s := putrecords.MustNew(putrecords.Config{Shards: 2, Now: c.Now})
	before := s.Shards()
	created := c.now.Unix()
	c.advance(time.Second)
	mustSplit(t, s, shard0, "1000")

	parent := before[0]
	parent.SequenceNumberRange.EndingSequenceNumber = putrecords.SequenceNumber{ShardCreated: created, Position: 1<<63 - 1, Arrived: created + 1}
	child := func(index uint32, first, last putrecords.HashKey) putrecords.Shard {
		return putrecords.Shard{
			ShardID: fmt.Sprintf("shardId-%012d", index), ParentShardID: shard0,
			HashKeyRange: putrecords.HashKeyRange{StartingHashKey: first, EndingHashKey: last},
			SequenceNumberRange: putrecords.SequenceNumberRange{
				StartingSequenceNumber: putrecords.SequenceNumber{ShardCreated: created + 2, Arrived: created + 2, ShardIndex: index},
			},
		}
	}
	want := []putrecords.Shard{
		parent, before[1],
		child(2, putrecords.HashKey{}, parseHashKey(t, "999")),
		child(3, parseHashKey(t, "1000"), parent.HashKeyRange.EndingHashKey),
	}
	if diff := cmp.Diff(want, s.Shards()); diff != "" {
		t.Errorf("shards differ (-want +got):\n%s", diff)
	}
	out := mustPut(t, s, hashed("0"), hashed("999"), hashed("1000"), hashed(parent.HashKeyRange.EndingHashKey.String()), hashed(lastHashKey))
	if got := shardsOf(out); got != "22331" {
		t.Errorf("shards %s, want 22331", got)
	}
	if got := s.Route(parseHashKey(t, "1000")); got != want[3] {
		t.Errorf("Route(1000) = %v", got)
	}
	// The children took over immediately, within the closing second. Their numbers carry the second
	// of their creation.
	number := sequenceNumber(t, out.Records[0])
	if number.Arrived != created+2 || number.Compare(parent.SequenceNumberRange.EndingSequenceNumber) <= 0 {
		t.Errorf("the child's number %+v is not above the parent's ending number", number)
	}
	if got := recordsOf(t, s, shard2)[0].Arrived; !got.Equal(c.now) {
		t.Errorf("arrived at %v, want %v as the clock shows", got, c.now)
	}
}

func TestMergeShards(t *testing.T) {
	c := newClock()
	s := putrecords.MustNew(putrecords.Config{Shards: 3, Now: c.Now})
	mustPut(t, s, hashed("0"), hashed("113427455640312821154458202477256070485"))
	mustMerge(t, s, shard0, shard1)
	shards := s.Shards()
	created := start.Unix() + 1
	want := putrecords.Shard{
		ShardID: shard3, ParentShardID: shard0, AdjacentParentShardID: shard1,
		HashKeyRange: putrecords.HashKeyRange{EndingHashKey: shards[1].HashKeyRange.EndingHashKey},
		SequenceNumberRange: putrecords.SequenceNumberRange{
			StartingSequenceNumber: putrecords.SequenceNumber{ShardCreated: created, Arrived: created, ShardIndex: 3},
		},
	}
	if diff := cmp.Diff(want, shards[3]); diff != "" {
		t.Errorf("child differs (-want +got):\n%s", diff)
	}
	for _, parent := range shards[:2] {
		if end := parent.SequenceNumberRange.EndingSequenceNumber; end.Arrived != start.Unix() || end.Position != 1<<63-1 {
			t.Errorf("%s ends at %+v", parent.ShardID, end)
		}
		if n := len(recordsOf(t, s, parent.ShardID)); n != 1 {
			t.Errorf("%d records in %s, want 1", n, parent.ShardID)
		}
	}
	if got := shardsOf(mustPut(t, s, hashed("0"), hashed("113427455640312821154458202477256070485"), hashed(lastHashKey))); got != "332" {
		t.Errorf("shards %s, want 332", got)
	}
}

func TestReshardErrors(t *testing.T) {
	s := putrecords.MustNew(putrecords.Config{Name: "S", AccountID: "123456789012", Shards: 3})
	const end = "113427455640312821154458202477256070484"
	for _, key := range []string{"0", "1", end, "113427455640312821154458202477256070485", lastHashKey} {
		wantError(t, s.SplitShard(shard0, parseHashKey(t, key)), putrecords.InvalidArgumentException,
			"NewStartingHashKey "+key+" used in SplitShard() on shard shardId-000000000000 in stream S under account 123456789012 is not both "+
				"greater than one plus the shard's StartingHashKey 0 and less than the shard's EndingHashKey "+end+".")
	}
	for _, pair := range [][2]string{{shard1, shard0}, {shard0, shard2}, {shard0, shard0}, {shard2, shard0}} {
		wantError(t, s.MergeShards(pair[0], pair[1]), putrecords.InvalidArgumentException,
			"Shards "+pair[0]+" and "+pair[1]+" in stream S under account 123456789012 are not an adjacent pair of shards eligible for merging")
	}
	const notFound = "Could not find shard shardId-000000000005 in stream S under account 123456789012."
	wantError(t, s.SplitShard("shardId-000000000005", parseHashKey(t, "0")), putrecords.ResourceNotFoundException, notFound)
	if n := len(s.Shards()); n != 3 {
		t.Fatalf("%d shards after rejected reshards", n)
	}

	mustSplit(t, s, shard0, "2") // the lowest possible key
	const closed = "Shard shardId-000000000000 in stream S under account 123456789012 has already been merged or split, " +
		"and thus is not eligible for merging or splitting."
	wantError(t, s.SplitShard(shard0, parseHashKey(t, "0")), putrecords.InvalidArgumentException, closed)
	wantError(t, s.MergeShards(shard0, shard1), putrecords.InvalidArgumentException, closed)
	wantError(t, s.MergeShards(shard1, shard0), putrecords.InvalidArgumentException, closed)
	// MergeShards checks that both shards exist before it checks that they are open.
	wantError(t, s.MergeShards(shard0, "shardId-000000000005"), putrecords.ResourceNotFoundException,
		"Could not find shard shardId-000000000005 in stream S under account 123456789012.")
}

// A split at the highest possible key leaves two keys for the upper shard. A shard with one key
// cannot be split, but it receives records and can be merged.
func TestSplitAtTheEnds(t *testing.T) {
	s := putrecords.MustNew(putrecords.Config{})
	mustSplit(t, s, shard0, "340282366920938463463374607431768211454") // end - 1
	mustSplit(t, s, shard1, "2")
	if got := shardsOf(mustPut(t, s, hashed("1"), hashed("2"), hashed("340282366920938463463374607431768211453"), hashed(lastHashKey))); got != "3442" {
		t.Errorf("shards %s, want 3442", got)
	}
	for _, key := range []string{"340282366920938463463374607431768211454", lastHashKey} {
		if err := s.SplitShard(shard2, parseHashKey(t, key)); !errors.Is(err, putrecords.InvalidArgumentException) {
			t.Errorf("a shard with two keys was split at %s: %v", key, err)
		}
	}
	// No split makes a shard with one key, but a layout may have one.
	layout := []putrecords.Shard{
		{ShardID: shard0, HashKeyRange: putrecords.HashKeyRange{EndingHashKey: parseHashKey(t, "340282366920938463463374607431768211454")}},
		{ShardID: shard1, HashKeyRange: putrecords.HashKeyRange{StartingHashKey: parseHashKey(t, lastHashKey), EndingHashKey: parseHashKey(t, lastHashKey)}},
	}
	one := putrecords.MustNew(putrecords.Config{Layout: layout})
	if err := one.SplitShard(shard1, parseHashKey(t, lastHashKey)); !errors.Is(err, putrecords.InvalidArgumentException) {
		t.Errorf("a shard with one key was split: %v", err)
	}
	mustMerge(t, one, shard0, shard1)
	mustMerge(t, s, "shardId-000000000004", shard2)
	mustMerge(t, s, shard3, "shardId-000000000005")
	if got := s.Route(putrecords.HashKey{}).HashKeyRange.EndingHashKey.String(); got != lastHashKey {
		t.Errorf("after merging all shards, the last one ends at %s", got)
	}
}

// The highest shard index is 2^32-1. A reshard that would need a higher one changes nothing.
func TestIndexesRunOut(t *testing.T) {
	for _, test := range []struct {
		index uint32
		split bool
	}{{math.MaxUint32 - 3, true}, {math.MaxUint32 - 2, true}, {math.MaxUint32 - 1, false}, {math.MaxUint32, false}} {
		id := fmt.Sprintf("shardId-%012d", test.index)
		s := putrecords.MustNew(putrecords.Config{Layout: []putrecords.Shard{{ShardID: id, HashKeyRange: putrecords.EvenRanges(1)[0]}}})
		err := s.SplitShard(id, parseHashKey(t, "1000"))
		if (err == nil) != test.split || (len(s.Shards()) == 3) != test.split {
			t.Errorf("split of %s: error %v, %d shards", id, err, len(s.Shards()))
		}
		if err != nil && !strings.Contains(err.Error(), "no index is left for a shard after "+id) {
			t.Errorf("split of %s: error %v", id, err)
		}
		mustPut(t, s, keyed("k"))
	}
}

// While a reshard is pending, records go to the parents until the closing second has passed, as in
// production.
func TestReshardDelay(t *testing.T) {
	c := newClock() // 0.8 s into a second
	s := putrecords.MustNew(putrecords.Config{Name: "S", AccountID: "123456789012", Shards: 2, Now: c.Now, ReshardDelay: 25 * time.Second})
	mustSplit(t, s, shard0, "1000")
	closing := start.Unix() + 25
	shards := s.Shards()
	if len(shards) != 4 || shards[0].SequenceNumberRange.EndingSequenceNumber.Arrived != closing ||
		shards[2].SequenceNumberRange.StartingSequenceNumber.ShardCreated != closing+1 {
		t.Fatalf("the ending number and the children are not listed immediately: %+v", shards)
	}
	put := func(want string) {
		t.Helper()
		if got := shardsOf(mustPut(t, s, hashed("0"), hashed("1000"), hashed(lastHashKey))); got != want {
			t.Errorf("at %v shards %s, want %s", c.now, got, want)
		}
		if got := s.Route(putrecords.HashKey{}).ShardID; got[len(got)-1] != want[0] {
			t.Errorf("at %v Route returns %s", c.now, got)
		}
	}
	notActive := func() {
		t.Helper()
		const message = "Stream S under account 123456789012 not ACTIVE, instead in state UPDATING"
		wantError(t, s.SplitShard(shard1, parseHashKey(t, "0")), putrecords.ResourceInUseException, message)
		wantError(t, s.MergeShards("shardId-000000000009", shard1), putrecords.ResourceInUseException, message)
	}
	put("001")
	notActive()
	c.now = start.Add(6*time.Second - 1)
	notActive()
	c.now = time.Unix(closing, 0)
	put("001")
	c.now = time.Unix(closing, 999_999_999)
	put("001")
	last := sequenceNumber(t, mustPut(t, s, hashed("0")).Records[0])
	c.now = time.Unix(closing+1, 0)
	put("231")
	c.now = start
	put("231") // the children keep taking records even if the clock goes back
	if first := recordsOf(t, s, shard2)[0].SequenceNumber; first.Compare(last) <= 0 || first.Arrived != closing+1 {
		t.Errorf("the child's number %+v is not above the parent's %+v", first, last)
	}
	// Another reshard may follow.
	mustMerge(t, s, shard3, shard1)
}

// Any call that reads the clock completes a reshard that is due.
func TestReshardDelayWithoutPuts(t *testing.T) {
	c := newClock()
	s := putrecords.MustNew(putrecords.Config{Now: c.Now, ReshardDelay: time.Second})
	mustSplit(t, s, shard0, "1000")
	c.advance(2 * time.Second)
	if got := s.Route(putrecords.HashKey{}).ShardID; got != shard1 {
		t.Errorf("Route returns %s, want %s", got, shard1)
	}
	c.advance(-time.Second)
	mustSplit(t, s, shard1, "500")
	c.advance(3 * time.Second)
	mustMerge(t, s, shard3, "shardId-000000000004")
}

// The closing second is never before the latest time a parent has seen, nor before its creation.
func TestReshardsAcrossTheClock(t *testing.T) {
	c := newClock()
	s := putrecords.MustNew(putrecords.Config{Now: c.Now})
	c.advance(time.Hour)
	latest := sequenceNumber(t, mustPut(t, s, keyed("k")).Records[0])
	c.advance(-2 * time.Hour)
	mustSplit(t, s, shard0, "1000")
	shards := s.Shards()
	if got := shards[0].SequenceNumberRange.EndingSequenceNumber.Arrived; got != latest.Arrived {
		t.Errorf("closing second %d, want the second of the parent's latest record, %d", got, latest.Arrived)
	}
	first := mustPut(t, s, hashed("0")).Records[0]
	if n := sequenceNumber(t, first); n.Arrived != latest.Arrived+1 || n.Compare(latest) <= 0 {
		t.Errorf("number %+v after %+v", n, latest)
	}
	if got := recordsOf(t, s, shard1)[0].Arrived; !got.Equal(start.Add(time.Hour)) {
		t.Errorf("the child's record arrived at %v, want the latest time its parent has seen", got)
	}
	// With many reshards in one second, each generation is created a second after the previous one.
	previous := shards[1].SequenceNumberRange.StartingSequenceNumber
	for i := range 10 {
		shards := s.Shards()
		n := len(shards)
		mustMerge(t, s, shards[n-2].ShardID, shards[n-1].ShardID)
		merged := s.Shards()[n]
		mustPut(t, s, hashed("5"))
		mustSplit(t, s, merged.ShardID, "1000")
		child := s.Shards()[n+1].SequenceNumberRange.StartingSequenceNumber
		if child.ShardCreated != previous.ShardCreated+2 {
			t.Errorf("generation %d was created in second %d, want %d", i, child.ShardCreated, previous.ShardCreated+2)
		}
		previous = child
	}
}

// Children start with full buckets, and each has its own limits.
func TestChildrenHaveTheirOwnLimits(t *testing.T) {
	s := putrecords.MustNew(putrecords.Config{Now: newClock().Now, Limits: putrecords.Limits{RecordsPerSecond: 2}})
	mustPut(t, s, hashed("0"), hashed("0"), hashed("0"))
	mustSplit(t, s, shard0, "1000")
	if got := shardsOf(mustPut(t, s, hashed("0"), hashed("0"), hashed("0"), hashed("1000"))); got != "11-2" {
		t.Errorf("shards %s, want 11-2", got)
	}
}

// If parents close after a request was routed but before it is stored, their records go to the
// children in the request's order.
func TestMergeInTheMiddleOfACall(t *testing.T) {
	var s *putrecords.Stream
	log := &troubledLog{Log: &putrecords.MemoryLog{}}
	log.interrupt = func(string) { mustMerge(t, s, shard1, shard2) } // while shard 0 stores its records
	s = putrecords.MustNew(putrecords.Config{Shards: 3, Now: newClock().Now, Log: log})
	ranges := putrecords.EvenRanges(3)
	in1, in2 := ranges[1].StartingHashKey.String(), ranges[2].StartingHashKey.String()
	out := mustPut(t, s, hashed("0"), hashed(in2), hashed(in1), hashed(in2), hashed(in1), hashed(in1), hashed(in2))
	if got := shardsOf(out); got != "0333333" {
		t.Fatalf("shards %s, want 0333333", got)
	}
	var hashKeys []string
	for _, r := range recordsOf(t, s, shard3) {
		hashKeys = append(hashKeys, r.ExplicitHashKey)
	}
	if want := []string{in2, in1, in2, in1, in1, in2}; !slices.Equal(hashKeys, want) {
		t.Errorf("the child has %v, want the request's order %v", hashKeys, want)
	}
	if n := len(recordsOf(t, s, shard1)) + len(recordsOf(t, s, shard2)); n != 0 {
		t.Errorf("%d records are in closed shards", n)
	}
}

// If a call reads the clock and routes its records before a reshard begins, but the time it read is
// after the closing second, its records go to the children.
func TestDelayedSplitInTheMiddleOfACall(t *testing.T) {
	c := newClock()
	var s *putrecords.Stream
	log := &troubledLog{Log: &putrecords.MemoryLog{}}
	log.interrupt = func(string) {
		c.advance(-10 * time.Second)
		mustSplit(t, s, shard1, "200000000000000000000000000000000000000")
	}
	s = putrecords.MustNew(putrecords.Config{Shards: 2, Now: c.Now, Log: log, ReshardDelay: time.Second})
	c.advance(11 * time.Second)
	out := mustPut(t, s, hashed("0"), hashed("199999999999999999999999999999999999999"), hashed(lastHashKey))
	if got := shardsOf(out); got != "023" {
		t.Errorf("shards %s, want 023", got)
	}
}

// While shards split and merge, no record is lost or stored twice.
func TestReshardUnderLoad(t *testing.T) {
	for _, delay := range []time.Duration{0, time.Second} {
		var reads atomic.Int64
		s := putrecords.MustNew(putrecords.Config{
			Shards: 4, ReshardDelay: delay, Limits: putrecords.Limits{RecordsPerSecond: -1, BytesPerSecond: -1},
			Now: func() time.Time { return start.Add(time.Duration(reads.Add(1)) * 100 * time.Millisecond) },
		})
		const callers, calls, perCall = 4, 50, 40
		acknowledged := make([]map[string]string, callers) // data by sequence number
		var group sync.WaitGroup
		for caller := range callers {
			acknowledged[caller] = make(map[string]string)
			group.Go(func() {
				for call := range calls {
					var records []putrecords.RequestEntry
					for i := range perCall {
						name := fmt.Sprintf("%d/%d/%d", caller, call, i)
						records = append(records, putrecords.Entry(name, []byte(name)))
					}
					out, err := s.Put(t.Context(), records...)
					if err != nil {
						t.Error(err)
						return
					}
					for i, entry := range out.Records {
						acknowledged[caller][entry.SequenceNumber] = string(records[i].Data)
					}
				}
			})
		}
		resharded := 0
		for range 400 {
			// Split the lowest shard, or merge its children. Either may fail while another reshard
			// is pending.
			a := s.Route(putrecords.HashKey{})
			var err error
			if next := nextHashKey(a); next == parseHashKey(t, "1000000") {
				err = s.MergeShards(a.ShardID, s.Route(next).ShardID)
			} else {
				err = s.SplitShard(a.ShardID, parseHashKey(t, "1000000"))
			}
			if err == nil {
				resharded++
			} else if delay == 0 {
				t.Error(err)
			}
		}
		group.Wait()
		if resharded < 10 {
			t.Errorf("only %d reshards", resharded)
		}

		stored := make(map[string]string)
		for _, shard := range s.Shards() {
			records := recordsOf(t, s, shard.ShardID)
			if err := checkOrder(shard, records); err != nil {
				t.Error(err)
			}
			for _, r := range records {
				stored[r.SequenceNumber.String()] = string(r.Data)
			}
		}
		want := make(map[string]string)
		for _, numbers := range acknowledged {
			maps.Copy(want, numbers)
		}
		if len(want) != callers*calls*perCall {
			t.Errorf("%d distinct sequence numbers for %d records", len(want), callers*calls*perCall)
		}
		if diff := cmp.Diff(want, stored); diff != "" {
			t.Errorf("the log differs from the outputs (-outputs +log):\n%s", diff)
		}
	}
}
