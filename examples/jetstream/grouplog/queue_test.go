package grouplog_test

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
	"github.com/putrecords/putrecords/examples/jetstream/grouplog"
)

// A fakeStore takes a second for each group. It does what trouble says before it stores one.
type fakeStore struct {
	trouble func(try int, ctx context.Context) error // the error of the nth Put; nil stores the group
	lost    bool                                     // troubled groups are stored all the same

	mu       sync.Mutex
	tries    int
	inFlight map[string]bool // by shard
	ids      map[string]uint64
	groups   [][]string // the data of their records
	overlap  bool       // two groups of a shard were under way at once
}

func newStore() *fakeStore {
	return &fakeStore{inFlight: map[string]bool{}, ids: map[string]uint64{}}
}

func (s *fakeStore) Put(ctx context.Context, shard putrecords.Shard, id string, group []byte) (uint64, error) {
	s.mu.Lock()
	s.tries++
	try := s.tries
	s.overlap = s.overlap || s.inFlight[shard.ShardID]
	s.inFlight[shard.ShardID] = true
	s.mu.Unlock()
	time.Sleep(time.Second)
	var err error
	if s.trouble != nil {
		err = s.trouble(try, ctx)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inFlight[shard.ShardID] = false
	if err != nil && !s.lost {
		return 0, err
	}
	if s.ids[id] == 0 {
		var data []string
		for record, err := range grouplog.Decode(shard, 1, group) {
			if err != nil {
				return 0, err
			}
			data = append(data, string(record.Data))
		}
		s.groups = append(s.groups, data)
		s.ids[id] = uint64(len(s.groups))
	}
	return s.ids[id], err
}

// hang fails the first n tries, each only when its context is done.
func hang(n int) func(int, context.Context) error {
	return func(try int, ctx context.Context) error {
		if try > n {
			return nil
		}
		<-ctx.Done()
		return ctx.Err()
	}
}

// fail fails the first n tries.
func fail(n int, err error) func(int, context.Context) error {
	return func(try int, _ context.Context) error {
		if try > n {
			return nil
		}
		return err
	}
}

// A result is what happened to one append.
type result struct {
	positions []uint64
	err       error
	took      time.Duration
}

// puts appends the data in turn, then waits for all appends at once.
func puts(q *grouplog.Queue, shard putrecords.Shard, appends ...[]string) []result {
	results := make([]result, len(appends))
	var group sync.WaitGroup
	for i, data := range appends {
		records := make([]putrecords.Record, len(data))
		for j, d := range data {
			records[j].Data = []byte(d)
		}
		start := time.Now()
		wait, err := q.Append(context.Background(), shard, records)
		if err != nil {
			results[i].err = err
			continue
		}
		group.Go(func() {
			r := result{err: wait(), took: time.Since(start)}
			for _, record := range records {
				if r.err == nil {
					r.positions = append(r.positions, record.SequenceNumber.Position)
				}
			}
			results[i] = r
		})
	}
	group.Wait()
	return results
}

func check(t *testing.T, s *fakeStore, groups string, tries int) {
	t.Helper()
	if got := fmt.Sprint(s.groups); got != groups || s.tries != tries || s.overlap {
		t.Errorf("the store has %s after %d tries, two at once: %v; want %s after %d", got, s.tries, s.overlap, groups, tries)
	}
}

// While one group is under way, the records of all other calls wait for the next one, and stay in
// order.
func TestWhatWaitsIsTheNextGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		q := grouplog.NewQueue(s, grouplog.Options{MaxGroup: 1 << 20})
		first, err := q.Append(t.Context(), shard, []putrecords.Record{{Data: []byte("a")}})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // it is under way
		results := puts(q, shard, []string{"b", "c"}, []string{"d"})
		if err := first(); err != nil {
			t.Error(err)
		}
		check(t, s, "[[a] [b c d]]", 2)
		if want := []uint64{2 << 16, 2<<16 + 1}; !slices.Equal(results[0].positions, want) {
			t.Errorf("positions %v, want %v", results[0].positions, want)
		}
		if want := []uint64{2<<16 + 2}; !slices.Equal(results[1].positions, want) {
			t.Errorf("positions %v, want %v", results[1].positions, want)
		}
	})
}

// A group stays below the largest size, and is one append at least.
func TestGroupsAreBounded(t *testing.T) {
	large := strings.Repeat("x", 1000)
	for _, test := range []struct {
		maxGroup int
		want     int // groups
	}{
		{3 * (1000 + grouplog.Overhead), 1},
		{3*(1000+grouplog.Overhead) - 1, 2},
		{1000 + grouplog.Overhead, 3},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newStore()
			q := grouplog.NewQueue(s, grouplog.Options{MaxGroup: test.maxGroup})
			puts(q, shard, []string{"first"}, []string{large}, []string{large}, []string{large})
			if got := len(s.groups) - 1; s.groups[0][0] != "first" || got != test.want && len(s.groups[0]) == 1 {
				t.Errorf("at most %d bytes: %d groups, want %d", test.maxGroup, got, test.want)
			}
			q = grouplog.NewQueue(s, grouplog.Options{MaxGroup: 1000 + grouplog.Overhead})
			if r := puts(q, shard, []string{large + "x"}); !errors.Is(r[0].err, grouplog.ErrTooLarge) {
				t.Errorf("an append that does not fit: %v", r[0].err)
			}
		})
	}
}

