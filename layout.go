package putrecords

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"time"
)

// A layout is the shards of a stream between two reshards. It is immutable, although its shards are
// not.
type layout struct {
	shards  []*shard          // all of them, by index
	open    []*shard          // those that take records, by hash key
	pending []*pendingReshard // in the order in which they were made

	// owners speeds up route: a plain search slows as shards are added. The shard that owns the
	// lowest hash key with a given prefix is open[owners[prefix]]. A key's prefix is its upper 64
	// bits without the last shift bits.
	starts []HashKey // of open
	owners []int32
	shift  int
}

// A pendingReshard is a reshard whose parents still take records.
type pendingReshard struct {
	updatingUntil time.Time // when the stream is ACTIVE again
	closing       int64     // the parents' last second
	parents       []*shard
	children      []*shard
}

// updating reports whether the stream is UPDATING. A reshard that was adopted has no part in that.
func (l *layout) updating(now time.Time) bool {
	return slices.ContainsFunc(l.pending, func(r *pendingReshard) bool { return now.Before(r.updatingUntil) })
}

// due returns the pending reshards whose closing second has passed. A shard's own reshard comes
// after the one that made it, and closes later.
func (l *layout) due(now time.Time) (due []*pendingReshard) {
	for _, reshard := range l.pending {
		if now.Unix() > reshard.closing {
			due = append(due, reshard)
		}
	}
	return due
}

// extensible returns a copy to which shards and reshards can be added.
func (l *layout) extensible() *layout {
	next := *l
	next.shards, next.pending = slices.Clip(l.shards), slices.Clip(l.pending)
	return &next
}

// complete closes the parents of pending reshards, which are in the order of l.pending, and returns
// the layout after that. The caller holds s.resharding and the locks of all parents and children.
func (l *layout) complete(reshards []*pendingReshard) *layout {
	open := slices.Clone(l.open)
	for _, reshard := range reshards {
		var latest time.Time
		for _, parent := range reshard.parents {
			parent.closing = isClosed
			if parent.latest.After(latest) {
				latest = parent.latest
			}
		}
		for _, child := range reshard.children {
			child.latest = latest
		}
		open = append(open, reshard.children...)
	}
	// The others are not locked, but closing changes only under s.resharding.
	closed := func(sh *shard) bool { return sh.closing == isClosed }
	next := *l
	next.pending = slices.DeleteFunc(slices.Clone(l.pending), func(r *pendingReshard) bool { return closed(r.parents[0]) })
	next.setOpen(slices.DeleteFunc(open, closed))
	return &next
}

// evenLayout returns the layout of n new shards that divide the hash space evenly. It makes none of
// newLayout's checks, which would take most of the time for a million shards.
func evenLayout(n int, limits Limits, now time.Time) *layout {
	shards := make([]*shard, n)
	for i, keys := range EvenRanges(n) {
		index := uint32(i)
		shards[i] = newShard(Shard{
			ShardID:             shardID(index),
			HashKeyRange:        keys,
			SequenceNumberRange: SequenceNumberRange{StartingSequenceNumber: firstNumber(index, now.Unix())},
		}, limits, now)
	}
	l := &layout{shards: shards}
	l.setOpen(shards)
	return l
}

// newLayout returns the layout of the shards, which are by index, or the first problem it finds in
// them.
func newLayout(shards []Shard, limits Limits, now time.Time) (*layout, error) {
	l := &layout{}
	for i, description := range shards {
		if err := l.restore(fmt.Sprintf("Layout[%d].", i), description, limits, now); err != nil {
			return nil, err
		}
	}
	l.setOpen(l.open)
	if err := checkTiling(l.open); err != nil {
		return nil, err
	}
	return l, nil
}

// restore adds a shard, or returns the first problem it finds in it. field is the shard's path in
// Config.
func (l *layout) restore(field string, description Shard, limits Limits, now time.Time) error {
	id, keys := description.ShardID, description.HashKeyRange
	index, ok := shardIndex(id)
	if !ok {
		return configErrorf(field+"ShardID", "%q is not \"shardId-\" and 12 digits, at most %d", id, uint32(math.MaxUint32))
	}
	if n := len(l.shards); n > 0 && index <= l.shards[n-1].index {
		return configErrorf(field+"ShardID", "%s comes after %s, but shards must be in the order of their indexes", id, l.shards[n-1].id)
	}
	if keys.StartingHashKey.Compare(keys.EndingHashKey) > 0 {
		return configErrorf(field+"HashKeyRange", "it starts at %v, above its end at %v", keys.StartingHashKey, keys.EndingHashKey)
	}
	closing, err := l.lastClosing(field, description, index)
	if err != nil {
		return err
	}
	first, last := &description.SequenceNumberRange.StartingSequenceNumber, description.SequenceNumberRange.EndingSequenceNumber
	if first.IsZero() {
		*first = firstNumber(index, max(now.Unix(), closing+1))
	}
	created := first.ShardCreated
	if !first.valid() || *first != firstNumber(index, created) {
		return configErrorf(field+"SequenceNumberRange", "%v is not the first number of %s", *first, id)
	}
	if created <= closing {
		return configErrorf(field+"SequenceNumberRange", "%s is created in second %d, but its parent takes records until second %d",
			id, created, closing)
	}
	if !last.IsZero() && (!last.valid() || last != lastNumber(index, created, last.Arrived) || last.Arrived < created) {
		return configErrorf(field+"SequenceNumberRange", "%v is not the last number of %s, whose first is %v", last, id, *first)
	}
	sh := newShard(description, limits, now)
	l.shards = append(l.shards, sh)
	if last.IsZero() {
		l.open = append(l.open, sh)
	}
	return nil
}

