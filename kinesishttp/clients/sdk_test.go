package clients_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/google/go-cmp/cmp"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/kinesishttp"
)

// newSDKClient returns the AWS SDK's client for Go. The handler answers its requests in process.
func newSDKClient(handler http.Handler) *kinesis.Client {
	return kinesis.New(kinesis.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String("http://kinesis.test"),
		HTTPClient:   &http.Client{Transport: kinesishttp.NewTransport(handler)},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "a secret of 24 characters"}, nil
		}),
	})
}

// sdkEntries returns n records with the same partition key.
func sdkEntries(n int) []types.PutRecordsRequestEntry {
	entries := make([]types.PutRecordsRequestEntry, n)
	for i := range entries {
		entries[i] = types.PutRecordsRequestEntry{
			Data: fmt.Append(nil, "record ", i), PartitionKey: aws.String("a"),
		}
	}
	return entries
}

// countStored returns how many records a stream holds.
func countStored(t *testing.T, stream *putrecords.Stream) int {
	t.Helper()
	n := 0
	for _, err := range stream.AllRecords() {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

func TestSDKPutRecords(t *testing.T) {
	stream := newStream(t, putrecords.Config{Name: "orders", Shards: 2})
	client := newSDKClient(kinesishttp.NewHandler(stream))
	for name, in := range map[string]*kinesis.PutRecordsInput{
		"by name":        {StreamName: aws.String("orders")},
		"by ARN":         {StreamARN: aws.String(stream.ARN())},
		"by both":        {StreamName: aws.String("orders"), StreamARN: aws.String(stream.ARN())},
		"by name, again": {StreamName: aws.String("orders")},
	} {
		in.Records = sdkEntries(2)
		in.Records[1] = types.PutRecordsRequestEntry{
			Data: []byte{}, PartitionKey: aws.String("a"),
			ExplicitHashKey: aws.String(putrecords.HashKey{0x80}.String()),
		}
		out, err := client.PutRecords(t.Context(), in)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if *out.FailedRecordCount != 0 || len(out.Records) != 2 || out.EncryptionType != "" ||
			*out.Records[0].ShardId != "shardId-000000000000" ||
			*out.Records[1].ShardId != "shardId-000000000001" {
			t.Errorf("%s: got the answer %+v", name, out)
		}
		if _, err := putrecords.ParseSequenceNumber(*out.Records[0].SequenceNumber); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := countStored(t, stream); n != 8 {
		t.Errorf("%d records are stored, want 8", n)
	}
}

// When PutRecords answers with status 200, the SDK does not retry the records that failed.
func TestSDKDoesNotRetryRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := putrecords.Limits{RecordsPerSecond: 3}
		stream := putrecords.MustNew(putrecords.Config{Limits: limits})
		client := newSDKClient(kinesishttp.NewHandler(stream))
		begin := time.Now()
		out, err := client.PutRecords(t.Context(), &kinesis.PutRecordsInput{
			StreamName: aws.String("stream"), Records: sdkEntries(5),
		})
		const throttled = "Rate exceeded for shard shardId-000000000000 in stream stream " +
			"under account 000000000000."
		if err != nil || *out.FailedRecordCount != 2 ||
			*out.Records[4].ErrorCode != "ProvisionedThroughputExceededException" ||
			*out.Records[4].ErrorMessage != throttled {
			t.Errorf("got the answer %+v, %v", out, err)
		}
		if n := countStored(t, stream); n != 3 || time.Since(begin) != 0 {
			t.Errorf("%d records are stored after %v, want 3 immediately", n, time.Since(begin))
		}
	})
}

