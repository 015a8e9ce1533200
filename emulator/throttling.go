package main

import (
	"context"
	"log/slog"
	"slices"

	"github.com/putrecords/putrecords"
)

// A throttleLog logs each answer that has throttled records.
type throttleLog struct{ logger *slog.Logger }

func newThrottleLog(logger *slog.Logger) *throttleLog { return &throttleLog{logger} }

// answered logs out if it has throttled records, and names their shards.
func (l *throttleLog) answered(ctx context.Context, stream *putrecords.Stream, in *putrecords.Input, out *putrecords.Output) {
	throttled := 0
	var shards []string
	for i, result := range out.Failed() {
		if result.ErrorCode == putrecords.ProvisionedThroughputExceededException {
			throttled++
			shards = append(shards, stream.Route(hashKeyOf(in.Records[i])).ShardID)
		}
	}
	if throttled == 0 {
		return
	}
	slices.Sort(shards)
	l.logger.WarnContext(ctx, "throttled", "stream", stream.Name(), "throttled", throttled, "records", len(out.Records),
		"shards", slices.Compact(shards))
}

// hashKeyOf returns the hash key of a record that a stream has accepted.
func hashKeyOf(entry putrecords.RequestEntry) putrecords.HashKey {
	if entry.ExplicitHashKey == nil {
		return putrecords.HashKeyOf(*entry.PartitionKey)
	}
	key, err := putrecords.ParseHashKey(*entry.ExplicitHashKey)
	if err != nil {
		panic(err) // the stream would have rejected the request
	}
	return key
}
