// Package producer is a Kinesis producer to copy: small, and right where a naive one loses records.
//
// A naive producer calls PutRecords and checks the error. But PutRecords answers 200 without an error and fails single records
// of the request, because their shard is throttled or because storing them failed, and the AWS SDK does not put those again. Nobody
// notices. This producer reads the answer, and puts the records that failed again, and only those.
//
// What it promises:
//
//   - Nothing is lost in silence. Of each record that Put takes, Done is told once: that it is stored, or why it is not.
//   - At least once. A record may be stored twice if it was stored and the answer said otherwise, or never came: consumers must bear
//     duplicates, with this producer as with any.
//   - Order by partition key, if Config.Ordered asks for it. AWS does not keep the order of a request's records when one of them
//     fails, so a record then waits until the one of its key before it is stored. Only a duplicate may come late.
//   - Bounded memory. Put blocks while the producer holds as much as Config allows.
//
// Failures that pass, such as throttling, a failure of the service, a disabled KMS key or a broken connection, are retried without
// end, with exponential backoff: how long is long enough is for the context of Close to say. Failures that do not pass, such as a
// stream that does not exist, go to Done at once. Four requests are in flight at most, and each has 10 seconds; the client's own
// retries are switched off.
//
// TestNothingIsLost and TestNaiveProducerLoses put this producer and a naive one through the same troubles.
package producer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

// A Client is what a producer needs of [kinesis.Client].
type Client interface {
	PutRecords(context.Context, *kinesis.PutRecordsInput, ...func(*kinesis.Options)) (*kinesis.PutRecordsOutput, error)
}

// A Result is what became of a record.
type Result struct {
	PartitionKey   string
	Data           []byte
	ShardID        string // where the record is stored
	SequenceNumber string
	Attempts       int   // how many requests it was part of; the record is stored more than once only if this is above 1
	Err            error // why the record is not known to be stored; nil if it is stored
}

// ErrClosed is Put's error after Close.
var ErrClosed = errors.New("producer: it is closed")

// ErrInvalidRecord is Put's error for a record that AWS would refuse, and with it the other records of the request.
var ErrInvalidRecord = errors.New("producer: invalid record")

// A NotStoredError is Close's error when records were not stored. Done was told of each of them.
type NotStoredError struct {
	Records int
	Err     error // of the first
}

func (e *NotStoredError) Error() string {
	return fmt.Sprintf("producer: %d records were not stored, the first because of: %v", e.Records, e.Err)
}

// Unwrap returns the error of the first record.
func (e *NotStoredError) Unwrap() error { return e.Err }

// A Producer puts records into a stream. [New] makes one, and Close ends it. Its methods may be called from several goroutines at once.
type Producer struct {
	client Client
	config Config

	puts     chan *record  // from Put to the loop
	closing  chan struct{} // closed by the first Close
	close    sync.Once
	ctx      context.Context // of the requests; canceled when Close gives up
	cancel   context.CancelCauseFunc
	finished chan struct{} // closed when the loop ends

	notStored *NotStoredError // the loop's, until it has finished
}

// New returns a producer that puts records with client. The error names an invalid field of config.
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

// Put takes a record, and returns before it is stored; Config.Done tells the rest. It blocks while the producer is full. An error means
// that the record was not taken: [ErrInvalidRecord], [ErrClosed], or that of a ctx that ended. The data is the caller's again
// when Put returns.
func (p *Producer) Put(ctx context.Context, partitionKey string, data []byte) error {
	if err := check(partitionKey, data); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case p.puts <- &record{key: partitionKey, data: append([]byte{}, data...)}: // not nil, which the SDK takes for missing
		return nil
	case <-p.closing:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// check returns why AWS would refuse a record.
func check(partitionKey string, data []byte) error {
	switch n, size := utf8.RuneCountInString(partitionKey), len(partitionKey)+len(data); {
	case n < 1 || n > maxKeyLength:
		return fmt.Errorf("%w: the partition key has %d characters, and AWS takes 1 to %d", ErrInvalidRecord, n, maxKeyLength)
	case !utf8.ValidString(partitionKey):
		return fmt.Errorf("%w: the partition key %q is not UTF-8, and JSON would change it", ErrInvalidRecord, partitionKey)
	case size > maxRecordBytes:
		return fmt.Errorf("%w: data and partition key are %d bytes together, and AWS takes %d", ErrInvalidRecord, size, maxRecordBytes)
	}
	return nil
}

// Close takes no more records, puts those that the producer holds without lingering, and returns when they are stored. If ctx ends
// before, it gives up those that are left. The error is a [*NotStoredError] if any record was not stored since New. When
// Close has returned, Done is not called any more and no goroutine is left. Closing again waits for the same end, and returns the same.
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
