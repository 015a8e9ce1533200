package main

import (
	"context"
	"log/slog"
	"slices"
	"strings"

	"github.com/putrecords/putrecords"
)

// logThrottling returns a function that logs each answer with throttled records.
func logThrottling(logger *slog.Logger) func(context.Context, *putrecords.Stream, *putrecords.Output) {
	return func(ctx context.Context, stream *putrecords.Stream, out *putrecords.Output) {
		var messages []string
		for _, entry := range out.Failed() {
			if entry.ErrorCode == putrecords.ProvisionedThroughputExceededException {
				messages = append(messages, entry.ErrorMessage)
			}
		}
		if len(messages) > 0 {
			logger.WarnContext(ctx, "throttled", "stream", stream.Name(), "throttled", len(messages), "records", len(out.Records),
				"shards", shardsIn(messages))
		}
	}
}

// shardsIn returns the shards that messages name, each once: a failed entry has no ShardId, but its message is AWS's "Rate
// exceeded for shard … in stream …".
func shardsIn(messages []string) []string {
	slices.Sort(messages)
	var shards []string
	for _, message := range slices.Compact(messages) {
		_, rest, _ := strings.Cut(message, "for shard ")
		shard, _, _ := strings.Cut(rest, " ")
		shards = append(shards, shard)
	}
	return shards
}
