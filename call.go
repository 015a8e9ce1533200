package putrecords

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// PutRecords answers a PutRecords request. The error is an [*Error] if AWS would refuse the whole request, and then nothing is stored,
// unless a fault has both WholeRequest and AfterAppend. It is ctx.Err() if the context is done when the call begins. Any other error
// means that the clock reads a time that sequence numbers cannot hold. A nil request is an empty one.
//
// An answer without an error may still hold failed records: see [Output.FailedRecordCount]. AWS: "A single record failure does
// not stop the processing of subsequent records."
//
// The request and its data are the caller's again when PutRecords returns.
func (s *Stream) PutRecords(ctx context.Context, in *Input) (*Output, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if in == nil {
		in = &Input{}
	}
	if err := s.limits.checkConstraints(in); err != nil {
		return nil, err
	}
	return s.answer(ctx, "PutRecords", in, nil)
}

// Put is [Stream.PutRecords] for records alone: the request carries the stream's name.
func (s *Stream) Put(ctx context.Context, records ...RequestEntry) (*Output, error) {
	return s.PutRecords(ctx, &Input{Records: records, StreamName: &s.name})
}

// answer answers a request that has passed the constraints of its operation's model. Ordering is its SequenceNumberForOrdering, or nil.
func (s *Stream) answer(ctx context.Context, operation string, in *Input, ordering *string) (*Output, error) {
	c := s.takeCall(ctx, in.Records)
	c.operation = operation
	out, err := c.put(in, ordering)
	s.giveCall(c) // not after a panic: a log that is at fault may still write to the call's records
	return out, err
}

// validate makes the checks that a request must pass after the constraints of its model, in AWS's order, and finds the hash keys
// of its records.
func (s *Stream) validate(in *Input, keys []HashKey) error {
	if err := s.checkAddress(in.StreamName, in.StreamARN); err != nil {
		return err
	}
	if err := hashKeysOf(in.Records, keys); err != nil {
		return err
	}
	return s.limits.checkSize(in)
}

// A call is a request on its way through a stream.
type call struct {
	stream    *Stream
	operation string // as AWS's texts name it
	ctx       context.Context
	now       time.Time
	entries   []RequestEntry
	results   []ResultEntry // of the entries; one without an ErrorCode has been stored, or is yet to be

	// What the call needs for its own time, and a later one of the stream uses again: 80 KiB for 500 records.
	keys     []HashKey // of the entries
	shards   []*shard  // where the entries go
	slots    []int     // the places of these in layout.open
	left     []int     // the indexes of entries to be stored, in the request's order
	groups   []group   // those that have begun to be stored
	groupAt  []int     // by slot, 1 + the place in groups; all zero outside divide
	indexes  []int     // shared out among the groups, as admitted and records are
	admitted []int
	records  []Record
}

func (s *Stream) takeCall(ctx context.Context, entries []RequestEntry) *call {
	c, ok := s.calls.Get().(*call)
	if !ok {
		c = &call{stream: s}
	}
	n := len(entries)
	c.ctx, c.entries = ctx, entries
	c.keys, c.shards, c.slots = resize(c.keys, n), resize(c.shards, n), resize(c.slots, n)
	c.indexes, c.admitted, c.records = resize(c.indexes, n), resize(c.admitted, n), resize(c.records, n)
	return c
}

// resize returns a slice of n elements, which are not cleared.
func resize[T any](s []T, n int) []T { return slices.Grow(s[:0], n)[:n] }

// giveCall keeps a call's slices for another call, and nothing of what is the caller's.
func (s *Stream) giveCall(c *call) {
	c.ctx, c.entries, c.results = nil, nil, nil
	clear(c.records)
	c.groups = c.groups[:0]
	s.calls.Put(c)
}

func (c *call) put(in *Input, ordering *string) (*Output, error) {
	if err := c.stream.validate(in, c.keys); err != nil {
		return nil, err
	}
	now, err := c.stream.clock()
	if err != nil {
		return nil, err
	}
	c.now = now
	if ordering != nil && !c.stream.mayFollow(*ordering, now) {
		return nil, c.stream.invalidOrdering(*ordering)
	}
	c.results = make([]ResultEntry, len(c.entries))
	c.left = c.left[:0]
	for i := range c.entries {
		c.left = append(c.left, i)
	}
	c.route(c.left)
	if err := c.failRequest(beforeAppend); err != nil {
		return nil, err
	}
	if in.DryRun != nil && *in.DryRun {
		return nil, dryRunSucceeded(c.operation)
	}
	c.failRecords(beforeAppend)
	c.store()
	if err := c.failRequest(afterAppend); err != nil {
		return nil, err
	}
	c.failRecords(afterAppend)
	return c.output(), nil
}

// route finds the shards of entries.
func (c *call) route(indexes []int) {
	layout := c.stream.layoutAt(c.now)
	c.groupAt = resize(c.groupAt, len(layout.open))
	for _, i := range indexes {
		slot := layout.route(c.keys[i])
		c.slots[i], c.shards[i] = slot, layout.open[slot]
	}
}

// The values of Fault.AfterAppend.
const (
	beforeAppend = false
	afterAppend  = true
)

