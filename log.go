package putrecords

import (
	"bytes"
	"context"
	"iter"
	"math"
	"sort"
	"sync"
	"time"
)

// A Log is where the records go that a stream accepts. [MemoryLog] and [Discard] are logs; a server with a storage of its own
// implements another. Its methods are called from several goroutines at once.
//
// A log owns the order of records: it gives them their positions. A stream that starts on the log of an earlier one continues its
// positions, and several streams may share a log that numbers the records of all of them.
type Log interface {
	// Append begins to store records at the end of the shard's log: in order, after everything begun before, all or none.
	//
	// It runs under the lock of the shard, so it must not wait, and must not call the stream. Slow work belongs in wait, which
	// the stream calls once, without locks; a nil wait means that all is done. By then Append or wait has set the
	// SequenceNumber.Position of each of the records; the rest of the number is set already. The positions of a shard strictly
	// increase, from 1 to less than 2^63-1; gaps are fine. The stream panics where those of one Append do not increase, and
	// leaves the rest to the log. After that the records and their bytes are the caller's again: a log that keeps them copies
	// them.
	//
	// An error, of Append or of wait, fails all of these records with InternalFailure. The producer does not learn the cause; a
	// log that wants it known must report it itself. The wait that comes with an error of Append is ignored. A ctx that ends
	// meanwhile is for the log to heed.
	Append(ctx context.Context, shard Shard, records []Record) (wait func() error, err error)

	// Records yields the shard's records from the given position on, oldest first. The caller may keep and modify them. An error
	// ends the iteration.
	Records(ctx context.Context, shard Shard, position uint64) iter.Seq2[Record, error]
}

// A Record is a record in the log of a shard. It matches no type of AWS's: it includes the explicit hash key, which consumers on AWS
// never see.
type Record struct {
	SequenceNumber  SequenceNumber
	PartitionKey    string
	ExplicitHashKey string // "" if the request had none
	Data            []byte

	// Arrived is what AWS calls the ApproximateArrivalTimestamp, in UTC and without a monotonic reading. One stream never lets it go
	// back within a shard. It may be before the second in the SequenceNumber, which is never before the shard's creation.
	Arrived time.Time
}

func newRecord(entry *RequestEntry, number SequenceNumber, arrived time.Time) Record {
	record := Record{SequenceNumber: number, PartitionKey: *entry.PartitionKey, Data: entry.Data, Arrived: arrived}
	if entry.ExplicitHashKey != nil {
		record.ExplicitHashKey = *entry.ExplicitHashKey
	}
	return record
}

// A MemoryLog keeps the records of one stream in memory. The zero value is ready to use.
type MemoryLog struct {
	// Retention is how far behind the newest arrival of all shards a record may lie before it is dropped: it is not yielded
	// any more, and its memory is given back before the newest arrival has moved on by another eighth of the retention. 0 is 24
	// hours, as AWS has it: "By default, data records are accessible for 24 hours"; -1 is forever. It must not change while the log
	// is in use.
	Retention time.Duration

	mu     sync.Mutex
	shards map[string]*memoryShard
	newest time.Time // arrival
	swept  time.Time // what newest was when records were last dropped
}

// A memoryShard is the log of one shard. Records that are in it never change, so readers need the lock only to get the slice.
type memoryShard struct {
	mu       sync.Mutex
	position uint64 // the last one given
	records  []Record
}

// Append implements [Log]. It is done when it returns.
func (l *MemoryLog) Append(_ context.Context, shard Shard, records []Record) (wait func() error, err error) {
	if len(records) == 0 {
		return nil, nil
	}
	sh := l.arrive(shard.ShardID, records[len(records)-1].Arrived)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	for i := range records {
		sh.position++
		records[i].SequenceNumber.Position = sh.position
		record := records[i]
		record.Data = bytes.Clone(record.Data)
		sh.records = append(sh.records, record)
	}
	return nil, nil
}

// arrive returns the log of a shard in which a record arrives, having dropped what that makes too old.
func (l *MemoryLog) arrive(shardID string, arrived time.Time) *memoryShard {
	l.mu.Lock()
	defer l.mu.Unlock()
	if arrived.After(l.newest) {
		l.newest = arrived
	}
	if l.newest.Sub(l.swept) > l.retention()/8 {
		l.swept = l.newest
		for _, sh := range l.shards {
			sh.dropBefore(l.horizon())
		}
	}
	sh := l.shards[shardID]
	if sh == nil {
		if l.shards == nil {
			l.shards = make(map[string]*memoryShard)
		}
		sh = &memoryShard{}
		l.shards[shardID] = sh
	}
	return sh
}

func (l *MemoryLog) retention() time.Duration {
	switch {
	case l.Retention == 0:
		return 24 * time.Hour
	case l.Retention < 0:
		return math.MaxInt64
	}
	return l.Retention
}

// horizon returns the earliest arrival that is kept.
func (l *MemoryLog) horizon() time.Time {
	if l.Retention < 0 {
		return time.Time{}
	}
	return l.newest.Add(-l.retention())
}

func (sh *memoryShard) dropBefore(horizon time.Time) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if n := arrivedBefore(sh.records, horizon); n > 0 {
		sh.records = append([]Record(nil), sh.records[n:]...) // a copy, so that the memory of the others is free
	}
}

// arrivedBefore returns how many of the first records arrived before t.
func arrivedBefore(records []Record, t time.Time) int {
	for i := range records {
		if !records[i].Arrived.Before(t) {
			return i
		}
	}
	return len(records)
}

// Records implements [Log]. It yields what the log holds when the iteration begins.
func (l *MemoryLog) Records(_ context.Context, shard Shard, position uint64) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for _, record := range l.kept(shard.ShardID, position) {
			record.Data = bytes.Clone(record.Data)
			if !yield(record, nil) {
				return
			}
		}
	}
}

// kept returns what the log holds of a shard from a position on. The records are the log's.
func (l *MemoryLog) kept(shardID string, position uint64) []Record {
	l.mu.Lock()
	sh, horizon := l.shards[shardID], l.horizon()
	l.mu.Unlock()
	if sh == nil {
		return nil
	}
	sh.mu.Lock()
	records := sh.records
	sh.mu.Unlock()
	n := sort.Search(len(records), func(i int) bool { return records[i].SequenceNumber.Position >= position })
	return records[max(n, arrivedBefore(records, horizon)):]
}

// Discard returns a log for one stream that numbers records and keeps none.
func Discard() Log { return &discard{positions: make(map[string]uint64)} }

type discard struct {
	mu        sync.Mutex
	positions map[string]uint64 // the last one given, by shard
}

func (d *discard) Append(_ context.Context, shard Shard, records []Record) (wait func() error, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	position := d.positions[shard.ShardID]
	for i := range records {
		position++
		records[i].SequenceNumber.Position = position
	}
	d.positions[shard.ShardID] = position
	return nil, nil
}

func (d *discard) Records(context.Context, Shard, uint64) iter.Seq2[Record, error] {
	return func(func(Record, error) bool) {}
}
