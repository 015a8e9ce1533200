package kinesishttp_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/kinesishttp"
)

// withDetails returns a handler of a stream with details.
func withDetails(stream *putrecords.Stream, details kinesishttp.Details) *kinesishttp.Handler {
	handler := kinesishttp.NewHandler(stream)
	handler.Details = func(*putrecords.Stream) kinesishttp.Details { return details }
	return handler
}

// member returns a member of the structure that both descriptions of the stream "stream" consist
// of, and whether it is there.
func member(t *testing.T, handler *kinesishttp.Handler, operation, name string) (any, bool) {
	t.Helper()
	status, text := call(t, handler, operation, `{"StreamName":"stream"}`)
	if status != 200 {
		t.Fatalf("%s: %d %s", operation, status, text)
	}
	for _, description := range decodeJSON(t, text) {
		value, ok := description.(map[string]any)[name]
		return value, ok
	}
	t.Fatalf("%s: %s", operation, text)
	return nil, false
}

// Descriptions show the details, in both encodings.
func TestDetails(t *testing.T) {
	stream := newStream(putrecords.Config{EncryptionType: putrecords.EncryptionKMS})
	handler := kinesishttp.NewHandler(stream)
	handler.Details = func(s *putrecords.Stream) kinesishttp.Details {
		if s != stream {
			t.Errorf("asked about the stream %v", s)
		}
		return kinesishttp.Details{
			CreationTimestamp:    start.Add(3 * time.Second).Truncate(time.Second),
			StreamMode:           "ON_DEMAND",
			RetentionPeriodHours: 8760,
			KeyID:                "alias/orders",
			ShardLevelMetrics:    []string{"IteratorAgeMilliseconds", "IncomingBytes"},
		}
	}
	const common = `"KeyId":"alias/orders",%s"RetentionPeriodHours":8760,%s` +
		`"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/stream","StreamCreationTimestamp":1.77260077E9,` +
		`"StreamModeDetails":{"StreamMode":"ON_DEMAND"},"StreamName":"stream","StreamStatus":"ACTIVE"}}`
	const metrics = `"EncryptionType":"KMS","EnhancedMonitoring":[{"ShardLevelMetrics":["IteratorAgeMilliseconds","IncomingBytes"]}],`
	const shard = `"Shards":[{"HashKeyRange":{"EndingHashKey":"340282366920938463463374607431768211455","StartingHashKey":"0"},` +
		`"SequenceNumberRange":{"StartingSequenceNumber":"%s"},"ShardId":"shardId-000000000000"}],`
	wantAnswer(t, handler, "DescribeStream", `{"StreamName":"stream"}`, 200,
		`{"StreamDescription":{`+metrics+`"HasMoreShards":false,`+fmt.Sprintf(common, "", fmt.Sprintf(shard, number(0, 0))))
	wantAnswer(t, handler, "DescribeStreamSummary", `{"StreamName":"stream"}`, 200,
		`{"StreamDescriptionSummary":{"ChannelCount":0,"ConsumerCount":0,`+metrics+
			fmt.Sprintf(common, `"MaxRecordSizeInKiB":1024,"OpenShardCount":1,"RecordDistributionStrategy":"USER_PARTITION_KEY",`, ""))

	status, got := callCBOR(t, handler, "DescribeStreamSummary", map[string]any{"StreamName": "stream"})
	want := map[string]any{"StreamDescriptionSummary": map[any]any{
		"ChannelCount":               uint64(0),
		"ConsumerCount":              uint64(0),
		"EncryptionType":             "KMS",
		"EnhancedMonitoring":         []any{map[any]any{"ShardLevelMetrics": []any{"IteratorAgeMilliseconds", "IncomingBytes"}}},
		"KeyId":                      "alias/orders",
		"MaxRecordSizeInKiB":         uint64(1024),
		"OpenShardCount":             uint64(1),
		"RecordDistributionStrategy": "USER_PARTITION_KEY",
		"RetentionPeriodHours":       uint64(8760),
		"StreamARN":                  "arn:aws:kinesis:us-east-1:000000000000:stream/stream",
		"StreamCreationTimestamp":    time.UnixMilli(start.Add(3*time.Second).Truncate(time.Second).UnixMilli() * 1000).UTC(), // AWS's tag says seconds
		"StreamModeDetails":          map[any]any{"StreamMode": "ON_DEMAND"},
		"StreamName":                 "stream",
		"StreamStatus":               "ACTIVE",
	}}
	utc := cmp.Transformer("UTC", time.Time.UTC)
	if diff := cmp.Diff(want, got, utc); status != 200 || diff != "" {
		t.Errorf("in CBOR: %d (-want +got):\n%s", status, diff)
	}
}

