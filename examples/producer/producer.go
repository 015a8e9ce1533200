// Package producer is a Kinesis producer to copy: small, and correct where a naive one loses
// records.
//
// A naive producer calls PutRecords and checks the error. But PutRecords can return no error and
// still fail some of the records, because their shard was throttled or they could not be stored.
// The AWS SDK does not retry those records, so they are lost and nobody notices. This producer
// checks the result of each record and retries the ones that failed.
//
// It guarantees:
//
//   - Nothing is lost silently. Done is called once for each record that Put accepted. It says
//     where the record is stored or why it is not.
//   - At-least-once delivery. A record may be stored twice if AWS stored it but reported a failure,
//     or if the answer never arrived. Consumers must tolerate duplicates, as with any producer.
//   - Order per partition key, with Config.Ordered. AWS does not preserve the order within a
//     request if one of its records fails, so each record waits until the previous one with its key
//     is stored. Only a duplicate may arrive late.
//   - Bounded memory. Put blocks while the producer holds as much as Config allows.
//
// Temporary failures are retried with exponential backoff, for as long as it takes: throttling,
// service failures, a disabled KMS key, a broken connection. The context passed to Close sets the
// limit. Permanent failures, such as a stream that does not exist, go to Done immediately. At most
// four requests are in flight, with a timeout of 10 seconds each. The client's own retries are
// turned off.
//
// TestNothingIsLost and TestNaiveProducerLoses put this producer and a naive one through the same
// troubles.
package producer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

// A Client is the part of [kinesis.Client] that a producer needs.
type Client interface {
	PutRecords(context.Context, *kinesis.PutRecordsInput, ...func(*kinesis.Options)) (*kinesis.PutRecordsOutput, error)
}

// A Result says what happened to a record.
type Result struct {
	PartitionKey   string
	Data           []byte
	ShardID        string // where the record is stored
	SequenceNumber string
	Attempts       int   // how many requests included the record; above 1, duplicates are possible
	Err            error // why the record may not be stored; nil if it is stored
}

// ErrClosed is returned by Put after Close.
var ErrClosed = errors.New("producer: closed")

// ErrInvalidRecord is returned by Put for a record that would make AWS reject the whole request.
var ErrInvalidRecord = errors.New("producer: invalid record")

// A NotStoredError is returned by Close if records were not stored. Done was called for each of
// them.
type NotStoredError struct {
	Records int
	Err     error // for the first of them
}

func (e *NotStoredError) Error() string {
	return fmt.Sprintf("producer: %d records were not stored; the first error: %v", e.Records, e.Err)
}

// Unwrap returns e.Err.
func (e *NotStoredError) Unwrap() error { return e.Err }

// A Producer puts records into a stream. Create one with [New], and end it with Close. It is safe
// for concurrent use.
type Producer struct {
	client Client
	config Config

	puts     chan *record  // from Put to the loop
	closing  chan struct{} // closed by the first Close
	close    sync.Once
	ctx      context.Context // for requests; canceled when Close gives up
	cancel   context.CancelCauseFunc
	finished chan struct{} // closed when the loop ends

	notStored *NotStoredError // owned by the loop until it ends
}

// New returns a producer that sends its requests through client. It returns an error if a field of
// config is invalid.
func New(client Client, config Config) (*Producer, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	p := &Producer{
		client:   client,
		config:   config,
		puts:     make(chan *record),
		closing:  make(chan struct{}),
		finished: make(chan struct{}),
	}
	p.ctx, p.cancel = context.WithCancelCause(context.Background())
	l := &loop{
		Producer: p,
		queue:    queue{ordered: config.Ordered, behind: map[string][]*record{}},
		answers:  make(chan answer),
		rested:   make(chan []*record),
	}
	go l.run()
	return p, nil
}

// Put accepts a record and returns before it is stored. Config.Done reports the result. Put blocks
// while the producer is full. If it returns an error, the record was not accepted: the error is
// [ErrInvalidRecord], [ErrClosed], or ctx's error. Put does not retain data.
func (p *Producer) Put(ctx context.Context, partitionKey string, data []byte) error {
	if err := check(partitionKey, data); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case p.puts <- &record{key: partitionKey, data: append([]byte{}, data...)}: // the SDK rejects nil data
		return nil
	case <-p.closing:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// check returns an error if AWS would reject the record.
func check(partitionKey string, data []byte) error {
	switch n, size := utf8.RuneCountInString(partitionKey), len(partitionKey)+len(data); {
	case n < 1 || n > maxKeyLength:
		return fmt.Errorf("%w: the partition key has %d characters; AWS accepts 1 to %d", ErrInvalidRecord, n, maxKeyLength)
	case !utf8.ValidString(partitionKey):
		return fmt.Errorf("%w: the partition key %q is not valid UTF-8, so JSON would change it", ErrInvalidRecord, partitionKey)
	case size > maxRecordBytes:
		return fmt.Errorf("%w: data and partition key have %d bytes; AWS accepts at most %d", ErrInvalidRecord, size, maxRecordBytes)
	}
	return nil
}

// Close stops accepting records, sends the ones that the producer holds without lingering, and
// returns when all are stored. If ctx ends first, Close gives up on the rest. It returns a
// [*NotStoredError] if any record since New was not stored. After Close returns, Done is not called
// and no goroutine is left. Another call to Close waits for the first one and returns the same
// error.
func (p *Producer) Close(ctx context.Context) error {
	p.close.Do(func() { close(p.closing) })
	select {
	case <-p.finished:
	case <-ctx.Done():
		p.cancel(fmt.Errorf("producer: Close gave up: %w", context.Cause(ctx)))
		<-p.finished
	}
	if p.notStored != nil {
		return p.notStored
	}
	return nil
}
