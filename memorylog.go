package putrecords

import (
	"cmp"
	"context"
	"encoding/binary"
	"iter"
	"math"
	"slices"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
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

	bytes atomic.Int64 // in chunks

	mu     sync.Mutex
	shards map[string]*memoryShard
	newest time.Time // the newest arrival
	swept  time.Time // newest when records were last dropped
}

// A memoryShard is the log of one shard.
type memoryShard struct {
	mu       sync.Mutex
	position uint64  // the last one given
	chunks   []chunk // oldest first; only the last one changes

	// Of the last chunk:
	block                strings.Builder // unlike make, it does not clear memory first
	began                time.Time       // the first record's arrival
	seconds, nanoseconds int64           // the last record's arrival
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
		if len(sh.chunks) == 0 || !sh.append(&records[i], l.retention()/8) {
			sh.beginChunk(records[i:])
			l.bytes.Add(sh.chunks[len(sh.chunks)-1].bytes)
			sh.append(&records[i], 0)
		}
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
			l.dropBefore(sh, l.horizon())
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

// dropBefore drops the shard's chunks whose records all arrived before the horizon. The caller
// holds l.mu.
func (l *MemoryLog) dropBefore(sh *memoryShard, horizon time.Time) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	n := 0
	for n < len(sh.chunks) && sh.chunks[n].newest.Before(horizon) {
		n++
	}
	l.drop(sh, n)
}

// drop drops the shard's n oldest chunks and returns how many records were in them. The caller
// holds l.mu and the shard's lock.
func (l *MemoryLog) drop(sh *memoryShard, n int) (records int) {
	if n == 0 {
		return 0
	}
	first, next := sh.chunks[0].number.Position, sh.position+1
	for _, c := range sh.chunks[:n] {
		l.bytes.Add(-c.bytes)
	}
	if n < len(sh.chunks) {
		next = sh.chunks[n].number.Position
	} else {
		sh.block.Reset()
	}
	sh.chunks = slices.Clone(sh.chunks[n:]) // readers may still use the old slice
	return int(next - first)
}

// Bytes returns how much memory the records take. It is cheap to call.
func (l *MemoryLog) Bytes() int64 { return l.bytes.Load() }

// DropBefore drops records that arrived before t. Records that share a block of memory are dropped
// together, once they have all arrived before t, so some may stay for a while.
func (l *MemoryLog) DropBefore(t time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, sh := range l.shards {
		l.dropBefore(sh, t)
	}
}

// DropOldest drops the oldest blocks of memory until they have taken at least the given number of
// bytes, to keep [MemoryLog.Bytes] within a limit. The oldest block is the one whose last record
// arrived first. DropOldest returns how many records were in the blocks. It looks at all blocks of
// all shards, so drop many bytes at once rather than a few at a time.
func (l *MemoryLog) DropOldest(bytes int64) (records int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	counts := map[string]int{} // how many chunks to drop, by the shard's id
	for _, c := range l.oldestFirst() {
		if bytes <= 0 {
			break
		}
		bytes -= c.bytes
		counts[c.shardID]++
	}
	for shardID, n := range counts {
		records += l.dropOf(l.shards[shardID], n)
	}
	return records
}

// A droppable is a chunk that DropOldest may drop.
type droppable struct {
	shardID string
	newest  time.Time // the newest arrival in it, and in the chunks of the shard before it
	bytes   int64
}

// oldestFirst returns all chunks. Those of a shard are in their order. The caller holds l.mu, so no
// chunk is dropped in the meantime.
func (l *MemoryLog) oldestFirst() []droppable {
	var chunks []droppable
	for id, sh := range l.shards {
		sh.mu.Lock()
		var newest time.Time
		for _, c := range sh.chunks {
			if c.newest.After(newest) {
				newest = c.newest
			}
			chunks = append(chunks, droppable{id, newest, c.bytes})
		}
		sh.mu.Unlock()
	}
	slices.SortStableFunc(chunks, func(a, b droppable) int {
		return cmp.Or(a.newest.Compare(b.newest), cmp.Compare(a.shardID, b.shardID))
	})
	return chunks
}

// dropOf is drop for a shard that is not locked yet.
func (l *MemoryLog) dropOf(sh *memoryShard, n int) (records int) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return l.drop(sh, n)
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
		chunks, last := sh.from(position)
		for i := range chunks {
			c := last
			if i < len(chunks)-1 {
				c = chunks[i]
			}
			for r := c.reader(); r.next(); {
				if r.number.Position < position || r.arrived().Before(horizon) {
					continue
				}
				if !yield(r.record(), nil) {
					return
				}
			}
		}
	}
}

// from returns the chunks with the records from a position on, and a copy of the last of them as it
// is now. The chunks before the last never change, so they can be read without the lock.
func (sh *memoryShard) from(position uint64) (chunks []chunk, last chunk) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	after := sort.Search(len(sh.chunks), func(i int) bool { return sh.chunks[i].number.Position > position })
	chunks = sh.chunks[max(after-1, 0):]
	if len(chunks) > 0 {
		last = chunks[len(chunks)-1]
		last.block = sh.block.String()
	}
	return chunks, last
}

// A chunk holds successive records of a shard in one block without pointers. The garbage collector
// does not look into it. Most of the time that it takes to store a record goes into touching new
// memory, so fewer bytes are faster too. In the block, the records follow one another:
//
//	second of the arrival      signed varint, minus that of the record before, if any
//	nanosecond of the arrival  signed varint, minus that of the record before, if any
//	second in the number       signed varint, minus the second of the arrival
//	length of the partition key, explicit hash key and data, each a varint
//	partition key, explicit hash key, data
//
// The six varints are the record's header. Most headers take 6 or 7 bytes, because the records of a
// request arrive together. Each record's position is one more than that of the record before. To
// find a position in a chunk, a reader reads the headers from the start.
type chunk struct {
	number SequenceNumber // of the first record; ShardCreated and ShardIndex are those of all
	block  string         // "" in the last chunk, whose block the memoryShard still writes
	newest time.Time      // the newest arrival
	bytes  int64          // what the chunk takes up, with the unused part of its block
}