// A zero field of the details changes nothing.
func TestZeroDetails(t *testing.T) {
	for _, config := range []putrecords.Config{
		{},
		{EncryptionType: putrecords.EncryptionKMS},
		{RecordDistributionStrategy: putrecords.DistributionAuto},
	} {
		stream := newStream(config)
		for _, operation := range []string{"DescribeStream", "DescribeStreamSummary", "ListShards"} {
			_, want := call(t, kinesishttp.NewHandler(stream), operation, `{"StreamName":"stream"}`)
			wantAnswer(t, withDetails(stream, kinesishttp.Details{}), operation, `{"StreamName":"stream"}`, 200, want)
		}
	}
}

// Only the summary of a stream on demand shows who decides the shards of its records.
func TestRecordDistributionStrategyIsShownOnDemand(t *testing.T) {
	for _, test := range []struct {
		mode     string
		strategy putrecords.RecordDistributionStrategy
		want     any
	}{
		{"", putrecords.UserPartitionKey, nil},
		{"", putrecords.DistributionAuto, "AUTO"},
		{"PROVISIONED", putrecords.UserPartitionKey, nil},
		{"ON_DEMAND", putrecords.UserPartitionKey, "USER_PARTITION_KEY"},
		{"ON_DEMAND", putrecords.DistributionAuto, "AUTO"},
	} {
		handler := withDetails(newStream(putrecords.Config{RecordDistributionStrategy: test.strategy}), kinesishttp.Details{StreamMode: test.mode})
		if got, _ := member(t, handler, "DescribeStreamSummary", "RecordDistributionStrategy"); got != test.want {
			t.Errorf("%+v: got %v", test, got)
		}
		if got, ok := member(t, handler, "DescribeStream", "RecordDistributionStrategy"); ok {
			t.Errorf("%+v: DescribeStream has %v", test, got)
		}
	}
}

// A stream that is CREATING has no shards yet. One that is CREATING or DELETING has no count of
// open shards.
func TestShardsByStatus(t *testing.T) {
	stream := newStream(putrecords.Config{Shards: 3})
	handler := kinesishttp.NewHandler(stream)
	for status, want := range map[putrecords.StreamStatus]struct {
		listed int
		open   any
	}{
		putrecords.StreamCreating: {0, nil},
		putrecords.StreamActive:   {3, 3.},
		putrecords.StreamUpdating: {3, 3.},
		putrecords.StreamDeleting: {3, nil},
	} {
		if err := stream.SetStatus(status); err != nil {
			t.Fatal(err)
		}
		shards, _ := member(t, handler, "DescribeStream", "Shards")
		if list, ok := shards.([]any); !ok || len(list) != want.listed {
			t.Errorf("%s: shards %v", status, shards)
		}
		if open, _ := member(t, handler, "DescribeStreamSummary", "OpenShardCount"); open != want.open {
			t.Errorf("%s: %v open shards", status, open)
		}
		if ids, _ := listShards(t, handler, `{"StreamName":"stream"}`); len(ids) != want.listed {
			t.Errorf("%s: ListShards lists %v", status, ids)
		}
		got, ok := member(t, handler, "DescribeStreamSummary", "StreamStatus")
		if !ok || got != string(status) {
			t.Errorf("%s: status %v", status, got)
		}
	}
	if err := stream.SetStatus(putrecords.StreamCreating); err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{`{"StreamName":"stream"}`, `{"StreamName":"stream","ExclusiveStartShardId":"a","ShardFilter":{"Type":"AT_LATEST"}}`} {
		wantAnswer(t, handler, "ListShards", body, 200, `{"Shards":[]}`)
	}
}

// The details may show the shards from before a reshard.
func TestShardsOfDetails(t *testing.T) {
	now := start
	stream := newStream(putrecords.Config{Shards: 2, ReshardDelay: 25 * time.Second, Now: func() time.Time { return now }})
	before := stream.Shards()
	if err := stream.SplitShard("shardId-000000000000", putrecords.HashKey{0x40}); err != nil {
		t.Fatal(err)
	}
	handler := kinesishttp.NewHandler(stream)
	handler.Details = func(s *putrecords.Stream) (d kinesishttp.Details) {
		if s.Status() == putrecords.StreamUpdating {
			d.Shards = before
		}
		return d
	}
	for _, test := range []struct {
		after  time.Duration
		latest []string
		listed []putrecords.Shard
		open   float64
	}{
		{0, []string{"00", "01"}, before, 2},
		{6*time.Second - 1, []string{"00", "01"}, before, 2},
		{6 * time.Second, []string{"00", "01", "02", "03"}, stream.Shards(), 3},
		{26 * time.Second, []string{"01", "02", "03"}, stream.Shards(), 3},
	} {
		now = start.Add(test.after)
		var described struct {
			StreamDescription struct{ Shards []putrecords.Shard }
		}
		_, text := call(t, handler, "DescribeStream", `{"StreamName":"stream"}`)
		if err := json.Unmarshal([]byte(text), &described); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.listed, described.StreamDescription.Shards); diff != "" {
			t.Errorf("after %v: shards (-want +got):\n%s", test.after, diff)
		}
		if open, _ := member(t, handler, "DescribeStreamSummary", "OpenShardCount"); open != test.open {
			t.Errorf("after %v: %v open shards", test.after, open)
		}
		got, _ := listShards(t, handler, `{"StreamName":"stream","ShardFilter":{"Type":"AT_LATEST"}}`)
		if diff := cmp.Diff(test.latest, got); diff != "" {
			t.Errorf("after %v: AT_LATEST (-want +got):\n%s", test.after, diff)
		}
	}
}

