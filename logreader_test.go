package putrecords_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/putrecords/putrecords"
)

func TestRecordsFrom(t *testing.T) {
	s := putrecords.MustNew(putrecords.Config{})
	mustPut(t, s, keyed("1"), keyed("2"), keyed("3"))
	for position, want := range map[uint64]string{0: "1 2 3", 1: "1 2 3", 2: "2 3", 3: "3", 4: "", 1<<64 - 1: ""} {
		if got := read(s.RecordsFrom(t.Context(), shard0, position)); got != want {
			t.Errorf("from position %d: %q, want %q", position, got, want)
		}
	}
	want := "ResourceNotFoundException: Could not find shard shardId-000000000005 in stream stream under account 000000000000."
	if got := read(s.RecordsFrom(t.Context(), "shardId-000000000005", 1)); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// read returns the keys of records and the text of the error, separated by spaces.
func read(records iter.Seq2[putrecords.Record, error]) string {
	var words []string
	for record, err := range records {
		if err != nil {
			words = append(words, err.Error())
		} else {
			words = append(words, record.PartitionKey)
		}
	}
	return strings.Join(words, " ")
}

// A log is given the reader's context and never position 0.
func TestLogReaderIsGivenContextAndPosition(t *testing.T) {
	log := &noted{Log: putrecords.Discard()}
	s := putrecords.MustNew(putrecords.Config{Shards: 2, Log: log})
	type key struct{}
	ctx := context.WithValue(t.Context(), key{}, 7)
	for position, want := range map[uint64]uint64{0: 1, 1: 1, 9: 9} {
		read(s.RecordsFrom(ctx, shard1, position))
		if log.ctx.Value(key{}) != 7 || log.shard != s.Shards()[1] || log.position != want {
			t.Errorf("Records got context %v, shard %+v, position %d; want position %d", log.ctx, log.shard, log.position, want)
		}
	}
}

// A noted log remembers how it was last read.
type noted struct {
	putrecords.Log
	ctx      context.Context
	shard    putrecords.Shard
	position uint64
}

func (l *noted) Records(ctx context.Context, shard putrecords.Shard, position uint64) iter.Seq2[putrecords.Record, error] {
	l.ctx, l.shard, l.position = ctx, shard, position
	return func(func(putrecords.Record, error) bool) {}
}

// A context that is done ends the iteration, before the first record or after any other.
func TestRecordsFromWithContextDone(t *testing.T) {
	s := putrecords.MustNew(putrecords.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	mustPut(t, s, keyed("1"), keyed("2"), keyed("3"))
	var got []string
	for record, err := range s.RecordsFrom(ctx, shard0, 1) {
		got = append(got, fmt.Sprint(record.PartitionKey, err))
		if record.PartitionKey == "2" {
			cancel()
		}
	}
	if want := []string{"1<nil>", "2<nil>", "context canceled"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := read(s.RecordsFrom(ctx, shard0, 4)); got != "context canceled" {
		t.Errorf("got %q where there is no record, want context canceled", got)
	}
}

// AllRecords yields shard by shard, so parents before children, and stops when the loop does.
func TestAllRecords(t *testing.T) {
	s := putrecords.MustNew(putrecords.Config{Shards: 2})
	if got := read(s.AllRecords()); got != "" {
		t.Errorf("a new stream holds %q", got)
	}
	mustPut(t, s, keyed("e"), keyed("a"), keyed("e"))
	if err := s.SplitShard(shard0, putrecords.HashKey{0x40}); err != nil {
		t.Fatal(err)
	}
	mustPut(t, s, keyed("a"), keyed("e"))
	if got := read(s.AllRecords()); got != "a e e e a" {
		t.Errorf("all records are %q, want those of the split shard, the open one and the child", got)
	}
	var shards []uint32
	for record, err := range s.AllRecords() {
		if err != nil {
			t.Fatal(err)
		}
		shards = append(shards, record.SequenceNumber.ShardIndex)
		if len(shards) == 2 {
			break
		}
	}
	if !slices.Equal(shards, []uint32{0, 1}) {
		t.Errorf("the first two records are from shards %d, want 0 and 1", shards)
	}
}

// Append alone is a log. Reading its stream is an error that is not AWS's.
func TestLogThatIsNotReadable(t *testing.T) {
	s := putrecords.MustNew(putrecords.Config{Name: "orders", Shards: 2, Log: appendOnly{putrecords.Discard()}})
	mustPut(t, s, hashed("0"), hashed(lastHashKey))
	for name, records := range map[string]iter.Seq2[putrecords.Record, error]{
		"Records":     s.Records(shard0),
		"RecordsFrom": s.RecordsFrom(t.Context(), shard0, 2),
		"AllRecords":  s.AllRecords(),
	} {
		n := 0
		for record, err := range records {
			n++
			var rejection *putrecords.Error
			if !errors.Is(err, putrecords.ErrNotReadable) || errors.As(err, &rejection) || record.PartitionKey != "" {
				t.Errorf("%s yields %v, %v", name, record, err)
			}
			const want = "putrecords: the log is not a LogReader: stream orders has a putrecords_test.appendOnly"
			if err == nil || err.Error() != want {
				t.Errorf("%s: error %v, want %s", name, err, want)
			}
		}
		if n != 1 {
			t.Errorf("%s yields %d times, want one error", name, n)
		}
	}
	for _, err := range s.Records("shardId-000000000005") {
		if !errors.Is(err, putrecords.ResourceNotFoundException) {
			t.Errorf("a shard that does not exist: %v", err)
		}
	}
}

// An appendOnly log hides that the log in it can be read.
type appendOnly struct{ putrecords.LogAppender }

// An error while reading the log ends the iteration.
func TestLogThatFailsToRead(t *testing.T) {
	s := putrecords.MustNew(putrecords.Config{Shards: 2, Log: brokenLog{putrecords.Discard()}})
	var got []string
	for r, err := range s.Records(shard0) {
		got = append(got, fmt.Sprint(r.PartitionKey, err))
	}
	if want := []string{"1<nil>", "the disk is full"}; !slices.Equal(got, want) {
		t.Errorf("Records yields %q, want %q", got, want)
	}
	if got, want := read(s.AllRecords()), "1 the disk is full"; got != want {
		t.Errorf("AllRecords of two shards yields %q, want %q", got, want)
	}
}

type brokenLog struct{ putrecords.Log }

func (brokenLog) Records(context.Context, putrecords.Shard, uint64) iter.Seq2[putrecords.Record, error] {
	return func(yield func(putrecords.Record, error) bool) {
		_ = yield(putrecords.Record{PartitionKey: "1"}, nil) && yield(putrecords.Record{}, errLog) && yield(putrecords.Record{PartitionKey: "3"}, nil)
	}
}
