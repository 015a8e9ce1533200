package main

import (
	"context"
	"log/slog"
	"sync"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/kinesishttp"
)

// maxRefusals bounds the names that a refusalLog keeps, because clients choose them.
const maxRefusals = 100

// A refusalLog logs each operation that the emulator does not have, once: a consumer would ask for
// GetRecords several times a second.
type refusalLog struct {
	logger *slog.Logger

	mu     sync.Mutex
	logged map[string]bool // by the operation's name
}

func newRefusalLog(logger *slog.Logger) *refusalLog {
	return &refusalLog{logger: logger, logged: map[string]bool{}}
}

// refused logs an unknown operation that has not been logged yet. Other errors are the client's to
// report.
func (l *refusalLog) refused(ctx context.Context, operation string, err *putrecords.Error) {
	if err.Code == kinesishttp.UnknownOperationException && l.isNew(operation) {
		l.logger.WarnContext(ctx, "refused an operation that the emulator does not have; this is logged once",
			"operation", operation)
	}
}

func (l *refusalLog) isNew(operation string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.logged[operation] || len(l.logged) == maxRefusals {
		return false
	}
	l.logged[operation] = true
	return true
}
