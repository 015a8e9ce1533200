package main

import (
	"context"
	"log/slog"
	"sync"

	"github.com/putrecords/putrecords"
)

// A throttleLog logs each answer that has throttled records.
type throttleLog struct {
	logger *slog.Logger

	mu     sync.Mutex
	logged map[shard]int64 // throttled records as of the shard's latest line
}

type shard struct{ stream, id string }

func newThrottleLog(logger *slog.Logger) *throttleLog {
	return &throttleLog{logger: logger, logged: make(map[shard]int64)}
}

// answered logs out. A throttled record's result does not name its shard, so the line names the
// shards whose statistics have grown since the previous line. When calls overlap, one line may name
// the shards of several.
func (l *throttleLog) answered(ctx context.Context, stream *putrecords.Stream, out *putrecords.Output) {
	throttled := 0
	for _, entry := range out.Failed() {
		if entry.ErrorCode == putrecords.ProvisionedThroughputExceededException {
			throttled++
		}
	}
	if throttled > 0 {
		l.logger.WarnContext(ctx, "throttled", "stream", stream.Name(), "throttled", throttled, "records", len(out.Records),
			"shards", l.newlyThrottled(stream))
	}
}

// newlyThrottled returns the IDs of the shards that throttled records since its previous call.
func (l *throttleLog) newlyThrottled(stream *putrecords.Stream) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var ids []string
	for _, s := range stream.Stats() {
		key := shard{stream.Name(), s.ShardID}
		if s.Throttled.Records > l.logged[key] {
			l.logged[key] = s.Throttled.Records
			ids = append(ids, s.ShardID)
		}
	}
	return ids
}