// A shard is listed while the second in which it ended is not before the trim horizon. The handler
// leaves the slice that it got alone.
func TestTrimHorizon(t *testing.T) {
	stream := reshardedStream(t)
	shards := stream.Shards()
	second := func(i int) time.Time {
		return time.Unix(shards[i].SequenceNumberRange.EndingSequenceNumber.Arrived, 0)
	}
	for _, test := range []struct {
		horizon        time.Time
		listed, atTrim []string
	}{
		{time.Time{}, []string{"00", "01", "02", "03", "04"}, []string{"00", "01"}},
		{start, []string{"00", "01", "02", "03", "04"}, []string{"00", "01"}},
		{second(0).Add(time.Second - 1), []string{"00", "01", "02", "03", "04"}, []string{"00", "01"}},
		{second(0).Add(time.Second), []string{"01", "02", "03", "04"}, []string{"01", "02", "03"}},
		{second(2).Add(time.Second - 1), []string{"01", "02", "03", "04"}, []string{"01", "02", "03"}},
		{second(2).Add(time.Second), []string{"01", "04"}, []string{"01", "04"}},
	} {
		given := slices.Clone(shards)
		handler := withDetails(stream, kinesishttp.Details{TrimHorizon: test.horizon, Shards: given})
		for filter, want := range map[string][]string{`null`: test.listed, `{"Type":"FROM_TRIM_HORIZON"}`: test.listed, `{"Type":"AT_TRIM_HORIZON"}`: test.atTrim} {
			got, _ := listShards(t, handler, `{"StreamName":"stream","ShardFilter":`+filter+`}`)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("horizon %v, filter %s (-want +got):\n%s", test.horizon, filter, diff)
			}
		}
		if described, _ := member(t, handler, "DescribeStream", "Shards"); len(described.([]any)) != len(test.listed) {
			t.Errorf("horizon %v: DescribeStream lists %v", test.horizon, described)
		}
		if diff := cmp.Diff(shards, given); diff != "" {
			t.Errorf("the slice has changed (-want +got):\n%s", diff)
		}
	}
}

// A filter's timestamp may be the trim horizon, and not a millisecond earlier. The horizon is no
// earlier than the second in which the stream was created.
func TestTimestampsBeforeTheTrimHorizonOfDetails(t *testing.T) {
	horizon := start.Add(90 * time.Minute).Truncate(time.Millisecond)
	for _, test := range []struct{ given, horizon time.Time }{
		{time.Time{}, start.Truncate(time.Second)},
		{start.Truncate(time.Second).Add(-time.Hour), start.Truncate(time.Second)},
		{horizon, horizon},
	} {
		handler := withDetails(reshardedStream(t), kinesishttp.Details{TrimHorizon: test.given})
		for _, filter := range []string{"AT_TIMESTAMP", "FROM_TIMESTAMP"} {
			body := func(at time.Time) string {
				return fmt.Sprintf(`{"StreamName":"stream","ShardFilter":{"Type":"%s","Timestamp":%d.%03d}}`, filter, at.Unix(), at.Nanosecond()/1e6)
			}
			if ids, _ := listShards(t, handler, body(test.horizon)); len(ids) == 0 {
				t.Errorf("%s at %v: no shards", filter, test.horizon)
			}
			wantRefused(t, handler, "ListShards", map[string]string{
				body(test.horizon.Add(-time.Millisecond)): "InvalidArgumentException: ShardFilter Timestamp cannot be older than TRIM_HORIZON of the stream.",
			})
		}
	}
	status, got := callCBOR(t, withDetails(reshardedStream(t), kinesishttp.Details{TrimHorizon: horizon}), "ListShards", map[string]any{
		"StreamName":  "stream",
		"ShardFilter": map[string]any{"Type": "AT_TIMESTAMP", "Timestamp": cbor.Tag{Number: 1, Content: horizon.UnixMilli() - 1}},
	})
	want := map[string]any{"__type": "InvalidArgumentException", "message": "ShardFilter Timestamp cannot be older than TRIM_HORIZON of the stream."}
	if diff := cmp.Diff(want, got); status != 400 || diff != "" {
		t.Errorf("in CBOR: %d (-want +got):\n%s", status, diff)
	}
}
