package main

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/putrecords/putrecords"
)

func parse(t *testing.T, log string) []*line {
	t.Helper()
	lines, err := parseLog([]byte(log), 1)
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// requests returns the data of the lines in each call.
func requests(p *producer) (calls []string) {
	for _, a := range p.answers {
		var data []string
		for _, l := range a.lines {
			data = append(data, string(l.data))
		}
		calls = append(calls, strings.Join(data, " "))
	}
	return calls
}

// withKey matches the records with a partition key.
func withKey(key string) func(putrecords.Attempt) bool {
	return func(a putrecords.Attempt) bool { return a.PartitionKey == key }
}

func TestOnlyFailedLinesAreRetried(t *testing.T) {
	p := newProducer(1)
	p.stream.Inject(putrecords.Fault{Match: withKey("b"), Count: 1})
	p.stream.Inject(putrecords.Fault{Match: withKey("d"), Count: 3})
	lines := parse(t, "a\nb\nc\nd\n")
	if err := p.putAll(t.Context(), lines); err != nil {
		t.Fatal(err)
	}
	if got, want := requests(p), []string{"a b c d", "b d", "d", "d"}; !slices.Equal(got, want) {
		t.Errorf("requests %q, want %q", got, want)
	}
	for i, want := range []int{1, 2, 1, 4} {
		if l := lines[i]; l.attempts != want || l.result.SequenceNumber == "" {
			t.Errorf("line %d: %d attempts, want %d; result %+v", l.number, l.attempts, want, l.result)
		}
	}
	const ms = time.Millisecond
	if got, want := p.now.Sub(start), 4*5*ms+100*ms+200*ms+400*ms; got != want {
		t.Errorf("took %v, want %v", got, want)
	}
	if err := p.verify(lines); err != nil {
		t.Error(err)
	}
}

func TestRejectedCallIsNotRetried(t *testing.T) {
	p := newProducer(1)
	fault := p.stream.Inject(putrecords.Fault{Code: putrecords.AccessDeniedException, Count: -1})
	if err := p.putAll(t.Context(), parse(t, "a\n")); !errors.Is(err, putrecords.AccessDeniedException) || fault.Hits() != 1 {
		t.Errorf("got %v after %d calls", err, fault.Hits())
	}
}

func TestCallsHaveAtMost500Lines(t *testing.T) {
	for n, want := range map[int][]int{499: {499}, 500: {500}, 501: {500, 1}, 1000: {500, 500}} {
		p := newProducer(1)
		if err := p.putAll(t.Context(), parse(t, strings.Repeat("x\n", n))); err != nil {
			t.Fatal(err)
		}
		var got []int
		for _, a := range p.answers {
			got = append(got, len(a.lines))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d lines: calls with %d lines, want %d", n, got, want)
		}
	}
}

func TestVerify(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(*producer, []*line) error
		want  string // the beginning of the error
	}{
		"nothing wrong": {func(*producer, []*line) error { return nil }, ""},
		"stored twice": {
			func(p *producer, lines []*line) error {
				_, err := p.stream.Put(context.Background(), putrecords.Entry(lines[1].key, lines[1].data))
				return err
			},
			"3 lines were put, but the stream holds 4 records",
		},
		"other data":  {func(_ *producer, lines []*line) error { lines[1].data = []byte("b 3"); return nil }, "line 3 is lost: "},
		"other key":   {func(_ *producer, lines []*line) error { lines[2].key = "b"; return nil }, "line 4 is lost: "},
		"same result": {func(_ *producer, lines []*line) error { lines[2].result = lines[0].result; return nil }, "line 4 is lost: "},
		"other shard": {func(_ *producer, lines []*line) error { lines[0].result.ShardID = "x"; return nil }, "line 1 is lost: "},
	} {
		p, lines := newProducer(4), parse(t, "a 1\n\nb 2\nc 3\n")
		if err := errors.Join(p.putAll(t.Context(), lines), test.spoil(p, lines)); err != nil {
			t.Fatal(err)
		}
		err := p.verify(lines)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.HasPrefix(err.Error(), test.want)) {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
}

// A record that is stored but reported as failed is retried, and so stored twice.
func TestVerifyFindsDuplicate(t *testing.T) {
	p, lines := newProducer(1), parse(t, "a 1\nb 2\nc 3\n")
	p.stream.Inject(putrecords.Fault{Match: withKey("b"), AfterAppend: true})
	if err := p.putAll(t.Context(), lines); err != nil {
		t.Fatal(err)
	}
	if err := p.verify(lines); err == nil || err.Error() != "3 lines were put, but the stream holds 4 records" {
		t.Errorf("got %v", err)
	}
}

// A faultyLog loses records with the key "lost", yields those with the key "twice" twice, and fails
// at the key "error".
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

func TestVerifyFindsFaultyLog(t *testing.T) {
	for log, want := range map[string]string{
		"a 1\nlost 2\nlost 3\n": "line 2 is lost: it is not stored as ",
		"a 1\ntwice 2\n":        "2 lines were put, but the stream holds 3 records",
		"a 1\nerror 2\n":        errLog.Error(),
	} {
		p, lines := newProducer(1), parse(t, log)
		p.stream = putrecords.MustNew(putrecords.Config{Log: faultyLog{&putrecords.MemoryLog{}}})
		if err := p.putAll(t.Context(), lines); err != nil {
			t.Fatal(err)
		}
		if err := p.verify(lines); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", log, err, want)
		}
	}
}
