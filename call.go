package putrecords

import (
	"context"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"time"
)

// The operations, as AWS's messages name them.
const (
	putRecord  = "PutRecord"
	putRecords = "PutRecords"
)

// answer answers a request that has passed the constraints of its operation's model. ordering is
// its SequenceNumberForOrdering, or nil.
func (s *Stream) answer(ctx context.Context, operation string, in *Input, ordering *string) (Output, error) {
	c := s.newCall(len(in.Records))
	c.operation, c.ctx, c.entries = operation, ctx, in.Records
	out, err := c.put(in, ordering)
	s.endCall(c) // not after a panic: a faulty log may still write to its records
	return out, err
}

// newCall returns a call of n records, in memory that an earlier call has used.
func (s *Stream) newCall(n int) *call {
	c, ok := s.calls.Get().(*call)
	if !ok {
		c = &call{}
	}
	c.fit(n)
	c.stream = s
	return c
}

// endCall keeps the memory of a call that is over for a later one.
func (s *Stream) endCall(c *call) {
	c.forget()
	*c = call{scratch: c.scratch}
	s.calls.Put(c)
}

// validate makes the checks that come after the constraints of the model, in AWS's order, and finds
// the records' hash keys.
func (c *call) validate(in *Input) error {
	s := c.stream
	if err := s.checkReference(in.StreamName, in.StreamARN); err != nil {
		return err
	}
	if status := s.setStatus(); status == StreamCreating || status == StreamDeleting {
		return s.streamNotFound(s.name)
	}
	if s.distribution == UserPartitionKey {
		if err := hashKeysOf(in.Records, c.keys, &c.hashed); err != nil {
			return err
		}
	}
	return s.Limits().checkSize(in)
}

// A call is one request on its way through a stream.
type call struct {
	scratch
	stream    *Stream
	operation string // putRecord or putRecords
	ctx       context.Context
	now       time.Time
	layout    *layout // as of the last route
	entries   []RequestEntry
	results   []ResultEntry // one for each entry; no ErrorCode: it is stored, or not tried yet

	admissions []Admission // of Admit, instead of entries and results
}

// A scratch is the memory that a call needs only while it runs. It is all that a later call uses
// again, because it takes 80 KiB for 500 records. Only groups and records hold pointers: each
// pointer that is stored while the garbage collector runs takes extra time.
//
//	keys      the hash key of each entry
//	hashed    the partition key that is being hashed
//	slots     the place of each entry's shard in layout.open
//	next      the next entry of the same group, by entry; the last one has noEntry
//	admitted  whether the entry's shard has admitted it, by entry
//	pending   the indexes of the entries still to be stored, in the request's order
//	groups    the groups that have begun to be stored
//	groupAt   a hash table of the groups that divide makes, by slot: 1 + the place in groups
//	records   those of the admitted entries, group by group; there is room for all entries
type scratch struct {
	keys     []HashKey
	hashed   []byte
	slots    []int
	next     []int
	admitted []bool
	pending  []int
	groups   []group
	groupAt  []int
	records  []Record
}

// fit makes room for a call of n entries.
func (c *scratch) fit(n int) {
	c.keys, c.slots = resize(c.keys, n), resize(c.slots, n)
	c.next, c.admitted = resize(c.next, n), resize(c.admitted, n)
	c.groupAt = resize(c.groupAt, 1<<bits.Len(uint(2*n))) // a power of two, over half of it empty
	c.records = slices.Grow(c.records, n)
}

// resize returns a slice of n elements, without clearing them.
func resize[T any](s []T, n int) []T { return slices.Grow(s[:0], n)[:n] }

// forget drops all references to the caller's memory.
func (c *scratch) forget() {
	clear(c.records)
	clear(c.groups)
	c.records, c.groups = c.records[:0], c.groups[:0]
}

