package main

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"

	"github.com/putrecords/putrecords"
)

func parse(t *testing.T, log string) input {
	t.Helper()
	in, err := parseLog("x.log", []byte(log), 1)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func TestVerify(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(*virtualStream, input, []putrecords.ResultEntry)
		want  string // the beginning of the error
	}{
		"nothing": {func(*virtualStream, input, []putrecords.ResultEntry) {}, ""},
		"doubled": {
			func(s *virtualStream, in input, _ []putrecords.ResultEntry) {
				if _, err := s.Put(t.Context(), in.entries()[1]); err != nil {
					t.Error(err)
				}
			},
			"x.log:3: it is stored once too often, as number ",
		},
		"stranger": {
			func(s *virtualStream, _ input, _ []putrecords.ResultEntry) {
				if _, err := s.Put(t.Context(), putrecords.Entry("d", []byte("d 4"))); err != nil {
					t.Error(err)
				}
			},
			"x.log: none of its lines is what is stored as number ",
		},
		"other bytes": {
			func(_ *virtualStream, in input, _ []putrecords.ResultEntry) { in.lines[1].data = []byte("b 3") },
			"x.log:3: it is not what is stored in its place, number ",
		},
		"other key": {
			func(_ *virtualStream, in input, _ []putrecords.ResultEntry) { in.lines[2].key = "b" },
			"x.log:4: it is not what is stored in its place, number ",
		},
		"acknowledged twice": {
			func(_ *virtualStream, _ input, acks []putrecords.ResultEntry) { acks[2] = acks[0] },
			"x.log:4: it was acknowledged with the place of line 1, number ",
		},
		"another shard": {
			func(_ *virtualStream, _ input, acks []putrecords.ResultEntry) {
				acks[0].ShardID = "shardId-000000000009"
			},
			"x.log:1: it is stored once too often, as number ",
		},
	} {
		stream, in := newVirtualStream(4), parse(t, "a 1\n\nb 2\nc 3\n")
		out, err := stream.Put(t.Context(), in.entries()...)
		if err != nil {
			t.Fatal(err)
		}
		test.spoil(stream, in, out.Records)
		err = verify(stream.Stream, in, out.Records)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.HasPrefix(err.Error(), test.want)) {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
}

// A record that is stored and yet reported as failed is put again, and so stored twice.
func TestDeliverFindsDoubledLine(t *testing.T) {
	stream := newVirtualStream(1)
	stream.Inject(putrecords.Fault{
		Match:       func(a putrecords.Attempt) bool { return a.PartitionKey == "b" },
		AfterAppend: true,
	})
	_, err := deliver(t.Context(), parse(t, "a 1\nb 2\nc 3\n"), stream)
	if err == nil || !strings.HasPrefix(err.Error(), "x.log:2: it is stored once too often, as number ") {
		t.Errorf("got %v", err)
	}
}

// A faultyLog is a log that does not yield the records with the key "lost", and yields those with the key "twice" twice. It
// fails at the key "error".
type faultyLog struct{ *putrecords.MemoryLog }

var errLog = errors.New("the log cannot be read")

func (l faultyLog) Records(ctx context.Context, shard putrecords.Shard, position uint64) iter.Seq2[putrecords.Record, error] {
	return func(yield func(putrecords.Record, error) bool) {
		for record, err := range l.MemoryLog.Records(ctx, shard, position) {
			if record.PartitionKey == "error" {
				err = errLog
			}
			if record.PartitionKey != "lost" && !yield(record, err) || record.PartitionKey == "twice" && !yield(record, err) {
				return
			}
		}
	}
}

func TestDeliverFindsFaultyLog(t *testing.T) {
	for log, want := range map[string]string{
		"a 1\nlost 2\nlost 3\n":  "x.log:2: it is lost: nothing is stored in its place, number ",
		"a 1\ntwice 2\nlost 3\n": "x.log:2: it is stored once too often, as number ",
		"a 1\nerror 2\n":         errLog.Error(),
	} {
		stream := newVirtualStream(1)
		stream.Stream = putrecords.MustNew(putrecords.Config{Log: faultyLog{&putrecords.MemoryLog{}}})
		if _, err := deliver(t.Context(), parse(t, log), stream); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", log, err, want)
		}
	}
}
