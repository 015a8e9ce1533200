package putrecords_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/putrecords/putrecords"
)

// Two streams share a log. One reshards, the other adopts its layout, and both go on as one stream.
func TestAdopt(t *testing.T) {
	c := newClock()
	config := putrecords.Config{
		Shards: 2, Now: c.Now, Log: &putrecords.MemoryLog{}, ReshardDelay: 25 * time.Second, UpdatingDelay: time.Second,
	}
	one := putrecords.MustNew(config)
	config.Shards, config.Layout = 0, one.Shards()
	var events []string
	config.Resharded = func(r putrecords.Reshard) { events = append(events, inShort(r)) }
	two := putrecords.MustNew(config)
	fault := two.Inject(putrecords.Fault{Match: key("fault")})
	mustPut(t, two, hashed("0"))
	mustSplit(t, one, shard0, "1000")
	c.advance(time.Second)
	mustMerge(t, one, shard3, shard1) // shard 3 takes no records yet
	if err := two.Adopt(one.Shards()[1:]); err == nil || !strings.Contains(err.Error(), "is missing, but it is open here") {
		t.Errorf("without shard 0: %v", err)
	}
	if err := two.Adopt(one.Shards()); err != nil {
		t.Fatal(err)
	}
	if err := two.Adopt(one.Shards()[1:]); err == nil || !strings.Contains(err.Error(), "is missing, but it has not closed yet here") {
		t.Errorf("without shard 0, which still takes records: %v", err)
	}
	for _, step := range []struct {
		at   time.Duration
		want string
	}{
		{0, "001"}, {25 * time.Second, "231"}, {26 * time.Second, "244"},
	} {
		c.now = start.Add(time.Second + step.at)
		for _, s := range []*putrecords.Stream{one, two} {
			if got := shardsOf(mustPut(t, s, hashed("0"), hashed("1000"), hashed(lastHashKey))); got != step.want {
				t.Errorf("after %v shards %s, want %s", step.at, got, step.want)
			}
		}
		if diff := cmp.Diff(one.Shards(), two.Shards()); diff != "" {
			t.Errorf("after %v the layouts differ (-one +two):\n%s", step.at, diff)
		}
		for _, hash := range []string{"0", "1000", lastHashKey} {
			if a, b := one.Route(parseHashKey(t, hash)), two.Route(parseHashKey(t, hash)); a != b {
				t.Errorf("after %v hash key %s goes to %s and %s", step.at, hash, a.ShardID, b.ShardID)
			}
		}
	}
	if diff := cmp.Diff([]string{"0>2,3", "3,1>4", "0>2,3 done", "3,1>4 done"}, events); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	if n := two.Stats()[0].Stored.Records; n < 2 {
		t.Errorf("the statistics of shard 0 are lost: %d records", n)
	}
	mustPut(t, two, keyed("fault"))
	if fault.Hits() != 1 {
		t.Error("the fault is lost")
	}
	if err := two.Adopt(one.Shards()); err != nil {
		t.Errorf("the present layout: %v", err)
	}
	if err := two.Adopt(one.Shards()[2:]); err != nil || len(two.Shards()) != 3 {
		t.Errorf("without closed shards: %v, %d shards", err, len(two.Shards()))
	}
}