func (c *call) put(in *Input, ordering *string) (Output, error) {
	if err := c.validate(in); err != nil {
		return Output{}, err
	}
	now, err := c.stream.clock.read()
	if err != nil {
		return Output{}, err
	}
	c.now = now
	if ordering != nil {
		if err := c.stream.checkOrdering(*ordering, now); err != nil {
			return Output{}, err
		}
	}
	dryRun := in.DryRun != nil && *in.DryRun
	if c.stream.distribution == DistributionAuto {
		c.distribute(dryRun)
	}
	c.results = make([]ResultEntry, len(c.entries))
	c.pending = c.pending[:0]
	for i := range c.entries {
		c.pending = append(c.pending, i)
	}
	c.route()
	if err := c.failRequest(beforeDryRun); err != nil {
		return Output{}, err
	}
	if dryRun {
		return Output{}, dryRunSucceeded(c.operation)
	}
	if err := c.failRequest(beforeAppend); err != nil {
		return Output{}, err
	}
	c.failRecords(beforeAppend)
	c.store()
	if err := c.failRequest(afterAppend); err != nil {
		return Output{}, err
	}
	c.failRecords(afterAppend)
	return c.output(), nil
}

// route finds the shards of the pending entries.
func (c *call) route() {
	c.layout = c.stream.layoutAt(c.now)
	c.stream.announcer.deliver() // before anything is appended to new shards
	for _, i := range c.pending {
		c.slots[i] = c.layout.route(c.keys[i])
	}
}

// shard returns the shard of a pending entry.
func (c *call) shard(i int) *shard { return c.layout.open[c.slots[i]] }

// shardID returns the id of the shard that stored an entry, or to which it is routed.
func (c *call) shardID(i int) string {
	if id := c.results[i].ShardID; id != "" {
		return id
	}
	return c.shard(i).id
}

// failRequest returns the answer of a fault that fails the whole request at the stage, or nil.
func (c *call) failRequest(at stage) error {
	for _, injection := range c.stream.faults.snapshot() {
		if !injection.fault.wholeRequest() || injection.fault.stage() != at {
			continue
		}
		for i := range c.entries {
			if c.results[i].ErrorCode == "" && injection.answers(c.attempt(i)) {
				return injection.error(c, i)
			}
		}
	}
	return nil
}

// failRecords gives entries the answers of faults that fail single records at the stage.
func (c *call) failRecords(at stage) {
	if len(c.stream.faults.snapshot()) == 0 {
		return
	}
	for i := range c.entries {
		if c.results[i].ErrorCode != "" {
			continue
		}
		// A new snapshot for each record, because the last record may have used a fault up.
		for _, injection := range c.stream.faults.snapshot() {
			if injection.fault.wholeRequest() || injection.fault.stage() != at || !injection.answers(c.attempt(i)) {
				continue
			}
			c.results[i] = failure(injection.error(c, i))
			if at == beforeAppend {
				c.shard(i).countFault(c.results[i].ErrorCode, c.entries[i].Size())
			}
			break
		}
	}
}

func (c *call) attempt(i int) Attempt {
	return Attempt{
		Index:        i,
		PartitionKey: c.entries[i].partitionKey(),
		HashKey:      c.keys[i],
		ShardID:      c.shardID(i),
		Bytes:        c.entries[i].Size(),
	}
}

func failure(err *Error) ResultEntry {
	return ResultEntry{ErrorCode: err.Code, ErrorMessage: err.Message}
}

// A group is the entries of a request that go to one shard.
type group struct {
	shard *shard
	slot  int // of the shard in layout.open
	first int // entry, or noEntry; call.next leads to the others, in the request's order
	last  int // entry

	// The rest is what the shard makes of the entries.
	admitted  Count
	throttled Count
	number    SequenceNumber // of the admitted entries, except for the position
	records   []Record       // of the admitted entries
	wait      func() error
	failed    bool // the log could not store the records
}

// admit counts a record, and returns whether it is admitted: room is what the shard's buckets hold
// for the group.
func (g *group) admit(room Count, size int64) bool {
	if g.admitted.Records < room.Records && size <= room.Bytes-g.admitted.Bytes {
		g.admitted.add(Count{1, size})
		return true
	}
	g.throttled.add(Count{1, size})
	return false
}

// noEntry is no entry's index.
const noEntry = -1

