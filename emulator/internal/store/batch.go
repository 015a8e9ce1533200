package store

import (
	"errors"
	"fmt"

	"go.etcd.io/bbolt"
)

var (
	errClosed    = errors.New("the store is closed")
	errQueueFull = errors.New("too many records wait to be written")
)

const (
	batchBytes = 64 << 20  // the most bytes of records that can wait for the next commit
	groupBytes = 256 << 10 // the most bytes in a group, roughly, unless one Append has more
)

// A batch is what the next commit writes: first the records, then the changes.
type batch struct {
	groups  []*group
	last    map[*diskShard]*group // the one that can take more records
	bytes   int                   // of the records
	refused int                   // records for which there was no room
	changes []func(*bbolt.Tx) error

	done chan struct{} // closed after the commit
	err  error         // of the commit; read it after done
}

func newBatch() *batch {
	return &batch{last: map[*diskShard]*group{}, done: make(chan struct{})}
}

func (b *batch) wait() error {
	<-b.done
	return b.err
}

// change runs a change in the next commit and waits for it. An error of the change fails the whole
// commit.
func (d *Disk) change(do func(*bbolt.Tx) error) error {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return errClosed
	}
	b := d.pending
	b.changes = append(b.changes, do)
	d.signal()
	d.mu.Unlock()
	return b.wait()
}

// signal tells the writer that something is pending. The caller holds d.mu and has checked that d
// is not closed.
func (d *Disk) signal() {
	select {
	case d.wake <- struct{}{}:
	default: // the writer has not taken the last signal yet
	}
}

// write commits what is pending, until the store is closed.
func (d *Disk) write() {
	defer close(d.finished)
	for range d.wake {
		d.commit()
	}
	d.commit()
}

// commit writes the pending batch.
func (d *Disk) commit() {
	d.mu.Lock()
	b := d.pending
	d.pending = newBatch()
	d.mu.Unlock()
	if b.refused > 0 {
		d.options.Failed(fmt.Errorf("%d records refused: %w", b.refused, errQueueFull))
	}
	if len(b.groups) > 0 || len(b.changes) > 0 {
		if b.err = d.db.Update(b.write); b.err != nil {
			d.options.Failed(b.err)
		}
	}
	d.finish(b)
	close(b.done)
}

// finish notes that a batch is written or has failed.
func (d *Disk) finish(b *batch) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, g := range b.groups {
		g.shard.waiting--
		if b.err == nil {
			g.shard.stored = g.first + g.count - 1
		}
	}
}

func (b *batch) write(tx *bbolt.Tx) error {
	for _, g := range b.groups {
		bucket := tx.Bucket(recordsBucket).Bucket(idKey(g.stream))
		if bucket == nil {
			continue // the stream was removed before the records came
		}
		bucket.FillPercent = 0.9 // nothing is put between the groups of a shard
		if err := bucket.Put(groupKey(g.shard.id, g.first), g.value()); err != nil {
			return err
		}
	}
	for _, change := range b.changes {
		if err := change(tx); err != nil {
			return err
		}
	}
	return nil
}
