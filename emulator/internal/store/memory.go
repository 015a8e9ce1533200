package store

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/putrecords/putrecords"
)

// A Memory keeps streams until the program ends.
type Memory struct {
	key [32]byte

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
	var streams []Stream
	for _, id := range slices.Sorted(maps.Keys(m.streams)) {
		streams = append(streams, m.streams[id])
	}
	return streams, nil
}

// Add implements [Store].
func (m *Memory) Add(s *Stream) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.latest++
	s.ID = m.latest
	m.streams[s.ID] = *s
	m.logs[s.ID] = &memoryLog{putrecords.MemoryLog{Retention: -1}}
	return nil
}

// Update implements [Store].
func (m *Memory) Update(s Stream) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.streams[s.ID] = s
	return nil
}

// Remove implements [Store].
func (m *Memory) Remove(id uint64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.streams, id)
	delete(m.logs, id)
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

// Close implements [Store].
func (m *Memory) Close() error { return nil }

type memoryLog struct{ putrecords.MemoryLog }

// DropBefore implements [Log].
func (l *memoryLog) DropBefore(time.Time) error { return nil }
