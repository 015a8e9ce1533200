package putrecords

import (
	"cmp"
	"slices"
	"time"
)

// Adopt goes on with a layout that was made elsewhere, as when several processes with a stream each
// share one log, and one of them reshards. shards is what that stream's Shards lists. Shards that
// are new here begin to take records when their parents' closing second has passed, or immediately
// if Config.ReshardDelay is 0. The tokens, faults and statistics of the others stay.
//
// Let one process reshard, and adopt in the others. Give all of them a ReshardDelay that is longer
// than what their clocks differ by and what the layout takes to reach them: a stream whose shard
// has gone on beyond its ending number refuses the layout. Adopted reshards do not make a stream
// UPDATING.
//
// The layout must continue the present one. Each present shard must be in it with the same ID,
// parents, hash keys and numbers, except that an open shard may have got an ending number, not
// before the latest time that it has seen; a shard that has closed may be missing. New shards must
// replace parents that are in the layout and have no ending number here. Otherwise the error is a
// [*ConfigError] that names the shard and the rule, and nothing has changed. Any other error is
// that of a clock, as in [Stream.PutRecords].
func (s *Stream) Adopt(shards []Shard) error {
	return s.changeLayout(func(l *layout, now time.Time) error {
		adopted, err := newLayout(shards, s.Limits(), now)
		if err != nil {
			return err
		}
		return s.adopt(l, adopted)
	})
}

// adopt replaces the layout l by adopted, which must continue it. The caller holds s.resharding.
func (s *Stream) adopt(l, adopted *layout) error {
	ended, err := l.endedIn(adopted)
	if err != nil {
		return err
	}
	next := *l
	next.shards = slices.Clone(adopted.shards)
	for i, sh := range next.shards {
		next.shards[i] = cmp.Or(l.find(sh.id), sh)
	}
	next.pending, err = l.pendingWith(adopted)
	if err != nil {
		return err
	}
	defer lockAll(ended)()
	for _, sh := range ended {
		if end := adopted.find(sh.id).end(); sh.latest.Unix() > end {
			return configErrorf("Layout", "%s ends in second %d, but has already been open in second %d here",
				sh.id, end, sh.latest.Unix())
		}
	}
	for _, sh := range ended {
		sh.info = adopted.find(sh.id).info
		sh.closing = sh.end()
	}
	s.publish(&next, next.pending[len(l.pending):])
	return nil
}

// end returns a shard's closing second, or 0 if it has no ending number.
func (sh *shard) end() int64 { return sh.info.SequenceNumberRange.EndingSequenceNumber.Arrived }

// endedIn returns the shards of the layout that have an ending number only in later, or an error if
// later does not continue them. The caller holds the stream's resharding lock.
func (l *layout) endedIn(later *layout) (ended []*shard, err error) {
	for _, sh := range l.shards {
		next := later.find(sh.id)
		switch {
		case next == nil && sh.end() == 0:
			return nil, configErrorf("Layout", "%s is missing, but it is open here", sh.id)
		case next == nil && sh.closing != isClosed:
			return nil, configErrorf("Layout", "%s is missing, but it has not closed yet here", sh.id)
		case next == nil:
			continue
		}
		info := next.info
		if sh.end() == 0 && next.end() != 0 {
			ended = append(ended, sh)
			info.SequenceNumberRange.EndingSequenceNumber = SequenceNumber{}
		}
		if info != sh.info {
			return nil, configErrorf("Layout", "%s is %+v, but %+v here", sh.id, next.info, sh.info)
		}
	}
	return ended, nil
}

// pendingWith returns the pending reshards with those that make the shards that only later has.
func (l *layout) pendingWith(later *layout) ([]*pendingReshard, error) {
	pending := slices.Clip(l.pending)
	for _, child := range later.shards {
		if l.find(child.id) != nil {
			continue
		}
		parents, closing, err := l.parentsIn(later, child)
		if err != nil {
			return nil, err
		}
		if child.end() != 0 {
			child.closing = child.end() // a parent itself, that takes records until then
		}
		replaced := func(r *pendingReshard) bool {
			return slices.ContainsFunc(parents, func(parent *shard) bool { return slices.Contains(r.parents, parent) })
		}
		i := slices.IndexFunc(pending, replaced)
		if i < 0 {
			i = len(pending)
			pending = append(pending, &pendingReshard{closing: closing, parents: parents})
		}
		if !slices.Equal(pending[i].parents, parents) || i < len(l.pending) {
			return nil, configErrorf("Layout", "%s and %s replace the same shard in different ways", pending[i].children[0].id, child.id)
		}
		pending[i].children = append(pending[i].children, child)
	}
	for _, r := range pending[len(l.pending):] {
		if from, ok := span(r.parents); !ok || !equalSpan(from, r.children) {
			return nil, configErrorf("Layout", "%s and its siblings do not own the hash keys of their parents", r.children[0].id)
		}
	}
	return pending, nil
}

// parentsIn returns the parents of a shard that only later has, and their closing second.
func (l *layout) parentsIn(later *layout, child *shard) (parents []*shard, closing int64, err error) {
	for _, id := range []string{child.info.ParentShardID, child.info.AdjacentParentShardID} {
		if id == "" && len(parents) > 0 {
			continue
		}
		parent, here := later.find(id), l.find(id)
		switch {
		case parent == nil || parent.end() == 0:
			return nil, 0, configErrorf("Layout", "%s is new, but its parent %q is not a closed shard of the layout", child.id, id)
		case here != nil && here.end() != 0:
			return nil, 0, configErrorf("Layout", "%s is new, but its parent %s was split or merged already here", child.id, id)
		case closing != 0 && parent.end() != closing:
			return nil, 0, configErrorf("Layout", "the parents of %s end in the different seconds %d and %d", child.id, closing, parent.end())
		}
		parents = append(parents, cmp.Or(here, parent))
		closing = parent.end()
	}
	return parents, closing, nil
}

// span returns the hash keys of shards, and whether they adjoin.
func span(shards []*shard) (keys HashKeyRange, ok bool) {
	sorted := slices.SortedFunc(slices.Values(shards), func(a, b *shard) int {
		return a.keys.StartingHashKey.Compare(b.keys.StartingHashKey)
	})
	for i, sh := range sorted[1:] {
		if previous := sorted[i].keys.EndingHashKey; previous == lastHashKey() || previous.plus(1) != sh.keys.StartingHashKey {
			return HashKeyRange{}, false
		}
	}
	return HashKeyRange{sorted[0].keys.StartingHashKey, sorted[len(sorted)-1].keys.EndingHashKey}, true
}

func equalSpan(keys HashKeyRange, shards []*shard) bool {
	other, ok := span(shards)
	return ok && other == keys
}
