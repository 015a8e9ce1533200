package main

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"github.com/putrecords/putrecords"
)

// A place is where a record is stored.
type place struct{ shardID, sequenceNumber string }

func (p place) String() string { return "number " + p.sequenceNumber + " of " + p.shardID }

// verify reads a stream back and returns what keeps its records from being the lines of a log, each exactly once, and each in
// the place that it was acknowledged with.
func verify(stream *putrecords.Stream, in input, acks []putrecords.ResultEntry) error {
	unseen := make(map[place]int, len(acks)) // indexes of lines
	for i, ack := range acks {
		at := place{ack.ShardID, ack.SequenceNumber}
		if other, taken := unseen[at]; taken {
			return fmt.Errorf("%s: it was acknowledged with the place of line %d, %v", in.where(i), in.lines[other].number, at)
		}
		unseen[at] = i
	}
	for _, shard := range stream.Shards() {
		for record, err := range stream.Records(shard.ShardID) {
			if err != nil {
				return err
			}
			at := place{shard.ShardID, record.SequenceNumber.String()}
			i, found := unseen[at]
			if !found {
				return in.unacknowledged(record, at)
			}
			if !in.lines[i].equals(record) {
				return fmt.Errorf("%s: it is not what is stored in its place, %v", in.where(i), at)
			}
			delete(unseen, at)
		}
	}
	if len(unseen) > 0 {
		i := slices.Min(slices.Collect(maps.Values(unseen)))
		at := place{acks[i].ShardID, acks[i].SequenceNumber}
		return fmt.Errorf("%s: it is lost: nothing is stored in its place, %v", in.where(i), at)
	}
	return nil
}

// unacknowledged returns the error of a record in a place that no line was acknowledged with.
func (in input) unacknowledged(record putrecords.Record, at place) error {
	i := slices.IndexFunc(in.lines, func(l line) bool { return l.equals(record) })
	if i < 0 {
		return fmt.Errorf("%s: none of its lines is what is stored as %v", in.name, at)
	}
	return fmt.Errorf("%s: it is stored once too often, as %v", in.where(i), at)
}

func (l line) equals(record putrecords.Record) bool {
	return l.key == record.PartitionKey && bytes.Equal(l.data, record.Data)
}
