package store

import (
	"cmp"
	"context"
	"iter"
	"time"

	"github.com/putrecords/putrecords"
	"go.etcd.io/bbolt"
)

// A diskLog is the log of one stream. The Disk's lock guards it.
type diskLog struct {
	disk    *Disk
	id      uint64
	removed bool
	shards  map[string]*diskShard
}

// A diskShard holds the latest positions of a shard. If a commit fails, the positions of its
// records are not given again.
type diskShard struct {
	id      string
	given   uint64
	stored  uint64
	waiting int // groups that wait to be stored
}

// load reads the latest positions and the latest arrival, from one group for each shard.
func (l *diskLog) load(groups *bbolt.Bucket) error {
	c := groups.Cursor()
	for key, value := c.Last(); key != nil; {
		g, err := parseGroup(key, value)
		if err != nil {
			return err
		}
		if g.newest.After(l.disk.arrived) {
			l.disk.arrived = g.newest
		}
		l.shards[g.shardID] = &diskShard{id: g.shardID, given: g.end() - 1, stored: g.end() - 1}
		c.Seek(groupKey(g.shardID, 0))
		key, value = c.Prev() // the last one of another shard
	}
	return nil
}

// shard returns a shard of the log. The caller holds the disk's lock.
func (l *diskLog) shard(id string) *diskShard {
	sh := l.shards[id]
	if sh == nil {
		sh = &diskShard{id: id}
		l.shards[id] = sh
	}
	return sh
}

// Append implements [Log].
func (l *diskLog) Append(_ context.Context, shard putrecords.Shard, records []putrecords.Record) (wait func() error, err error) {
	if len(records) == 0 {
		return nil, nil
	}
	size := len(records) * recordHeaderBytes
	for i := range records {
		size += len(records[i].PartitionKey) + len(records[i].ExplicitHashKey) + len(records[i].Data)
	}
	l.disk.mu.Lock()
	defer l.disk.mu.Unlock()
	return l.enqueue(shard.ShardID, records, size)
}

// enqueue copies records into the next batch. size is about what they take there. The caller holds
// the disk's lock.
func (l *diskLog) enqueue(shardID string, records []putrecords.Record, size int) (wait func() error, err error) {
	if err := l.usable(); err != nil {
		return nil, err
	}
	b := l.disk.pending
	if b.bytes > 0 && b.bytes+size > batchBytes {
		b.refused += len(records)
		return nil, errQueueFull
	}
	b.bytes += size
	sh := l.shard(shardID)
	g := b.last[sh]
	if g == nil || len(g.body)+size > groupBytes {
		g = &group{stream: l.id, shard: sh, groupHeader: groupHeader{first: sh.given + 1}, body: make([]byte, 0, size)}
		b.last[sh] = g
		sh.waiting++
		b.groups = append(b.groups, g)
	}
	for i := range records {
		sh.given++
		records[i].SequenceNumber.Position = sh.given
		g.append(&records[i])
	}
	l.disk.signal()
	return b.wait, nil
}

// usable returns an error if the log can no longer be used. The caller holds the disk's lock.
func (l *diskLog) usable() error {
	switch {
	case l.disk.closed:
		return errClosed
	case l.removed:
		return ErrRemoved
	}
	return nil
}

// LatestPosition implements [Log]. Records that are not stored yet do not count.
func (l *diskLog) LatestPosition(shardID string) uint64 {
	l.disk.mu.Lock()
	defer l.disk.mu.Unlock()
	if sh := l.shards[shardID]; sh != nil {
		return sh.stored
	}
	return 0
}

// Storing implements [Log].
func (l *diskLog) Storing(shardID string) bool {
	l.disk.mu.Lock()
	defer l.disk.mu.Unlock()
	sh := l.shards[shardID]
	return sh != nil && sh.waiting > 0
}

