package kinesishttp_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/kinesishttp"
)

func TestDescribeStream(t *testing.T) {
	stream := newStream(putrecords.Config{Name: "orders", Shards: 2})
	handler := kinesishttp.NewHandler(stream)
	const first = `{"HashKeyRange":{"EndingHashKey":"170141183460469231731687303715884105727","StartingHashKey":"0"},` +
		`"SequenceNumberRange":{"StartingSequenceNumber":"%s"},"ShardId":"shardId-000000000000"}`
	const second = `{"HashKeyRange":{"EndingHashKey":"340282366920938463463374607431768211455",` +
		`"StartingHashKey":"170141183460469231731687303715884105728"},` +
		`"SequenceNumberRange":{"StartingSequenceNumber":"%s"},"ShardId":"shardId-000000000001"}`
	describe := func(more bool, shards string) string {
		return fmt.Sprintf(`{"StreamDescription":{"EncryptionType":"NONE","EnhancedMonitoring":[{"ShardLevelMetrics":[]}],`+
			`"HasMoreShards":%t,"RetentionPeriodHours":24,"Shards":[%s],`+
			`"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/orders","StreamCreationTimestamp":1.772600767E9,`+
			`"StreamModeDetails":{"StreamMode":"PROVISIONED"},"StreamName":"orders","StreamStatus":"ACTIVE"}}`, more, shards)
	}
	one, two := fmt.Sprintf(first, number(0, 0)), fmt.Sprintf(second, number(1, 0))
	wantAnswer(t, handler, "DescribeStream", `{"StreamName":"orders"}`, 200, describe(false, one+","+two))
	wantAnswer(t, handler, "DescribeStream", `{"StreamARN":"`+stream.ARN()+`"}`, 200, describe(false, one+","+two))
	wantAnswer(t, handler, "DescribeStream", `{"StreamName":"orders","Limit":1}`, 200, describe(true, one))
	wantAnswer(t, handler, "DescribeStream", `{"StreamName":"orders","Limit":1.9}`, 200, describe(true, one))
	wantAnswer(t, handler, "DescribeStream", `{"StreamName":"orders","Limit":2}`, 200, describe(false, one+","+two))
	wantAnswer(t, handler, "DescribeStream", `{"StreamName":"orders","Limit":1,"ExclusiveStartShardId":"shardId-000000000000"}`, 200, describe(false, two))
	wantAnswer(t, handler, "DescribeStream", `{"StreamName":"orders","ExclusiveStartShardId":"shardId-000000000001"}`, 200, describe(false, ""))
	wantRefused(t, handler, "DescribeStream", map[string]string{
		`{}`:                      "InvalidArgumentException: Stream arn and stream name can't be empty at the same time",
		`{"StreamName":"others"}`: "ResourceNotFoundException: Stream others under account 000000000000 not found.",
		`{"StreamName":"?"}`: "ValidationException: 1 validation error detected: " +
			"Value '?' at 'streamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
		`{"StreamName":"orders","Limit":0}`: "ValidationException: 1 validation error detected: " +
			"Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1",
		`{"StreamName":"orders","Limit":10001}`: "ValidationException: 1 validation error detected: " +
			"Value '10001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 10000",
		`{"StreamName":"orders","Limit":-1e99,"ExclusiveStartShardId":""}`: "ValidationException: 3 validation errors detected: " +
			"Value '-2147483648' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1; " +
			"Value '' at 'exclusiveStartShardId' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+; " +
			"Value '' at 'exclusiveStartShardId' failed to satisfy constraint: Member must have length greater than or equal to 1",
		`{"StreamName":"orders","Limit":-0.5}`: "ValidationException: 1 validation error detected: " +
			"Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1",
		`{"StreamName":"?","Limit":0}`: "ValidationException: 2 validation errors detected: " +
			"Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1; " +
			"Value '?' at 'streamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
		`{"StreamName":"orders","ExclusiveStartShardId":"` + strings.Repeat("é", 128) + `"}`: "ValidationException: 1 validation error detected: " +
			"Value '" + strings.Repeat("é", 128) + "' at 'exclusiveStartShardId' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
		`{"StreamName":"orders","ExclusiveStartShardId":"` + strings.Repeat("s", 129) + `"}`: "ValidationException: 1 validation error detected: " +
			"Value '" + strings.Repeat("s", 129) + "' at 'exclusiveStartShardId' failed to satisfy constraint: Member must have length less than or equal to 128",
	})
}

