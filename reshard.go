package putrecords

import (
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
	return s.reshard([]string{shardID}, func(parents []Shard) ([]Shard, error) {
		parent := parents[0]
		keys := parent.HashKeyRange
		if !splits(keys, newStartingHashKey) {
			return nil, s.splitKeyOutside(parent, newStartingHashKey)
		}
		return []Shard{
			{ParentShardID: parent.ShardID, HashKeyRange: HashKeyRange{keys.StartingHashKey, newStartingHashKey.plus(-1)}},
			{ParentShardID: parent.ShardID, HashKeyRange: HashKeyRange{newStartingHashKey, keys.EndingHashKey}},
		}, nil
	})
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
	return s.reshard([]string{shardID, adjacentShardID}, func(parents []Shard) ([]Shard, error) {
		lower, upper := parents[0].HashKeyRange, parents[1].HashKeyRange
		if lower.EndingHashKey == lastHashKey() || lower.EndingHashKey.plus(1) != upper.StartingHashKey {
			return nil, s.notAdjacent(shardID, adjacentShardID)
		}
		return []Shard{{
			ParentShardID:         shardID,
			AdjacentParentShardID: adjacentShardID,
			HashKeyRange:          HashKeyRange{lower.StartingHashKey, upper.EndingHashKey},
		}}, nil
	})
}

// reshard replaces the shards with the given ids by the children that divide returns. divide fills
// in only the children's parents and hash keys.
func (s *Stream) reshard(shardIDs []string, divide func(parents []Shard) (children []Shard, err error)) error {
	now, err := s.clock.read()
	if err != nil {
		return err
	}
	defer s.announcer.deliver()
	s.resharding.Lock()
	defer s.resharding.Unlock()
	l := s.completeBy(now)
	if status := s.setStatus(); status != StreamActive {
		return s.notActive(status)
	}
	if l.updating(now) {
		return s.notActive(StreamUpdating)
	}
	parents, err := s.eligible(l, shardIDs)
	if err != nil {
		return err
	}
	descriptions := make([]Shard, len(parents))
	for i, parent := range parents {
		descriptions[i] = parent.describe()
	}
	children, err := divide(descriptions)
	if err != nil {
		return err
	}
	return s.replace(l, parents, children, now)
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

// replace begins to replace parents by children, and completes it if there is no delay. The
// parents' last numbers are in the closing second and the children are created in the next one, so
// every number of a child is above every number of its parents.
func (s *Stream) replace(l *layout, parents []*shard, children []Shard, now time.Time) error {
	defer lockAll(parents)()
	closing := now.Add(s.reshardDelay).Unix()
	for _, parent := range parents {
		closing = max(closing, parent.latest.Unix(), parent.created)
	}
	if closing >= lastSecond {
		return fmt.Errorf("putrecords: the children would be created %d seconds after 1970, which is later than sequence numbers hold", closing+1)
	}
	index := l.shards[len(l.shards)-1].index
	if uint64(index)+uint64(len(children)) > math.MaxUint32 {
		return fmt.Errorf("putrecords: no index is left for a shard after %s", shardID(index))
	}
	reshard := &pendingReshard{updatingUntil: now.Add(s.updatingDelay), closing: closing, parents: parents}
	all := slices.Clone(l.shards)
	for _, child := range children {
		index++
		child.ShardID = shardID(index)
		child.SequenceNumberRange.StartingSequenceNumber = firstNumber(index, closing+1)
		sh := newShard(child, s.Limits(), now)
		all = append(all, sh)
		reshard.children = append(reshard.children, sh)
	}
	for _, parent := range parents {
		parent.closing = closing
		parent.info.SequenceNumberRange.EndingSequenceNumber = lastNumber(parent.index, parent.created, closing)
	}
	next := *l
	next.shards, next.pending = all, append(slices.Clip(l.pending), reshard)
	s.announcer.add(reshard, false)
	after := &next
	if s.reshardDelay == 0 {
		after = next.complete(reshard)
		s.announcer.add(reshard, true)
	}
	// This comes before the parents are unlocked, so that a call that finds one closed also finds
	// its children.
	s.layout.Store(after)
	return nil
}

// layoutAt returns the layout for a call at the given time. There is no timer: the first call after
// the closing second completes a pending reshard.
func (s *Stream) layoutAt(now time.Time) *layout {
	l := s.layout.Load()
	if l.due(now) == nil {
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
	for reshard := l.due(now); reshard != nil; reshard = l.due(now) {
		unlock := lockAll(slices.Concat(reshard.parents, reshard.children))
		l = l.complete(reshard)
		s.announcer.add(reshard, true)
		s.layout.Store(l)
		unlock()
	}
	return l
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
