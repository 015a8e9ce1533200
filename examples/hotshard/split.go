package main

import (
	"errors"
	"slices"
	"time"

	"github.com/putrecords/putrecords"
)

// A Split is a decision about a hot shard.
type Split struct {
	At      time.Duration
	ShardID string
	NewKey  putrecords.HashKey // where the upper half starts
	Load    float64            // of the shard, in multiples of its limit
	OneKey  bool               // one key alone exceeds the limit, so no split helps
	HotKey  putrecords.HashKey // that key
}

// observation is how long the new records of a shard that throttles are observed.
const observation = time.Second

// A splitter splits shards that throttle where their observed load has its middle.
type splitter struct {
	stream  *putrecords.Stream
	limits  putrecords.Limits
	watches []*watch // by shard index; nil is a shard that does not throttle
	watched []int    // the shards that are being watched
	splits  []Split
}

// A watch is what is observed of a shard.
type watch struct {
	since time.Duration
	loads []load
	done  bool // the shard was split, or no split helps
}

// A load is what a shard gets of one key.
type load struct {
	key            putrecords.HashKey
	records, bytes int64
}

func newSplitter(stream *putrecords.Stream) splitter {
	return splitter{stream: stream, limits: stream.Limits()}
}

// observe sees an attempt. The first throttled one starts a watch. Retries are not new load.
func (s *splitter) observe(r *record, a *putrecords.Admission, now time.Duration) {
	shard := int(a.ShardIndex)
	for len(s.watches) <= shard {
		s.watches = append(s.watches, nil)
	}
	w := s.watches[shard]
	if w == nil && !a.Admitted {
		s.watches[shard] = &watch{since: now}
		s.watched = append(s.watched, shard)
		return
	}
	if w != nil && !w.done && r.attempts == 1 {
		w.loads = append(w.loads, load{r.key, 1, int64(r.bytes)})
	}
}

// split decides about the shards that were watched long enough.
func (s *splitter) split(now time.Duration) {
	s.watched = slices.DeleteFunc(s.watched, func(shard int) bool {
		w := s.watches[shard]
		if now-w.since < observation {
			return false
		}
		return s.decide(shard, w, now)
	})
}

// decide reports whether the watch of a shard is over.
func (s *splitter) decide(shard int, w *watch, now time.Duration) (over bool) {
	loads := byKey(w.loads)
	w.loads = nil
	elapsed := (now - w.since).Seconds()
	w.since = now
	weight := s.weight(loads, elapsed)
	var total, heaviest float64
	var hot putrecords.HashKey
	for _, l := range loads {
		total += weight(l)
		if weight(l) > heaviest {
			heaviest, hot = weight(l), l.key
		}
	}
	if total <= 1 { // a burst that has passed
		s.watches[shard] = nil
		return true
	}
	split := Split{At: now, ShardID: s.stream.Shards()[shard].ShardID, Load: total, OneKey: heaviest > 1, HotKey: hot}
	if !split.OneKey {
		split.NewKey = middle(loads, weight)
		err := s.stream.SplitShard(split.ShardID, split.NewKey)
		if errors.Is(err, putrecords.ResourceInUseException) {
			return false // another split is going on
		}
		if err != nil { // the shard has too few hash keys, which MD5 does not bring about
			w.done = true
			return true
		}
	}
	w.done = true
	s.splits = append(s.splits, split)
	return true
}

// weight returns what a load takes of the limit that the shard exceeds more.
func (s *splitter) weight(loads []load, seconds float64) func(load) float64 {
	records := func(l load) float64 { return float64(l.records) / seconds / float64(s.limits.RecordsPerSecond) }
	bytes := func(l load) float64 { return float64(l.bytes) / seconds / float64(s.limits.BytesPerSecond) }
	var r, b float64
	for _, l := range loads {
		r += records(l)
		b += bytes(l)
	}
	if r >= b {
		return records
	}
	return bytes
}

// byKey adds up the loads of each key and sorts them by key.
func byKey(loads []load) []load {
	slices.SortFunc(loads, func(a, b load) int { return a.key.Compare(b.key) })
	var sums []load
	for _, l := range loads {
		if n := len(sums); n > 0 && sums[n-1].key == l.key {
			sums[n-1].records += l.records
			sums[n-1].bytes += l.bytes
		} else {
			sums = append(sums, l)
		}
	}
	return sums
}

// middle returns the hash key that divides the loads into the most equal halves. It lies between
// two keys that were seen, so it gives away neither.
func middle(loads []load, weight func(load) float64) putrecords.HashKey {
	var total float64
	for _, l := range loads {
		total += weight(l)
	}
	best, upper := total, 1
	var below float64
	for i, l := range loads[:len(loads)-1] {
		below += weight(l)
		if difference := max(below, total-below) - min(below, total-below); difference < best {
			best, upper = difference, i+1
		}
	}
	between := putrecords.HashKeyRange{StartingHashKey: loads[upper-1].key, EndingHashKey: loads[upper].key}
	return between.Midpoint()
}
