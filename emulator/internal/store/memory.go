package store

import (
	"context"
	"iter"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/putrecords/putrecords"
)

// A Memory keeps streams until the program ends.
type Memory struct {
	// Bound is how many bytes the records of all streams may take together. When they take more,
	// the largest stream loses its oldest records. 0 means no bound. Do not change it while streams
	// are in use. The process may take twice as much, because the garbage collector lets it grow.
	Bound int64

	// Dropped is called with the number of records that a stream has lost to the bound so far: at
	// the first loss, and each time the number has doubled. It is required if there is a bound.
	Dropped func(s Stream, records int64)

	key   [32]byte
	bytes atomic.Int64 // the sum of the logs' counted

	mu      sync.Mutex
	latest  uint64 // ID
	streams map[uint64]Stream
	logs    map[uint64]*memoryLog
}

// NewMemory returns an empty store with a key.
func NewMemory(key [32]byte) *Memory {
	return &Memory{key: key, streams: map[uint64]Stream{}, logs: map[uint64]*memoryLog{}}
}

// Streams implements [Store].
func (m *Memory) Streams() ([]Stream, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return sorted(m.streams), nil
}

func sorted(streams map[uint64]Stream) []Stream {
	var s []Stream
	for _, id := range slices.Sorted(maps.Keys(streams)) {
		s = append(s, streams[id])
	}
	return s
}

// Add implements [Store].
func (m *Memory) Add(s *Stream) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.latest++
	s.ID = m.latest
	m.streams[s.ID] = *s
	m.logs[s.ID] = &memoryLog{store: m, id: s.ID, records: putrecords.MemoryLog{Retention: -1}}
	return nil
}

// Update implements [Store].
func (m *Memory) Update(s Stream) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.logs[s.ID] == nil {
		return ErrRemoved
	}
	m.streams[s.ID] = s
	return nil
}

// Remove implements [Store].
func (m *Memory) Remove(id uint64) error {
	m.mu.Lock()
	log := m.logs[id]
	delete(m.streams, id)
	delete(m.logs, id)
	m.mu.Unlock()
	if log != nil {
		log.removed.Store(true)
		log.count()
	}
	return nil
}

// Log implements [Store].
func (m *Memory) Log(id uint64) Log {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.logs[id]
}

// Key implements [Store].
func (m *Memory) Key() [32]byte { return m.key }

// LatestArrival implements [Store].
func (m *Memory) LatestArrival() time.Time { return time.Time{} }

// Close implements [Store].
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, log := range m.logs {
		log.closed.Store(true)
	}
	return nil
}

// shrink drops records until the bound holds, and a little more. DropOldest looks at everything in
// a log, so it must not be called for each put.
func (m *Memory) shrink() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for m.bytes.Load() > m.Bound {
		var largest *memoryLog
		for _, log := range m.logs {
			if largest == nil || log.records.Bytes() > largest.records.Bytes() {
				largest = log
			}
		}
		if largest == nil {
			return
		}
		largest.lost += int64(largest.records.DropOldest(m.bytes.Load() - m.Bound + m.Bound/32))
		largest.count()
	}
}

// report reports what streams have lost. It is the wait of an Append, so it runs without locks.
func (m *Memory) report() error {
	for _, l := range m.losses() {
		m.Dropped(l.stream, l.records)
	}
	return nil
}

type loss struct {
	stream  Stream
	records int64
}

// losses returns the losses to report, and notes that they are reported.
func (m *Memory) losses() (losses []loss) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, log := range m.logs {
		if log.lost > 0 && log.lost >= 2*log.reported {
			log.reported = log.lost
			losses = append(losses, loss{m.streams[id], log.lost})
		}
	}
	return losses
}

type memoryLog struct {
	store   *Memory
	id      uint64
	records putrecords.MemoryLog
	removed atomic.Bool
	closed  atomic.Bool

	counting sync.Mutex
	counted  int64 // its share of the store's bytes

	// The store's lock guards these.
	lost     int64 // records dropped because of the bound
	reported int64 // what lost was at the last report
}

func (l *memoryLog) usable() error {
	switch {
	case l.closed.Load():
		return errClosed
	case l.removed.Load():
		return ErrRemoved
	}
	return nil
}

// count brings the store's bytes up to date.
func (l *memoryLog) count() {
	l.counting.Lock() // or an older number could replace a newer one
	defer l.counting.Unlock()
	bytes := l.records.Bytes()
	if l.removed.Load() {
		bytes = 0
	}
	l.store.bytes.Add(bytes - l.counted)
	l.counted = bytes
}

// Append implements [Log]. The records are stored when it returns.
func (l *memoryLog) Append(ctx context.Context, shard putrecords.Shard, records []putrecords.Record) (wait func() error, err error) {
	if err := l.usable(); err != nil {
		return nil, err
	}
	if _, err := l.records.Append(ctx, shard, records); err != nil {
		return nil, err
	}
	l.count()
	if m := l.store; m.Bound > 0 && m.bytes.Load() > m.Bound {
		m.shrink()
		return m.report, nil
	}
	return nil, nil
}

// LatestPosition implements [Log].
func (l *memoryLog) LatestPosition(shardID string) uint64 { return l.records.LatestPosition(shardID) }

// Storing implements [Log].
func (l *memoryLog) Storing(string) bool { return false }

// Records implements [Log].
func (l *memoryLog) Records(ctx context.Context, shard putrecords.Shard, position uint64) iter.Seq2[putrecords.Record, error] {
	return func(yield func(putrecords.Record, error) bool) {
		if err := l.usable(); err != nil {
			yield(putrecords.Record{}, err)
			return
		}
		l.records.Records(ctx, shard, position)(yield)
	}
}

// DropBefore implements [Log].
func (l *memoryLog) DropBefore(t time.Time) error {
	if err := l.usable(); err != nil {
		return err
	}
	l.records.DropBefore(t)
	l.count()
	return nil
}
