package main

import (
	"context"
	"log/slog"
	"slices"

	"github.com/putrecords/putrecords"

	"github.com/putrecords/putrecords/emulator/internal/activity"
)

// A throttleLog logs answers that have throttled records.
type throttleLog struct {
	logger *slog.Logger
	limit  *lineLimit
}

func newThrottleLog(logger *slog.Logger) *throttleLog {
	return &throttleLog{logger, newLineLimit(logger, "throttled records")}
}

// answered logs out if it has throttled records, and names their shards.
func (l *throttleLog) answered(ctx context.Context, stream *putrecords.Stream, in *putrecords.Input, out *putrecords.Output) {
	var throttled []int // indexes
	for i, result := range out.Failed() {
		if result.ErrorCode == putrecords.ProvisionedThroughputExceededException {
			throttled = append(throttled, i)
		}
	}
	if len(throttled) == 0 || !l.limit.allow() {
		return
	}
	var shards []string
	for _, i := range throttled {
		if shard := activity.ShardOf(stream, in.Records[i], out.Records[i]); shard != "" {
			shards = append(shards, shard)
		}
	}
	slices.Sort(shards)
	l.logger.WarnContext(ctx, "throttled", "stream", stream.Name(), "throttled", len(throttled), "records", len(out.Records),
		"shards", slices.Compact(shards))
}
