package clients_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// The AWS SDK for Go gets through every operation, whether changes take time or not.
func TestOperationsFromGo(t *testing.T) {
	t.Parallel()
	for _, delay := range []string{"0s", "200ms"} {
		t.Run(delay, func(t *testing.T) {
			t.Parallel()
			client := kinesis.New(kinesis.Options{
				Region:       "us-east-1",
				BaseEndpoint: aws.String(start(t, "-state-delay", delay)),
				Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
					return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"}, nil
				}),
			})
			s := &sdkStream{T: t, client: client, name: aws.String("from-go"), arn: aws.String(cliARN("from-go"))}
			s.createAndDescribe()
			s.putAndRead()
			s.reshard()
			s.changeSettings()
			s.tag()
			s.list()
			s.refused()
			s.delete()
		})
	}
}

// An sdkStream is a stream that a test calls operations of.
type sdkStream struct {
	*testing.T
	client    *kinesis.Client
	name, arn *string
}

// ok returns the answer of an operation, which must succeed.
func ok[T any](answer T, err error) func(*sdkStream) T {
	return func(s *sdkStream) T {
		s.Helper()
		if err != nil {
			s.Fatal(err)
		}
		return answer
	}
}

// equal checks that two values print alike.
func (s *sdkStream) equal(got, want any) {
	s.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		s.Errorf("got %v, want %v", got, want)
	}
}

// active waits until the stream is ACTIVE, and returns its summary.
func (s *sdkStream) active() *types.StreamDescriptionSummary {
	s.Helper()
	waiter := kinesis.NewStreamExistsWaiter(s.client, func(o *kinesis.StreamExistsWaiterOptions) {
		o.MinDelay, o.MaxDelay = 50*time.Millisecond, 50*time.Millisecond
	})
	ok(0, waiter.Wait(s.Context(), &kinesis.DescribeStreamInput{StreamName: s.name}, time.Minute))(s)
	return ok(s.client.DescribeStreamSummary(s.Context(), &kinesis.DescribeStreamSummaryInput{StreamARN: s.arn}))(s).StreamDescriptionSummary
}

func (s *sdkStream) createAndDescribe() {
	ok(s.client.CreateStream(s.Context(), &kinesis.CreateStreamInput{
		StreamName: s.name, ShardCount: aws.Int32(1), Tags: map[string]string{"team": "a"}, MaxRecordSizeInKiB: aws.Int32(1024),
	}))(s)
	summary := s.active()
	s.equal(*summary.StreamARN, *s.arn)
	s.equal([]any{*summary.OpenShardCount, *summary.RetentionPeriodHours, *summary.MaxRecordSizeInKiB, summary.StreamModeDetails.StreamMode},
		[]any{1, 24, 1024, types.StreamModeProvisioned})
	if age := time.Since(*summary.StreamCreationTimestamp); age < 0 || age > time.Hour {
		s.Errorf("the stream was created at %v", summary.StreamCreationTimestamp)
	}
	limits := ok(s.client.DescribeLimits(s.Context(), &kinesis.DescribeLimitsInput{}))(s)
	s.equal([]int32{*limits.OpenShardCount, *limits.ShardLimit, *limits.OnDemandStreamCountLimit}, []int32{4 + 1, 20000, 50})
}

func (s *sdkStream) iterator(kind types.ShardIteratorType, set func(*kinesis.GetShardIteratorInput)) *string {
	s.Helper()
	in := &kinesis.GetShardIteratorInput{StreamName: s.name, ShardId: aws.String("shardId-000000000000"), ShardIteratorType: kind}
	if set != nil {
		set(in)
	}
	return ok(s.client.GetShardIterator(s.Context(), in))(s).ShardIterator
}

func (s *sdkStream) putAndRead() {
	latest := s.iterator(types.ShardIteratorTypeLatest, nil)
	put := ok(s.client.PutRecord(s.Context(), &kinesis.PutRecordInput{StreamName: s.name, PartitionKey: aws.String("a"), Data: []byte("first")}))(s)
	batch := ok(s.client.PutRecords(s.Context(), &kinesis.PutRecordsInput{StreamARN: s.arn, Records: []types.PutRecordsRequestEntry{
		{PartitionKey: aws.String("b"), Data: []byte{0, 0xff}}, {PartitionKey: aws.String("c"), Data: []byte{}},
	}}))(s)
	s.equal(*batch.FailedRecordCount, 0)
	numbers := []string{*put.SequenceNumber, *batch.Records[0].SequenceNumber, *batch.Records[1].SequenceNumber}
	at := func(number string) func(*kinesis.GetShardIteratorInput) {
		return func(in *kinesis.GetShardIteratorInput) { in.StartingSequenceNumber = &number }
	}
	for _, test := range []struct {
		iterator *string
		want     []string
	}{
		{latest, numbers},
		{s.iterator(types.ShardIteratorTypeTrimHorizon, nil), numbers},
		{s.iterator(types.ShardIteratorTypeAtSequenceNumber, at(numbers[1])), numbers[1:]},
		{s.iterator(types.ShardIteratorTypeAfterSequenceNumber, at(numbers[1])), numbers[2:]},
		{s.iterator(types.ShardIteratorTypeAtTimestamp, func(in *kinesis.GetShardIteratorInput) { in.Timestamp = aws.Time(time.Unix(0, 0)) }), numbers},
	} {
		out := ok(s.client.GetRecords(s.Context(), &kinesis.GetRecordsInput{ShardIterator: test.iterator, StreamARN: s.arn}))(s)
		var got []string
		for _, record := range out.Records {
			got = append(got, *record.SequenceNumber)
			s.equal(record.Data, [][]byte{[]byte("first"), {0, 0xff}, {}}[slices.Index(numbers, *record.SequenceNumber)])
		}
		s.equal(got, test.want)
		s.equal(*out.MillisBehindLatest, 0)
	}
}

