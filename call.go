package putrecords

import (
	"cmp"
	"context"
	"fmt"
	"slices"
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
	keys, err := s.validate(in)
	if err != nil {
		return nil, err
	}
	now, err := s.clock()
	if err != nil {
		return nil, err
	}
	c := s.newCall(ctx, in.Records, keys, now)
	if err := c.failRequest(beforeAppend); err != nil {
		return nil, err
	}
	if in.DryRun != nil && *in.DryRun {
		return nil, s.defaultError(DryRunOperationException, "")
	}
	c.failRecords(beforeAppend)
	c.store()
	if err := c.failRequest(afterAppend); err != nil {
		return nil, err
	}
	c.failRecords(afterAppend)
	return c.output(), nil
}

// Put is [Stream.PutRecords] for records alone: the request carries the stream's name.
func (s *Stream) Put(ctx context.Context, records ...RequestEntry) (*Output, error) {
	return s.PutRecords(ctx, &Input{Records: records, StreamName: &s.name})
}

// validate makes the checks that a request must pass, in AWS's order, and returns the hash keys of its records.
func (s *Stream) validate(in *Input) ([]HashKey, error) {
	if err := s.limits.checkConstraints(in); err != nil {
		return nil, err
	}
	to, err := addressOf(in)
	if err != nil {
		return nil, err
	}
	if in.StreamARN != nil && to.region != s.region {
		return nil, errorf(InvalidArgumentException, "The region specified in the ARN '%s' does not match the endpoint region", *in.StreamARN)
	}
	if in.StreamARN != nil && to.accountID != s.accountID {
		return nil, s.defaultError(UnrecognizedClientException, "")
	}
	if to.name != s.name {
		return nil, s.streamNotFound(to.name)
	}
	keys, err := hashKeysOf(in.Records)
	if err != nil {
		return nil, err
	}
	return keys, s.limits.checkSize(in)
}

// A call is a request on its way through a stream.
type call struct {
	stream  *Stream
	ctx     context.Context
	now     time.Time
	entries []RequestEntry
	keys    []HashKey     // of the entries
	shards  []*shard      // where the entries go
	results []ResultEntry // of the entries; one without an ErrorCode has been stored, or is yet to be
	groups  []*group      // those that have begun to be stored
}

func (s *Stream) newCall(ctx context.Context, entries []RequestEntry, keys []HashKey, now time.Time) *call {
	c := &call{
		stream:  s,
		ctx:     ctx,
		now:     now,
		entries: entries,
		keys:    keys,
		shards:  make([]*shard, len(entries)),
		results: make([]ResultEntry, len(entries)),
	}
	layout := s.layoutAt(now)
	for i, key := range keys {
		c.shards[i] = layout.route(key)
	}
	return c
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
				return injection.error(c.stream, c.shards[i].id)
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
			c.results[i] = failure(injection.error(c.stream, c.shards[i].id))
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
	indexes []int // of the entries, in the request's order

	// What the shard makes of it.
	admitted        Count
	throttled       Count
	admittedIndexes []int
	records         []Record // of the admitted entries
	wait            func() error
	err             error
}

// store stores the entries that no fault has answered, and answers them.
func (c *call) store() {
	var left []int
	for i := range c.entries {
		if c.results[i].ErrorCode == "" {
			left = append(left, i)
		}
	}
	for len(left) > 0 {
		left = c.begin(left)
		layout := c.stream.layoutAt(c.now)
		for _, i := range left {
			c.shards[i] = layout.route(c.keys[i])
		}
	}
	for _, g := range c.groups {
		if g.wait != nil {
			g.err = g.wait()
			g.shard.finish(g)
		}
	}
	for _, g := range c.groups {
		c.answer(g)
	}
}

// begin groups entries by shard and has each shard begin to store its group. It returns the entries, in the request's order, whose
// shards have closed since they were routed.
func (c *call) begin(indexes []int) (left []int) {
	slices.SortFunc(indexes, func(i, j int) int {
		return cmp.Or(cmp.Compare(c.shards[i].index, c.shards[j].index), cmp.Compare(i, j))
	})
	admitted, records := make([]int, len(indexes)), make([]Record, len(indexes)) // shared out among the groups
	for len(indexes) > 0 {
		sh := c.shards[indexes[0]]
		n := 1
		for n < len(indexes) && c.shards[indexes[n]] == sh {
			n++
		}
		g := &group{shard: sh, indexes: indexes[:n], admittedIndexes: admitted[:0:n], records: records[:0:n]}
		if sh.begin(c.ctx, c.stream.log, c.entries, g, c.now) {
			c.groups = append(c.groups, g)
		} else {
			left = append(left, g.indexes...)
		}
		indexes, admitted, records = indexes[n:], admitted[n:], records[n:]
	}
	slices.Sort(left)
	return left
}

// answer gives the entries of a group their results.
func (c *call) answer(g *group) {
	var position uint64
	for k, i := range g.admittedIndexes {
		if g.err != nil {
			c.results[i] = ResultEntry{ErrorCode: InternalFailure, ErrorMessage: internalFailureText}
			continue
		}
		number := g.records[k].SequenceNumber
		if number.Position <= position || number.Position >= lastPosition {
			panic(fmt.Sprintf("putrecords: the Log gave a record of %s position %d after %d; positions increase from 1 to less than 2^63-1",
				g.shard.id, number.Position, position))
		}
		position = number.Position
		c.results[i] = ResultEntry{SequenceNumber: number.String(), ShardID: g.shard.id}
	}
	if g.throttled.Records == 0 {
		return
	}
	throttled := failure(c.stream.rateExceeded(g.shard.id))
	for _, i := range g.indexes {
		if _, admitted := slices.BinarySearch(g.admittedIndexes, i); !admitted {
			c.results[i] = throttled
		}
	}
}

func (c *call) output() *Output {
	out := &Output{EncryptionType: c.stream.encryptionType, Records: c.results}
	for range out.Failed() {
		out.FailedRecordCount++
	}
	return out
}