// failRequest returns the answer of a fault that fails the whole request before or after records are stored, or nil.
func (c *call) failRequest(after bool) error {
	for _, injection := range c.stream.faults.snapshot() {
		if !injection.fault.wholeRequest() || injection.fault.AfterAppend != after {
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

// failRecords gives entries the answers of faults that fail single records before or after they are stored.
func (c *call) failRecords(after bool) {
	if len(c.stream.faults.snapshot()) == 0 {
		return
	}
	for i := range c.entries {
		if c.results[i].ErrorCode != "" {
			continue
		}
		for _, injection := range c.stream.faults.snapshot() { // anew, for the last record may have used one up
			if injection.fault.wholeRequest() || injection.fault.AfterAppend != after || !injection.answers(c.attempt(i)) {
				continue
			}
			c.results[i] = failure(injection.error(c, i))
			if !after {
				c.shards[i].countFault(c.results[i].ErrorCode, c.entries[i].Size())
			}
			break
		}
	}
}

func (c *call) attempt(i int) Attempt {
	return Attempt{
		Index:        i,
		PartitionKey: *c.entries[i].PartitionKey,
		HashKey:      c.keys[i],
		ShardID:      c.shards[i].id,
		Bytes:        c.entries[i].Size(),
	}
}

func failure(err *Error) ResultEntry {
	return ResultEntry{ErrorCode: err.Code, ErrorMessage: err.Message}
}

// A group is the entries of a request that go to one shard.
type group struct {
	shard   *shard
	size    int
	indexes []int // of the entries, in the request's order

	// What the shard makes of it.
	admitted        Count
	throttled       Count
	number          SequenceNumber // of the admitted entries, but for the position
	admittedIndexes []int
	records         []Record // of the admitted entries
	wait            func() error
	failed          bool // to store
}

// store stores the entries that no fault has answered, and answers them.
func (c *call) store() {
	c.left = slices.DeleteFunc(c.left, func(i int) bool { return c.results[i].ErrorCode != "" })
	indexes, admitted, records := c.indexes, c.admitted, c.records
	for len(c.left) > 0 {
		c.left = c.begin(c.divide(indexes, admitted, records))
		c.route(c.left)
		// The shards of these have closed since they were routed: they make new groups, beside those that have begun.
		n := len(c.left)
		indexes, admitted, records = make([]int, n), make([]int, n), make([]Record, n)
	}
	stored := 0
	for k := range c.groups {
		g := &c.groups[k]
		if g.wait != nil {
			g.failed = g.wait() != nil
			g.wait = nil
			g.shard.finish(g)
		}
		stored += len(g.records)
	}
	var digits strings.Builder // of all numbers, which are slices of one string
	digits.Grow(stored * numberDigits)
	for k := range c.groups {
		c.answer(&c.groups[k], &digits)
	}
}

// divide makes groups of the entries that are left, with room in the given slices, in the order of their first entries.
func (c *call) divide(indexes, admitted []int, records []Record) []group {
	first := len(c.groups)
	for _, i := range c.left {
		at := &c.groupAt[c.slots[i]]
		if *at == 0 {
			c.groups = append(c.groups, group{shard: c.shards[i]})
			*at = len(c.groups)
		}
		c.groups[*at-1].size++
	}
	groups := c.groups[first:]
	for k := range groups {
		g := &groups[k]
		g.indexes, indexes = indexes[:0:g.size], indexes[g.size:]
		g.admittedIndexes, admitted = admitted[:0:g.size], admitted[g.size:]
		g.records, records = records[:0:g.size], records[g.size:]
	}
	for _, i := range c.left {
		g := &c.groups[c.groupAt[c.slots[i]]-1]
		g.indexes = append(g.indexes, i)
	}
	for k := range groups {
		c.groupAt[c.slots[groups[k].indexes[0]]] = 0
	}
	return groups
}

// begin has each shard begin to store its group. It returns the entries, in the request's order, whose shards have closed.
func (c *call) begin(groups []group) (left []int) {
	left = c.left[:0]
	for k := range groups {
		g := &groups[k]
		if !g.shard.begin(c.ctx, c.stream.log, c.entries, g, c.now) {
			left = append(left, g.indexes...)
			g.indexes = nil
		}
	}
	slices.Sort(left)
	return left
}

// answer gives the entries of a group their results.
func (c *call) answer(g *group, digits *strings.Builder) {
	var throttled ResultEntry
	if g.throttled.Records > 0 {
		throttled = failure(c.stream.rateExceeded(g.shard.id))
	}
	k := 0
	var position uint64
	for _, i := range g.indexes {
		if k == len(g.admittedIndexes) || g.admittedIndexes[k] != i {
			c.results[i] = throttled
			continue
		}
		number := g.number
		number.Position = g.records[k].SequenceNumber.Position
		k++
		if g.failed {
			c.results[i] = ResultEntry{ErrorCode: InternalFailure, ErrorMessage: internalFailureText}
			continue
		}
		if number.Position <= position || number.Position >= lastPosition {
			panic(fmt.Sprintf("putrecords: the Log gave a record of %s position %d after %d; positions increase from 1 to less than 2^63-1",
				g.shard.id, number.Position, position))
		}
		position = number.Position
		var printed [numberDigits]byte
		number.words().print(&printed)
		digits.Write(printed[:])
		c.results[i] = ResultEntry{SequenceNumber: digits.String()[digits.Len()-numberDigits:], ShardID: g.shard.id}
	}
}

func (c *call) output() *Output {
	out := &Output{EncryptionType: c.stream.shownEncryption(), Records: c.results}
	for range out.Failed() {
		out.FailedRecordCount++
	}
	return out
}
