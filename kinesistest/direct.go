package kinesistest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/putrecords/putrecords"
)

// Direct is a stream with the methods of the SDK's client. Calls go straight to the stream: no
// request or response is encoded, so they are much faster than a client's. Use it for code that
// takes an interface instead of a *kinesis.Client.
//
// Results and errors are those of a client [WithoutRetries], without metadata such as the ID of a
// request. Direct ignores the options of a call.
type Direct struct{ Stream *putrecords.Stream }

// PutRecords answers as the PutRecords method of kinesis.Client does.
func (d Direct) PutRecords(
	ctx context.Context, in *kinesis.PutRecordsInput, _ ...func(*kinesis.Options),
) (*kinesis.PutRecordsOutput, error) {
	unusual := func(r types.PutRecordsRequestEntry) bool { return !isPlain(r.PartitionKey) }
	if in == nil || slices.ContainsFunc(in.Records, unusual) {
		return d.client().PutRecords(ctx, in)
	}
	rest := *in
	rest.Records = nil
	request := &putrecords.Input{}
	copyMembers(request, rest)
	if in.Records != nil {
		request.Records = make([]putrecords.RequestEntry, len(in.Records))
	}
	for i, r := range in.Records {
		request.Records[i] = putrecords.RequestEntry{Data: r.Data, PartitionKey: r.PartitionKey, ExplicitHashKey: r.ExplicitHashKey}
	}
	answer, err := d.Stream.PutRecords(ctx, request)
	if err != nil {
		return d.failing(err).PutRecords(ctx, in)
	}
	out := &kinesis.PutRecordsOutput{
		EncryptionType:    types.EncryptionType(answer.EncryptionType),
		FailedRecordCount: aws.Int32(int32(answer.FailedRecordCount)),
		Records:           make([]types.PutRecordsResultEntry, len(answer.Records)),
	}
	for i := range answer.Records {
		r := &answer.Records[i]
		if r.ErrorCode == "" {
			out.Records[i] = types.PutRecordsResultEntry{SequenceNumber: &r.SequenceNumber, ShardId: &r.ShardID}
		} else {
			out.Records[i] = types.PutRecordsResultEntry{ErrorCode: aws.String(string(r.ErrorCode)), ErrorMessage: &r.ErrorMessage}
		}
	}
	return out, nil
}

// PutRecord answers as the PutRecord method of kinesis.Client does.
func (d Direct) PutRecord(
	ctx context.Context, in *kinesis.PutRecordInput, _ ...func(*kinesis.Options),
) (*kinesis.PutRecordOutput, error) {
	if in == nil || !isPlain(in.PartitionKey) {
		return d.client().PutRecord(ctx, in)
	}
	request := &putrecords.PutRecordInput{}
	copyMembers(request, *in)
	answer, err := d.Stream.PutRecord(ctx, request)
	if err != nil {
		return d.failing(err).PutRecord(ctx, in)
	}
	return &kinesis.PutRecordOutput{
		EncryptionType: types.EncryptionType(answer.EncryptionType),
		SequenceNumber: &answer.SequenceNumber,
		ShardId:        &answer.ShardID,
	}, nil
}

// copyMembers copies the members of an input of the SDK to an input of ours. It goes by their names
// because older versions of the SDK lack some, such as StreamARN and DryRun.
func copyMembers(to, from any) {
	encoded, err := json.Marshal(from)
	if err == nil {
		err = json.Unmarshal(encoded, to)
	}
	if err != nil {
		panic(err) // both have AWS's names and types
	}
}

// isPlain reports whether every version of the SDK sends a partition key as it is. They change a
// key that is not UTF-8, and older ones require a key.
func isPlain(key *string) bool { return key != nil && utf8.ValidString(*key) }

// client returns a client for requests with a key that is not plain.
func (d Direct) client(options ...func(*kinesis.Options)) *kinesis.Client {
	return kinesis.New(Options(d.Stream), append(options, WithoutRetries)...)
}

// failing returns a client whose requests fail with err, to get the error that the SDK's callers
// see.
func (d Direct) failing(err error) *kinesis.Client {
	return d.client(func(o *kinesis.Options) { o.HTTPClient = failure{err} })
}

// A failure is an HTTP client that answers every request with an error.
type failure struct{ err error }

func (f failure) Do(*http.Request) (*http.Response, error) {
	var refused *putrecords.Error
	if !errors.As(f.err, &refused) {
		return nil, f.err
	}
	body, err := json.Marshal(refused)
	return &http.Response{
		StatusCode: refused.HTTPStatusCode(), Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body)),
	}, err
}
