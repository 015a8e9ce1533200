package putrecords

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"
)

// SplitShard splits an open shard in two. The upper half starts at newStartingHashKey, which must
// be more than one above the shard's start and less than its end. The shard closes, immediately or
// after Config.ReshardDelay, and its children take over. A child may be split or merged before it
// takes over.
//
// If SplitShard returns an error, nothing has changed. The error is an [*Error] with AWS's message:
// ResourceInUseException while the stream is UPDATING, ResourceNotFoundException if the shard does
// not exist, InvalidArgumentException if it was split or merged already or the key cannot split it.
// Any other error means that the clock has gone back too far, or that sequence numbers have no room
// left for the time, or for the index of a child.
func (s *Stream) SplitShard(shardID string, newStartingHashKey HashKey) error {
	return s.replace([]string{shardID}, func(parents []*shard) ([]Shard, error) {
		parent := parents[0]
		if !splits(parent.keys, newStartingHashKey) {
			return nil, s.splitKeyOutside(parent, newStartingHashKey)
		}
		return halves(parent, newStartingHashKey), nil
	})
}

// halves returns the children of a shard that is split in two. The upper half starts at key.
func halves(parent *shard, key HashKey) []Shard {
	return []Shard{
		{ParentShardID: parent.id, HashKeyRange: HashKeyRange{parent.keys.StartingHashKey, key.plus(-1)}},
		{ParentShardID: parent.id, HashKeyRange: HashKeyRange{key, parent.keys.EndingHashKey}},
	}
}

// splits reports whether key is more than one above the start of keys and less than their end.
func splits(keys HashKeyRange, key HashKey) bool {
	return keys.Contains(key) && key != keys.StartingHashKey && key != keys.StartingHashKey.plus(1) && key != keys.EndingHashKey
}

// MergeShards merges two adjacent open shards. adjacentShardID must start right after shardID ends.
// The shards close, immediately or after Config.ReshardDelay, and their child takes over.
//
// If MergeShards returns an error, nothing has changed. The errors are those of
// [Stream.SplitShard], with InvalidArgumentException if a shard was split or merged already, or if
// the two are not adjacent in that order.
func (s *Stream) MergeShards(shardID, adjacentShardID string) error {
	return s.replace([]string{shardID, adjacentShardID}, func(parents []*shard) ([]Shard, error) {
		lower, upper := parents[0], parents[1]
		if lower.keys.EndingHashKey == lastHashKey() || lower.keys.EndingHashKey.plus(1) != upper.keys.StartingHashKey {
			return nil, s.notAdjacent(shardID, adjacentShardID)
		}
		return merged(lower, upper), nil
	})
}

// merged returns the child of two adjacent shards that are merged.
func merged(lower, upper *shard) []Shard {
	return []Shard{{
		ParentShardID:         lower.id,
		AdjacentParentShardID: upper.id,
		HashKeyRange:          HashKeyRange{lower.keys.StartingHashKey, upper.keys.EndingHashKey},
	}}
}

// replace replaces the shards with the given ids by the children that divide returns. divide fills
// in only the children's parents and hash keys.
func (s *Stream) replace(shardIDs []string, divide func(parents []*shard) (children []Shard, err error)) error {
	return s.reshard(func(l *layout, now time.Time) error {
		parents, err := s.eligible(l, shardIDs)
		if err != nil {
			return err
		}
		children, err := divide(parents)
		if err != nil {
			return err
		}
		defer lockAll(parents)()
		next := l.extensible()
		if _, err := s.prepare(next, parents, children, now); err != nil {
			return err
		}
		s.commit(l, next, now.Add(s.updatingDelay))
		return nil
	})
}

// reshard calls change with the layout at the present time, unless the stream is UPDATING. change
// runs under s.resharding.
func (s *Stream) reshard(change func(l *layout, now time.Time) error) error {
	return s.changeLayout(func(l *layout, now time.Time) error {
		if status := s.setStatus(); status != StreamActive {
			return s.notActive(status)
		}
		if l.updating(now) {
			return s.notActive(StreamUpdating)
		}
		return change(l, now)
	})
}

// changeLayout calls change with the layout at the present time, under s.resharding, and then tells
// the host of the reshards.
func (s *Stream) changeLayout(change func(l *layout, now time.Time) error) error {
	now, err := s.clock.read()
	if err != nil {
		return err
	}
	defer s.announcer.deliver()
	s.resharding.Lock()
	defer s.resharding.Unlock()
	return change(s.completeBy(now), now)
}