// Records implements [Log]. It yields what is stored when the iteration begins.
func (l *diskLog) Records(ctx context.Context, shard putrecords.Shard, position uint64) iter.Seq2[putrecords.Record, error] {
	return func(yield func(putrecords.Record, error) bool) {
		for latest := l.LatestPosition(shard.ShardID); ; {
			groups, err := l.page(ctx, shard.ShardID, position)
			if err != nil {
				yield(putrecords.Record{}, err)
				return
			}
			for _, g := range groups {
				for r, err := range g.records {
					skip := err == nil && r.SequenceNumber.Position < position
					if r.SequenceNumber.Position > latest || !skip && !yield(r, err) {
						return
					}
				}
				position = g.end()
			}
			if len(groups) == 0 || position > latest {
				return
			}
		}
	}
}

// page returns copies of some groups from a position on, or none at the end. It ends its
// transaction before it returns, because the database cannot reuse free pages while one is open.
func (l *diskLog) page(ctx context.Context, shardID string, position uint64) (groups []storedGroup, err error) {
	l.disk.mu.Lock()
	err = l.usable()
	l.disk.mu.Unlock()
	if err = cmp.Or(err, ctx.Err()); err != nil {
		return nil, err
	}
	err = l.disk.db.View(func(tx *bbolt.Tx) error {
		bucket := tx.Bucket(recordsBucket).Bucket(idKey(l.id))
		if bucket == nil {
			return ErrRemoved
		}
		c := bucket.Cursor()
		key, value := seek(c, shardID, position)
		for size := 0; key != nil && size < groupBytes; key, value = c.Next() {
			g, err := parseGroup(key, value)
			if err != nil {
				return err
			}
			if g.shardID != shardID {
				break
			}
			if g.end() <= position {
				continue
			}
			groups = append(groups, g.clone())
			size += len(value)
		}
		return nil
	})
	return groups, err
}

// seek moves to the group that holds a position, or to the one before or after it.
func seek(c *bbolt.Cursor, shardID string, position uint64) (key, value []byte) {
	if key, value = c.Seek(groupKey(shardID, position)); key == nil {
		return c.Last()
	}
	if id, first, err := splitKey(key); err == nil && id == shardID && first == position {
		return key, value
	}
	if key, value = c.Prev(); key == nil {
		return c.First()
	}
	if id, _, err := splitKey(key); err == nil && id != shardID {
		return c.Next()
	}
	return key, value
}

// dropGroups is how many groups one commit drops at most. Appends wait for it.
const dropGroups = 1000

// DropBefore implements [Log]. It drops groups whose records all arrived before t.
func (l *diskLog) DropBefore(t time.Time) error {
	for dropped := dropGroups; dropped == dropGroups; {
		removed := false
		err := l.disk.change(func(tx *bbolt.Tx) (err error) {
			bucket := tx.Bucket(recordsBucket).Bucket(idKey(l.id))
			if removed = bucket == nil; !removed {
				dropped, err = drop(bucket, t)
			}
			return err
		})
		if removed {
			return ErrRemoved
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// drop drops up to dropGroups groups and returns how many. The header of a shard's last group
// stays.
func drop(bucket *bbolt.Bucket, t time.Time) (dropped int, err error) {
	c := bucket.Cursor()
	key, value := c.First()
	var edits []func() error
	for key != nil && len(edits) < dropGroups {
		g, err := parseGroup(key, value)
		if err != nil {
			return 0, err
		}
		if !g.newest.Before(t) {
			key, value = c.Seek(append([]byte(g.shardID), 1)) // the next shard
			continue
		}
		next, nextValue := c.Next()
		nextShard, _, _ := splitKey(next)
		switch {
		case next != nil && nextShard == g.shardID:
			edits = append(edits, func() error { return bucket.Delete(groupKey(g.shardID, g.first)) })
		case len(g.body) > 0:
			edits = append(edits, func() error { return bucket.Put(groupKey(g.shardID, g.first), g.encode()) })
		}
		key, value = next, nextValue
	}
	for _, edit := range edits { // at the end, because they invalidate the cursor
		if err := edit(); err != nil {
			return 0, err
		}
	}
	return len(edits), nil
}