func (s *sdkStream) reshard() {
	ok(s.client.SplitShard(s.Context(), &kinesis.SplitShardInput{
		StreamName: s.name, ShardToSplit: aws.String("shardId-000000000000"), NewStartingHashKey: aws.String("1" + strings.Repeat("0", 38)),
	}))(s)
	s.active()
	iterator := s.iterator(types.ShardIteratorTypeTrimHorizon, nil)
	var children []types.ChildShard
	for range 100 { // the SDK waits and retries when the shard throttles
		out := ok(s.client.GetRecords(s.Context(), &kinesis.GetRecordsInput{ShardIterator: iterator}, func(o *kinesis.Options) { o.RetryMaxAttempts = 10 }))(s)
		if iterator, children = out.NextShardIterator, out.ChildShards; iterator == nil {
			break
		}
	}
	if len(children) != 2 {
		s.Fatalf("at the shard's end, its children are %v", children)
	}
	s.equal([]string{*children[0].ShardId, *children[1].ShardId, children[0].ParentShards[0]},
		[]string{"shardId-000000000001", "shardId-000000000002", "shardId-000000000000"})
	ok(s.client.MergeShards(s.Context(), &kinesis.MergeShardsInput{
		StreamName: s.name, ShardToMerge: children[0].ShardId, AdjacentShardToMerge: children[1].ShardId,
	}))(s)
	s.active()
	count := ok(s.client.UpdateShardCount(s.Context(), &kinesis.UpdateShardCountInput{
		StreamName: s.name, TargetShardCount: aws.Int32(2), ScalingType: types.ScalingTypeUniformScaling,
	}))(s)
	s.equal([]int32{*count.CurrentShardCount, *count.TargetShardCount}, []int32{1, 2})
	s.active()
}

func (s *sdkStream) changeSettings() {
	ctx, key := s.Context(), aws.String("alias/aws/kinesis")
	ok(s.client.IncreaseStreamRetentionPeriod(ctx, &kinesis.IncreaseStreamRetentionPeriodInput{StreamName: s.name, RetentionPeriodHours: aws.Int32(48)}))(s)
	s.equal(*s.active().RetentionPeriodHours, 48)
	ok(s.client.DecreaseStreamRetentionPeriod(ctx, &kinesis.DecreaseStreamRetentionPeriodInput{StreamName: s.name, RetentionPeriodHours: aws.Int32(36)}))(s)
	s.equal(*s.active().RetentionPeriodHours, 36)
	ok(s.client.StartStreamEncryption(ctx, &kinesis.StartStreamEncryptionInput{StreamName: s.name, EncryptionType: types.EncryptionTypeKms, KeyId: key}))(s)
	s.equal(aws.ToString(s.active().KeyId), *key)
	ok(s.client.StopStreamEncryption(ctx, &kinesis.StopStreamEncryptionInput{StreamName: s.name, EncryptionType: types.EncryptionTypeKms, KeyId: key}))(s)
	s.equal(s.active().EncryptionType, types.EncryptionTypeNone)

	metrics := []types.MetricsName{types.MetricsNameIncomingBytes, types.MetricsNameOutgoingBytes}
	enabled := ok(s.client.EnableEnhancedMonitoring(ctx, &kinesis.EnableEnhancedMonitoringInput{StreamName: s.name, ShardLevelMetrics: metrics}))(s)
	s.equal([]any{enabled.CurrentShardLevelMetrics, enabled.DesiredShardLevelMetrics}, []any{[]string{}, metrics})
	s.equal(s.active().EnhancedMonitoring[0].ShardLevelMetrics, metrics)
	disabled := ok(s.client.DisableEnhancedMonitoring(ctx, &kinesis.DisableEnhancedMonitoringInput{StreamName: s.name, ShardLevelMetrics: metrics[:1]}))(s)
	s.equal([]any{disabled.CurrentShardLevelMetrics, disabled.DesiredShardLevelMetrics}, []any{metrics, metrics[1:]})
	s.active()

	ok(s.client.UpdateMaxRecordSize(ctx, &kinesis.UpdateMaxRecordSizeInput{StreamARN: s.arn, MaxRecordSizeInKiB: aws.Int32(2048)}))(s)
	s.equal(*s.active().MaxRecordSizeInKiB, 2048)
	ok(s.client.PutRecord(ctx, &kinesis.PutRecordInput{StreamName: s.name, PartitionKey: aws.String("a"), Data: make([]byte, 2<<20-1)},
		func(o *kinesis.Options) { o.RetryMaxAttempts = 1 }))(s)
	ok(s.client.UpdateStreamMode(ctx, &kinesis.UpdateStreamModeInput{
		StreamARN: s.arn, StreamModeDetails: &types.StreamModeDetails{StreamMode: types.StreamModeOnDemand},
	}))(s)
	s.equal(s.active().StreamModeDetails.StreamMode, types.StreamModeOnDemand)
}

