package putrecords_test

import (
	"context"
	"errors"
	"iter"

	"github.com/putrecords/putrecords"
)

// A trouble says how a log mistreats the records of some shards.
type trouble struct {
	kind   string // failsAtOnce, failsLater, finishesLater or ""
	shards string // evenShards, oddShards or "" for all
}

const (
	failsAtOnce   = "fails at once"
	failsLater    = "fails later"
	finishesLater = "finishes later"
	evenShards    = "even"
	oddShards     = "odd"
)

func (t trouble) meets(index uint32) bool {
	return t.shards == "" || (t.shards == evenShards) == (index%2 == 0)
}

func (t trouble) fails(index uint32) bool {
	return t.meets(index) && (t.kind == failsAtOnce || t.kind == failsLater)
}

var errLog = errors.New("the disk is full")

// A troubledLog is a log that causes trouble. It notes whether the stream calls it correctly.
type troubledLog struct {
	putrecords.Log
	trouble   trouble
	interrupt func(shardID string) // runs in the next call of Append

	// In the current call of the stream:
	begun, waited int  // appends begun that finish later, and how many of them have finished
	late          bool // whether an append began after the stream had waited for another
}

func (l *troubledLog) Append(ctx context.Context, shard putrecords.Shard, records []putrecords.Record) (func() error, error) {
	if interrupt := l.interrupt; interrupt != nil {
		l.interrupt = nil
		interrupt(shard.ShardID)
	}
	l.late = l.late || l.waited > 0
	if l.trouble.meets(shard.SequenceNumberRange.StartingSequenceNumber.ShardIndex) {
		switch l.trouble.kind {
		case failsAtOnce:
			return nil, errLog
		case failsLater:
			l.begun++
			return func() error {
				l.waited++
				return errLog
			}, nil
		case finishesLater:
			l.begun++
			return func() error {
				l.waited++
				_, err := l.Log.Append(ctx, shard, records)
				return err
			}, nil
		}
	}
	return l.Log.Append(ctx, shard, records)
}

// Records makes the log readable, as the log in it is.
func (l *troubledLog) Records(ctx context.Context, shard putrecords.Shard, position uint64) iter.Seq2[putrecords.Record, error] {
	return l.Log.(putrecords.LogReader).Records(ctx, shard, position)
}
