package putrecords_test

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/putrecords/putrecords"
)

func mustScale(t testing.TB, s *putrecords.Stream, target int) {
	t.Helper()
	if err := s.UpdateShardCount(target); err != nil {
		t.Fatal(err)
	}
}

// lineage describes shards, one a word: the indexes of the shard's parents and its own, its
// creation second and, if it has one, its closing second. "34>6@31-40" comes from a merge. Parents
// must have one digit.
func lineage(shards []putrecords.Shard) string {
	second := func(n putrecords.SequenceNumber) string { return time.Unix(n.Arrived, 0).UTC().Format("05") }
	var words []string
	for _, shard := range shards {
		var b strings.Builder
		for _, id := range []string{shard.ParentShardID, shard.AdjacentParentShardID} {
			b.WriteString(strings.TrimPrefix(id, "shardId-00000000000"))
		}
		if shard.ParentShardID != "" {
			b.WriteByte('>')
		}
		first, last := shard.SequenceNumberRange.StartingSequenceNumber, shard.SequenceNumberRange.EndingSequenceNumber
		fmt.Fprintf(&b, "%d@%s", first.ShardIndex, second(first))
		if !last.IsZero() {
			b.WriteString("-" + second(last))
		}
		words = append(words, b.String())
	}
	return strings.Join(words, " ")
}

// openShards returns the shards without an ending number, by hash key.
func openShards(shards []putrecords.Shard) []putrecords.Shard {
	open := slices.DeleteFunc(slices.Clone(shards), func(shard putrecords.Shard) bool {
		return !shard.SequenceNumberRange.EndingSequenceNumber.IsZero()
	})
	slices.SortFunc(open, func(a, b putrecords.Shard) int {
		return a.HashKeyRange.StartingHashKey.Compare(b.HashKeyRange.StartingHashKey)
	})
	return open
}

func rangesOf(shards []putrecords.Shard) []putrecords.HashKeyRange {
	var ranges []putrecords.HashKeyRange
	for _, shard := range shards {
		ranges = append(ranges, shard.HashKeyRange)
	}
	return ranges
}

// The splits and merges are AWS's, in AWS's order. With a delay of 25 s their closing seconds, and
// how long the stream is UPDATING, are close to what production was recorded to do; the recorded
// values are in the comments. Without a delay the numbers are still in order.
func TestUpdateShardCount(t *testing.T) {
	for _, test := range []struct {
		from, to int
		delayed  string
		updating time.Duration
		at0      string
	}{
		{1, 2, "0@00-25 0>1@26 0>2@26", 11 * time.Second, "0@00-00 0>1@01 0>2@01"}, // recorded: 26 to 27, 11 to 12 s
		// recorded: exactly these seconds, 18 s
		{
			2, 3, "0@00-25 1@00-26 0>2@26 0>3@26-31 1>4@27-31 1>5@27 34>6@32", 17 * time.Second,
			"0@00-00 1@00-00 0>2@01 0>3@01-01 1>4@01-01 1>5@01 34>6@02",
		},
		{2, 1, "0@00-25 1@00-25 01>2@26", 11 * time.Second, "0@00-00 1@00-00 01>2@01"}, // recorded: 15 s
		// recorded: the second merge 5 s after the first, 15 s
		{3, 1, "0@00-25 1@00-25 2@00-30 01>3@26-30 32>4@31", 16 * time.Second, "0@00-00 1@00-00 2@00-01 01>3@01-01 32>4@02"},
		// seen: 6, 9 and 10 stay
		{
			4, 3, "0@00-30 1@00-25 2@00-31 3@00-37 1>4@26-30 1>5@26-36 04>6@31 2>7@32-36 2>8@32-37 57>9@37 83>10@38", 23 * time.Second,
			"0@00-01 1@00-00 2@00-00 3@00-01 1>4@01-01 1>5@01-01 04>6@02 2>7@01-01 2>8@01-01 57>9@02 83>10@02",
		},
		{2, 4, "0@00-25 1@00-26 0>2@26 0>3@26 1>4@27 1>5@27", 12 * time.Second, "0@00-00 1@00-00 0>2@01 0>3@01 1>4@01 1>5@01"},
		{
			3, 6, "0@00-25 1@00-26 2@00-27 0>3@26 0>4@26 1>5@27 1>6@27 2>7@28 2>8@28", 13 * time.Second,
			"0@00-00 1@00-00 2@00-00 0>3@01 0>4@01 1>5@01 1>6@01 2>7@01 2>8@01",
		},
		{4, 2, "0@00-25 1@00-25 2@00-26 3@00-26 01>4@26 23>5@27", 12 * time.Second, "0@00-00 1@00-00 2@00-00 3@00-00 01>4@01 23>5@01"},
	} {
		for _, delay := range []time.Duration{25 * time.Second, 0} {
			c := &clock{time.Date(2026, 9, 19, 7, 3, 0, 0, time.UTC)}
			s := putrecords.MustNew(putrecords.Config{Shards: test.from, Now: c.Now, ReshardDelay: delay})
			mustScale(t, s, test.to)
			want, updating := test.delayed, test.updating
			if delay == 0 {
				want, updating = test.at0, 0
			}
			if got := lineage(s.Shards()); got != want {
				t.Errorf("%d to %d after %v:\n%s, want\n%s", test.from, test.to, delay, got, want)
			}
			if updating > 0 {
				c.advance(updating - 1)
				if s.Status() != putrecords.StreamUpdating {
					t.Errorf("%d to %d: %s just before %v", test.from, test.to, s.Status(), updating)
				}
				c.advance(1)
			}
			if s.Status() != putrecords.StreamActive {
				t.Errorf("%d to %d: %s after %v", test.from, test.to, s.Status(), updating)
			}
			if _, err := putrecords.New(putrecords.Config{Layout: s.Shards(), Now: c.Now}); err != nil {
				t.Errorf("%d to %d: the shards are no layout: %v", test.from, test.to, err)
			}
			if err := checkScaled(test.to, putrecords.EvenRanges(test.from), openShards(s.Shards())); err != nil {
				t.Errorf("%d to %d: %v", test.from, test.to, err)
			}
		}
	}
}