func TestDescribeStreamListsAtMost100Shards(t *testing.T) {
	for shards, more := range map[int]bool{99: false, 100: false, 101: true} {
		handler := kinesishttp.NewHandler(newStream(putrecords.Config{Shards: shards}))
		limit := []string{"", `,"Limit":10000`}[shards%2] // a limit above 100 has no effect
		_, text := call(t, handler, "DescribeStream", `{"StreamName":"stream"`+limit+`}`)
		var got struct {
			StreamDescription struct {
				HasMoreShards bool
				Shards        []any
			}
		}
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatal(err)
		}
		if d := got.StreamDescription; len(d.Shards) != min(shards, 100) || d.HasMoreShards != more {
			t.Errorf("%d shards: %d are listed, more: %t", shards, len(d.Shards), d.HasMoreShards)
		}
	}
}

func TestDescribeStreamSummary(t *testing.T) {
	now := start
	stream := newStream(putrecords.Config{
		Shards: 2, EncryptionType: putrecords.EncryptionKMS, ReshardDelay: time.Minute, Now: func() time.Time { return now },
		Region: "cn-north-1", AccountID: "123456789012", Limits: putrecords.Limits{BytesPerRecord: 10 << 20, BytesPerRequest: 10 << 20},
	})
	handler := kinesishttp.NewHandler(stream)
	summary := func(status string, open int) string {
		return fmt.Sprintf(`{"StreamDescriptionSummary":{"ChannelCount":0,"ConsumerCount":0,"EncryptionType":"KMS","EnhancedMonitoring":[{"ShardLevelMetrics":[]}],`+
			`"KeyId":"alias/aws/kinesis","MaxRecordSizeInKiB":10240,"OpenShardCount":%d,"RetentionPeriodHours":24,`+
			`"StreamARN":"arn:aws-cn:kinesis:cn-north-1:123456789012:stream/stream","StreamCreationTimestamp":1.772600767E9,`+
			`"StreamModeDetails":{"StreamMode":"PROVISIONED"},"StreamName":"stream","StreamStatus":"%s"}}`, open, status)
	}
	wantAnswer(t, handler, "DescribeStreamSummary", `{"StreamName":"stream"}`, 200, summary("ACTIVE", 2))
	if err := stream.SplitShard("shardId-000000000000", putrecords.HashKey{0x40}); err != nil {
		t.Fatal(err)
	}
	wantAnswer(t, handler, "DescribeStreamSummary", `{"StreamName":"stream"}`, 200, summary("UPDATING", 3))
	now = now.Add(2 * time.Minute)
	wantAnswer(t, handler, "DescribeStreamSummary", `{"StreamName":"stream"}`, 200, summary("ACTIVE", 3))
	wantRefused(t, handler, "DescribeStreamSummary", map[string]string{
		`{}`:                      "InvalidArgumentException: Stream arn and stream name can't be empty at the same time",
		`{"StreamName":"others"}`: "ResourceNotFoundException: Stream others under account 123456789012 not found.",
	})
	unlimited := newStream(putrecords.Config{Limits: putrecords.Limits{BytesPerRecord: -1, BytesPerSecond: -1}})
	if _, text := call(t, kinesishttp.NewHandler(unlimited), "DescribeStreamSummary", `{"StreamName":"stream"}`); strings.Contains(text, "MaxRecordSize") {
		t.Errorf("a stream with unlimited record sizes: %s", text)
	}
}

// A stream that distributes records itself is on demand.
func TestDescribeStreamThatDistributesRecords(t *testing.T) {
	handler := kinesishttp.NewHandler(newStream(putrecords.Config{RecordDistributionStrategy: putrecords.DistributionAuto}))
	for operation, strategy := range map[string]bool{"DescribeStream": false, "DescribeStreamSummary": true} {
		_, text := call(t, handler, operation, `{"StreamName":"stream"}`)
		if !strings.Contains(text, `"StreamModeDetails":{"StreamMode":"ON_DEMAND"}`) ||
			strings.Contains(text, `"RecordDistributionStrategy":"AUTO"`) != strategy {
			t.Errorf("%s: %s", operation, text)
		}
	}
}
