package putrecords

import (
	"context"
	"iter"
	"math"
	"slices"
	"sync"
	"time"
)

// A MemoryLog keeps the records of one stream in memory. The zero value is ready to use. A
// MemoryLog is safe for concurrent use.
type MemoryLog struct {
	// Retention is how long records are kept. 0 means 24 hours, as on AWS: "By default, data
	// records are accessible for 24 hours". -1 means forever. Do not change it while the log is in
	// use.
	//
	// A record's age is measured from the newest arrival in any shard. A record that is older than
	// the retention is no longer yielded, and its memory is free for collection by the time the
	// newest arrival has moved on by another quarter of the retention. So if the clock runs ahead
	// and then goes back, all shards lose the records that were too old at the time it ran ahead
	// to.
	Retention time.Duration

	mu     sync.Mutex
	shards map[string]*memoryShard
	newest time.Time // the newest arrival
	swept  time.Time // newest when records were last dropped
}

// A memoryShard is the log of one shard.
type memoryShard struct {
	mu       sync.Mutex
	position uint64   // the last one given
	chunks   []*chunk // oldest first
}

// Append implements [Log]. The records are stored when it returns.
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
		if len(sh.chunks) == 0 || !sh.chunks[len(sh.chunks)-1].hasRoom(&records[i], l.retention()/8) {
			sh.chunks = append(sh.chunks, sh.newChunk(records[i:]))
		}
		sh.chunks[len(sh.chunks)-1].append(&records[i])
	}
	return nil, nil
}

// arrive returns the log of a shard in which a record arrives. First it drops what the arrival
// makes too old.
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

// dropBefore drops the chunks whose records all arrived before the horizon.
func (sh *memoryShard) dropBefore(horizon time.Time) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	n := 0
	for n < len(sh.chunks) && sh.chunks[n].newest.Before(horizon) {
		n++
	}
	sh.chunks = slices.Delete(sh.chunks, 0, n)
}

// LatestPosition returns the position of the shard's latest record, or 0 if it has had none. A
// record that is dropped still counts. To read only what is stored from now on, start at the
// position after it.
func (l *MemoryLog) LatestPosition(shardID string) uint64 {
	l.mu.Lock()
	sh := l.shards[shardID]
	l.mu.Unlock()
	if sh == nil {
		return 0
	}
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return sh.position
}

// Records implements [LogReader]. It yields what the log holds when the iteration begins.
func (l *MemoryLog) Records(_ context.Context, shard Shard, position uint64) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		l.mu.Lock()
		sh, horizon := l.shards[shard.ShardID], l.horizon()
		l.mu.Unlock()
		if sh == nil {
			return
		}
		for _, c := range sh.snapshot() {
			for i := range c.records {
				record := c.record(i)
				if record.SequenceNumber.Position < position || record.Arrived.Before(horizon) {
					continue
				}
				if !yield(record, nil) {
					return
				}
			}
		}
	}
}

// snapshot returns the chunks as they are now. They may be read without the lock, because what is
// in a chunk never changes.
func (sh *memoryShard) snapshot() []chunk {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	chunks := make([]chunk, len(sh.chunks))
	for i, c := range sh.chunks {
		chunks[i] = *c
	}
	return chunks
}

// A chunk holds successive records of a shard in two blocks without pointers, which the garbage
// collector does not look into. With a million records, a collection takes a tenth of the time that
// it would with an object for each record.
type chunk struct {
	records        []chunkRecord
	bytes          []byte // each record's partition key, explicit hash key and data
	oldest, newest time.Time
}

type chunkRecord struct {
	number          SequenceNumber
	seconds         int64 // of the arrival
	nanoseconds     int
	start           int // of the record in the chunk's bytes
	partitionKey    int // length in bytes, as are the next two
	explicitHashKey int
	data            int
}

const (
	chunkRecords = 1024      // the most records in a chunk
	chunkBytes   = 256 << 10 // the most bytes in a chunk, unless one request has more
)

// newChunk returns a chunk with room for all the records, or for twice what the chunk before it
// holds, up to a limit. It always has room for the first record. A shard with little traffic takes
// little memory this way.
func (sh *memoryShard) newChunk(records []Record) *chunk {
	count, size := 0, 0
	if n := len(sh.chunks); n > 0 {
		count, size = 2*cap(sh.chunks[n-1].records), 2*cap(sh.chunks[n-1].bytes)
	}
	count, size = min(max(count, len(records)), chunkRecords), min(size, chunkBytes)
	need := 0
	for i := range min(count, len(records)) {
		need += recordBytes(&records[i])
	}
	return &chunk{
		records: make([]chunkRecord, 0, count),
		bytes:   make([]byte, 0, max(size, need)),
		oldest:  records[0].Arrived,
		newest:  records[0].Arrived,
	}
}

func recordBytes(r *Record) int { return len(r.PartitionKey) + len(r.ExplicitHashKey) + len(r.Data) }

// hasRoom reports whether the record fits into the chunk without making it span more than the given
// time.
func (c *chunk) hasRoom(r *Record, span time.Duration) bool {
	return len(c.records) < cap(c.records) && recordBytes(r) <= cap(c.bytes)-len(c.bytes) && r.Arrived.Sub(c.oldest) <= span
}

func (c *chunk) append(r *Record) {
	c.records = append(c.records, chunkRecord{
		number:          r.SequenceNumber,
		seconds:         r.Arrived.Unix(),
		nanoseconds:     r.Arrived.Nanosecond(),
		start:           len(c.bytes),
		partitionKey:    len(r.PartitionKey),
		explicitHashKey: len(r.ExplicitHashKey),
		data:            len(r.Data),
	})
	c.bytes = append(c.bytes, r.PartitionKey...)
	c.bytes = append(c.bytes, r.ExplicitHashKey...)
	c.bytes = append(c.bytes, r.Data...)
	if r.Arrived.After(c.newest) {
		c.newest = r.Arrived
	}
}

// record returns a copy of the record at i.
func (c *chunk) record(i int) Record {
	r := &c.records[i]
	rest := c.bytes[r.start:]
	return Record{
		SequenceNumber:  r.number,
		PartitionKey:    string(rest[:r.partitionKey]),
		ExplicitHashKey: string(rest[r.partitionKey:][:r.explicitHashKey]),
		Data:            append([]byte{}, rest[r.partitionKey+r.explicitHashKey:][:r.data]...),
		Arrived:         time.Unix(r.seconds, int64(r.nanoseconds)).UTC(),
	}
}
