package putrecords

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// maxStepBack is how far a clock may go back before that must be a mistake.
const maxStepBack = 24 * time.Hour

// A streamClock reads a stream's time, and keeps the latest second that it has read.
type streamClock struct {
	now    func() time.Time
	latest atomic.Int64
}

// read returns the time, in UTC and without a monotonic reading. It is an error if the time is
// later than sequence numbers can hold, or if it is more than a day before the latest that was
// read.
func (c *streamClock) read() (time.Time, error) {
	now := c.now().Round(0).UTC() // Round drops the monotonic reading
	second := now.Unix()
	if second > lastSecond {
		return now, fmt.Errorf("putrecords: the clock reads %v, but sequence numbers end with the year 4147", now)
	}
	latest := c.latest.Load()
	for second > latest && !c.latest.CompareAndSwap(latest, second) {
		latest = c.latest.Load()
	}
	if second < latest-int64(maxStepBack/time.Second) {
		return now, fmt.Errorf("putrecords: the clock reads %v, more than a day before %v, which this stream has seen; "+
			"make a stream for a testing/synctest bubble inside the bubble, and turn a virtual clock back by at most a day",
			now, time.Unix(latest, 0).UTC())
	}
	return now, nil
}

// A steadyClock is the machine's clock, except that when the machine's clock is set back, it counts
// elapsed time instead until the machine's clock has caught up.
type steadyClock struct {
	read func() (machine time.Time, elapsed time.Duration) // elapsed never goes back

	mu      sync.Mutex
	time    time.Time // that now returned last
	elapsed time.Duration
}

// newSteadyClock returns a steadyClock on time.Now, whose monotonic reading says what has elapsed.
func newSteadyClock() *steadyClock {
	start := time.Now() //nolint:forbidigo // this and the next are the only times we ask for ourselves
	return &steadyClock{read: func() (time.Time, time.Duration) {
		now := time.Now() //nolint:forbidigo // as above
		return now.Round(0), now.Sub(start)
	}}
}

func (c *steadyClock) now() time.Time {
	machine, elapsed := c.read()
	c.mu.Lock()
	defer c.mu.Unlock()
	steady := c.time.Add(elapsed - c.elapsed)
	// Believe the machine's clock if it is ahead, or behind by more than a day: then it was set on
	// purpose, or it belongs to a synctest bubble.
	if back := steady.Sub(machine); back < 0 || back > maxStepBack {
		steady = machine
	}
	c.time, c.elapsed = steady, elapsed
	return steady
}
