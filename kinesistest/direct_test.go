package kinesistest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/kinesistest"
)

// A putter has the two methods of the SDK's client that put records.
type putter interface {
	recordPutter
	PutRecords(context.Context, *kinesis.PutRecordsInput, ...func(*kinesis.Options)) (*kinesis.PutRecordsOutput, error)
}

// entry returns a record with an explicit hash key, unless that is "".
func entry(partitionKey, data, explicitHashKey string) types.PutRecordsRequestEntry {
	e := types.PutRecordsRequestEntry{PartitionKey: &partitionKey, Data: []byte(data)}
	if explicitHashKey != "" {
		e.ExplicitHashKey = &explicitHashKey
	}
	return e
}

// batch returns a PutRecords request for the stream named "stream".
func batch(entries ...types.PutRecordsRequestEntry) *kinesis.PutRecordsInput {
	return &kinesis.PutRecordsInput{StreamName: aws.String("stream"), Records: entries}
}

// with sets a member of an input, such as a *kinesis.PutRecordInput. It returns nil if the SDK is
// too old to have the member.
func with[T any](in *T, member string, value any) *T {
	field := reflect.ValueOf(in).Elem().FieldByName(member)
	if !field.IsValid() {
		return nil
	}
	field.Set(reflect.ValueOf(value))
	return in
}

// Direct gives the results and the errors that a client without retries gives.
func TestDirectIsLikeTheClient(t *testing.T) {
	const arn = "arn:aws:kinesis:us-east-1:000000000000:stream/stream"
	ok := entry("a", "hello", "")
	start := time.Date(2026, time.March, 4, 5, 6, 7, 0, time.UTC)
	kms := putrecords.Config{EncryptionType: putrecords.EncryptionKMS}
	auto := putrecords.Config{Shards: 4, RecordDistributionStrategy: putrecords.DistributionAuto}
	slow := putrecords.Config{Limits: putrecords.Limits{RecordsPerSecond: 2}}
	full := putrecords.Config{Limits: putrecords.Limits{RecordsPerSecond: 1}}
	fail := func(f putrecords.Fault) *putrecords.Fault { return &f }
	for _, test := range []struct {
		name   string
		config putrecords.Config
		fault  *putrecords.Fault
		in     any // a *kinesis.PutRecordsInput or a *kinesis.PutRecordInput, put twice
	}{
		{name: "records", config: putrecords.Config{Shards: 4}, in: batch(ok, entry("b", "", ""), entry("c", "x", "0"))},
		{name: "records, encrypted", config: kms, in: batch(ok)},
		{name: "records by ARN", in: with(&kinesis.PutRecordsInput{Records: batch(ok).Records}, "StreamARN", aws.String(arn))},
		{name: "records by name and ARN", in: with(batch(ok), "StreamARN", aws.String(arn))},
		{name: "records by name and another ARN", in: with(batch(ok), "StreamARN", aws.String(arn+"s"))},
		{name: "records by an invalid ARN", in: with(batch(ok), "StreamARN", aws.String("stream"))},
		{name: "a dry run of records", in: with(batch(ok), "DryRun", aws.Bool(true))},
		{name: "no dry run of records", in: with(batch(ok), "DryRun", aws.Bool(false))},
		{name: "records, throttled", config: slow, in: batch(ok, ok, ok)},
		{name: "records, one fails", fault: fail(putrecords.Fault{}), in: batch(ok, ok)},
		{name: "records, one fails with a message", fault: fail(putrecords.Fault{Message: "text"}), in: batch(ok, ok)},
		{name: "records, one is stored and fails", fault: fail(putrecords.Fault{AfterAppend: true}), in: batch(ok, ok)},
		{name: "records, all fail", fault: fail(putrecords.Fault{WholeRequest: true}), in: batch(ok)},
		{name: "records, all are stored and fail", fault: fail(putrecords.Fault{WholeRequest: true, AfterAppend: true}), in: batch(ok)},
		{name: "records with a key that is not UTF-8", config: putrecords.Config{Shards: 4}, in: batch(entry("\xff\xfe\xffa", "x", ""))},
		{name: "records with an invalid hash key", in: batch(entry("a", "x", "01"))},
		{name: "records with a hash key that is not UTF-8", in: batch(entry("a", "x", "\xff"))},
		{name: "records with a hash key out of range", in: batch(entry("a", "x", strings.Repeat("9", 39)))},
		{name: "records without a key", in: batch(types.PutRecordsRequestEntry{Data: []byte("x")})},
		{name: "records without a key, distributed", config: auto, in: batch(ok, types.PutRecordsRequestEntry{Data: []byte("x")})},
		{name: "records with an empty key", in: batch(entry("", "x", ""))},
		{name: "records without data", in: batch(types.PutRecordsRequestEntry{PartitionKey: aws.String("a")})},
		{name: "too many records", in: batch(slices.Repeat(batch(ok).Records, 501)...)},
		{name: "too large a record", in: batch(entry("a", strings.Repeat("x", 1<<20), ""))},
		{name: "empty records", in: batch([]types.PutRecordsRequestEntry{}...)},
		{name: "missing records", in: &kinesis.PutRecordsInput{StreamName: aws.String("stream")}},
		{name: "records of no stream", in: &kinesis.PutRecordsInput{Records: batch(ok).Records}},
		{name: "records of another stream", in: &kinesis.PutRecordsInput{StreamName: aws.String("other"), Records: batch(ok).Records}},
		{name: "records of an invalid name", in: &kinesis.PutRecordsInput{StreamName: aws.String("a b"), Records: batch(ok).Records}},
		{name: "records, nil", in: (*kinesis.PutRecordsInput)(nil)},

		{name: "a record", config: putrecords.Config{Shards: 4}, in: recordFor("stream", "b", "hello")},
		{name: "a record, encrypted", config: kms, in: recordFor("stream", "b", "hello")},
		{name: "a record with a hash key", config: putrecords.Config{Shards: 4}, in: with(recordFor("stream", "a", ""), "ExplicitHashKey", aws.String("0"))},
		{name: "a record by ARN", in: with(&kinesis.PutRecordInput{PartitionKey: aws.String("a"), Data: []byte("x")}, "StreamARN", aws.String(arn))},
		{name: "a dry run of a record", in: with(recordFor("stream", "a", ""), "DryRun", aws.Bool(true))},
		{name: "an ordered record", in: with(recordFor("stream", "a", ""), "SequenceNumberForOrdering", aws.String("0"))},
		{name: "a record, ordered wrongly", in: with(recordFor("stream", "a", ""), "SequenceNumberForOrdering", aws.String("7"))},
		{name: "a record, throttled", config: full, in: recordFor("stream", "a", "")},
		{name: "a record fails", fault: fail(putrecords.Fault{}), in: recordFor("stream", "a", "")},
		{name: "a record is stored and fails", fault: fail(putrecords.Fault{AfterAppend: true}), in: recordFor("stream", "a", "")},
		{name: "a record with a key that is not UTF-8", config: putrecords.Config{Shards: 4}, in: recordFor("stream", "\xff\xfe\xffa", "x")},
		{name: "a record without a key", in: &kinesis.PutRecordInput{StreamName: aws.String("stream"), Data: []byte("x")}},
		{name: "a record without a key, distributed", config: auto, in: &kinesis.PutRecordInput{StreamName: aws.String("stream"), Data: []byte("x")}},
		{name: "a record without data", in: &kinesis.PutRecordInput{StreamName: aws.String("stream"), PartitionKey: aws.String("a")}},
		{name: "a record of another stream", in: recordFor("other", "a", "")},
		{name: "a record, nil", in: (*kinesis.PutRecordInput)(nil)},
	} {
		t.Run(test.name, func(t *testing.T) {
			outcome := func(connect func(*putrecords.Stream) putter) string {
				test.config.Now = func() time.Time { return start }
				stream := putrecords.MustNew(test.config)
				if test.fault != nil {
					stream.Inject(*test.fault)
				}
				return putTwice(t, connect(stream), test.in) + fmt.Sprintf("stored %q", kinesistest.Stored(stream))
			}
			if v := reflect.ValueOf(test.in); v.IsNil() && !strings.HasSuffix(test.name, "nil") {
				t.Skip("skipped: this version of the SDK does not have the member")
			}
			want := outcome(func(stream *putrecords.Stream) putter {
				return kinesis.New(kinesistest.Options(stream), kinesistest.WithoutRetries)
			})
			got := outcome(func(stream *putrecords.Stream) putter { return kinesistest.Direct{Stream: stream} })
			t.Log(want)
			if got != want {
				t.Errorf("got %s\nwant %s", got, want)
			}
		})
	}
}