// eligible returns the shards with the given ids. All of them must exist, and have no ending
// number. The caller holds s.resharding.
func (s *Stream) eligible(l *layout, shardIDs []string) ([]*shard, error) {
	shards := make([]*shard, len(shardIDs))
	for i, id := range shardIDs {
		shards[i] = l.find(id)
		if shards[i] == nil {
			return nil, s.shardNotFound(id)
		}
	}
	for _, sh := range shards {
		if !sh.describe().SequenceNumberRange.EndingSequenceNumber.IsZero() {
			return nil, s.shardClosed(sh.id)
		}
	}
	return shards, nil
}

// prepare adds a reshard to next, which nobody else sees yet: at the time begin, children replace
// parents. It changes nothing else. The parents' last numbers are in the closing second and the
// children are created in the next one, so every number of a child is above every number of its
// parents. The caller holds the parents' locks, except those of shards that are only in next.
func (s *Stream) prepare(next *layout, parents []*shard, children []Shard, begin time.Time) (*pendingReshard, error) {
	closing := begin.Add(s.reshardDelay).Unix()
	for _, parent := range parents {
		closing = max(closing, parent.latest.Unix(), parent.created)
	}
	if closing >= lastSecond {
		return nil, fmt.Errorf("putrecords: the children would be created %d seconds after 1970, which is later than sequence numbers hold", closing+1)
	}
	index := next.shards[len(next.shards)-1].index
	if uint64(index)+uint64(len(children)) > math.MaxUint32 {
		return nil, fmt.Errorf("putrecords: no index is left for a shard after %s", shardID(index))
	}
	reshard := &pendingReshard{closing: closing, parents: parents}
	for _, child := range children {
		index++
		child.ShardID = shardID(index)
		child.SequenceNumberRange.StartingSequenceNumber = firstNumber(index, closing+1)
		sh := newShard(child, s.Limits(), begin)
		next.shards = append(next.shards, sh)
		reshard.children = append(reshard.children, sh)
	}
	next.pending = append(next.pending, reshard)
	return reshard, nil
}

// commit begins the reshards that were prepared in next, a copy of l, and completes them if there
// is no delay. The caller holds the locks of their parents.
func (s *Stream) commit(l, next *layout, updatingUntil time.Time) {
	begun := next.pending[len(l.pending):]
	for _, reshard := range begun {
		reshard.updatingUntil = updatingUntil
		for _, parent := range reshard.parents {
			parent.closing = reshard.closing
			parent.info.SequenceNumberRange.EndingSequenceNumber = lastNumber(parent.index, parent.created, reshard.closing)
		}
	}
	s.publish(next, begun)
}

// publish makes next the layout and announces the reshards that have begun in it. It completes them
// if there is no delay. The caller holds the locks of their parents.
func (s *Stream) publish(next *layout, begun []*pendingReshard) {
	s.announce(begun, false)
	if s.reshardDelay == 0 {
		next = next.complete(begun)
		s.announce(begun, true)
	}
	// This comes before the parents are unlocked, so that a call that finds one closed also finds
	// its children.
	s.layout.Store(next)
}

// layoutAt returns the layout for a call at the given time. There is no timer: the first call after
// the closing second completes a pending reshard.
func (s *Stream) layoutAt(now time.Time) *layout {
	l := s.layout.Load()
	if len(l.due(now)) == 0 {
		return l
	}
	s.resharding.Lock()
	defer s.resharding.Unlock()
	return s.completeBy(now)
}

// currentLayout returns the layout at the clock's time.
func (s *Stream) currentLayout() *layout {
	now, err := s.clock.read()
	if err != nil {
		return s.layout.Load()
	}
	return s.layoutAt(now)
}

// completeBy is layoutAt for a caller that already holds s.resharding.
func (s *Stream) completeBy(now time.Time) *layout {
	l := s.layout.Load()
	due := l.due(now)
	if len(due) == 0 {
		return l
	}
	defer lockAll(involved(due))()
	l = l.complete(due)
	s.announce(due, true)
	s.layout.Store(l)
	return l
}

// involved returns the parents and the children of the reshards, each once.
func involved(reshards []*pendingReshard) []*shard {
	var shards []*shard
	for _, reshard := range reshards {
		shards = append(shards, reshard.parents...)
		shards = append(shards, reshard.children...)
	}
	slices.SortFunc(shards, func(a, b *shard) int { return cmp.Compare(a.index, b.index) })
	return slices.Compact(shards)
}

func lockAll(shards []*shard) (unlock func()) {
	for _, sh := range shards {
		sh.mu.Lock()
	}
	return func() {
		for _, sh := range shards {
			sh.mu.Unlock()
		}
	}
}