// Records go to the shards that are open in a step, until all steps are done.
func TestUpdateShardCountStepByStep(t *testing.T) {
	c := &clock{time.Date(2026, 9, 19, 7, 3, 59, 0, time.UTC)}
	s := putrecords.MustNew(putrecords.Config{Shards: 2, Now: c.Now, ReshardDelay: 25 * time.Second})
	mustScale(t, s, 3)
	// The starts of the four parts, with 0.
	third, twoThirds := putrecords.EvenRanges(3)[1].StartingHashKey.String(), putrecords.EvenRanges(3)[2].StartingHashKey.String()
	half := putrecords.EvenRanges(2)[1].StartingHashKey.String()
	for _, step := range []struct {
		second time.Duration
		want   string
	}{{0, "0011"}, {25, "0011"}, {26, "2311"}, {27, "2345"}, {31, "2345"}, {32, "2665"}, {3600, "2665"}} {
		c.now = time.Date(2026, 9, 19, 7, 3, 59, 0, time.UTC).Add(step.second * time.Second)
		if got := shardsOf(mustPut(t, s, hashed("0"), hashed(third), hashed(half), hashed(twoThirds))); got != step.want {
			t.Errorf("after %d s: shards %s, want %s", step.second, got, step.want)
		}
	}
}

// One call after a long silence completes all steps.
func TestUpdateShardCountAfterSilence(t *testing.T) {
	c := newClock()
	s := putrecords.MustNew(putrecords.Config{Shards: 100, Now: c.Now, ReshardDelay: 25 * time.Second})
	mustScale(t, s, 150)
	mustPut(t, s, hashed("0"))
	c.advance(time.Hour)
	for i, keys := range putrecords.EvenRanges(150) {
		out := mustPut(t, s, hashed(keys.StartingHashKey.String()))
		if open := s.Route(keys.StartingHashKey); !open.SequenceNumberRange.EndingSequenceNumber.IsZero() || out.Records[0].ShardID != open.ShardID {
			t.Errorf("range %d belongs to %+v, but a record went to %s", i, open, out.Records[0].ShardID)
		}
	}
}

