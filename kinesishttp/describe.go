package kinesishttp

import (
	"context"

	"github.com/putrecords/putrecords"
)

// maxDescribedShards is the largest number of shards that DescribeStream lists. AWS: "If you
// specify a value greater than 100, at most 100 results are returned".
const maxDescribedShards = 100

func describeStream(_ context.Context, to *Request, r reader) (any, error) {
	var limit *int
	var exclusiveStartShardID, streamName, streamARN *string
	r.structure(func(name []byte) {
		switch string(name) {
		case "ExclusiveStartShardId":
			exclusiveStartShardID = r.text()
		case "Limit":
			limit = r.integer()
		default:
			readStream(r, name, &streamName, &streamARN)
		}
	})
	if err := r.end(); err != nil {
		return nil, err
	}
	var v violations
	v.AddRange("limit", limit, 1, maxLimit)
	v.AddName("exclusiveStartShardId", exclusiveStartShardID)
	v.AddAddress(streamName, streamARN)
	if err := v.err(); err != nil {
		return nil, err
	}
	stream, err := to.stream(streamName, streamARN)
	if err != nil {
		return nil, err
	}
	shards := stream.Shards()
	page, more := pageOf(shards, exclusiveStartShardID, limit, maxDescribedShards)
	description := describe(stream, shards)
	description["HasMoreShards"] = more
	description["Shards"] = encodeShards(page)
	return map[string]any{"StreamDescription": description}, nil
}

func describeStreamSummary(_ context.Context, to *Request, r reader) (any, error) {
	var streamName, streamARN *string
	r.structure(func(name []byte) { readStream(r, name, &streamName, &streamARN) })
	if err := r.end(); err != nil {
		return nil, err
	}
	stream, err := to.stream(streamName, streamARN)
	if err != nil {
		return nil, err
	}
	shards := stream.Shards()
	open := 0
	for _, sh := range shards {
		if isOpen(sh) {
			open++
		}
	}
	summary := describe(stream, shards)
	summary["ChannelCount"] = 0
	summary["ConsumerCount"] = 0
	summary["OpenShardCount"] = open
	if size := stream.Limits().BytesPerRecord; size != -1 {
		summary["MaxRecordSizeInKiB"] = size / 1024
	}
	if distributesRecords(stream) {
		summary["RecordDistributionStrategy"] = putrecords.DistributionAuto // absent for provisioned streams
	}
	return map[string]any{"StreamDescriptionSummary": summary}, nil
}

// describe returns the members that both descriptions of a stream have.
func describe(stream *putrecords.Stream, shards []putrecords.Shard) map[string]any {
	mode := "PROVISIONED"
	if distributesRecords(stream) {
		mode = "ON_DEMAND"
	}
	description := map[string]any{
		"EncryptionType":          stream.EncryptionType(),
		"EnhancedMonitoring":      []any{map[string]any{"ShardLevelMetrics": []any{}}},
		"RetentionPeriodHours":    24, // whatever the log retains
		"StreamARN":               stream.ARN(),
		"StreamCreationTimestamp": Timestamp(created(shards)),
		"StreamModeDetails":       map[string]any{"StreamMode": mode},
		"StreamName":              stream.Name(),
		"StreamStatus":            stream.Status(),
	}
	if stream.EncryptionType() == putrecords.EncryptionKMS {
		description["KeyId"] = "alias/aws/kinesis" // the key that AWS manages
	}
	return description
}

// distributesRecords reports whether the stream itself decides the shards of its records. AWS
// offers that for on-demand streams only.
func distributesRecords(stream *putrecords.Stream) bool {
	return stream.RecordDistributionStrategy() == putrecords.DistributionAuto
}
