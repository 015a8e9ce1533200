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

// An answer is the outcome of a request.
type answer struct {
	batch []*record
	out   *kinesis.PutRecordsOutput // nil if the whole request failed
	err   error                     // why the whole request failed
	final bool                      // err is permanent
}

// put sends one request.
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
		return answer{batch: batch, err: err, final: ctx.Err() == nil && !temporary(err)}
	}
	if len(out.Records) != len(batch) {
		return answer{batch: batch, err: fmt.Errorf("producer: the answer has %d results for %d records", len(out.Records), len(batch))}
	}
	return answer{batch: batch, out: out}
}

// once turns off the SDK's retries of whole requests. The producer does the retrying: together they
// would multiply, and the SDK gives up after a few attempts.
func once(o *kinesis.Options) { o.Retryer = aws.NopRetryer{} }

// failure returns why record i of the batch may not be stored, or nil if it is stored. This is what
// a naive producer forgets: an answer without an error can hold failed records.
func (a answer) failure(i int) error {
	if a.err != nil {
		return a.err
	}
	if entry := a.out.Records[i]; entry.ErrorCode != nil {
		return &smithy.GenericAPIError{Code: *entry.ErrorCode, Message: aws.ToString(entry.ErrorMessage)}
	}
	return nil
}

// retryable has the errors that the SDK would retry, and those of a KMS key that may be enabled
// again.
var retryable = retry.IsErrorRetryables(append(slices.Clone(retry.DefaultRetryables), retry.RetryableErrorCode{
	Codes: map[string]struct{}{"KMSDisabledException": {}, "KMSInvalidStateException": {}, "KMSThrottlingException": {}},
}))

// temporary reports whether a whole request that failed with err may succeed later. Other errors,
// such as a stream that does not exist, would come back every time.
func temporary(err error) bool {
	var unread *smithy.DeserializationError // the connection broke during the answer
	return errors.As(err, &unread) || retryable.IsErrorRetryable(err) == aws.TrueTernary
}
