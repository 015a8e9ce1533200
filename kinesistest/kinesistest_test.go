package kinesistest_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/kinesistest"
)

// recordFor returns a PutRecord request for a stream.
func recordFor(streamName, partitionKey, data string) *kinesis.PutRecordInput {
	return &kinesis.PutRecordInput{StreamName: &streamName, PartitionKey: &partitionKey, Data: []byte(data)}
}

func TestClientReachesEachStream(t *testing.T) {
	config := putrecords.Config{AccountID: "111122223333", Region: "eu-west-1"}
	var streams []*putrecords.Stream
	for _, config.Name = range []string{"orders", "clicks"} {
		streams = append(streams, putrecords.MustNew(config))
	}
	client := kinesistest.NewClient(streams...)
	for _, stream := range streams {
		if _, err := client.PutRecord(t.Context(), recordFor(stream.Name(), "a", "to "+stream.Name())); err != nil {
			t.Fatal(err)
		}
		if got, want := kinesistest.Stored(stream), (map[string][]string{"a": {"to " + stream.Name()}}); !reflect.DeepEqual(got, want) {
			t.Errorf("%s holds %q, want %q", stream.Name(), got, want)
		}
	}
	out, err := client.DescribeStreamSummary(t.Context(), &kinesis.DescribeStreamSummaryInput{StreamName: aws.String("clicks")})
	if err != nil || *out.StreamDescriptionSummary.StreamARN != "arn:aws:kinesis:eu-west-1:111122223333:stream/clicks" {
		t.Errorf("got %+v, %v", out, err)
	}
}

func TestStreamThatDoesNotExist(t *testing.T) {
	for name, client := range map[string]*kinesis.Client{
		"one stream": kinesistest.NewClient(putrecords.MustNew(putrecords.Config{})),
		"no streams": kinesistest.NewClient(),
	} {
		_, err := client.PutRecord(t.Context(), recordFor("other", "a", ""))
		var notFound *types.ResourceNotFoundException
		if !errors.As(err, &notFound) || notFound.ErrorMessage() != "Stream other under account 000000000000 not found." {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The client signs its requests for the region of the streams.
func TestRegion(t *testing.T) {
	for region, streams := range map[string][]*putrecords.Stream{
		"us-east-1": nil,
		"eu-west-1": {putrecords.MustNew(putrecords.Config{Region: "eu-west-1"})},
		"cn-north-1": {
			putrecords.MustNew(putrecords.Config{Region: "cn-north-1"}),
			putrecords.MustNew(putrecords.Config{Region: "cn-north-1", Name: "other"}),
		},
		"local": {putrecords.MustNew(putrecords.Config{Region: "local"})},
	} {
		options := kinesistest.Options(streams...)
		sent := &capture{HTTPClient: options.HTTPClient}
		options.HTTPClient = sent
		_, _ = kinesis.New(options).PutRecord(t.Context(), recordFor("stream", "a", ""))
		if sent.request == nil {
			t.Errorf("%s: no request was sent", region)
		} else if got := sent.request.Header.Get("Authorization"); !strings.Contains(got, "/"+region+"/kinesis/") {
			t.Errorf("%s: the request is signed with %s", region, got)
		}
	}
}

func TestStreamsInTwoRegionsPanic(t *testing.T) {
	defer func() {
		const want = "kinesistest: a client has one region, but the streams include " +
			"arn:aws:kinesis:us-east-1:000000000000:stream/stream and arn:aws:kinesis:eu-west-1:000000000000:stream/stream"
		if got := recover(); got != want {
			t.Errorf("got the panic %v, want %s", got, want)
		}
	}()
	kinesistest.NewClient(putrecords.MustNew(putrecords.Config{}), putrecords.MustNew(putrecords.Config{Region: "eu-west-1"}))
}

// The SDK sends a request that failed as a whole three times, on the bubble's clock.
func TestRetries(t *testing.T) {
	for _, test := range []struct {
		name    string
		client  []func(*kinesis.Options)
		call    []func(*kinesis.Options)
		count   int
		fails   bool
		answers int // failures
	}{
		{name: "two failures", count: 2, answers: 2},
		{name: "three failures", count: 3, answers: 3, fails: true},
		{name: "failures without end", count: -1, answers: 3, fails: true},
		{name: "a client without retries", client: []func(*kinesis.Options){kinesistest.WithoutRetries}, count: 2, answers: 1, fails: true},
		{name: "a call without retries", call: []func(*kinesis.Options){kinesistest.WithoutRetries}, count: 2, answers: 1, fails: true},
	} {
		for _, code := range []putrecords.ErrorCode{putrecords.InternalFailure, putrecords.ProvisionedThroughputExceededException} {
			t.Run(test.name+" with "+string(code), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					stream := putrecords.MustNew(putrecords.Config{})
					fault := stream.Inject(putrecords.Fault{Code: code, WholeRequest: true, Count: test.count})
					client := kinesis.New(kinesistest.Options(stream), test.client...)
					begin := time.Now()
					_, err := client.PutRecord(t.Context(), recordFor("stream", "a", "hello"), test.call...)
					if (err != nil) != test.fails || fault.Hits() != test.answers {
						t.Errorf("%d failures, want %d; error %v", fault.Hits(), test.answers, err)
					}
					if waited := time.Since(begin) > 0; waited != (test.answers > 1) {
						t.Errorf("took %v", time.Since(begin))
					}
				})
			})
		}
	}
}

func TestContextEnds(t *testing.T) {
	stream := putrecords.MustNew(putrecords.Config{})
	for name, client := range map[string]recordPutter{
		"client": kinesistest.NewClient(stream),
		"direct": kinesistest.Direct{Stream: stream},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := client.PutRecord(ctx, recordFor("stream", "a", "")); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := kinesistest.Stored(stream); len(got) != 0 {
		t.Errorf("stored %q", got)
	}
}

// Stored has the data of each key in order, from a stream that was split and merged meanwhile.
func TestStored(t *testing.T) {
	stream := putrecords.MustNew(putrecords.Config{})
	want := map[string][]string{}
	put := func(data string) {
		t.Helper()
		for _, key := range []string{"a", "b", "c"} {
			if _, err := stream.Put(t.Context(), putrecords.Entry(key, []byte(data))); err != nil {
				t.Fatal(err)
			}
			want[key] = append(want[key], data)
		}
	}
	put("1")
	put("2")
	if err := stream.SplitShard("shardId-000000000000", putrecords.EvenRanges(2)[1].StartingHashKey); err != nil {
		t.Fatal(err)
	}
	put("3")
	if err := stream.MergeShards("shardId-000000000001", "shardId-000000000002"); err != nil {
		t.Fatal(err)
	}
	put("4")
	put("4") // again
	if got := kinesistest.Stored(stream); !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A brokenLog cannot be read.
type brokenLog struct{ putrecords.MemoryLog }

func (*brokenLog) Records(context.Context, putrecords.Shard, uint64) iter.Seq2[putrecords.Record, error] {
	return func(yield func(putrecords.Record, error) bool) { yield(putrecords.Record{}, io.ErrUnexpectedEOF) }
}

func TestStoredPanicsIfTheLogFails(t *testing.T) {
	defer func() {
		if err, ok := recover().(error); !ok || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("got the panic %v", err)
		}
	}()
	kinesistest.Stored(putrecords.MustNew(putrecords.Config{Log: &brokenLog{}}))
}
