// Package clock is the time of an emulator's streams: the machine's, or a virtual one.
package clock

import (
	"fmt"
	"sync"
	"time"
)

// A Clock starts as the machine's clock. A test can stop it, and set it ahead. It never goes back,
// because the streams' sequence numbers would. It is safe for concurrent use.
type Clock struct {
	machine func() time.Time

	mu      sync.Mutex
	ahead   time.Duration // of the machine's clock, while it runs
	stopped bool
	latest  time.Time // what Now returned last, or the time at which the clock is stopped
}

// New returns a running clock. machine reads the machine's clock.
func New(machine func() time.Time) *Clock { return &Clock{machine: machine} }

// Now returns the time. If the machine's clock is set back, it stands still until that has caught
// up.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *Clock) now() time.Time {
	if now := c.machine().Add(c.ahead); !c.stopped && now.After(c.latest) {
		c.latest = now
	}
	return c.latest
}

// Running reports whether the clock runs.
func (c *Clock) Running() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.stopped
}

// Set sets the clock and has it run on from there, or stand still. It returns an error, and changes
// nothing, if that would turn the clock back.
func (c *Clock) Set(to time.Time, running bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if to.Before(now) {
		return fmt.Errorf("the clock is at %s and cannot go back to %s", now.Format(time.RFC3339Nano), to.Format(time.RFC3339Nano))
	}
	c.latest, c.stopped, c.ahead = to, !running, to.Sub(c.machine())
	return nil
}

// Advance sets the clock ahead by d. It returns an error, and changes nothing, if d is negative.
func (c *Clock) Advance(d time.Duration) error {
	if d < 0 {
		return fmt.Errorf("the clock cannot go back by %v", -d)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.latest = c.now().Add(d)
	c.ahead += d
	return nil
}
