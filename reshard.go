package putrecords

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// SplitShard divides an open shard in two, of which the upper one starts at newStartingHashKey: a key more than one above the
// shard's start, and below its end. The shard closes, at once or as Config.ReshardDelay says, and its children take over.
//
// After an error nothing has changed. It is an [*Error] with AWS's text: ResourceInUseException while another reshard is pending,
// ResourceNotFoundException if there is no such shard, InvalidArgumentException if it is closed or the key cannot split it. Any
// other error means that sequence numbers have no room left for the time, or for the index of a child.
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

// splits reports whether key is more than one above the start of keys, and below their end.
func splits(keys HashKeyRange, key HashKey) bool {
	return keys.Contains(key) && key != keys.StartingHashKey && key != keys.StartingHashKey.plus(1) && key != keys.EndingHashKey
}

// MergeShards makes one shard of two open ones, of which adjacentShardID starts at the hash key after the end of shardID. They close,
// at once or as Config.ReshardDelay says, and their child takes over.
//
// After an error nothing has changed. It is as for [Stream.SplitShard], with InvalidArgumentException if a shard is closed or they are
// not adjacent in that order.
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

// reshard closes the shards with the given ids, and opens what divide makes of them: children with parents and hash keys.
func (s *Stream) reshard(shardIDs []string, divide func(parents []Shard) (children []Shard, err error)) error {
	now, err := s.clock()
	if err != nil {
		return err
	}
	s.resharding.Lock()
	defer s.resharding.Unlock()
	l := s.completeBy(now)
	if l.pending != nil {
		return s.notActive()
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

// eligible returns the shards with the given ids, all of which must exist and be open.
func (s *Stream) eligible(l *layout, shardIDs []string) ([]*shard, error) {
	shards := make([]*shard, len(shardIDs))
	for i, id := range shardIDs {
		shards[i] = l.find(id)
		if shards[i] == nil {
			return nil, s.shardNotFound(id)
		}
	}
	for _, sh := range shards {
		if !slices.Contains(l.open, sh) {
			return nil, s.shardClosed(sh.id)
		}
	}
	return shards, nil
}

// replace begins to replace parents by children, and completes it if there is no delay. The parents' last numbers are of the closing
// second, the children are created in the one after it, so that every number of a child is above every number of a parent.
func (s *Stream) replace(l *layout, parents []*shard, children []Shard, now time.Time) error {
	defer lockAll(parents)()
	closing := now.Add(s.reshardDelay).Unix()
	for _, parent := range parents {
		closing = max(closing, parent.latest.Unix(), parent.created)
	}
	if closing >= lastSecond {
		return fmt.Errorf("putrecords: children would be created %d seconds after 1970, later than sequence numbers hold", closing+1)
	}
	index := l.shards[len(l.shards)-1].index
	if uint64(index)+uint64(len(children)) > math.MaxUint32 {
		return fmt.Errorf("putrecords: no index is left for a shard after %s", shardID(index))
	}
	pending := *l
	next := &pending
	next.shards, next.pending = slices.Clone(l.shards), &cutOver{closing: closing, parents: parents}
	for _, child := range children {
		index++
		child.ShardID = shardID(index)
		child.SequenceNumberRange.StartingSequenceNumber = firstNumber(index, closing+1)
		sh := newShard(child, s.limits, now)
		next.shards = append(next.shards, sh)
		next.pending.children = append(next.pending.children, sh)
	}
	for _, parent := range parents {
		parent.closing = closing
		parent.info.SequenceNumberRange.EndingSequenceNumber = lastNumber(parent.index, parent.created, closing)
	}
	if s.reshardDelay == 0 {
		next = next.complete()
	}
	s.layout.Store(next) // before the parents are unlocked: who finds one closed finds its children
	return nil
}

// layoutAt returns the layout for a call at the given time. It is the call, not a timer, that completes a pending reshard whose
// closing second has passed.
func (s *Stream) layoutAt(now time.Time) *layout {
	l := s.layout.Load()
	if !l.dueBy(now) {
		return l
	}
	s.resharding.Lock()
	defer s.resharding.Unlock()
	return s.completeBy(now)
}

// currentLayout returns the layout at the time that the clock reads.
func (s *Stream) currentLayout() *layout {
	now, err := s.clock()
	if err != nil {
		return s.layout.Load()
	}
	return s.layoutAt(now)
}

// completeBy is layoutAt for a caller that holds s.resharding.
func (s *Stream) completeBy(now time.Time) *layout {
	l := s.layout.Load()
	if l.dueBy(now) {
		defer lockAll(l.pending.parents)()
		l = l.complete()
		s.layout.Store(l)
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
