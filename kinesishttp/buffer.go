package kinesishttp

import (
	"errors"
	"io"
	"math/bits"
	"sync"
	"sync/atomic"
)

// defaultBodyMemory is what a [Handler.MaxBodyMemory] of 0 means.
const defaultBodyMemory = 512 << 20

// A memory counts the bytes that buffers take.
type memory struct{ taken atomic.Int64 }

// take reports whether n more bytes fit within limit. If so, it counts them. A negative limit is no
// limit.
func (m *memory) take(n int, limit int64) bool {
	for {
		before := m.taken.Load()
		after := before + int64(n)
		if after > limit && limit >= 0 {
			return false
		}
		if m.taken.CompareAndSwap(before, after) {
			return true
		}
	}
}

func (m *memory) give(n int) { m.taken.Add(-int64(n)) }

// A buffer holds a request's body. It grows with what has arrived, whatever the Content-Length
// promises. Its whole capacity, which is a power of two, counts as taken memory.
type buffer struct {
	memory *memory
	limit  int64 // of memory
	bytes  []byte
}

// errNoMemory means that a handler has no memory left for a body.
var errNoMemory = errors.New("kinesishttp: no memory left for the body")

// fill reads r to its end. If there is no memory for all of it, fill gives back what the buffer
// takes, discards the rest of r, and returns errNoMemory.
func (b *buffer) fill(r io.Reader) error {
	for {
		if len(b.bytes) == cap(b.bytes) && !b.grow() {
			b.release()
			if err := discard(r); err != nil {
				return err
			}
			return errNoMemory
		}
		n, err := r.Read(b.bytes[len(b.bytes):cap(b.bytes)])
		b.bytes = b.bytes[:len(b.bytes)+n]
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func discard(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}

// smallestBuffer is the capacity of a buffer that holds little.
const smallestBuffer = 4 << 10

// grow doubles the capacity and reports whether there was memory for that.
func (b *buffer) grow() bool {
	old := b.bytes
	size := max(2*cap(old), smallestBuffer)
	if !b.memory.take(size-cap(old), b.limit) {
		return false
	}
	b.bytes = append(newBytes(size), old...)
	recycle(old)
	return true
}

// release gives back the memory. The buffer is empty then.
func (b *buffer) release() {
	b.memory.give(cap(b.bytes))
	recycle(b.bytes)
	b.bytes = nil
}

// recycled holds slices to use again. Those in recycled[i] have a capacity of 1<<i.
var recycled [bits.UintSize]sync.Pool

// newBytes returns an empty slice whose capacity is size, a power of two.
func newBytes(size int) []byte {
	if bytes, ok := recycled[bits.TrailingZeros(uint(size))].Get().(*[]byte); ok {
		return *bytes
	}
	return make([]byte, 0, size)
}

// recycle keeps a slice of newBytes for another use.
func recycle(bytes []byte) {
	if cap(bytes) > 0 {
		empty := bytes[:0] // bytes itself would be allocated even if there is nothing to keep
		recycled[bits.TrailingZeros(uint(cap(bytes)))].Put(&empty)
	}
}