// A full queue fails appends immediately, and takes others when it has room again.
func TestFullQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		q := grouplog.NewQueue(s, grouplog.Options{MaxGroup: 1 << 20, MaxWaiting: 2 * (1 + grouplog.Overhead)})
		results := puts(q, shard, []string{"a"}, []string{"b"}, []string{"c"})
		if results[0].err != nil || results[1].err != nil || !errors.Is(results[2].err, grouplog.ErrFull) {
			t.Errorf("errors %v, %v and %v, want only the third one", results[0].err, results[1].err, results[2].err)
		}
		if r := puts(q, shard, []string{"d"}, []string{"e"}); r[0].err != nil || r[1].err != nil {
			t.Errorf("errors %v and %v, but there is room again", r[0].err, r[1].err)
		}
	})
}

// As long as the outcome is open, a group is tried again under its ID. It is stored once, even if
// the store reported an error and had stored it.
func TestUndecidedIsTriedAgain(t *testing.T) {
	for name, lost := range map[string]bool{"not stored": false, "stored": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStore()
				s.trouble, s.lost = fail(3, errors.New("broken")), lost
				r := puts(grouplog.NewQueue(s, grouplog.Options{MaxGroup: 1 << 20}), shard, []string{"a"})
				if r[0].err != nil {
					t.Error(r[0].err)
				}
				check(t, s, "[[a]]", 4)
			})
		})
	}
}

// A store that does not answer fails the appends when their time is over. Those behind them that
// have time left are tried, and stored when the store is back.
func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		s.trouble = hang(2)
		var reports []string
		q := grouplog.NewQueue(s, grouplog.Options{
			MaxGroup: 1 << 20, Timeout: 10 * time.Second, Attempt: 4 * time.Second,
			Report: func(err error) { reports = append(reports, err.Error()) },
		})
		var early, late []result
		var group sync.WaitGroup
		group.Go(func() { early = puts(q, shard, []string{"a"}) })
		group.Go(func() {
			time.Sleep(9 * time.Second)
			late = puts(q, shard, []string{"b"})
		})
		group.Wait()
		if early[0].err == nil || early[0].took != 10*time.Second {
			t.Errorf("the first append: error %v after %v, want one after 10 s", early[0].err, early[0].took)
		}
		if late[0].err != nil {
			t.Errorf("the second append: %v", late[0].err)
		}
		if len(reports) != 1 || !strings.Contains(reports[0], "shardId-000000000001: undecided after 10s") {
			t.Errorf("reports %q", reports)
		}
		check(t, s, "[[b]]", 3)
	})
}

// Appends whose time is over before their turn are not tried.
func TestTooLateForATry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		s.trouble = hang(1 << 30)
		q := grouplog.NewQueue(s, grouplog.Options{MaxGroup: 1 + grouplog.Overhead, Timeout: 10 * time.Second, Attempt: time.Hour})
		for i, r := range puts(q, shard, []string{"a"}, []string{"b"}, []string{"c"}) {
			if r.err == nil || r.took != 10*time.Second {
				t.Errorf("append %d: error %v after %v, want one after 10 s", i, r.err, r.took)
			}
		}
		check(t, s, "[]", 1)
	})
}

// A closed shard fails its records at once, and is tried again for the next ones.
func TestClosedShard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		s.trouble = fail(1, fmt.Errorf("engine: %w", grouplog.ErrClosed))
		q := grouplog.NewQueue(s, grouplog.Options{MaxGroup: 1 << 20})
		if r := puts(q, shard, []string{"a"}); !errors.Is(r[0].err, grouplog.ErrClosed) || r[0].took != time.Second {
			t.Errorf("error %v after %v, want one after 1 s", r[0].err, r[0].took)
		}
		if r := puts(q, shard, []string{"b"}); r[0].err != nil {
			t.Error(r[0].err)
		}
		check(t, s, "[[b]]", 2)
	})
}

// Shards do not wait for each other.
func TestShardsAreIndependent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		stream := putrecords.MustNew(putrecords.Config{Shards: 8, Log: grouplog.NewQueue(s, grouplog.Options{MaxGroup: 1 << 20})})
		var records []putrecords.RequestEntry
		for _, keys := range putrecords.EvenRanges(8) {
			hashKey := keys.StartingHashKey.String()
			entry := putrecords.Entry("k", []byte(hashKey))
			entry.ExplicitHashKey = &hashKey
			records = append(records, entry)
		}
		start := time.Now()
		if out, err := stream.Put(t.Context(), records...); err != nil || out.FailedRecordCount > 0 {
			t.Errorf("%+v, %v", out, err)
		}
		if took := time.Since(start); took != time.Second || s.tries != 8 {
			t.Errorf("%d groups took %v, want 8 in 1 s", s.tries, took)
		}
	})
}
