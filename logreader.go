package putrecords

import (
	"context"
	"errors"
	"fmt"
	"iter"
)

// A LogReader reads back what a [LogAppender] has stored. [Stream.Records], [Stream.RecordsFrom]
// and [Stream.AllRecords] need it: without it they yield [ErrNotReadable].
type LogReader interface {
	// Records yields the shard's records from the given position on, oldest first. The position is
	// at least 1; there may be no record at it. The caller may keep and modify the records. An
	// error ends the iteration.
	//
	// The loop's body may call the stream, so Records must not yield while it holds a lock that
	// Append takes. The stream checks ctx between records. A log that waits for its storage stops
	// when ctx is done, and yields ctx.Err().
	Records(ctx context.Context, shard Shard, position uint64) iter.Seq2[Record, error]
}

// ErrNotReadable is in the error of reading a stream whose Config.Log is not a [LogReader]. Test
// for it with errors.Is.
var ErrNotReadable = errors.New("putrecords: the log is not a LogReader")

// Records yields what the log holds of a shard, open or closed, oldest first. A [MemoryLog] drops
// records after a while. An error ends the iteration: a ResourceNotFoundException if the shard does
// not exist, [ErrNotReadable] if the log cannot be read, or an error of the log.
func (s *Stream) Records(shardID string) iter.Seq2[Record, error] {
	return s.RecordsFrom(context.Background(), shardID, 1)
}

// RecordsFrom is [Stream.Records] from a position in the shard on. It skips the records before the
// position; 0 and 1 skip none. To read on later, continue at the position after the last record's.
// When ctx is done, the iteration ends with ctx.Err().
func (s *Stream) RecordsFrom(ctx context.Context, shardID string, position uint64) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		sh := s.layout.Load().find(shardID)
		if sh == nil {
			yield(Record{}, s.shardNotFound(shardID))
			return
		}
		s.read(ctx, sh, position, yield)
	}
}

// AllRecords is [Stream.Records] for all shards, one after another by index, so parents come before
// their children. The ShardIndex in a record's SequenceNumber says which shard it is in. AllRecords
// leaves out shards that a split or a merge makes during the loop.
func (s *Stream) AllRecords() iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for _, sh := range s.layout.Load().shards {
			if !s.read(context.Background(), sh, 1, yield) {
				return
			}
		}
	}
}

// read yields a shard's records from a position on. It returns whether the iteration may go on.
func (s *Stream) read(ctx context.Context, sh *shard, position uint64, yield func(Record, error) bool) bool {
	log, ok := s.log.(LogReader)
	if !ok {
		yield(Record{}, fmt.Errorf("%w: stream %s has a %T", ErrNotReadable, s.name, s.log))
		return false
	}
	if err := ctx.Err(); err != nil {
		yield(Record{}, err)
		return false
	}
	for record, err := range log.Records(ctx, sh.describe(), max(position, 1)) {
		if err == nil && ctx.Err() != nil {
			record, err = Record{}, ctx.Err()
		}
		if !yield(record, err) || err != nil {
			return false
		}
	}
	return true
}
