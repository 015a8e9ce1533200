package main

import (
	"context"
	"log/slog"
	"sync"

	"github.com/putrecords/putrecords"

	"github.com/putrecords/putrecords/emulator/internal/activity"
	"github.com/putrecords/putrecords/kinesishttp"
)

// maxRefusals bounds the names that a refusalLog keeps, because clients choose them.
const maxRefusals = 100

// A refusalLog logs requests that are answered with an error. An operation that the emulator does
// not have is logged once: a client of such an operation may call it several times a second.
type refusalLog struct {
	logger *slog.Logger
	limit  *lineLimit

	mu     sync.Mutex
	logged map[string]bool // unknown operations by name
}

func newRefusalLog(logger *slog.Logger) *refusalLog {
	return &refusalLog{logger: logger, limit: newLineLimit(logger, "refused requests"), logged: map[string]bool{}}
}

// refused logs a refusal. A throttled PutRecord request is the throttleLog's to log.
func (l *refusalLog) refused(ctx context.Context, operation string, err *putrecords.Error) {
	operation = activity.Clip(operation, 100)
	switch {
	case err.Code == kinesishttp.UnknownOperationException:
		if l.isNew(operation) {
			l.logger.WarnContext(ctx, "refused an operation that the emulator does not have; this is logged once",
				"operation", operation)
		}
	case operation == "PutRecord" && err.Code == putrecords.ProvisionedThroughputExceededException:
	case l.limit.allow():
		l.logger.WarnContext(ctx, "refused", "operation", operation, "code", string(err.Code), "message", activity.Clip(err.Message, 300))
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