// What does not continue the present layout is refused, and nothing changes.
func TestAdoptRefuses(t *testing.T) {
	c := newClock()
	other := putrecords.MustNew(putrecords.Config{Shards: 2, Now: c.Now})
	before := other.Shards()
	c.advance(time.Minute)
	mustSplit(t, other, shard0, "1000")
	split := other.Shards()
	for _, test := range []struct {
		name   string
		change func([]putrecords.Shard) []putrecords.Shard
		want   string
	}{
		{"nothing", func([]putrecords.Shard) []putrecords.Shard { return nil }, "no shard is open"},
		{"an open shard is missing", func(l []putrecords.Shard) []putrecords.Shard { return append(l[:1:1], l[2:]...) }, "no open shard owns"},
		{"a new shard without its parent", func(l []putrecords.Shard) []putrecords.Shard { return l[1:] }, "shardId-000000000000 is missing, but it is open here"},
		{"another parent", func(l []putrecords.Shard) []putrecords.Shard {
			l[2].ParentShardID = shard1
			return l
		}, `its parent "shardId-000000000001" is not a closed shard`},
		{"no parent", func(l []putrecords.Shard) []putrecords.Shard {
			l[2].ParentShardID = ""
			return l
		}, `its parent "" is not a closed shard`},
		{"other hash keys", func(l []putrecords.Shard) []putrecords.Shard {
			l[3].HashKeyRange.EndingHashKey = putrecords.HashKey{0xc0}
			l[1].HashKeyRange.StartingHashKey = putrecords.HashKey{0xc0, 15: 1}
			return l
		}, "shardId-000000000001 is "},
		{"another start", func(l []putrecords.Shard) []putrecords.Shard {
			first := &l[1].SequenceNumberRange.StartingSequenceNumber
			first.ShardCreated--
			first.Arrived--
			return l
		}, "shardId-000000000001 is "},
		{"reopened", func([]putrecords.Shard) []putrecords.Shard { return before }, "shardId-000000000000 is "},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := putrecords.MustNew(putrecords.Config{Layout: before, Now: c.Now})
			if test.name == "reopened" {
				if err := s.Adopt(split); err != nil {
					t.Fatal(err)
				}
			}
			had := s.Shards()
			err := s.Adopt(test.change(append([]putrecords.Shard{}, split...)))
			var invalid *putrecords.ConfigError
			if !errors.As(err, &invalid) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
			if diff := cmp.Diff(had, s.Shards()); diff != "" {
				t.Errorf("the layout has changed (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("records after the ending number", func(t *testing.T) {
		s := putrecords.MustNew(putrecords.Config{Layout: before, Now: c.Now})
		c.advance(time.Second)
		mustPut(t, s, hashed("0"))
		if err := s.Adopt(split); err == nil || !strings.Contains(err.Error(), "has already been open in second") {
			t.Errorf("error %v", err)
		}
	})
}

// A layout whose new shards do not replace shards that were open here is refused. Such a layout
// would leave hash keys without a shard that takes records, or with two of them.
func TestAdoptRefusesOtherParents(t *testing.T) {
	ends := func(shard *putrecords.Shard, seconds int64) {
		shard.SequenceNumberRange.EndingSequenceNumber = putrecords.SequenceNumber{
			ShardCreated: shard.SequenceNumberRange.StartingSequenceNumber.ShardCreated,
			Position:     1<<63 - 1,
			Arrived:      start.Unix() + seconds,
			ShardIndex:   shard.SequenceNumberRange.StartingSequenceNumber.ShardIndex,
		}
	}
	for _, test := range []struct {
		name    string
		reshard func(*putrecords.Stream)
		change  func([]putrecords.Shard) []putrecords.Shard
		want    string
	}{
		{
			"a parent that closed before",
			func(s *putrecords.Stream) { mustSplit(t, s, shard3, "1000") },
			func(l []putrecords.Shard) []putrecords.Shard {
				l[4].ParentShardID, l[5].ParentShardID = shard0, shard0
				return l
			},
			"its parent shardId-000000000000 was split or merged already here",
		},
		{
			"parents that end at different times",
			func(s *putrecords.Stream) {
				mustSplit(t, s, shard3, "1000")
				mustMerge(t, s, "shardId-000000000004", "shardId-000000000005")
			},
			func(l []putrecords.Shard) []putrecords.Shard {
				ends(&l[4], 200)
				ends(&l[5], 201)
				l[6].SequenceNumberRange.StartingSequenceNumber = putrecords.SequenceNumber{}
				return l
			},
			"the parents of shardId-000000000006 end in the different seconds",
		},
		{
			"a parent in two reshards",
			func(s *putrecords.Stream) {
				mustSplit(t, s, shard3, "1000")
				mustMerge(t, s, "shardId-000000000004", "shardId-000000000005")
				mustSplit(t, s, "shardId-000000000006", "1000")
			},
			func(l []putrecords.Shard) []putrecords.Shard {
				l[7].ParentShardID, l[8].ParentShardID = "shardId-000000000004", "shardId-000000000005"
				return l
			},
			"in different ways",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newClock()
			s := putrecords.MustNew(putrecords.Config{Now: c.Now})
			mustSplit(t, s, shard0, "1000")
			c.advance(time.Minute)
			mustMerge(t, s, shard1, shard2)
			c.advance(time.Minute)
			other := putrecords.MustNew(putrecords.Config{Layout: s.Shards(), Now: c.Now})
			test.reshard(other)
			had := s.Shards()
			err := s.Adopt(test.change(other.Shards()))
			var invalid *putrecords.ConfigError
			if !errors.As(err, &invalid) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
			if diff := cmp.Diff(had, s.Shards()); diff != "" {
				t.Errorf("the layout has changed (-want +got):\n%s", diff)
			}
		})
	}
}

// Adopting another stream's reshard does not end the UPDATING that the stream's own one began.
func TestAdoptKeepsUpdating(t *testing.T) {
	c := newClock()
	config := putrecords.Config{Shards: 2, Now: c.Now, ReshardDelay: 25 * time.Second}
	s := putrecords.MustNew(config)
	config.Layout, config.Shards = s.Shards(), 0
	other := putrecords.MustNew(config)
	mustSplit(t, s, shard0, "1000")
	if err := other.Adopt(s.Shards()); err != nil {
		t.Fatal(err)
	}
	mustMerge(t, other, shard3, shard1)
	if err := s.Adopt(other.Shards()); err != nil {
		t.Fatal(err)
	}
	if status := s.Status(); status != putrecords.StreamUpdating {
		t.Errorf("status %s", status)
	}
}

