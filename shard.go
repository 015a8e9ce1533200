package putrecords

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A Shard is a shard of a stream, as ListShards describes it.
type Shard struct {
	ShardID               string `json:"ShardId"` // "shardId-" and the index in 12 digits
	ParentShardID         string `json:"ParentShardId,omitempty"`
	AdjacentParentShardID string `json:"AdjacentParentShardId,omitempty"` // of a merge
	HashKeyRange          HashKeyRange
	SequenceNumberRange   SequenceNumberRange
}

// A SequenceNumberRange holds the bounds of the sequence numbers of a shard's records.
type SequenceNumberRange struct {
	StartingSequenceNumber SequenceNumber
	EndingSequenceNumber   SequenceNumber `json:",omitzero"` // zero before a split or merge
}

// ShardStats say what happened to the records that were sent to a shard.
type ShardStats struct {
	ShardID   string `json:"ShardId"`
	Stored    Count  // in the log, even if a fault with AfterAppend reported a failure
	Throttled Count  // not stored, answered with ProvisionedThroughputExceededException
	Failed    Count  // not stored, answered with InternalFailure
}

// A Count is a number of records and of the bytes in their data and partition keys.
type Count struct {
	Records int64
	Bytes   int64
}

func (c *Count) add(other Count) {
	c.Records += other.Records
	c.Bytes += other.Bytes
}

// A shard's id is this and its index in 12 digits.
const shardIDPrefix = "shardId-"

func shardID(index uint32) string {
	digits := strconv.FormatUint(uint64(index), 10)
	return shardIDPrefix + "000000000000"[len(digits):] + digits
}

// shardIndex returns the index in a shard's id, and whether the id is valid.
func shardIndex(shardID string) (uint32, bool) {
	digits, ok := strings.CutPrefix(shardID, shardIDPrefix)
	if !ok || len(digits) != 12 {
		return 0, false
	}
	index, err := strconv.ParseUint(digits, 10, 32)
	return uint32(index), err == nil
}

// firstNumber returns the StartingSequenceNumber of a shard.
func firstNumber(index uint32, created int64) SequenceNumber {
	return SequenceNumber{ShardCreated: created, Arrived: created, ShardIndex: index}
}

// lastNumber returns the EndingSequenceNumber of a shard.
func lastNumber(index uint32, created, closing int64) SequenceNumber {
	return SequenceNumber{ShardCreated: created, Position: lastPosition, Arrived: closing, ShardIndex: index}
}

// A shard admits records at its own rate, and stamps them.
type shard struct {
	id      string
	index   uint32
	keys    HashKeyRange
	created int64 // second

	mu      sync.Mutex // guards the fields below
	info    Shard      // gets its ending number when the shard is split or merged
	latest  time.Time  // the latest time the shard has seen; its time never goes back
	closing int64      // the last second in which it takes records, or neverCloses or isClosed
	records bucket
	bytes   bucket

	stored, throttled, failed Count // as in ShardStats
}

// The values of shard.closing that are not seconds.
const (
	neverCloses = math.MaxInt64
	isClosed    = math.MinInt64
)

func newShard(description Shard, limits Limits, now time.Time) *shard {
	number := description.SequenceNumberRange.StartingSequenceNumber
	sh := &shard{
		id:      description.ShardID,
		index:   number.ShardIndex,
		keys:    description.HashKeyRange,
		created: number.ShardCreated,
		info:    description,
		latest:  now,
		closing: neverCloses,
	}
	sh.records.set(now, int64(limits.RecordsPerSecond), int64(limits.RecordBurst))
	sh.bytes.set(now, limits.BytesPerSecond, limits.ByteBurst)
	if !description.SequenceNumberRange.EndingSequenceNumber.IsZero() {
		sh.closing = isClosed
	}
	return sh
}

// describe returns the shard as ListShards would.
func (sh *shard) describe() Shard {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return sh.info
}

// second returns the Arrived of a number issued at the shard's latest time. The caller holds the
// lock.
func (sh *shard) second() int64 { return max(sh.latest.Unix(), sh.created) }

func (sh *shard) statistics() ShardStats {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return ShardStats{sh.id, sh.stored, sh.throttled, sh.failed}
}

// begin admits as much of a call's group as the shard has room for, stamps it and begins to append
// it to the log. If the shard takes no more records at that time, begin does nothing and returns
// false.
func (sh *shard) begin(c *call, g *group) bool {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if !sh.arrive(c.now) {
		return false
	}
	sh.admit(c, g)
	if len(g.records) > 0 {
		wait, err := c.stream.log.Append(c.ctx, sh.info, g.records)
		g.wait, g.failed = wait, err != nil
	}
	if g.wait == nil || g.failed {
		g.wait = nil
		sh.count(g)
	}
	return true
}

// arrive moves the shard's time forward to now, unless the shard takes no more records then. The
// caller holds the lock.
func (sh *shard) arrive(now time.Time) (open bool) {
	if now.Before(sh.latest) {
		now = sh.latest
	}
	if now.Unix() > sh.closing {
		return false
	}
	sh.latest = now
	return true
}

// room returns the tokens in the buckets, or at least as many as wanted. The caller holds the lock.
func (sh *shard) room(wanted Count) Count {
	return Count{sh.records.available(sh.latest, wanted.Records), sh.bytes.available(sh.latest, wanted.Bytes)}
}

// take takes tokens, which must be available. The caller holds the lock.
func (sh *shard) take(admitted Count) {
	sh.records.take(sh.latest, admitted.Records)
	sh.bytes.take(sh.latest, admitted.Bytes)
}

// admit stamps the entries of a group that the buckets hold tokens for. The others are throttled.
func (sh *shard) admit(c *call, g *group) {
	var wanted Count
	for i := g.first; i != noEntry; i = c.next[i] {
		wanted.add(Count{1, int64(c.entries[i].Size())})
	}
	room := sh.room(wanted)
	g.number = SequenceNumber{
		ShardCreated: sh.created,
		Arrived:      sh.second(),
		ShardIndex:   sh.index,
	}
	start := len(c.records)
	for i := g.first; i != noEntry; i = c.next[i] {
		entry := &c.entries[i]
		c.admitted[i] = g.admit(room, int64(entry.Size()))
		if c.admitted[i] {
			c.records = append(c.records, newRecord(entry, g.number, sh.latest))
		}
	}
	g.records = slices.Clip(c.records[start:])
	sh.take(g.admitted)
}

// finish counts a group once the log is done with it.
func (sh *shard) finish(g *group) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.count(g)
}

// countFault counts a record that a fault answered with the code.
func (sh *shard) countFault(code ErrorCode, size int) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if code == ProvisionedThroughputExceededException {
		sh.throttled.add(Count{1, int64(size)})
	} else {
		sh.failed.add(Count{1, int64(size)})
	}
}

// count counts what became of a group's records. The caller holds the lock.
func (sh *shard) count(g *group) {
	sh.throttled.add(g.throttled)
	if g.failed {
		sh.failed.add(g.admitted)
	} else {
		sh.stored.add(g.admitted)
	}
}
