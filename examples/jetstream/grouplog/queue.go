package grouplog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/putrecords/putrecords"
)

// Errors of Append. Others are those of the Store.
var (
	ErrFull     = errors.New("grouplog: too many bytes are waiting to be stored")
	ErrTooLarge = errors.New("grouplog: the records of one call do not fit into one message")
)

// Options describe a Queue. Only MaxGroup is required.
type Options struct {
	// MaxGroup is the size of the largest group that the Store takes, in bytes. The records that a
	// call sends to one shard must fit into it.
	MaxGroup int

	// Timeout is how long an append may take, from Append to the end of its wait. 0 is 15 s. It
	// must be shorter than the time for which the Store remembers IDs.
	Timeout time.Duration

	// Attempt is how long the first Put of a group may take before it is tried again. Each time
	// that is too short, the next one may take twice as long. 0 is 500 ms.
	Attempt time.Duration

	// MaxWaiting is how many bytes may wait and be under way. 0 is 64 MiB.
	MaxWaiting int

	// Report, if set, is called with the cause each time a group fails, by several goroutines.
	Report func(error)
}

// A Queue is a putrecords.LogAppender. It has goroutines only while it stores something, so it
// needs no end.
type Queue struct {
	store   Store
	options Options

	mu      sync.Mutex
	lines   map[uint32]*line // by the shard's index; those where something waits or is under way
	waiting int              // bytes in all lines
}

var _ putrecords.LogAppender = (*Queue)(nil)

// A line is what waits for one shard. One goroutine takes it to the Store, group by group, and ends
// when the line is empty.
type line struct {
	shard   putrecords.Shard
	appends []*pending
}

// A pending is the records of one Append, until they are stored or have failed.
type pending struct {
	records  []putrecords.Record
	size     int // encoded, at most
	deadline time.Time

	decided chan struct{} // closed after the fields below are set
	first   uint64        // the position of the first record
	err     error
}

// NewQueue returns a queue in front of the store.
func NewQueue(store Store, options Options) *Queue {
	options.Timeout = cmp.Or(options.Timeout, 15*time.Second)
	options.Attempt = cmp.Or(options.Attempt, 500*time.Millisecond)
	options.MaxWaiting = cmp.Or(options.MaxWaiting, 64<<20)
	if options.Report == nil {
		options.Report = func(error) {}
	}
	return &Queue{store: store, options: options, lines: make(map[uint32]*line)}
}

// Append implements putrecords.LogAppender. It only puts the records into the shard's line. The
// wait ends when they are stored, or when they have failed, at the latest after Options.Timeout. If
// the timeout ends it, they may still be stored.
func (q *Queue) Append(_ context.Context, shard putrecords.Shard, records []putrecords.Record) (wait func() error, err error) {
	p := &pending{
		records:  records,
		size:     encodedSize(records),
		deadline: time.Now().Add(q.options.Timeout),
		decided:  make(chan struct{}),
	}
	if p.size > q.options.MaxGroup || len(records) > maxRecords {
		q.options.Report(fmt.Errorf("%s: %w: %d records, up to %d bytes", shard.ShardID, ErrTooLarge, len(records), p.size))
		return nil, ErrTooLarge
	}
	if !q.enqueue(shard, p) {
		q.options.Report(fmt.Errorf("%s: %w", shard.ShardID, ErrFull))
		return nil, ErrFull
	}
	return p.wait, nil
}

// enqueue puts an append into the shard's line, and returns whether there was room.
func (q *Queue) enqueue(shard putrecords.Shard, p *pending) bool {
	index := shard.SequenceNumberRange.StartingSequenceNumber.ShardIndex
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.waiting+p.size > q.options.MaxWaiting {
		return false
	}
	q.waiting += p.size
	if l := q.lines[index]; l != nil {
		l.appends = append(l.appends, p)
		return true
	}
	l := &line{shard, []*pending{p}}
	q.lines[index] = l
	go q.send(index, l)
	return true
}

// send stores what is in a line, until it is empty.
func (q *Queue) send(index uint32, l *line) {
	for group := q.next(index, l); group != nil; group = q.next(index, l) {
		sequence, err := q.put(l.shard, group)
		if err != nil {
			q.options.Report(fmt.Errorf("%s: %w", l.shard.ShardID, err))
		}
		q.settle(group, sequence, err)
	}
}

// mergedSize is how large a group of several appends gets, so that a group does not take long.
const mergedSize = 1 << 20

// next takes the next group out of a line. If nothing waits, it removes the line and returns nil.
func (q *Queue) next(index uint32, l *line) (group []*pending) {
	q.mu.Lock()
	defer q.mu.Unlock()
	size, records, now := 0, 0, time.Now()
	for i, p := range l.appends {
		size += p.size
		records += len(p.records)
		if i > 0 && (size > min(mergedSize, q.options.MaxGroup) || records > maxRecords || p.late(now) != group[0].late(now)) {
			break
		}
		group = l.appends[:i+1]
	}
	l.appends = l.appends[len(group):]
	if group == nil {
		delete(q.lines, index)
	}
	return group
}

// settle ends the waits of a group.
func (q *Queue) settle(group []*pending, sequence uint64, err error) {
	position := sequence << indexBits
	for _, p := range group {
		p.first, p.err = position, err
		position += uint64(len(p.records))
		q.mu.Lock()
		q.waiting -= p.size
		q.mu.Unlock()
		close(p.decided)
	}
}

// late reports whether the append's time is over.
func (p *pending) late(now time.Time) bool { return !now.Before(p.deadline) }

// wait is what Append returns.
func (p *pending) wait() error {
	<-p.decided
	if p.err != nil {
		return p.err
	}
	for i := range p.records {
		p.records[i].SequenceNumber.Position = p.first + uint64(i)
	}
	return nil
}