// Whatever one stream does with its shards, another that adopts its layout now and then goes on
// with it.
func TestAdoptFollows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := newClock()
		config := putrecords.Config{
			Shards: rapid.IntRange(1, 3).Draw(t, "shards"), Now: c.Now, Log: putrecords.Discard(),
			ReshardDelay:  rapid.SampledFrom([]time.Duration{0, 3 * time.Second}).Draw(t, "delay"),
			UpdatingDelay: 1,
		}
		one := putrecords.MustNew(config)
		config.Shards, config.Layout = 0, one.Shards()
		two := putrecords.MustNew(config)
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			c.advance(rapid.SampledFrom([]time.Duration{1, time.Second, 4 * time.Second}).Draw(t, "by"))
			var open []putrecords.Shard
			for _, shard := range one.Shards() {
				if shard.SequenceNumberRange.EndingSequenceNumber.IsZero() {
					open = append(open, shard)
				}
			}
			shard := rapid.SampledFrom(open).Draw(t, "shard")
			if rapid.Bool().Draw(t, "merge") {
				for _, adjacent := range open {
					if err := one.MergeShards(shard.ShardID, adjacent.ShardID); err == nil {
						break
					}
				}
			} else {
				middle := shard.HashKeyRange.StartingHashKey
				middle[8]++
				if err := one.SplitShard(shard.ShardID, middle); err != nil && !errors.Is(err, putrecords.InvalidArgumentException) {
					t.Fatal(err)
				}
			}
			if rapid.Bool().Draw(t, "adopt") {
				if err := two.Adopt(one.Shards()); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(one.Shards(), two.Shards()); diff != "" {
					t.Fatalf("the layouts differ (-one +two):\n%s", diff)
				}
				for _, shard := range one.Shards() {
					key := shard.HashKeyRange.StartingHashKey
					if a, b := one.Route(key), two.Route(key); a != b {
						t.Fatalf("hash key %v goes to %s and %s", key, a.ShardID, b.ShardID)
					}
				}
			}
		}
	})
}

// Whatever layout a stream adopts, the shards that take records own every hash key exactly once.
func TestAdoptedShardsTile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := newClock()
		config := putrecords.Config{
			Shards: rapid.IntRange(1, 2).Draw(t, "shards"), Now: c.Now, Log: putrecords.Discard(),
			ReshardDelay:  rapid.SampledFrom([]time.Duration{0, 2 * time.Second}).Draw(t, "delay"),
			UpdatingDelay: 1,
		}
		s := putrecords.MustNew(config)
		reshard := func(s *putrecords.Stream) {
			c.advance(rapid.SampledFrom([]time.Duration{1, 10 * time.Second}).Draw(t, "by"))
			if err := s.UpdateShardCount(rapid.IntRange(1, 2).Draw(t, "count")); err != nil && !errors.Is(err, putrecords.ResourceInUseException) {
				t.Fatal(err)
			}
		}
		for range rapid.IntRange(0, 3).Draw(t, "before") {
			reshard(s)
		}
		config.Layout, config.Shards = s.Shards(), 0
		other := putrecords.MustNew(config)
		for range rapid.IntRange(0, 3).Draw(t, "after") {
			reshard(other)
		}
		layout := other.Shards()
		for range rapid.IntRange(1, 3).Draw(t, "lies") {
			shard := &layout[rapid.IntRange(0, len(layout)-1).Draw(t, "shard")]
			from := layout[rapid.IntRange(0, len(layout)-1).Draw(t, "from")]
			switch rapid.IntRange(0, 5).Draw(t, "lie") {
			case 0:
				shard.ParentShardID = from.ShardID
			case 1:
				shard.AdjacentParentShardID = from.ShardID
			case 2:
				shard.HashKeyRange = from.HashKeyRange
			case 3:
				number := from.SequenceNumberRange.EndingSequenceNumber
				if !number.IsZero() {
					number.ShardCreated = shard.SequenceNumberRange.StartingSequenceNumber.ShardCreated
					number.ShardIndex = shard.SequenceNumberRange.StartingSequenceNumber.ShardIndex
					number.Arrived += rapid.Int64Range(0, 2).Draw(t, "later")
				}
				shard.SequenceNumberRange.EndingSequenceNumber = number
			case 4:
				shard.SequenceNumberRange.StartingSequenceNumber = putrecords.SequenceNumber{}
			case 5:
				shard.ParentShardID, shard.AdjacentParentShardID = from.ParentShardID, from.AdjacentParentShardID
			}
		}
		if s.Adopt(layout) != nil {
			return
		}
		last := hashKeyOf(plus(hashSpace, -1))
		for range 12 {
			owner := s.Route(putrecords.HashKey{})
			for owner.HashKeyRange.EndingHashKey != last {
				next := nextHashKey(owner)
				owner = s.Route(next)
				if owner.HashKeyRange.StartingHashKey != next {
					t.Fatalf("hash key %v goes to %+v", next, owner)
				}
			}
			if _, err := s.Put(context.Background(), hashed("0"), hashed(lastHashKey)); err != nil {
				t.Fatal(err)
			}
			c.advance(time.Second)
		}
	})
}
