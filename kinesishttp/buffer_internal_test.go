package kinesishttp

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
)

// A buffer holds what it has read, counts its capacity, and gives all of it back.
func TestBuffer(t *testing.T) {
	broken := errors.New("broken")
	for _, test := range []struct {
		size  int
		limit int64
		fails error
		taken int64
		want  error
	}{
		{size: 0, limit: -1, taken: 4 << 10},
		{size: 1, limit: -1, taken: 4 << 10},
		{size: 4<<10 - 1, limit: 4 << 10, taken: 4 << 10},
		{size: 4<<10 + 1, limit: 8 << 10, taken: 8 << 10},
		{size: 1_000_000, limit: 1 << 20, taken: 1 << 20},
		{size: 1_000_000, limit: 1<<20 - 1, want: errNoMemory},
		{size: 1, limit: 1, want: errNoMemory},
		{size: 1_000_000, limit: -1, fails: broken, taken: 1 << 20, want: broken},
		{size: 1_000_000, limit: 1, fails: broken, want: broken},
	} {
		var m memory
		b := buffer{memory: &m, limit: test.limit}
		sent := bytes.Repeat([]byte("abc"), test.size)[:test.size]
		r := io.MultiReader(iotest.HalfReader(bytes.NewReader(sent)))
		if test.fails != nil {
			r = io.MultiReader(r, iotest.ErrReader(test.fails))
		}
		err := b.fill(r)
		if !errors.Is(err, test.want) || m.taken.Load() != test.taken || err == nil && !bytes.Equal(sent, b.bytes) {
			t.Errorf("%+v: error %v, %d bytes read, %d taken", test, err, len(b.bytes), m.taken.Load())
		}
		b.release()
		if left := m.taken.Load(); left != 0 {
			t.Errorf("%+v: %d bytes are still taken", test, left)
		}
	}
}

// Taking more than there is leaves others what they need meanwhile.
func TestMemoryRefusesOnlyWhatDoesNotFit(t *testing.T) {
	var m memory
	var greedy sync.WaitGroup
	var done atomic.Bool
	started := make(chan struct{})
	greedy.Go(func() {
		close(started)
		for !done.Load() {
			m.take(2, 1)
		}
	})
	<-started
	for i := range 1_000_000 {
		if !m.take(1, 1) {
			t.Errorf("after %d times there is no memory", i)
			break
		}
		m.give(1)
	}
	done.Store(true)
	greedy.Wait()
}
