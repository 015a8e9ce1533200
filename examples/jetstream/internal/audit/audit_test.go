package audit_test

import (
	"context"
	"errors"
	"iter"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/examples/jetstream/internal/audit"
)

// write puts one key's records 1 to 3 in an audit. All of them are acknowledged, the second one
// only after a record and then a request have failed.
func write() *audit.Audit {
	a := audit.New()
	ctx, cancel := context.WithCancel(context.Background())
	answers := []struct {
		stored bool
		err    error
	}{{true, nil}, {false, nil}, {false, errors.New("broken")}, {true, nil}, {true, nil}}
	a.Write(ctx, "w", 1, func(context.Context, []string, [][]byte) ([]bool, error) {
		answer := answers[0]
		if answers = answers[1:]; len(answers) == 0 {
			cancel()
		}
		return []bool{answer.stored}, answer.err
	})
	return a
}

func records(numbers ...int) iter.Seq2[putrecords.Record, error] {
	return func(yield func(putrecords.Record, error) bool) {
		for _, n := range numbers {
			if !yield(putrecords.Record{PartitionKey: "w-0", Data: []byte(strconv.Itoa(n))}, nil) {
				return
			}
		}
	}
}

func TestCheck(t *testing.T) {
	a := write()
	if p := a.Progress(); p.Acknowledged != 3 || p.Retried != 2 {
		t.Errorf("progress %+v, want 3 acknowledged and 2 retried", p)
	}
	for name, test := range map[string]struct {
		log  []int
		want audit.Result
	}{
		"all":                     {[]int{1, 2, 3}, audit.Result{InLog: 3}},
		"more than acknowledged":  {[]int{1, 2, 3, 4}, audit.Result{InLog: 4}},
		"the last one is missing": {[]int{1, 2}, audit.Result{InLog: 2, Missing: 1}},
		"nothing":                 {nil, audit.Result{Missing: 3}},
		"one in the middle":       {[]int{1, 3}, audit.Result{InLog: 2, Missing: 1}},
		"twice at once":           {[]int{1, 2, 2, 3}, audit.Result{InLog: 4, Twice: 1}},
		"twice later":             {[]int{1, 2, 3, 1}, audit.Result{InLog: 4, Twice: 1}},
		"out of order":            {[]int{1, 3, 2}, audit.Result{InLog: 3, OutOfOrder: 1}},
	} {
		got, err := a.Check(records(test.log...))
		if err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestReshard(t *testing.T) {
	stream := putrecords.MustNew(putrecords.Config{Log: putrecords.Discard()})
	for n := range 20 {
		if err := audit.Reshard(n)(stream); err != nil {
			t.Fatalf("reshard %d: %v", n, err)
		}
	}
	if got := len(stream.Shards()); got != 1+10*2+10 {
		t.Errorf("%d shards, want 31", got)
	}
}