const (
	chunkBytes     = 256 << 10                 // the most in a block, unless one request has more
	chunkRecords   = 1024                      // the most records of a request to make a block for
	headerBytes    = 8                         // enough for most headers
	maxHeaderBytes = 6 * binary.MaxVarintLen64 // enough for any header
	chunkOverhead  = 80                        // what a chunk takes besides its block
)

// beginChunk adds an empty chunk. It has room for the records or for a little more than the chunk
// before it holds, up to a limit, so a shard has little unused memory. The size depends on what the
// chunk before holds, not on its room, because a chunk may end early. Small chunks grow faster,
// because each chunk takes some memory itself.
func (sh *memoryShard) beginChunk(records []Record) {
	need := 0
	for i := range min(len(records), chunkRecords) {
		need += headerBytes + recordBytes(&records[i])
	}
	size, first := 0, headerBytes+recordBytes(&records[0])
	if n := len(sh.chunks); n > 0 {
		block := sh.block.String()
		sh.chunks[n-1].block = block
		size = min(first+len(block)+max(min(len(block), 256), len(block)/16), chunkBytes)
		size -= size % first // room for part of such a record would stay unused
	}
	sh.began, sh.seconds, sh.nanoseconds = records[0].Arrived, 0, 0
	sh.block.Reset()
	sh.block.Grow(maxHeaderBytes + max(need, size)) // the first record always fits
	sh.chunks = append(sh.chunks, chunk{
		number: records[0].SequenceNumber,
		newest: records[0].Arrived,
		bytes:  chunkOverhead + int64(sh.block.Cap()),
	})
}

func recordBytes(r *Record) int { return len(r.PartitionKey) + len(r.ExplicitHashKey) + len(r.Data) }

// append appends a record to the last chunk, and reports whether it did. An empty chunk takes any
// record. Otherwise the record must fit, have the same ShardCreated and ShardIndex, and not make
// the chunk span more than the given time.
func (sh *memoryShard) append(r *Record, span time.Duration) bool {
	c := &sh.chunks[len(sh.chunks)-1]
	seconds, nanoseconds := r.Arrived.Unix(), int64(r.Arrived.Nanosecond())
	var buffer [maxHeaderBytes]byte
	header := binary.AppendVarint(buffer[:0], seconds-sh.seconds)
	header = binary.AppendVarint(header, nanoseconds-sh.nanoseconds)
	header = binary.AppendVarint(header, r.SequenceNumber.Arrived-seconds)
	header = binary.AppendUvarint(header, uint64(len(r.PartitionKey)))
	header = binary.AppendUvarint(header, uint64(len(r.ExplicitHashKey)))
	header = binary.AppendUvarint(header, uint64(len(r.Data)))
	if sh.block.Len() > 0 && (len(header)+recordBytes(r) > sh.block.Cap()-sh.block.Len() ||
		r.SequenceNumber.ShardCreated != c.number.ShardCreated ||
		r.SequenceNumber.ShardIndex != c.number.ShardIndex ||
		r.Arrived.Sub(sh.began) > span) {
		return false
	}
	sh.block.Write(header)
	sh.block.WriteString(r.PartitionKey)
	sh.block.WriteString(r.ExplicitHashKey)
	sh.block.Write(r.Data)
	sh.seconds, sh.nanoseconds = seconds, nanoseconds
	if r.Arrived.After(c.newest) {
		c.newest = r.Arrived
	}
	return true
}

// A chunkReader reads the records of a chunk, one after another.
type chunkReader struct {
	rest                                string // of the block
	number                              SequenceNumber
	seconds, nanoseconds                int64  // of the arrival
	partitionKey, explicitHashKey, data string // parts of the block
}

func (c *chunk) reader() chunkReader {
	r := chunkReader{rest: c.block, number: c.number}
	r.number.Position--
	return r
}

// next moves on to the next record. It returns false at the end.
func (r *chunkReader) next() bool {
	if r.rest == "" {
		return false
	}
	r.number.Position++
	r.seconds += r.varint()
	r.nanoseconds += r.varint()
	r.number.Arrived = r.seconds + r.varint()
	partitionKey, explicitHashKey, data := r.uvarint(), r.uvarint(), r.uvarint()
	r.partitionKey, r.rest = r.rest[:partitionKey], r.rest[partitionKey:]
	r.explicitHashKey, r.rest = r.rest[:explicitHashKey], r.rest[explicitHashKey:]
	r.data, r.rest = r.rest[:data], r.rest[data:]
	return true
}

func (r *chunkReader) varint() int64 {
	n := r.uvarint()
	return int64(n>>1) ^ -int64(n&1)
}

// uvarint is binary.Uvarint for a string.
func (r *chunkReader) uvarint() (n uint64) {
	for i := 0; ; i++ {
		b := r.rest[i]
		n |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			r.rest = r.rest[i+1:]
			return n
		}
	}
}

func (r *chunkReader) arrived() time.Time { return time.Unix(r.seconds, r.nanoseconds).UTC() }

// record returns a copy of the record, which does not keep the block in memory.
func (r *chunkReader) record() Record {
	return Record{
		SequenceNumber:  r.number,
		PartitionKey:    strings.Clone(r.partitionKey),
		ExplicitHashKey: strings.Clone(r.explicitHashKey),
		Data:            []byte(r.data),
		Arrived:         r.arrived(),
	}
}