// When a whole request fails, the SDK retries it if the failure may be temporary. The test runs on
// the bubble's clock.
func TestSDKRetriesRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const throttling = putrecords.ProvisionedThroughputExceededException
		stream := putrecords.MustNew(putrecords.Config{})
		client := newSDKClient(kinesishttp.NewHandler(stream))
		for _, test := range []struct {
			fault putrecords.Fault
			calls int
			fails bool
		}{
			{putrecords.Fault{WholeRequest: true, Count: 2}, 3, false},
			{putrecords.Fault{WholeRequest: true, Count: 3}, 3, true},
			{putrecords.Fault{Code: throttling, WholeRequest: true, Count: 2}, 3, false},
			{putrecords.Fault{Code: putrecords.KMSThrottlingException, Count: 1}, 1, true},
			{putrecords.Fault{Code: putrecords.AccessDeniedException, Count: 1}, 1, true},
		} {
			requests := 0
			client := kinesis.New(client.Options(), func(o *kinesis.Options) {
				transport := o.HTTPClient.(*http.Client).Transport
				o.HTTPClient = &http.Client{Transport: roundTripper(
					func(r *http.Request) (*http.Response, error) {
						requests++
						return transport.RoundTrip(r)
					},
				)}
			})
			injection := stream.Inject(test.fault)
			_, err := client.PutRecords(t.Context(), &kinesis.PutRecordsInput{
				StreamName: aws.String("stream"), Records: sdkEntries(1),
			})
			if (err != nil) != test.fails || requests != test.calls {
				t.Errorf("%+v: %d calls, want %d; error %v", test.fault, requests, test.calls, err)
			}
			injection.Remove()
		}
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// The SDK recognizes our errors by type, code, and message.
func TestSDKErrors(t *testing.T) {
	stream := newStream(t, putrecords.Config{})
	client := newSDKClient(kinesishttp.NewHandler(stream))
	put := func(streamName string) error {
		_, err := client.PutRecords(t.Context(), &kinesis.PutRecordsInput{
			StreamName: &streamName, Records: sdkEntries(1),
		})
		return err
	}
	err := put("others")
	if notFound := (&types.ResourceNotFoundException{}); !errors.As(err, &notFound) ||
		notFound.ErrorMessage() != "Stream others under account 000000000000 not found." {
		t.Errorf("got the error %v", err)
	}
	for _, code := range []putrecords.ErrorCode{
		putrecords.AccessDeniedException, putrecords.KMSDisabledException,
		putrecords.InvalidArgumentException, "OtherException",
	} {
		stream.Inject(putrecords.Fault{Code: code, Message: "text"})
		err := put("stream")
		var known interface {
			ErrorCode() string
			ErrorMessage() string
		}
		if !errors.As(err, &known) || known.ErrorCode() != string(code) ||
			known.ErrorMessage() != "text" {
			t.Errorf("got the error %v, want %s", err, code)
		}
	}
	_, err = client.CreateStream(t.Context(), &kinesis.CreateStreamInput{
		StreamName: aws.String("new"),
	})
	var unknown interface{ ErrorCode() string }
	if !errors.As(err, &unknown) || unknown.ErrorCode() != "UnknownOperationException" {
		t.Errorf("got the error %v", err)
	}
}

// PutRecord fails when its record is throttled, so the SDK retries it.
func TestSDKPutRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := putrecords.Limits{RecordsPerSecond: 1}
		stream := putrecords.MustNew(putrecords.Config{Limits: limits})
		client := newSDKClient(kinesishttp.NewHandler(stream))
		begin := time.Now()
		var last *string
		for range 3 { // the second and third records are throttled at first
			out, err := client.PutRecord(t.Context(), &kinesis.PutRecordInput{
				StreamName: aws.String("stream"), PartitionKey: aws.String("a"), Data: []byte("hello"),
				SequenceNumberForOrdering: last,
			}, func(o *kinesis.Options) { o.RetryMaxAttempts = 20 })
			if err != nil {
				t.Fatal(err)
			}
			last = out.SequenceNumber
		}
		if elapsed := time.Since(begin); elapsed < 2*time.Second {
			t.Errorf("3 records were stored within %v", elapsed)
		}
	})
}

// sdkResharded returns a stream that was split after an hour and merged after two. Two of its five
// shards are open.
func sdkResharded(t *testing.T) *putrecords.Stream {
	t.Helper()
	now := start
	stream := putrecords.MustNew(putrecords.Config{Shards: 2, Now: func() time.Time { return now }})
	now = start.Add(time.Hour)
	if err := stream.SplitShard("shardId-000000000000", putrecords.HashKey{0x40}); err != nil {
		t.Fatal(err)
	}
	now = start.Add(2 * time.Hour)
	if err := stream.MergeShards("shardId-000000000002", "shardId-000000000003"); err != nil {
		t.Fatal(err)
	}
	return stream
}

