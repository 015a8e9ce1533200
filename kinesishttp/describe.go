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
	status, details := to.handler.present(stream)
	page, more := pageOf(details.listed(status), exclusiveStartShardID, limit, maxDescribedShards)
	description := describe(stream, status, details)
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
	status, details := to.handler.present(stream)
	summary := describe(stream, status, details)
	summary["ChannelCount"] = 0
	summary["ConsumerCount"] = 0
	if status == putrecords.StreamActive || status == putrecords.StreamUpdating {
		summary["OpenShardCount"] = openCount(details.listed(status))
	}
	if size := stream.Limits().BytesPerRecord; size != -1 {
		summary["MaxRecordSizeInKiB"] = size / 1024
	}
	if details.StreamMode == onDemand {
		summary["RecordDistributionStrategy"] = stream.RecordDistributionStrategy()
	}
	return map[string]any{"StreamDescriptionSummary": summary}, nil
}

func openCount(shards []putrecords.Shard) (open int) {
	for _, sh := range shards {
		if isOpen(sh) {
			open++
		}
	}
	return open
}

// present returns a stream's status and details. It asks for the status first, so a stream that is
// ACTIVE has the details that it became ACTIVE with.
func (h *Handler) present(stream *putrecords.Stream) (putrecords.StreamStatus, Details) {
	status := stream.Status()
	return status, h.details(stream)
}

// describe returns the members that both descriptions of a stream have.
func describe(stream *putrecords.Stream, status putrecords.StreamStatus, details Details) map[string]any {
	encryptionType := stream.EncryptionType()
	description := map[string]any{
		"EncryptionType":          encryptionType,
		"EnhancedMonitoring":      []any{map[string]any{"ShardLevelMetrics": append([]string{}, details.ShardLevelMetrics...)}},
		"RetentionPeriodHours":    details.RetentionPeriodHours,
		"StreamARN":               stream.ARN(),
		"StreamCreationTimestamp": Timestamp(details.CreationTimestamp),
		"StreamModeDetails":       map[string]any{"StreamMode": details.StreamMode},
		"StreamName":              stream.Name(),
		"StreamStatus":            status,
	}
	if encryptionType == putrecords.EncryptionKMS {
		description["KeyId"] = details.KeyID
	}
	return description
}