func TestUpdateShardCountErrors(t *testing.T) {
	c := newClock()
	s := putrecords.MustNew(putrecords.Config{Name: "S", AccountID: "123456789012", Now: c.Now, ReshardDelay: 25 * time.Second})
	for _, target := range []int{0, -1, math.MinInt} {
		wantError(t, s.UpdateShardCount(target), putrecords.ValidationException, fmt.Sprintf("1 validation error detected: Value '%d' at "+
			"'targetShardCount' failed to satisfy constraint: Member must have value greater than or equal to 1", target))
	}
	for _, target := range []int{3, math.MaxInt} {
		wantError(t, s.UpdateShardCount(target), putrecords.InvalidArgumentException, fmt.Sprintf("UpdateShardCount cannot scale up over "+
			"double your current open shard count. Current open shard count: 1 Target shard count: %d", target))
	}
	if got := lineage(s.Shards()); got != "0@07" || s.Status() != putrecords.StreamActive {
		t.Fatalf("after rejected updates: %s, %s", got, s.Status())
	}

	// UPDATING comes after the constraints, and before the values and the present count.
	mustSplit(t, s, shard0, "1000")
	for _, target := range []int{2, 3, 7} {
		wantError(t, s.UpdateShardCount(target), putrecords.ResourceInUseException, "Stream S under account 123456789012 not ACTIVE, instead in state UPDATING")
	}
	wantError(t, s.UpdateShardCount(0), putrecords.ValidationException, "1 validation error detected: Value '0' at "+
		"'targetShardCount' failed to satisfy constraint: Member must have value greater than or equal to 1")

	// Children that take no records yet count as open, and can be split and merged.
	c.advance(6 * time.Second)
	wantError(t, s.UpdateShardCount(5), putrecords.InvalidArgumentException, "UpdateShardCount cannot scale up over "+
		"double your current open shard count. Current open shard count: 2 Target shard count: 5")
	mustScale(t, s, 1)
	if got, want := lineage(s.Shards()), "0@07-32 0>1@33-38 0>2@33-38 12>3@39"; got != want {
		t.Errorf("shards %s, want %s", got, want)
	}
	wantError(t, s.SplitShard(shard3, parseHashKey(t, "1000")), putrecords.ResourceInUseException,
		"Stream S under account 123456789012 not ACTIVE, instead in state UPDATING")
	c.advance(11 * time.Second)
	mustSplit(t, s, shard3, "1000")
}

// The present number of shards changes nothing, even if they are uneven, and the stream stays
// ACTIVE.
func TestUpdateShardCountToThePresentCount(t *testing.T) {
	c := newClock()
	s := putrecords.MustNew(putrecords.Config{Now: c.Now, ReshardDelay: 25 * time.Second})
	mustSplit(t, s, shard0, "1000")
	c.advance(time.Hour)
	before := s.Shards()
	mustScale(t, s, 2)
	if diff := cmp.Diff(before, s.Shards()); diff != "" || s.Status() != putrecords.StreamActive {
		t.Errorf("status %s, shards differ (-before +after):\n%s", s.Status(), diff)
	}
}

// If the last of several steps has no room for its index or its second, nothing changes.
func TestUpdateShardCountIsAllOrNothing(t *testing.T) {
	halves := putrecords.EvenRanges(2)
	for _, test := range []struct {
		name  string
		index uint32
		now   time.Time
		ok    bool
	}{
		{"the last index", math.MaxUint32 - 5, start, true},
		{"no index for the merge", math.MaxUint32 - 4, start, false},
		{"no index for the second split", math.MaxUint32 - 3, start, false},
		{"the last second", 1, time.Unix(1<<36-1-32, 0), true},
		{"no second for the merge", 1, time.Unix(1<<36-1-31, 0), false},
		{"no second for the second split", 1, time.Unix(1<<36-1-26, 0), false},
	} {
		s := putrecords.MustNew(putrecords.Config{
			Layout: []putrecords.Shard{
				{ShardID: shard0, HashKeyRange: halves[0]},
				{ShardID: fmt.Sprintf("shardId-%012d", test.index), HashKeyRange: halves[1]},
			},
			Now: func() time.Time { return test.now }, ReshardDelay: 25 * time.Second,
		})
		before := s.Shards()
		err := s.UpdateShardCount(3)
		if (err == nil) != test.ok || (len(s.Shards()) == 7) != test.ok {
			t.Errorf("%s: error %v, %d shards", test.name, err, len(s.Shards()))
		}
		if err == nil {
			continue
		}
		if diff := cmp.Diff(before, s.Shards()); diff != "" || s.Status() != putrecords.StreamActive {
			t.Errorf("%s: status %s, shards differ (-before +after):\n%s", test.name, s.Status(), diff)
		}
		if got := shardsOf(mustPut(t, s, hashed("0"))); got != "0" {
			t.Errorf("%s: shard %s after an error", test.name, got)
		}
	}
}