// Producers describe a stream before they put records.
func TestSDKDescribeStream(t *testing.T) {
	stream := sdkResharded(t)
	client := newSDKClient(kinesishttp.NewHandler(stream))
	in := &kinesis.DescribeStreamInput{StreamName: aws.String("stream")}
	described, err := client.DescribeStream(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	d := described.StreamDescription
	if *d.StreamName != "stream" || *d.StreamARN != stream.ARN() ||
		d.StreamStatus != types.StreamStatusActive || *d.HasMoreShards ||
		*d.RetentionPeriodHours != 24 || d.StreamCreationTimestamp.Unix() != start.Unix() ||
		len(d.Shards) != 5 || d.EncryptionType != types.EncryptionTypeNone ||
		d.StreamModeDetails.StreamMode != types.StreamModeProvisioned {
		t.Errorf("got the description %+v", d)
	}
	if err := kinesis.NewStreamExistsWaiter(client).Wait(t.Context(), in, time.Second); err != nil {
		t.Error(err)
	}
}

func TestSDKDescribeStreamSummary(t *testing.T) {
	stream := sdkResharded(t)
	client := newSDKClient(kinesishttp.NewHandler(stream))
	summary, err := client.DescribeStreamSummary(t.Context(), &kinesis.DescribeStreamSummaryInput{
		StreamARN: aws.String(stream.ARN()),
	})
	if err != nil {
		t.Fatal(err)
	}
	if s := summary.StreamDescriptionSummary; *s.OpenShardCount != 2 || *s.ConsumerCount != 0 ||
		*s.MaxRecordSizeInKiB != 1024 {
		t.Errorf("got the summary %+v", s)
	}
}

func TestSDKListShards(t *testing.T) {
	stream := sdkResharded(t)
	client := newSDKClient(kinesishttp.NewHandler(stream))
	var got []putrecords.Shard
	in := &kinesis.ListShardsInput{StreamName: aws.String("stream"), MaxResults: aws.Int32(2)}
	for range 3 { // pages of 2, 2, and 1 shards
		page, err := client.ListShards(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		for _, shard := range page.Shards {
			got = append(got, shardFromSDK(t, shard))
		}
		in = &kinesis.ListShardsInput{NextToken: page.NextToken, MaxResults: aws.Int32(2)}
	}
	if in.NextToken != nil {
		t.Error("there is a fourth page")
	}
	if diff := cmp.Diff(stream.Shards(), got); diff != "" {
		t.Errorf("the listed shards differ (-want +got):\n%s", diff)
	}
	filtered, err := client.ListShards(t.Context(), &kinesis.ListShardsInput{
		StreamName: aws.String("stream"),
		ShardFilter: &types.ShardFilter{
			Type:      types.ShardFilterTypeAtTimestamp,
			Timestamp: aws.Time(start.Add(90 * time.Minute)),
		},
	})
	if err != nil || len(filtered.Shards) != 3 {
		t.Errorf("got %+v, %v; want 3 shards", filtered, err)
	}
}

// shardFromSDK converts a shard from the SDK's type to ours.
func shardFromSDK(t *testing.T, shard types.Shard) putrecords.Shard {
	t.Helper()
	hashKey := func(s *string) putrecords.HashKey {
		key, err := putrecords.ParseHashKey(*s)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	number := func(s *string) putrecords.SequenceNumber {
		var n putrecords.SequenceNumber
		if err := n.UnmarshalText([]byte(aws.ToString(s))); err != nil {
			t.Fatal(err)
		}
		return n
	}
	return putrecords.Shard{
		ShardID:               *shard.ShardId,
		ParentShardID:         aws.ToString(shard.ParentShardId),
		AdjacentParentShardID: aws.ToString(shard.AdjacentParentShardId),
		HashKeyRange: putrecords.HashKeyRange{
			StartingHashKey: hashKey(shard.HashKeyRange.StartingHashKey),
			EndingHashKey:   hashKey(shard.HashKeyRange.EndingHashKey),
		},
		SequenceNumberRange: putrecords.SequenceNumberRange{
			StartingSequenceNumber: number(shard.SequenceNumberRange.StartingSequenceNumber),
			EndingSequenceNumber:   number(shard.SequenceNumberRange.EndingSequenceNumber),
		},
	}
}

// AWS's clients retry a request for which there was no memory.
func TestSDKRetriesWithoutMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handler := kinesishttp.NewHandler(putrecords.MustNew(putrecords.Config{}))
		attempts := 0
		client := newSDKClient(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			attempts++
			handler.MaxBodyMemory = 1
			if attempts == 3 {
				handler.MaxBodyMemory = 0
			}
			handler.ServeHTTP(w, r)
		}))
		if _, err := client.PutRecords(t.Context(), &kinesis.PutRecordsInput{StreamName: aws.String("stream"), Records: sdkEntries(1)}); err != nil || attempts != 3 {
			t.Errorf("error %v after %d attempts", err, attempts)
		}
	})
}
