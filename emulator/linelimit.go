package main

import (
	"log/slog"
	"strconv"
	"sync"
	"time"
)

// linesPerSecond is how many lines a lineLimit allows in a second.
const linesPerSecond = 10

// A lineLimit bounds how many lines a second are logged. At the end of a second it logs how many
// were left out.
type lineLimit struct {
	logger *slog.Logger
	about  string // what the lines are about

	mu      sync.Mutex
	second  *time.Timer // runs until the second that the first line began is over; nil before one
	logged  int         // in this second
	leftOut int
}

func newLineLimit(logger *slog.Logger, about string) *lineLimit {
	return &lineLimit{logger: logger, about: about}
}

// allow reports whether another line may be logged.
func (l *lineLimit) allow() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.second == nil {
		l.second = time.AfterFunc(time.Second, l.flush) //nolint:forbidigo // not a stream's time
	}
	if l.logged == linesPerSecond {
		l.leftOut++
		return false
	}
	l.logged++
	return true
}

// flush ends the second.
func (l *lineLimit) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.second == nil {
		return
	}
	l.second.Stop()
	if l.leftOut > 0 {
		l.logger.Warn("left out lines beyond the first "+strconv.Itoa(linesPerSecond)+" in a second", "about", l.about, "lines", l.leftOut)
	}
	l.second, l.logged, l.leftOut = nil, 0, 0
}