// checkScaled checks that the open shards are n even ranges, except that an end may be where one of
// the earlier ranges ended, if that is off by no more than a millionth of a range's width.
func checkScaled(n int, before []putrecords.HashKeyRange, open []putrecords.Shard) error {
	slack := new(big.Int).Quo(hashSpace, big.NewInt(int64(n)*1_000_000))
	if len(open) != n {
		return fmt.Errorf("%d open shards, want %d", len(open), n)
	}
	for i, keys := range putrecords.EvenRanges(n) {
		end := open[i].HashKeyRange.EndingHashKey
		nearby := slices.ContainsFunc(before, func(r putrecords.HashKeyRange) bool {
			return new(big.Int).Sub(r.EndingHashKey.Big(), keys.EndingHashKey.Big()).CmpAbs(slack) <= 0
		})
		if !nearby && end != keys.EndingHashKey {
			return fmt.Errorf("shard %d ends at %v, want %v", i, end, keys.EndingHashKey)
		}
		if nearby && !slices.ContainsFunc(before, func(r putrecords.HashKeyRange) bool { return r.EndingHashKey == end }) {
			return fmt.Errorf("shard %d ends at %v, although a shard ended near %v before", i, end, keys.EndingHashKey)
		}
	}
	return nil
}

// UpdateShardCount is a series of splits and merges: whoever makes the same ones by SplitShard and
// MergeShards at the times when its steps begin has the same shards. Afterwards the open shards are
// even. Records that are put during the series land once, in order and on shards that own them.
func TestUpdateShardCountProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, twinClock := newClock(), newClock()
		delay := rapid.SampledFrom([]time.Duration{0, time.Second, 2500 * time.Millisecond, 25 * time.Second}).Draw(t, "delay")
		config := putrecords.Config{
			Shards: rapid.IntRange(1, 9).Draw(t, "shards"), Now: c.Now, ReshardDelay: delay,
			Limits: putrecords.Limits{RecordsPerSecond: -1},
		}
		s := putrecords.MustNew(config)
		config.Now, config.UpdatingDelay = twinClock.Now, 1
		twin := putrecords.MustNew(config)
		stored := make(map[string]string) // the shard of each record, by sequence number
		put := func() {
			for _, i := range rapid.SliceOfN(rapid.IntRange(0, 36), 0, 5).Draw(t, "keys") {
				key := hashKeyOf(new(big.Int).Quo(new(big.Int).Mul(plus(hashSpace, -1), big.NewInt(int64(i))), big.NewInt(36)))
				out, err := s.Put(t.Context(), hashed(key.String()))
				if err != nil || out.FailedRecordCount != 0 {
					t.Fatalf("Put: %v, %+v", err, out)
				}
				entry := out.Records[0]
				if owner := s.Route(key); entry.ShardID != owner.ShardID || !owner.HashKeyRange.Contains(key) {
					t.Fatalf("a record with hash key %v went to %s, but belongs to %+v", key, entry.ShardID, owner)
				}
				if stored[entry.SequenceNumber] != "" {
					t.Fatalf("number %s was given twice", entry.SequenceNumber)
				}
				stored[entry.SequenceNumber] = entry.ShardID
			}
		}
		for range rapid.IntRange(1, 4).Draw(t, "changes") {
			for s.Status() != putrecords.StreamActive {
				c.advance(time.Second)
			}
			put()
			before := openShards(s.Shards())
			known := len(s.Shards())
			if rapid.IntRange(0, 3).Draw(t, "split") == 0 {
				sh := rapid.SampledFrom(before).Draw(t, "shard")
				key := sh.HashKeyRange.Midpoint()
				if rapid.Bool().Draw(t, "uneven") {
					key = hashKeyOf(plus(sh.HashKeyRange.EndingHashKey.Big(), -rapid.Int64Range(1, 1<<20).Draw(t, "last keys")))
				}
				if err := s.SplitShard(sh.ShardID, key); err != nil && len(s.Shards()) != known {
					t.Fatalf("an error and %d shards after %d: %v", len(s.Shards()), known, err)
				}
			} else {
				target := rapid.IntRange(1, 2*len(before)).Draw(t, "target")
				if err := s.UpdateShardCount(target); err != nil {
					t.Fatal(err)
				}
				if target != len(before) {
					if err := checkScaled(target, rangesOf(before), openShards(s.Shards())); err != nil {
						t.Fatal(err)
					}
				}
			}
			shards := s.Shards()
			replay(t, twin, twinClock, c.now, shards[known:], delay)
			if diff := cmp.Diff(twin.Shards(), shards); diff != "" {
				t.Fatalf("the series differs from its splits and merges (-splits and merges +series):\n%s", diff)
			}
			for range rapid.IntRange(0, 8).Draw(t, "seconds") {
				put()
				c.advance(time.Second)
			}
		}
		c.advance(time.Hour)
		put()
		for _, open := range openShards(s.Shards()) {
			if got := s.Route(open.HashKeyRange.StartingHashKey); got != open {
				t.Fatalf("after an hour %+v takes the records of %+v", got, open)
			}
		}
		shards := s.Shards()
		if err := checkParents(shards); err != nil {
			t.Fatal(err)
		}
		records := 0
		for _, shard := range shards {
			in := recordsOf(t, s, shard.ShardID)
			if err := checkOrder(shard, in); err != nil {
				t.Fatal(err)
			}
			for _, record := range in {
				if stored[record.SequenceNumber.String()] != shard.ShardID {
					t.Fatalf("%s has a record that was not put there: %+v", shard.ShardID, record)
				}
			}
			records += len(in)
		}
		if records != len(stored) {
			t.Fatalf("%d records in the log, %d were put", records, len(stored))
		}
	})
}

