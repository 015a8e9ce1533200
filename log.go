package putrecords

import (
	"context"
	"iter"
	"sync"
	"time"
)

// A Log stores the records that a stream accepts, and can be read back. [MemoryLog] and [Discard]
// are logs. A server with its own storage implements another, or only a [LogAppender]: that is all
// that putting records takes.
type Log interface {
	LogAppender
	LogReader
}

// A LogAppender stores the records that a stream accepts. It must be safe for concurrent use.
//
// A log owns the order of records: it gives them their positions. A stream that starts on an
// earlier stream's log continues its positions. Several streams with the same shards may share a
// log that numbers all their records, because a log is told the shard, not the stream.
type LogAppender interface {
	// Append begins to store records at the end of the shard's log: in order, after everything that
	// was begun before, all or none.
	//
	// Append runs under the shard's lock, so it must not wait and must not call the stream. Start
	// slow work in Append, and wait for it in wait, which the stream calls once, without locks. A
	// nil wait means that the records are stored. The waits of one request are called one after
	// another; those of several requests may run at once.
	//
	// If the log has no room for the records, for example because a queue is full, Append returns
	// an error immediately. It never waits for room, because every other call to the shard would
	// wait too. It may take a lock of the host's that nobody holds for long. The host must not hold
	// that lock during a call of the stream: the call waits for the shard's lock, and an Append
	// under the shard's lock waits for the host's.
	//
	// Append or wait sets the SequenceNumber.Position of each record. The rest of the number is
	// already set. The positions of a shard strictly increase, from 1 to less than 2^63-1; gaps are
	// fine. The stream panics if the positions of one Append do not increase, and checks nothing
	// else.
	//
	// When Append returns without a wait, or wait returns, the records and their bytes belong to
	// the caller again. A log that keeps them must copy them, and so must one whose wait may return
	// before the log is done with them.
	//
	// An error from Append or wait fails all of these records with InternalFailure. The producer
	// does not see the cause, so a log should report it itself. If Append returns an error, its
	// wait is ignored. The stream does not watch ctx; that is up to the log.
	//
	// If Append or wait panics, the stream begins no other append of the request, waits for those
	// that have begun, and passes the panic on to its caller. It holds no lock then, and can be
	// used further.
	Append(ctx context.Context, shard Shard, records []Record) (wait func() error, err error)
}

// A Record is a record in a shard's log. Unlike AWS's Record it includes the explicit hash key,
// which consumers on AWS never see.
type Record struct {
	SequenceNumber  SequenceNumber
	PartitionKey    string
	ExplicitHashKey string // "" if the request had none
	Data            []byte

	// Arrived is what AWS calls the ApproximateArrivalTimestamp, in UTC and without a monotonic
	// reading. Within a shard, one stream never lets it go back. It may be before the second in the
	// SequenceNumber, which is never before the shard's creation.
	Arrived time.Time
}

func newRecord(entry *RequestEntry, number SequenceNumber, arrived time.Time) Record {
	record := Record{SequenceNumber: number, PartitionKey: entry.partitionKey(), Data: entry.Data, Arrived: arrived}
	if entry.ExplicitHashKey != nil {
		record.ExplicitHashKey = *entry.ExplicitHashKey
	}
	return record
}

// Discard returns a log that numbers records and keeps none. Give each stream its own: streams that
// share one also share the positions of shards with the same index.
func Discard() Log { return &discard{positions: make(map[uint32]*uint64)} }

type discard struct {
	mu        sync.Mutex
	positions map[uint32]*uint64 // the last one given in each shard, by the shard's index
}

func (d *discard) Append(_ context.Context, shard Shard, records []Record) (wait func() error, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	index := shard.SequenceNumberRange.StartingSequenceNumber.ShardIndex
	position := d.positions[index]
	if position == nil {
		position = new(uint64)
		d.positions[index] = position
	}
	for i := range records {
		*position++
		records[i].SequenceNumber.Position = *position
	}
	return nil, nil
}

func (d *discard) Records(context.Context, Shard, uint64) iter.Seq2[Record, error] {
	return func(func(Record, error) bool) {}
}