// store stores and answers the entries that no fault has answered.
func (c *call) store() {
	c.pending = slices.DeleteFunc(c.pending, func(i int) bool { return c.results[i].ErrorCode != "" })
	c.append()
	stored := 0
	for k := range c.groups {
		stored += len(c.groups[k].records)
	}
	var digits strings.Builder // of all numbers; each number is a slice of this one string
	digits.Grow(stored * numberDigits)
	for k := range c.groups {
		c.answer(&c.groups[k], &digits)
	}
}

// append appends the pending entries to the log. It finishes all groups that it begins, even if the
// log panics.
func (c *call) append() {
	defer c.finish(0)
	for len(c.pending) > 0 {
		c.begin(c.divide(), (*shard).begin)
		// What is pending now was routed to shards that have closed since. It makes new groups
		// beside those that have begun.
		c.route()
	}
}

// finish waits for the groups from the k-th on that the log has not finished, and counts them.
func (c *call) finish(k int) {
	for ; k < len(c.groups); k++ {
		if g := &c.groups[k]; g.wait != nil {
			defer c.finish(k + 1) // even if this group's wait panics
			g.finish()
			return
		}
	}
}

// finish waits for the log. If wait panics, the group counts as failed.
func (g *group) finish() {
	defer g.shard.finish(g)
	wait := g.wait
	g.wait, g.failed = nil, true
	g.failed = wait() != nil
}

// divide makes groups of the pending entries, ordered by their first entries.
func (c *call) divide() []group {
	clear(c.groupAt)
	begun := len(c.groups)
	for _, i := range c.pending {
		c.next[i] = noEntry
		at := c.find(c.slots[i])
		if *at == 0 {
			c.groups = append(c.groups, group{shard: c.shard(i), slot: c.slots[i], first: i, last: i})
			*at = len(c.groups)
			continue
		}
		g := &c.groups[*at-1]
		c.next[g.last], g.last = i, i
	}
	return c.groups[begun:]
}

// find returns the element of groupAt for a slot. It is 0 if the slot has no group yet.
func (c *call) find(slot int) *int {
	for at := slot; ; at++ {
		found := &c.groupAt[at&(len(c.groupAt)-1)]
		if *found == 0 || c.groups[*found-1].slot == slot {
			return found
		}
	}
}

// begin has each shard begin with its group, which it refuses if it has closed. The entries of
// these groups stay pending, in the request's order.
func (c *call) begin(groups []group, begin func(*shard, *call, *group) bool) {
	c.pending = c.pending[:0]
	for k := range groups {
		g := &groups[k]
		if begin(g.shard, c, g) {
			continue
		}
		for i := g.first; i != noEntry; i = c.next[i] {
			c.pending = append(c.pending, i)
		}
		g.first = noEntry
	}
	slices.Sort(c.pending)
}

// answer gives a group's entries their results.
func (c *call) answer(g *group, digits *strings.Builder) {
	var throttled ResultEntry
	if g.throttled.Records > 0 {
		throttled = failure(c.stream.rateExceeded(g.shard.id))
	}
	records := g.records
	var position uint64            // of the record before
	var printed [numberDigits]byte // its number
	for i := g.first; i != noEntry; i = c.next[i] {
		if !c.admitted[i] {
			c.results[i] = throttled
			continue
		}
		number := g.number
		number.Position = records[0].SequenceNumber.Position
		records = records[1:]
		if g.failed {
			c.results[i] = ResultEntry{ErrorCode: InternalFailure, ErrorMessage: internalFailureText(c.operation)}
			continue
		}
		if number.Position <= position || number.Position >= lastPosition {
			panic(fmt.Sprintf("putrecords: the Log gave a record of %s position %d after %d; positions must increase "+
				"from 1 to less than 2^63-1", g.shard.id, number.Position, position))
		}
		if number.Position == position+1 && position > 0 {
			printNext(&printed)
		} else {
			number.words().print(&printed)
		}
		position = number.Position
		digits.Write(printed[:])
		result := &c.results[i]
		result.SequenceNumber, result.ShardID = digits.String()[digits.Len()-numberDigits:], g.shard.id
	}
}

func (c *call) output() Output {
	out := Output{EncryptionType: c.stream.shownEncryption(), Records: c.results}
	for range out.Failed() {
		out.FailedRecordCount++
	}
	return out
}
