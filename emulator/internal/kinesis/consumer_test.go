package kinesis

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/putrecords/putrecords"
	"pgregory.net/rapid"
)

// A consumer reads a stream as consumer libraries do: each shard from TRIM_HORIZON, and children
// after all their parents.
type consumer struct {
	c         *emulated
	iterators map[string]string // of the shards that it reads
	finished  map[string]bool
	read      map[string][]string // sequence numbers, by shard
}

func newConsumer(c *emulated) *consumer {
	consumer := &consumer{c: c, iterators: map[string]string{}, finished: map[string]bool{}, read: map[string][]string{}}
	for _, sh := range c.stream().Shards() {
		if sh.ParentShardID == "" {
			consumer.iterators[sh.ShardID] = c.iterator(sh.ShardID, trimHorizon, "")
		}
	}
	return consumer
}

// poll reads once from a shard, at most limit records. It reports whether there were any, or the
// shard has ended.
func (r *consumer) poll(shardID string, limit int) bool {
	page := r.c.get(r.iterators[shardID], fmt.Sprintf(`,"Limit":%d`, limit))
	for _, record := range page.Records {
		r.read[shardID] = append(r.read[shardID], record.SequenceNumber)
	}
	if page.NextShardIterator != "" {
		r.iterators[shardID] = page.NextShardIterator
		return len(page.Records) > 0
	}
	delete(r.iterators, shardID)
	r.finished[shardID] = true
	for _, child := range page.ChildShards {
		if !slices.ContainsFunc(child.ParentShards, func(id string) bool { return !r.finished[id] }) {
			r.iterators[child.ShardID] = r.c.iterator(child.ShardID, trimHorizon, "")
		}
	}
	return true
}

// renew replaces the iterators, which expire when time passes, by ones that go on where they are.
func (r *consumer) renew() {
	for id := range r.iterators {
		if numbers := r.read[id]; len(numbers) == 0 {
			r.iterators[id] = r.c.iterator(id, trimHorizon, "")
		} else {
			r.iterators[id] = r.c.iterator(id, afterSequenceNumber, fmt.Sprintf(`,"StartingSequenceNumber":%q`, numbers[len(numbers)-1]))
		}
	}
}

// drain reads until no shard has more.
func (r *consumer) drain() {
	r.c.t.Helper()
	for range 1000 {
		more := false
		for _, id := range slices.Sorted(maps.Keys(r.iterators)) {
			more = r.poll(id, maxReadRecords) || more
		}
		if !more {
			return
		}
	}
	r.c.t.Fatal("the shards do not end")
}

// Whatever is put, split and merged while consumers read, each of them sees each record once, in
// its shard and in order.
func TestConsumersSeeEveryRecordOnceAndInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		delay := time.Duration(rapid.SampledFrom([]int{0, 1, 6}).Draw(t, "state delay")) * time.Second
		c := newEmulated(t, rapid.IntRange(1, 3).Draw(t, "shards"), Config{StateDelay: delay})
		consumers := []*consumer{newConsumer(c), newConsumer(c)}
		put := map[string][]string{} // sequence numbers, by shard
		keys := rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f"})
		anyShard := func(t *rapid.T) putrecords.Shard { return rapid.SampledFrom(c.stream().Shards()).Draw(t, "shard") }

		renewed := c.now
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				var entries []putrecords.RequestEntry
				for _, key := range rapid.SliceOfN(keys, 1, 9).Draw(t, "keys") {
					entries = append(entries, putrecords.Entry(key, nil))
				}
				out, err := c.stream().Put(t.Context(), entries...)
				if err != nil || out.FailedRecordCount > 0 {
					t.Fatal(out, err)
				}
				for _, entry := range out.Records {
					put[entry.ShardID] = append(put[entry.ShardID], entry.SequenceNumber)
				}
			},
			"split": func(t *rapid.T) {
				sh := anyShard(t)
				c.call("SplitShard", fmt.Sprintf(`{"StreamName":"orders","ShardToSplit":%q,"NewStartingHashKey":%q}`,
					sh.ShardID, sh.HashKeyRange.Midpoint()))
			},
			"merge": func(t *rapid.T) {
				c.call("MergeShards", fmt.Sprintf(`{"StreamName":"orders","ShardToMerge":%q,"AdjacentShardToMerge":%q}`,
					anyShard(t).ShardID, anyShard(t).ShardID))
			},
			"scale": func(t *rapid.T) {
				c.call("UpdateShardCount", fmt.Sprintf(`{"StreamName":"orders","ScalingType":"UNIFORM_SCALING","TargetShardCount":%d}`,
					rapid.IntRange(1, 4).Draw(t, "target")))
			},
			"poll": func(t *rapid.T) {
				r := rapid.SampledFrom(consumers).Draw(t, "consumer")
				id := rapid.SampledFrom(slices.Sorted(maps.Keys(r.iterators))).Draw(t, "shard")
				r.poll(id, rapid.IntRange(1, 4).Draw(t, "limit"))
			},
			"wait": func(t *rapid.T) {
				c.now = c.now.Add(time.Duration(rapid.IntRange(1, 20_000).Draw(t, "milliseconds")) * time.Millisecond)
				if c.now.Sub(renewed) < iteratorLife-20*time.Second {
					return
				}
				renewed = c.now
				for _, r := range consumers {
					r.renew()
				}
			},
			"renew": func(t *rapid.T) { rapid.SampledFrom(consumers).Draw(t, "consumer").renew() },
		})

		for _, r := range consumers {
			r.renew()
			r.drain()
			c.now = c.now.Add(time.Minute) // the reshards under way are done by now
			r.drain()
			if !maps.EqualFunc(r.read, put, slices.Equal) {
				t.Fatalf("read %v\nput  %v", r.read, put)
			}
		}
	})
}

func TestConsumersReadWhileOthersPutAndReshard(t *testing.T) {
	c := newEmulated(t, 2, Config{})
	var work sync.WaitGroup
	put := map[string][]string{}
	work.Go(func() {
		for i := range 300 {
			out, err := c.stream().Put(t.Context(), putrecords.Entry(strconv.Itoa(i), nil), putrecords.Entry(strconv.Itoa(-i), nil))
			if err != nil || out.FailedRecordCount > 0 {
				t.Error(out, err)
				return
			}
			for _, entry := range out.Records {
				put[entry.ShardID] = append(put[entry.ShardID], entry.SequenceNumber)
			}
		}
	})
	work.Go(func() {
		for i := range 20 {
			c.wantAnswerOK("UpdateShardCount",
				fmt.Sprintf(`{"StreamName":"orders","ScalingType":"UNIFORM_SCALING","TargetShardCount":%d}`, 2+i%3))
		}
	})
	consumers := []*consumer{newConsumer(c), newConsumer(c)}
	for _, r := range consumers {
		work.Go(func() {
			for range 20 {
				for _, id := range slices.Sorted(maps.Keys(r.iterators)) {
					r.poll(id, 7)
				}
			}
		})
	}
	work.Wait()
	for _, r := range consumers {
		r.drain()
		if !maps.EqualFunc(r.read, put, slices.Equal) {
			t.Errorf("read %v\nput  %v", r.read, put)
		}
	}
}
