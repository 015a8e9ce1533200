package main

import (
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/putrecords/putrecords/emulator/internal/clock"
)

// A clockWatch logs each time the wall clock is set back. The streams' time never goes back, so
// from then on it is ahead of the wall clock.
type clockWatch struct {
	logger *slog.Logger
	read   func() (wall time.Time, elapsed time.Duration) // elapsed is monotonic

	mu   sync.Mutex
	zero time.Time // what the wall clock showed when elapsed was 0, according to the latest reading
}

func newClockWatch(logger *slog.Logger, read func() (time.Time, time.Duration)) *clockWatch {
	c := &clockWatch{logger: logger, read: read}
	wall, elapsed := read()
	c.zero = wall.Add(-elapsed)
	return c
}

// goOnFrom sets the streams' clock to the time at which a store's latest record arrived, if that is
// later. The wall clock may have been set back since then, or the control API had set the streams'
// clock ahead.
func goOnFrom(latest time.Time, streams *clock.Clock, logger *slog.Logger) {
	if !latest.After(streams.Now()) {
		return
	}
	logger.Warn("the streams' time goes on from their latest record, ahead of the wall clock", "time", latest)
	_ = streams.Set(&latest, nil) // an error means that the clock is past that time by now
}

// systemClock returns a function that reads the system's clocks. Its elapsed time starts now.
func systemClock() func() (wall time.Time, elapsed time.Duration) {
	start := time.Now() //nolint:forbidigo // not a stream's time
	return func() (time.Time, time.Duration) {
		now := time.Now() //nolint:forbidigo // not a stream's time
		return now.Round(0), now.Sub(start)
	}
}

// check logs if the wall clock was set back by half a second or more since the previous check. Less
// than that may be the time between the readings of the two clocks.
func (c *clockWatch) check() {
	c.mu.Lock() // also while reading, or an older reading could replace a newer one
	defer c.mu.Unlock()
	wall, elapsed := c.read()
	zero := wall.Add(-elapsed)
	back := c.zero.Sub(zero).Round(time.Second)
	c.zero = zero
	if back > 0 {
		c.logger.Warn("the wall clock was set back; the streams' time goes on as if it had not been", "by", back)
	}
}

// watch checks the clock at each request before it passes the request to next.
func (c *clockWatch) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.check()
		next.ServeHTTP(w, r)
	})
}