func (s *sdkStream) tag() {
	ctx := s.Context()
	ok(s.client.AddTagsToStream(ctx, &kinesis.AddTagsToStreamInput{StreamName: s.name, Tags: map[string]string{"stage": "test", "x": ""}}))(s)
	ok(s.client.TagResource(ctx, &kinesis.TagResourceInput{ResourceARN: s.arn, Tags: map[string]string{"owner": "é"}}))(s)
	ok(s.client.RemoveTagsFromStream(ctx, &kinesis.RemoveTagsFromStreamInput{StreamName: s.name, TagKeys: []string{"x"}}))(s)
	ok(s.client.UntagResource(ctx, &kinesis.UntagResourceInput{ResourceARN: s.arn, TagKeys: []string{"team"}}))(s)
	texts := func(tags []types.Tag) (texts []string) {
		for _, tag := range tags {
			texts = append(texts, *tag.Key+"="+*tag.Value)
		}
		return texts
	}
	of := ok(s.client.ListTagsForStream(ctx, &kinesis.ListTagsForStreamInput{StreamName: s.name, Limit: aws.Int32(1)}))(s)
	s.equal([]any{texts(of.Tags), *of.HasMoreTags}, []any{[]string{"owner=é"}, true})
	s.equal(texts(ok(s.client.ListTagsForResource(ctx, &kinesis.ListTagsForResourceInput{ResourceARN: s.arn}))(s).Tags), []string{"owner=é", "stage=test"})
}

// list lists streams and shards, in pages.
func (s *sdkStream) list() {
	var names []string
	for pages := kinesis.NewListStreamsPaginator(s.client, &kinesis.ListStreamsInput{Limit: aws.Int32(1)}); pages.HasMorePages(); {
		names = append(names, ok(pages.NextPage(s.Context()))(s).StreamNames...)
	}
	s.equal(names, []string{"from-go", "orders"})
	var listed, described []string
	in := &kinesis.ListShardsInput{StreamName: s.name, MaxResults: aws.Int32(4)}
	for in != nil {
		page := ok(s.client.ListShards(s.Context(), in))(s)
		for _, shard := range page.Shards {
			listed = append(listed, *shard.ShardId)
		}
		if in = nil; page.NextToken != nil {
			in = &kinesis.ListShardsInput{NextToken: page.NextToken, MaxResults: aws.Int32(4)}
		}
	}
	for pages := kinesis.NewDescribeStreamPaginator(s.client, &kinesis.DescribeStreamInput{StreamName: s.name, Limit: aws.Int32(4)}); pages.HasMorePages(); {
		for _, shard := range ok(pages.NextPage(s.Context()))(s).StreamDescription.Shards {
			described = append(described, *shard.ShardId)
		}
	}
	s.equal(len(listed), 6)
	s.equal(described, listed)
}

func (s *sdkStream) refused() {
	_, err := s.client.CreateStream(s.Context(), &kinesis.CreateStreamInput{StreamName: s.name})
	var inUse *types.ResourceInUseException
	if !errors.As(err, &inUse) || *inUse.Message != "Stream from-go under account 000000000000 already exists." {
		s.Errorf("got %v", err)
	}
	_, err = s.client.GetRecords(s.Context(), &kinesis.GetRecordsInput{ShardIterator: aws.String("forged")})
	var invalid *types.InvalidArgumentException
	if !errors.As(err, &invalid) || *invalid.Message != "Invalid ShardIterator." {
		s.Errorf("got %v", err)
	}
}

func (s *sdkStream) delete() {
	ok(s.client.DeleteStream(s.Context(), &kinesis.DeleteStreamInput{StreamName: s.name}))(s)
	waiter := kinesis.NewStreamNotExistsWaiter(s.client, func(o *kinesis.StreamNotExistsWaiterOptions) {
		o.MinDelay, o.MaxDelay = 50*time.Millisecond, 50*time.Millisecond
	})
	ok(0, waiter.Wait(s.Context(), &kinesis.DescribeStreamInput{StreamName: s.name}, time.Minute))(s)
}
