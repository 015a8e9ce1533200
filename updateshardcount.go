package putrecords

import (
	"fmt"
	"math/big"
	"slices"
	"time"
)

// UpdateShardCount splits and merges open shards until target shards divide the hash space evenly,
// as [EvenRanges] divides it. Like AWS, it starts with the lowest hash key. It splits a shard where
// that goes beyond the end of a new range, and merges the parts of the range from left to right. So
// 1 shard becomes 2 by one split, and 2 shards become 3 by two splits at the thirds and a merge of
// the middle parts. The parts stay in the list of shards.
//
// A range ends where a shard ended before if that is off by at most a millionth of the range. So 3
// shards become 6 by three splits, although rounding has moved the ends of the 3 by a key or two.
//
// All ending numbers are set immediately, and all children are listed. With Config.ReshardDelay,
// the splits and merges begin one after another: each 1/25 of the delay after the one before, and
// 1/5 of the delay after those that made its parents. Its parents close when the delay has passed
// since then. The stream is UPDATING until 1/5 of the delay and then Config.UpdatingDelay have
// passed since the last of them began. These times are close to those recorded from AWS. Without
// ReshardDelay, everything happens at once, and in a chain of merges each child is created a second
// later than the one before.
//
// UpdateShardCount does nothing if the stream has target open shards already, even if they are
// uneven. Children that take no records yet count as open, and their parents as closed.
//
// If UpdateShardCount returns an error, nothing has changed. The error is an [*Error] with AWS's
// message: ValidationException if target is below 1, ResourceInUseException while the stream is
// UPDATING, InvalidArgumentException if target is more than double the number of open shards. Less
// than half is allowed, as in production. Any other error means the same as one from
// [Stream.SplitShard].
func (s *Stream) UpdateShardCount(target int) error {
	if target < 1 {
		var v violations
		v.Add(fmt.Sprintf("Value '%d'", target), "targetShardCount", "Member must have value greater than or equal to 1")
		return v.err()
	}
	return s.reshard(func(l *layout, now time.Time) error {
		leaves := l.leaves()
		switch {
		case target == len(leaves):
			return nil
		case target > 2*len(leaves):
			return overDouble(len(leaves), target)
		}
		defer lockAll(leaves)()
		u := &scaling{
			stream: s,
			layout: l.extensible(),
			begin:  now,
			rest:   slices.Clone(leaves),
			usable: make(map[*shard]time.Time),
		}
		for _, end := range targetEnds(target, leaves) {
			if err := u.fill(end); err != nil {
				return err
			}
		}
		s.commit(l, u.layout, u.lastUsable.Add(s.updatingDelay))
		return nil
	})
}

// leaves returns the shards that no reshard replaces, by hash key. The caller holds s.resharding.
func (l *layout) leaves() []*shard {
	var leaves []*shard
	for _, sh := range l.shards {
		if sh.closing == neverCloses {
			leaves = append(leaves, sh)
		}
	}
	slices.SortFunc(leaves, func(a, b *shard) int { return a.keys.StartingHashKey.Compare(b.keys.StartingHashKey) })
	return leaves
}

// A range may end off by its width divided by evenness. Otherwise a shard that ends a key off would
// have to be split at a key that SplitShard rejects, to move that key to its neighbor.
const evenness = 1_000_000

// targetEnds returns the last hash keys of n even ranges. Where a shard ends close to one, it
// returns the shard's end instead. The shards are sorted and own all hash keys.
func targetEnds(n int, shards []*shard) []HashKey {
	slack := new(big.Int).Lsh(big.NewInt(1), 128)
	slack.Quo(slack, big.NewInt(int64(n)*evenness))
	off := func(sh *shard, end HashKey) *big.Int {
		difference := new(big.Int).Sub(sh.keys.EndingHashKey.Big(), end.Big())
		return difference.Abs(difference)
	}
	ends := make([]HashKey, n)
	for i, keys := range EvenRanges(n) {
		end := keys.EndingHashKey
		at, _ := slices.BinarySearchFunc(shards, end, func(sh *shard, end HashKey) int { return sh.keys.EndingHashKey.Compare(end) })
		nearest := slices.MinFunc(shards[max(at-1, 0):at+1], func(a, b *shard) int { return off(a, end).Cmp(off(b, end)) })
		if off(nearest, end).Cmp(slack) <= 0 {
			end = nearest.keys.EndingHashKey
		}
		ends[i] = end
	}
	return ends
}

// A scaling is an UpdateShardCount that has not begun.
type scaling struct {
	stream *Stream
	layout *layout  // with the splits and merges so far
	rest   []*shard // above the ranges that are done, by hash key

	begin      time.Time            // of the next split or merge, at the earliest
	usable     map[*shard]time.Time // when a new shard can be split or merged
	lastUsable time.Time            // the latest of these times
}

// fill makes one shard of the rest up to the hash key end.
func (u *scaling) fill(end HashKey) error {
	sh, err := u.take(end)
	if err != nil {
		return err
	}
	for sh.keys.EndingHashKey != end {
		upper, err := u.take(end)
		if err != nil {
			return err
		}
		children, err := u.step([]*shard{sh, upper}, merged(sh, upper))
		if err != nil {
			return err
		}
		sh = children[0]
	}
	return nil
}

// take removes the lowest shard from the rest and returns it. If that goes beyond end, take splits
// it there, and the upper part stays.
func (u *scaling) take(end HashKey) (*shard, error) {
	lowest := u.rest[0]
	if lowest.keys.EndingHashKey.Compare(end) <= 0 {
		u.rest = u.rest[1:]
		return lowest, nil
	}
	children, err := u.step([]*shard{lowest}, halves(lowest, end.plus(1)))
	if err != nil {
		return nil, err
	}
	u.rest[0] = children[1]
	return children[0], nil
}

// step adds a split or a merge and returns the children.
func (u *scaling) step(parents []*shard, children []Shard) ([]*shard, error) {
	begin := u.begin
	for _, parent := range parents {
		if usable := u.usable[parent]; usable.After(begin) {
			begin = usable
		}
	}
	reshard, err := u.stream.prepare(u.layout, parents, children, begin)
	if err != nil {
		return nil, err
	}
	delay := u.stream.reshardDelay
	u.begin, u.lastUsable = begin.Add(delay/25), begin.Add(delay/5)
	for _, child := range reshard.children {
		u.usable[child] = u.lastUsable
	}
	return reshard.children, nil
}
