package producer

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
)

// An answer is what came of a request.
type answer struct {
	batch []*record
	out   *kinesis.PutRecordsOutput // nil if the whole request failed
	err   error                     // of the whole request
	final bool                      // err does not pass
}

// put makes one request.
func (p *Producer) put(batch []*record) answer {
	if err := p.ctx.Err(); err != nil {
		return answer{batch: batch, err: err}
	}
	in := kinesis.PutRecordsInput{StreamName: &p.config.StreamName}
	for _, r := range batch {
		r.attempts++
		in.Records = append(in.Records, types.PutRecordsRequestEntry{PartitionKey: &r.key, Data: r.data})
	}
	ctx, cancel := context.WithTimeout(p.ctx, requestTimeout)
	defer cancel()
	out, err := p.client.PutRecords(ctx, &in, once)
	if err != nil {
		return answer{batch: batch, err: err, final: ctx.Err() == nil && !passes(err)}
	}
	if len(out.Records) != len(batch) {
		return answer{batch: batch, err: fmt.Errorf("producer: an answer has %d results for %d records", len(out.Records), len(batch))}
	}
	return answer{batch: batch, out: out}
}

// once keeps the SDK from retrying a request that failed as a whole. The producer does that: the two would multiply, and the SDK
// would give up where the producer does not.
func once(o *kinesis.Options) { o.Retryer = aws.NopRetryer{} }

// failure returns why a record of the batch is not known to be stored, or nil if it is stored. This is what a naive producer forgets: an
// answer without an error holds records that failed.
func (a answer) failure(i int) error {
	if a.err != nil {
		return a.err
	}
	if entry := a.out.Records[i]; entry.ErrorCode != nil {
		return &smithy.GenericAPIError{Code: *entry.ErrorCode, Message: aws.ToString(entry.ErrorMessage)}
	}
	return nil
}

// passing are the errors that may pass: those that the SDK would retry, and those of a KMS key that someone may enable again.
var passing = retry.IsErrorRetryables(append(slices.Clone(retry.DefaultRetryables), retry.RetryableErrorCode{
	Codes: map[string]struct{}{"KMSDisabledException": {}, "KMSInvalidStateException": {}, "KMSThrottlingException": {}},
}))

// passes reports whether the error of a whole request may pass. One that does not, such as a stream that does not exist, would come
// back each time.
func passes(err error) bool {
	var unread *smithy.DeserializationError // the connection broke in the middle of the answer
	return errors.As(err, &unread) || passing.IsErrorRetryable(err) == aws.TrueTernary
}
