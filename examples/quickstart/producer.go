package main

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/putrecords/putrecords"
)

// A line is a line of the log, which becomes a record.
type line struct {
	number   int // in the log, from 1
	key      string
	data     []byte
	attempts int
	result   putrecords.ResultEntry // of the last attempt
}

// A producer puts lines into a stream on virtual time: each call and each backoff advances the
// clock, and nothing waits.
type producer struct {
	stream  *putrecords.Stream
	now     time.Time
	answers []answer
}

// An answer is the stream's answer to one call.
type answer struct {
	lines []*line
	out   *putrecords.Output
}

// start is when virtual time starts.
var start = time.Date(2026, time.January, 5, 12, 10, 0, 0, time.UTC)

func newProducer(shards int) *producer {
	p := &producer{now: start}
	p.stream = putrecords.MustNew(putrecords.Config{
		Name:   "quickstart",
		Shards: shards,
		Now:    func() time.Time { return p.now },
	})
	return p
}

// putAll puts the lines in calls of 500, the most that AWS accepts, until all are stored.
func (p *producer) putAll(ctx context.Context, lines []*line) error {
	for pending := range slices.Chunk(lines, 500) {
		for backoff := 100 * time.Millisecond; ; backoff *= 2 {
			failed, err := p.put(ctx, pending)
			if err != nil {
				return err
			}
			if len(failed) == 0 {
				break
			}
			p.now = p.now.Add(backoff)
			pending = failed // and only these: the others are stored
		}
	}
	return nil
}

// put makes one call and returns the lines that failed. A call without an error may have some.
func (p *producer) put(ctx context.Context, lines []*line) (failed []*line, err error) {
	p.now = p.now.Add(5 * time.Millisecond) // the call takes this long
	records := make([]putrecords.RequestEntry, len(lines))
	for i, l := range lines {
		records[i] = putrecords.Entry(l.key, l.data)
	}
	out, err := p.stream.Put(ctx, records...)
	if err != nil {
		return nil, err
	}
	p.answers = append(p.answers, answer{lines, out})
	for i, l := range lines {
		l.attempts++
		l.result = out.Records[i]
	}
	for i := range out.Failed() {
		failed = append(failed, lines[i])
	}
	return failed, nil
}

// verify reads the stream back and checks that it holds each line exactly once, at the shard and
// sequence number in the line's result.
func (p *producer) verify(lines []*line) error {
	stored := make(map[putrecords.ResultEntry]putrecords.Record)
	records := 0
	for _, shard := range p.stream.Shards() {
		for record, err := range p.stream.Records(shard.ShardID) {
			if err != nil {
				return err
			}
			stored[putrecords.ResultEntry{ShardID: shard.ShardID, SequenceNumber: record.SequenceNumber.String()}] = record
			records++
		}
	}
	for _, l := range lines {
		record, found := stored[l.result]
		if !found || record.PartitionKey != l.key || !bytes.Equal(record.Data, l.data) {
			return fmt.Errorf("line %d is lost: it is not stored as %s in %s", l.number, l.result.SequenceNumber, l.result.ShardID)
		}
		delete(stored, l.result) // no two lines may share a record
	}
	if records != len(lines) {
		return fmt.Errorf("%d lines were put, but the stream holds %d records", len(lines), records)
	}
	return nil
}
