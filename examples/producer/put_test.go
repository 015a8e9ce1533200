package producer_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/examples/producer"
)

func TestConfig(t *testing.T) {
	done := func(producer.Result) {}
	for want, config := range map[string]producer.Config{
		"StreamName is empty": {Done: done},
		"Done is nil":         {StreamName: "s"},
		"Linger is -1ns":      {StreamName: "s", Done: done, Linger: -1},
		"MaxRecords is -1":    {StreamName: "s", Done: done, MaxRecords: -1},
		"MaxBytes is -1":      {StreamName: "s", Done: done, MaxBytes: -1},
	} {
		if _, err := producer.New(newDiary(), config); err == nil || !strings.HasPrefix(err.Error(), "producer: Config."+want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// Put rejects the records that a stream would reject, along with the rest of their request.
func TestPutRejects(t *testing.T) {
	for _, test := range []struct {
		key  string
		data int // bytes
		want string
	}{
		{"", 1, "the partition key has 0 characters; AWS accepts 1 to 256"},
		{"k", 0, ""},
		{strings.Repeat("é", 256), 1, ""},
		{strings.Repeat("é", 257), 1, "the partition key has 257 characters; AWS accepts 1 to 256"},
		{"kkkk", 1<<20 - 4, ""},
		{"kkkk", 1<<20 - 3, "data and partition key have 1048577 bytes; AWS accepts at most 1048576"},
		{"\xff", 1, `the partition key "\xff" is not valid UTF-8, so JSON would change it`},
	} {
		synctest.Test(t, func(t *testing.T) {
			stream := putrecords.MustNew(putrecords.Config{})
			p := newProducer(t, newClient(stream), producer.Config{})
			err := p.Put(t.Context(), test.key, make([]byte, test.data))
			if test.want == "" && err != nil ||
				test.want != "" && (!errors.Is(err, producer.ErrInvalidRecord) || err.Error() != "producer: invalid record: "+test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			closeProducer(t, p)
			if stored := stream.Stats()[0].Stored.Records; (stored == 1) != (test.want == "") {
				t.Errorf("%d records are stored, want %q", stored, test.want)
			}
		})
	}
}

func TestPutDoesNotRetainData(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDiary()
		p := newProducer(t, d, producer.Config{})
		data := []byte("1")
		for range 3 {
			if err := p.Put(t.Context(), "k", data); err != nil {
				t.Error(err)
			}
			data[0]++
		}
		closeProducer(t, p)
		if want := []string{"0s: 1 2 3"}; !slices.Equal(d.entries, want) {
			t.Errorf("requests %q, want %q", d.entries, want)
		}
	})
}

// Put waits while the producer is full, until its context ends or the producer is closed.
func TestBackpressure(t *testing.T) {
	for name, config := range map[string]producer.Config{
		"records": {MaxRecords: 3},
		"bytes":   {MaxBytes: 3 * len("kdata")},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDiary()
				d.takes = time.Second
				config.Linger = 10 * time.Second
				p := newProducer(t, d, config)
				for range 3 {
					put(t, p, "k", "data")
				}
				if waited := time.Since(d.start); waited != 0 {
					t.Errorf("waited %v with room left", waited)
				}
				ctx, cancel := context.WithTimeout(t.Context(), 9*time.Second)
				defer cancel()
				if err := p.Put(ctx, "k", []byte("data")); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("after 9 s: %v", err)
				}
				put(t, p, "k", "last")
				if waited := time.Since(d.start); waited != 11*time.Second { // the first three are stored
					t.Errorf("waited %v", waited)
				}
				put(t, p, "k", "data")
				put(t, p, "k", "data")
				go func() {
					time.Sleep(time.Second)
					closeProducer(t, p)
				}()
				if err := p.Put(t.Context(), "k", []byte("data")); !errors.Is(err, producer.ErrClosed) {
					t.Errorf("closed meanwhile: %v", err)
				}
				closeProducer(t, p)
			})
		})
	}
}

func TestPutAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDiary()
		p := newProducer(t, d, producer.Config{})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := p.Put(ctx, "k", nil); !errors.Is(err, context.Canceled) {
			t.Errorf("with a context that has ended: %v", err)
		}
		closeProducer(t, p)
		closeProducer(t, p)
		if err := p.Put(t.Context(), "k", nil); !errors.Is(err, producer.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
		if len(d.entries) != 0 {
			t.Errorf("requests %q", d.entries)
		}
	})
}

// Concurrent callers lose nothing and keep the order of their keys, even if another closes the
// producer meanwhile.
func TestConcurrency(t *testing.T) {
	const callers = 8
	synctest.Test(t, func(t *testing.T) {
		stream := putrecords.MustNew(putrecords.Config{Shards: 2})
		stream.Inject(putrecords.Fault{Match: func(a putrecords.Attempt) bool { return a.Index%2 == 1 }, Count: 20})
		reported := 0
		p := newProducer(t, newClient(stream), producer.Config{
			Ordered:    true,
			MaxRecords: 10,
			Done:       func(producer.Result) { reported++ },
		})
		var accepted [callers]int
		var wait sync.WaitGroup
		for caller := range callers {
			wait.Go(func() {
				for p.Put(t.Context(), fmt.Sprint("customer-", caller), fmt.Append(nil, accepted[caller]*callers+caller)) == nil {
					accepted[caller]++
				}
			})
		}
		time.Sleep(3 * time.Second)
		wait.Go(func() { closeProducer(t, p) })
		closeProducer(t, p)
		wait.Wait()
		back, records := read(t, stream), 0
		for caller, n := range accepted {
			for i := range n {
				if back.copies[i*callers+caller] != 1 {
					t.Errorf("record %d of caller %d is stored %d times", i, caller, back.copies[i*callers+caller])
				}
			}
			records += n
		}
		if records == 0 || reported != records || len(back.copies) != records || !back.inOrder {
			t.Errorf("%d records accepted, %d reported, %d stored, in order: %v", records, reported, len(back.copies), back.inOrder)
		}
	})
}