// lastClosing returns the latest closing second of a shard's parents, or 0 if they are no longer in
// the layout.
func (l *layout) lastClosing(field string, description Shard, index uint32) (second int64, err error) {
	for _, parent := range []struct{ member, id string }{
		{"ParentShardID", description.ParentShardID},
		{"AdjacentParentShardID", description.AdjacentParentShardID},
	} {
		if parentIndex, ok := shardIndex(parent.id); parent.id != "" && (!ok || parentIndex >= index) {
			return 0, configErrorf(field+parent.member, "%q is not the id of a shard that comes before %s", parent.id, description.ShardID)
		}
		if parent := l.find(parent.id); parent != nil {
			second = max(second, parent.info.SequenceNumberRange.EndingSequenceNumber.Arrived)
		}
	}
	return second, nil
}

// checkTiling returns an error unless the open shards own every hash key exactly once. They are
// sorted by hash key.
func checkTiling(shards []*shard) error {
	if len(shards) == 0 {
		return configErrorf("Layout", "no shard is open")
	}
	if first := shards[0]; first.keys.StartingHashKey != (HashKey{}) {
		return configErrorf("Layout", "no open shard owns the hash keys below %v, where %s starts", first.keys.StartingHashKey, first.id)
	}
	for i, sh := range shards[1:] {
		previous := shards[i]
		if previous.keys.EndingHashKey.Compare(sh.keys.StartingHashKey) >= 0 {
			return configErrorf("Layout", "%s and %s are open and overlap at hash key %v", previous.id, sh.id, sh.keys.StartingHashKey)
		}
		if previous.keys.EndingHashKey.plus(1) != sh.keys.StartingHashKey {
			return configErrorf("Layout", "no open shard owns the hash keys between %v, where %s ends, and %v, where %s starts",
				previous.keys.EndingHashKey, previous.id, sh.keys.StartingHashKey, sh.id)
		}
	}
	if last := shards[len(shards)-1]; last.keys.EndingHashKey != lastHashKey() {
		return configErrorf("Layout", "no open shard owns the hash keys above %v, where %s ends", last.keys.EndingHashKey, last.id)
	}
	return nil
}

// route returns the index in open of the shard that owns the hash key.
func (l *layout) route(key HashKey) int {
	prefix := binary.BigEndian.Uint64(key[:8]) >> l.shift
	low, high := int(l.owners[prefix]), int(l.owners[prefix+1])
	for low < high {
		middle := (low + high + 1) / 2
		if l.starts[middle].Compare(key) <= 0 {
			low = middle
		} else {
			high = middle - 1
		}
	}
	return low
}

// setOpen sets the open shards and prepares routing to them.
func (l *layout) setOpen(shards []*shard) {
	slices.SortFunc(shards, func(a, b *shard) int { return a.keys.StartingHashKey.Compare(b.keys.StartingHashKey) })
	l.open = shards
	l.starts = make([]HashKey, len(shards))
	for i, sh := range shards {
		l.starts[i] = sh.keys.StartingHashKey
	}
	prefixBits := bits.Len(uint(len(shards)))
	l.shift = 64 - prefixBits
	l.owners = make([]int32, 1<<prefixBits+1)
	owner := 0
	for prefix := range l.owners[:1<<prefixBits] {
		var key HashKey
		binary.BigEndian.PutUint64(key[:], uint64(prefix)<<l.shift)
		for owner+1 < len(shards) && l.starts[owner+1].Compare(key) <= 0 {
			owner++
		}
		l.owners[prefix] = int32(owner)
	}
	l.owners[1<<prefixBits] = int32(len(shards) - 1)
}

// find returns the shard with the id, or nil.
func (l *layout) find(shardID string) *shard {
	index, ok := shardIndex(shardID)
	if !ok {
		return nil
	}
	i, found := slices.BinarySearchFunc(l.shards, index, func(sh *shard, index uint32) int { return cmp.Compare(sh.index, index) })
	if !found {
		return nil
	}
	return l.shards[i]
}
