// Package clock is the time of an emulator's streams: the machine's, or a virtual one.
package clock

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// end is the first time that sequence numbers cannot hold. It is in the year 4147.
var end = time.Unix(1<<36, 0).UTC()

// A Clock starts as the machine's clock. A test can stop it, and set it ahead. It never goes back,
// because sequence numbers would too. It is safe for concurrent use.
//
// While it runs, it counts elapsed time, so it goes on as before if the machine's clock is set
// back. It follows the machine's clock if that is set ahead, by hand or after the machine has
// slept.
type Clock struct {
	machine func() (wall time.Time, elapsed time.Duration)

	mu      sync.Mutex
	stopped bool
	time    time.Time     // at the latest reading
	elapsed time.Duration // at the latest reading
	ahead   time.Duration // of the machine's clock, when the clock was last set
}

// New returns a running clock. machine reads the machine's clock, without a monotonic reading, and
// the time that has elapsed since some moment, which never goes back.
func New(machine func() (wall time.Time, elapsed time.Duration)) *Clock {
	c := &Clock{machine: machine}
	c.time, c.elapsed = machine()
	c.time = c.time.UTC()
	return c
}

// Now returns the time, in UTC.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.read()
	return c.time
}

// Read returns the time, in UTC, and whether the clock runs.
func (c *Clock) Read() (now time.Time, running bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.read()
	return c.time, !c.stopped
}

// read brings c.time up to date and returns what the machine's clock shows. The caller holds c.mu.
func (c *Clock) read() (wall time.Time) {
	wall, elapsed := c.machine()
	if !c.stopped {
		c.time = c.time.Add(elapsed - c.elapsed)
		if machine := wall.Add(c.ahead).UTC(); machine.After(c.time) {
			c.time = machine
		}
	}
	c.elapsed = elapsed
	return wall
}

// Set sets the time, stops the clock or has it run on. With a nil argument that part stays as it
// is. Set returns an error, and changes nothing, if the clock would go back or past the time that
// sequence numbers can hold.
func (c *Clock) Set(to *time.Time, running *bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	wall := c.read()
	if to != nil {
		if err := c.set(*to); err != nil {
			return err
		}
	}
	if running != nil {
		c.stopped = !*running
	}
	c.ahead = c.time.Sub(wall) // at most 292 years; beyond that the clock only counts elapsed time
	return nil
}

// Advance sets the clock ahead by d. It returns an error, and changes nothing, if the clock would
// go back or past the time that sequence numbers can hold.
func (c *Clock) Advance(d time.Duration) error {
	if d < 0 {
		return errors.New("the clock cannot go back")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	wall := c.read()
	if err := c.set(c.time.Add(d)); err != nil {
		return err
	}
	c.ahead = c.time.Sub(wall)
	return nil
}

// set sets the time. The caller holds c.mu and has called c.read.
func (c *Clock) set(to time.Time) error {
	to = to.Round(0).UTC()
	if to.Before(c.time) {
		return fmt.Errorf("the clock is at %s and cannot go back", c.time.Format(time.RFC3339Nano))
	}
	if !to.Before(end) {
		return fmt.Errorf("sequence numbers hold times before %s", end.Format(time.RFC3339))
	}
	c.time = to
	return nil
}
