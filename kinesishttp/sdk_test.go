package kinesishttp_test

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

// newClient returns the AWS SDK's client, whose requests the handler answers.
func newClient(handler http.Handler) *kinesis.Client {
	return kinesis.New(kinesis.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String("http://kinesis.test"),
		HTTPClient:   &http.Client{Transport: kinesishttp.NewTransport(handler)},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "a secret of 24 characters"}, nil
		}),
	})
}

func sdkEntries(n int) []types.PutRecordsRequestEntry {
	entries := make([]types.PutRecordsRequestEntry, n)
	for i := range entries {
		entries[i] = types.PutRecordsRequestEntry{Data: fmt.Append(nil, "record ", i), PartitionKey: aws.String("a")}
	}
	return entries
}

func TestSDKPutRecords(t *testing.T) {
	stream := newStream(putrecords.Config{Name: "orders", Shards: 2})
	client := newClient(kinesishttp.NewHandler(stream))
	for name, in := range map[string]*kinesis.PutRecordsInput{
		"by name":     {StreamName: aws.String("orders")},
		"by ARN":      {StreamARN: aws.String(stream.ARN())},
		"by both":     {StreamName: aws.String("orders"), StreamARN: aws.String(stream.ARN())},
		"with a hash": {StreamName: aws.String("orders")},
	} {
		in.Records = sdkEntries(2)
		in.Records[1] = types.PutRecordsRequestEntry{Data: []byte{}, PartitionKey: aws.String("a"), ExplicitHashKey: aws.String(putrecords.HashKey{0x80}.String())}
		out, err := client.PutRecords(t.Context(), in)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if *out.FailedRecordCount != 0 || len(out.Records) != 2 || out.EncryptionType != "" ||
			*out.Records[0].ShardId != "shardId-000000000000" || *out.Records[1].ShardId != "shardId-000000000001" {
			t.Errorf("%s: answer %+v", name, out)
		}
		if _, err := putrecords.ParseSequenceNumber(*out.Records[0].SequenceNumber); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := stored(t, stream); n != 8 {
		t.Errorf("%d records are stored, want 8", n)
	}
}

// The SDK does not retry the records that failed in an answer of status 200.
func TestSDKDoesNotRetryRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stream := putrecords.MustNew(putrecords.Config{Limits: putrecords.Limits{RecordsPerSecond: 3}})
		client := newClient(kinesishttp.NewHandler(stream))
		begin := time.Now()
		out, err := client.PutRecords(t.Context(), &kinesis.PutRecordsInput{StreamName: aws.String("stream"), Records: sdkEntries(5)})
		if err != nil || *out.FailedRecordCount != 2 || *out.Records[4].ErrorCode != "ProvisionedThroughputExceededException" ||
			*out.Records[4].ErrorMessage != "Rate exceeded for shard shardId-000000000000 in stream stream under account 000000000000." {
			t.Errorf("answer %+v, %v", out, err)
		}
		if n := stored(t, stream); n != 3 || time.Since(begin) != 0 {
			t.Errorf("after %v %d records are stored, want 3 at once", time.Since(begin), n)
		}
	})
}

// The SDK retries what fails a whole request and may pass, on the bubble's clock.
func TestSDKRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stream := putrecords.MustNew(putrecords.Config{})
		client := newClient(kinesishttp.NewHandler(stream))
		for _, test := range []struct {
			fault putrecords.Fault
			calls int
			fails bool
		}{
			{putrecords.Fault{WholeRequest: true, Count: 2}, 3, false},
			{putrecords.Fault{WholeRequest: true, Count: 3}, 3, true},
			{putrecords.Fault{Code: putrecords.ProvisionedThroughputExceededException, WholeRequest: true, Count: 2}, 3, false},
			{putrecords.Fault{Code: putrecords.KMSThrottlingException, Count: 1}, 1, true},
			{putrecords.Fault{Code: putrecords.AccessDeniedException, Count: 1}, 1, true},
		} {
			requests := 0
			client := kinesis.New(client.Options(), func(o *kinesis.Options) {
				transport := o.HTTPClient.(*http.Client).Transport
				o.HTTPClient = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
					requests++
					return transport.RoundTrip(r)
				})}
			})
			injection := stream.Inject(test.fault)
			_, err := client.PutRecords(t.Context(), &kinesis.PutRecordsInput{StreamName: aws.String("stream"), Records: sdkEntries(1)})
			if (err != nil) != test.fails || requests != test.calls {
				t.Errorf("%+v: %d calls and error %v, want %d", test.fault, requests, err, test.calls)
			}
			injection.Remove()
		}
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// The SDK knows the errors, by their types and codes.
func TestSDKErrors(t *testing.T) {
	stream := newStream(putrecords.Config{})
	client := newClient(kinesishttp.NewHandler(stream))
	_, err := client.PutRecords(t.Context(), &kinesis.PutRecordsInput{StreamName: aws.String("others"), Records: sdkEntries(1)})
	if notFound := (&types.ResourceNotFoundException{}); !errors.As(err, &notFound) ||
		notFound.ErrorMessage() != "Stream others under account 000000000000 not found." {
		t.Errorf("error %v", err)
	}
	for _, code := range []putrecords.ErrorCode{
		putrecords.AccessDeniedException, putrecords.KMSDisabledException, putrecords.InvalidArgumentException, "OtherException",
	} {
		stream.Inject(putrecords.Fault{Code: code, Message: "text"})
		_, err := client.PutRecords(t.Context(), &kinesis.PutRecordsInput{StreamName: aws.String("stream"), Records: sdkEntries(1)})
		var known interface {
			ErrorCode() string
			ErrorMessage() string
		}
		if !errors.As(err, &known) || known.ErrorCode() != string(code) || known.ErrorMessage() != "text" {
			t.Errorf("error %v, want %s", err, code)
		}
	}
	_, err = client.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String("new")})
	var unknown interface{ ErrorCode() string }
	if !errors.As(err, &unknown) || unknown.ErrorCode() != "UnknownOperationException" {
		t.Errorf("error %v", err)
	}
}

func TestSDKPutRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stream := putrecords.MustNew(putrecords.Config{Limits: putrecords.Limits{RecordsPerSecond: 1}})
		client := newClient(kinesishttp.NewHandler(stream))
		begin := time.Now()
		var last *string
		for range 3 { // the second and the third are throttled at first
			out, err := client.PutRecord(t.Context(), &kinesis.PutRecordInput{
				StreamName: aws.String("stream"), PartitionKey: aws.String("a"), Data: []byte("hello"), SequenceNumberForOrdering: last,
			}, func(o *kinesis.Options) { o.RetryMaxAttempts = 20 })
			if err != nil {
				t.Fatal(err)
			}
			last = out.SequenceNumber
		}
		if elapsed := time.Since(begin); elapsed < 2*time.Second {
			t.Errorf("3 records pass within %v", elapsed)
		}
	})
}

// What producers ask before they put.
func TestSDKDescribes(t *testing.T) {
	stream := reshardedStream(t)
	client := newClient(kinesishttp.NewHandler(stream))
	described, err := client.DescribeStream(t.Context(), &kinesis.DescribeStreamInput{StreamName: aws.String("stream")})
	if err != nil {
		t.Fatal(err)
	}
	d := described.StreamDescription
	if *d.StreamName != "stream" || *d.StreamARN != stream.ARN() || d.StreamStatus != types.StreamStatusActive || *d.HasMoreShards ||
		*d.RetentionPeriodHours != 24 || d.StreamCreationTimestamp.Unix() != start.Unix() || len(d.Shards) != 5 ||
		d.EncryptionType != types.EncryptionTypeNone || d.StreamModeDetails.StreamMode != types.StreamModeProvisioned {
		t.Errorf("description %+v", d)
	}
	summary, err := client.DescribeStreamSummary(t.Context(), &kinesis.DescribeStreamSummaryInput{StreamARN: aws.String(stream.ARN())})
	if err != nil {
		t.Fatal(err)
	}
	if s := summary.StreamDescriptionSummary; *s.OpenShardCount != 2 || *s.ConsumerCount != 0 || *s.MaxRecordSizeInKiB != 1024 {
		t.Errorf("summary %+v", s)
	}
	if err := kinesis.NewStreamExistsWaiter(client).Wait(t.Context(), &kinesis.DescribeStreamInput{StreamName: aws.String("stream")}, time.Second); err != nil {
		t.Error(err)
	}

	var got []putrecords.Shard
	for in := (&kinesis.ListShardsInput{StreamName: aws.String("stream"), MaxResults: aws.Int32(2)}); in != nil; {
		page, err := client.ListShards(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		for _, sh := range page.Shards {
			got = append(got, shardFromSDK(t, sh))
		}
		in = nil
		if page.NextToken != nil {
			in = &kinesis.ListShardsInput{NextToken: page.NextToken, MaxResults: aws.Int32(2)}
		}
	}
	if diff := cmp.Diff(stream.Shards(), got); diff != "" {
		t.Errorf("the listed shards differ (-want +got):\n%s", diff)
	}
	latest, err := client.ListShards(t.Context(), &kinesis.ListShardsInput{
		StreamName: aws.String("stream"), ShardFilter: &types.ShardFilter{Type: types.ShardFilterTypeAtTimestamp, Timestamp: aws.Time(start.Add(90 * time.Minute))},
	})
	if err != nil || len(latest.Shards) != 3 {
		t.Errorf("%+v, %v; want 3 shards", latest, err)
	}
}

func shardFromSDK(t *testing.T, sh types.Shard) putrecords.Shard {
	t.Helper()
	hashKey := func(s *string) putrecords.HashKey {
		key, err := putrecords.ParseHashKey(*s)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	var first, last putrecords.SequenceNumber
	if err := first.UnmarshalText([]byte(aws.ToString(sh.SequenceNumberRange.StartingSequenceNumber))); err != nil {
		t.Fatal(err)
	}
	if err := last.UnmarshalText([]byte(aws.ToString(sh.SequenceNumberRange.EndingSequenceNumber))); err != nil {
		t.Fatal(err)
	}
	return putrecords.Shard{
		ShardID:               *sh.ShardId,
		ParentShardID:         aws.ToString(sh.ParentShardId),
		AdjacentParentShardID: aws.ToString(sh.AdjacentParentShardId),
		HashKeyRange: putrecords.HashKeyRange{
			StartingHashKey: hashKey(sh.HashKeyRange.StartingHashKey), EndingHashKey: hashKey(sh.HashKeyRange.EndingHashKey),
		},
		SequenceNumberRange: putrecords.SequenceNumberRange{StartingSequenceNumber: first, EndingSequenceNumber: last},
	}
}