// replay makes the children by splits and merges on another stream. Each begins 1/25 of the delay
// after the one before, and 1/5 of the delay after those that made its parents.
func replay(t *rapid.T, s *putrecords.Stream, c *clock, now time.Time, children []putrecords.Shard, delay time.Duration) {
	usable := make(map[string]time.Time)
	for len(children) > 0 {
		child := children[0]
		begin := now
		for _, id := range []string{child.ParentShardID, child.AdjacentParentShardID} {
			if usable[id].After(begin) {
				begin = usable[id]
			}
		}
		c.now = begin
		made := 2
		var err error
		if child.AdjacentParentShardID != "" {
			made = 1
			err = s.MergeShards(child.ParentShardID, child.AdjacentParentShardID)
		} else {
			err = s.SplitShard(child.ParentShardID, children[1].HashKeyRange.StartingHashKey)
		}
		if err != nil {
			t.Fatalf("the step that makes %s is not a split or merge: %v", child.ShardID, err)
		}
		for _, child := range children[:made] {
			usable[child.ShardID] = begin.Add(delay / 5)
		}
		now, children = begin.Add(delay/25), children[made:]
	}
}

// While the number of shards changes, no record is lost or stored twice.
func TestUpdateShardCountUnderLoad(t *testing.T) {
	for _, delay := range []time.Duration{0, time.Second} {
		var reads atomic.Int64
		s := putrecords.MustNew(putrecords.Config{
			Shards: 4, ReshardDelay: delay, Limits: putrecords.Limits{RecordsPerSecond: -1, BytesPerSecond: -1},
			Now: func() time.Time { return start.Add(time.Duration(reads.Add(1)) * 10 * time.Millisecond) },
		})
		const callers, calls, perCall = 4, 50, 40
		var group sync.WaitGroup
		for range callers {
			group.Go(func() {
				for call := range calls {
					var records []putrecords.RequestEntry
					for i := range perCall {
						records = append(records, keyed(fmt.Sprintf("%d/%d", call, i)))
					}
					out, err := s.Put(t.Context(), records...)
					if err != nil || out.FailedRecordCount != 0 {
						t.Errorf("Put: %v, %d records failed", err, out.FailedRecordCount)
					}
				}
			})
		}
		for i := range 200 {
			err := s.UpdateShardCount([]int{6, 5, 3, 4}[i%4])
			if err != nil && delay == 0 {
				t.Error(err)
			}
		}
		group.Wait()
		n := 0
		for _, shard := range s.Shards() {
			records := recordsOf(t, s, shard.ShardID)
			if err := checkOrder(shard, records); err != nil {
				t.Error(err)
			}
			n += len(records)
		}
		if n != callers*calls*perCall {
			t.Errorf("%d records stored, want %d", n, callers*calls*perCall)
		}
	}
}

// A series may have thousands of steps.
func TestUpdateShardCountOfManyShards(t *testing.T) {
	for _, delay := range []time.Duration{0, 25 * time.Second} {
		c := newClock()
		s := putrecords.MustNew(putrecords.Config{Shards: 1000, Now: c.Now, ReshardDelay: delay})
		for _, target := range []int{2000, 1500, 1} {
			mustScale(t, s, target)
			c.advance(20 * time.Hour)
			mustPut(t, s, hashed("0"))
			if n := len(openShards(s.Shards())); n != target {
				t.Errorf("%d open shards, want %d", n, target)
			}
		}
	}
}