// requestID matches what Direct lacks in the text of an error.
var requestID = regexp.MustCompile(`RequestID: [-0-9]*, `)

// putTwice puts an input twice. It describes the outputs, or the errors with their types.
func putTwice(t *testing.T, client putter, in any) string {
	t.Helper()
	var outcome strings.Builder
	for range 2 {
		var out any
		var err error
		switch in := in.(type) {
		case *kinesis.PutRecordsInput:
			out, err = client.PutRecords(t.Context(), in)
		case *kinesis.PutRecordInput:
			out, err = client.PutRecord(t.Context(), in)
		}
		if err == nil {
			encoded, err := json.Marshal(out)
			if err != nil {
				t.Fatal(err)
			}
			outcome.Write(encoded)
		} else {
			outcome.WriteString(requestID.ReplaceAllString(err.Error(), ""))
		}
		for ; err != nil; err = errors.Unwrap(err) {
			fmt.Fprintf(&outcome, "\n\t%T", err)
		}
		outcome.WriteString("\n")
	}
	return outcome.String()
}

// For each fault that fails a whole request, the SDK's error has the fault's code and message.
func TestDirectHasTheSDKsErrors(t *testing.T) {
	for _, code := range []putrecords.ErrorCode{
		putrecords.AccessDeniedException, putrecords.InternalFailure, putrecords.InvalidArgumentException,
		putrecords.KMSAccessDeniedException, putrecords.KMSDisabledException, putrecords.KMSInvalidStateException,
		putrecords.KMSNotFoundException, putrecords.KMSOptInRequired, putrecords.KMSThrottlingException,
		putrecords.ProvisionedThroughputExceededException, putrecords.ResourceNotFoundException,
		putrecords.ValidationException, "ServiceUnavailable", "OtherException",
	} {
		t.Run(string(code), func(t *testing.T) {
			outcome := func(connect func(*putrecords.Stream) putter) string {
				stream := putrecords.MustNew(putrecords.Config{Now: func() time.Time { return time.Unix(1e9, 0) }})
				stream.Inject(putrecords.Fault{Code: code, WholeRequest: true, Count: -1})
				client := connect(stream)
				return putTwice(t, client, batch(entry("a", "", ""))) + putTwice(t, client, recordFor("stream", "a", ""))
			}
			want := outcome(func(stream *putrecords.Stream) putter {
				return kinesis.New(kinesistest.Options(stream), kinesistest.WithoutRetries)
			})
			got := outcome(func(stream *putrecords.Stream) putter { return kinesistest.Direct{Stream: stream} })
			t.Log(want)
			if got != want {
				t.Errorf("got %s\nwant %s", got, want)
			}
		})
	}
}
