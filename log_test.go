package putrecords_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/putrecords/putrecords"
)

// keys returns the partition keys of a shard's records in the log.
func keys(t testing.TB, s *putrecords.Stream, shardID string) []string {
	t.Helper()
	var keys []string
	for _, r := range recordsOf(t, s, shardID) {
		keys = append(keys, r.PartitionKey)
	}
	return keys
}

func TestMemoryLogRetention(t *testing.T) {
	for _, test := range []struct {
		retention, age time.Duration
		kept           bool
	}{
		{0, 24*time.Hour - 1, true},
		{0, 24 * time.Hour, true},
		{0, 24*time.Hour + 1, false},
		{time.Minute, time.Minute - 1, true},
		{time.Minute, time.Minute, true},
		{time.Minute, time.Minute + 1, false},
		{1, 1, true},
		{1, 2, false},
		{-1, 250 * 365 * 24 * time.Hour, true},
	} {
		c := newClock()
		s := putrecords.MustNew(putrecords.Config{Shards: 2, Now: c.Now, Log: &putrecords.MemoryLog{Retention: test.retention}})
		mustPut(t, s, hashed("0"), hashed(lastHashKey))
		c.advance(test.age)
		mustPut(t, s, hashed("0"))
		// Age counts from the newest arrival of all shards.
		for shardID, others := range map[string]int{shard0: 1, shard1: 0} {
			if got := len(keys(t, s, shardID)) - others; (got == 1) != test.kept {
				t.Errorf("retention %v: a record of age %v in %s is kept: %t", test.retention, test.age, shardID, got == 1)
			}
		}
		number := sequenceNumber(t, mustPut(t, s, hashed("0")).Records[0])
		if number.Position != 3 {
			t.Errorf("retention %v: position %d after two records, want 3", test.retention, number.Position)
		}
	}
}

// An arrival before the newest one, as when a shard's clock goes back, does not move the horizon
// back.
func TestMemoryLogNewestOfAllShards(t *testing.T) {
	c := newClock()
	s := putrecords.MustNew(putrecords.Config{
		Shards: 2, Now: c.Now, Log: &putrecords.MemoryLog{Retention: 12 * time.Hour},
	})
	mustPut(t, s, hashed("0"))
	c.advance(24 * time.Hour)
	mustPut(t, s, hashed("0"))
	c.advance(-18 * time.Hour)
	mustPut(t, s, hashed(lastHashKey)) // 18 hours old at once
	if n := len(keys(t, s, shard0)) + len(keys(t, s, shard1)); n != 1 {
		t.Errorf("%d records are kept, want only the newest", n)
	}
}

// The memory of dropped records is released in every shard, even one that receives no more records.
func TestMemoryLogReleasesMemory(t *testing.T) {
	c := newClock()
	s := putrecords.MustNew(putrecords.Config{Shards: 2, Now: c.Now, Limits: putrecords.Limits{BytesPerSecond: -1}})
	for range 10 {
		mustPut(t, s, hashed("0"), putrecords.Entry("large", make([]byte, 1<<20-5)), putrecords.Entry("LARGE", make([]byte, 1<<20-5)))
	}
	before := heap()
	c.advance(25 * time.Hour)
	mustPut(t, s, hashed("0"))
	if freed := int64(before) - int64(heap()); freed < 19<<20 {
		t.Errorf("%d bytes of 20 MiB are released", freed)
	}
	if got := keys(t, s, shard0); len(got) != 1 {
		t.Errorf("%d records are left, want 1", len(got))
	}
}

func heap() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// A caller that modifies its request, or what Records yields, does not modify the log.
func TestMemoryLogCopies(t *testing.T) {
	s := putrecords.MustNew(putrecords.Config{})
	data := []byte("data")
	mustPut(t, s, putrecords.Entry("k", data))
	data[0] = 'X'
	recordsOf(t, s, shard0)[0].Data[1] = 'X'
	if got := string(recordsOf(t, s, shard0)[0].Data); got != "data" {
		t.Errorf("the log holds %q", got)
	}
}

func TestMemoryLogRecords(t *testing.T) {
	var log putrecords.MemoryLog
	s := putrecords.MustNew(putrecords.Config{Log: &log})
	shard := s.Shards()[0]
	collect := func(position uint64) (keys []string) {
		for r, err := range log.Records(t.Context(), shard, position) {
			if err != nil {
				t.Fatal(err)
			}
			keys = append(keys, r.PartitionKey)
		}
		return keys
	}
	if got := collect(0); got != nil {
		t.Errorf("an empty log yields %v", got)
	}
	mustPut(t, s, keyed("1"), keyed("2"), keyed("3"))
	for position, want := range map[uint64][]string{0: {"1", "2", "3"}, 1: {"1", "2", "3"}, 2: {"2", "3"}, 3: {"3"}, 4: nil} {
		if got := collect(position); !slices.Equal(got, want) {
			t.Errorf("from position %d: %v, want %v", position, got, want)
		}
	}
	// An iteration stops when the loop does, and yields only the records from before it began.
	n := 0
	for r, err := range s.Records(shard0) {
		mustPut(t, s, keyed("more"))
		if n++; r.PartitionKey == "2" || err != nil || n > 10 {
			break
		}
	}
	if n != 2 {
		t.Errorf("%d records until the second", n)
	}
	n = 0
	for _, err := range s.Records(shard0) {
		mustPut(t, s, keyed("more"))
		if err != nil {
			t.Error(err)
		}
		if n++; n > 10 {
			break
		}
	}
	if n != 5 {
		t.Errorf("%d records, want the 5 from before the iteration", n)
	}
	if wait, err := log.Append(t.Context(), shard, nil); wait != nil || err != nil {
		t.Errorf("appending nothing: %v", err)
	}
}

// The latest position of a shard is its last record's, kept or dropped. It goes on from stream to
// stream.
func TestMemoryLogLatestPosition(t *testing.T) {
	c := newClock()
	log := &putrecords.MemoryLog{}
	s := putrecords.MustNew(putrecords.Config{Shards: 2, Now: c.Now, Log: log})
	want := func(of0, of1 uint64) {
		t.Helper()
		if got0, got1 := log.LatestPosition(shard0), log.LatestPosition(shard1); got0 != of0 || got1 != of1 {
			t.Errorf("latest positions %d and %d, want %d and %d", got0, got1, of0, of1)
		}
	}
	want(0, 0)
	mustPut(t, s, hashed("0"), hashed("0"), hashed(lastHashKey))
	want(2, 1)
	c.advance(48 * time.Hour)
	mustPut(t, s, hashed(lastHashKey))
	if got := keys(t, s, shard0); got != nil {
		t.Errorf("records %v are kept, want none", got)
	}
	want(2, 2)
	s = putrecords.MustNew(putrecords.Config{Now: c.Now, Log: log, Layout: s.Shards()})
	mustPut(t, s, hashed("0"))
	want(3, 2)
}

func TestDiscard(t *testing.T) {
	s := putrecords.MustNew(putrecords.Config{Shards: 2, Log: putrecords.Discard()})
	mustPut(t, s, hashed("0"), hashed(lastHashKey))
	out := mustPut(t, s, hashed("0"), hashed("1"))
	for i, position := range []uint64{2, 3} {
		if got := sequenceNumber(t, out.Records[i]).Position; got != position {
			t.Errorf("position %d, want %d", got, position)
		}
	}
	if got := keys(t, s, shard0); got != nil {
		t.Errorf("Discard keeps %v", got)
	}
}

// Discard numbers each shard on its own, for any number of shards and in any order of callers.
func TestDiscardManyShards(t *testing.T) {
	const shards, callers = 600, 4
	s := putrecords.MustNew(putrecords.Config{Shards: shards, Log: putrecords.Discard(), Limits: putrecords.Limits{RecordsPerRequest: -1}})
	var records []putrecords.RequestEntry
	for _, r := range putrecords.EvenRanges(shards) {
		records = append(records, hashed(r.StartingHashKey.String()))
	}
	var group sync.WaitGroup
	for range callers {
		group.Go(func() {
			if _, err := s.Put(t.Context(), records...); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for i, entry := range mustPut(t, s, records...).Records {
		if n := sequenceNumber(t, entry); n.Position != callers+1 || n.ShardIndex != uint32(i) {
			t.Fatalf("record %d: number %+v, want position %d", i, n, callers+1)
		}
	}
}

// A stream that starts on the log of an earlier one continues its positions.
func TestStreamRestartedOnItsLog(t *testing.T) {
	c := newClock()
	log := &putrecords.MemoryLog{}
	first := putrecords.MustNew(putrecords.Config{Now: c.Now, Log: log})
	last := sequenceNumber(t, mustPut(t, first, keyed("1")).Records[0])
	c.advance(time.Minute)
	second := putrecords.MustNew(putrecords.Config{Now: c.Now, Log: log, Layout: first.Shards()})
	if got := sequenceNumber(t, mustPut(t, second, keyed("2")).Records[0]); got.Compare(last) <= 0 || got.Position != 2 {
		t.Errorf("number %+v after %+v", got, last)
	}
	if got := keys(t, second, shard0); !slices.Equal(got, []string{"1", "2"}) {
		t.Errorf("the log holds %v, want both records", got)
	}
}

// A stream may start on the log of an earlier one with a clock that is behind. How long a record is
// kept depends on its own arrival.
func TestStreamRestartedInThePast(t *testing.T) {
	c := newClock()
	log := &putrecords.MemoryLog{Retention: time.Hour}
	first := putrecords.MustNew(putrecords.Config{Now: c.Now, Log: log})
	mustPut(t, first, keyed("1"))
	c.advance(-time.Minute)
	second := putrecords.MustNew(putrecords.Config{Now: c.Now, Log: log, Layout: first.Shards()})
	mustPut(t, second, keyed("2"))
	c.advance(time.Hour + 30*time.Second)
	mustPut(t, second, keyed("3"))
	if got := keys(t, second, shard0); !slices.Equal(got, []string{"1", "3"}) {
		t.Errorf("records %v, want the two from the last hour", got)
	}
}

// A slowLog sleeps for a second before it finishes an append, and fails the appends of some shards.
// It notes which shards it is asked to store records for.
type slowLog struct {
	putrecords.MemoryLog
	failAppend, failWait string // shard IDs

	mu            sync.Mutex
	began, waited []string
}

func (l *slowLog) asked() (began, waited []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.began, l.waited
}

func (l *slowLog) Append(ctx context.Context, shard putrecords.Shard, records []putrecords.Record) (func() error, error) {
	l.mu.Lock()
	l.began = append(l.began, shard.ShardID)
	l.mu.Unlock()
	wait := func() error {
		time.Sleep(time.Second)
		l.mu.Lock()
		l.waited = append(l.waited, shard.ShardID)
		l.mu.Unlock()
		if shard.ShardID == l.failWait {
			return errLog
		}
		_, err := l.MemoryLog.Append(ctx, shard, records)
		return err
	}
	if shard.ShardID == l.failAppend {
		return wait, errLog
	}
	return wait, nil
}

// When a log finishes later, every group begins before the first wait. Each wait is called once and
// without locks, and its failure affects only the records of its own shard.
func TestLogThatFinishesLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &slowLog{failAppend: shard1, failWait: shard0}
		s := putrecords.MustNew(putrecords.Config{Shards: 3, Log: log, Limits: putrecords.Limits{RecordsPerSecond: 3}})
		called := time.Now()
		done := make(chan *putrecords.Output)
		go func() {
			done <- mustPut(t, s, keyed("a"), keyed("b"), keyed("e"), keyed("f"), keyed("e"), keyed("e"), keyed("e"))
		}()
		synctest.Wait() // the call is in its first wait
		began, waited := log.asked()
		if want := []string{shard0, shard1, shard2}; !slices.Equal(began, want) || waited != nil {
			t.Errorf("began %v, want %v; already waited for %v", began, want, waited)
		}
		if stats := s.Stats(); stats[2].Stored.Records != 0 || stats[2].Throttled.Records != 0 || stats[1].Failed.Records != 2 {
			t.Errorf("statistics must count the groups that have finished, and only those: %+v", stats)
		}
		out := <-done
		if _, waited := log.asked(); !slices.Equal(waited, []string{shard0, shard2}) {
			t.Errorf("waited for %v, want %v", waited, []string{shard0, shard2})
		}
		if elapsed := time.Since(called); elapsed != 2*time.Second {
			t.Errorf("the call took %v, want 2 s", elapsed)
		}
		failure := putrecords.ResultEntry{ErrorCode: putrecords.InternalFailure, ErrorMessage: "Internal service failure."}
		for i, failed := range []bool{true, true, false, true, false, false, true} {
			if entry := out.Records[i]; (entry.ErrorCode != "") != failed || failed && i != 6 && entry != failure {
				t.Errorf("entry %d: %+v", i, entry)
			}
		}
		if out.FailedRecordCount != 4 || out.Records[6].ErrorCode != putrecords.ProvisionedThroughputExceededException {
			t.Errorf("output %+v", out)
		}
		if got := sequenceNumber(t, out.Records[5]); got.Position != 3 {
			t.Errorf("number %+v, want position 3", got)
		}
		stats := []putrecords.ShardStats{
			{ShardID: shard0, Failed: putrecords.Count{Records: 1, Bytes: 1}},
			{ShardID: shard1, Failed: putrecords.Count{Records: 2, Bytes: 2}},
			{ShardID: shard2, Stored: putrecords.Count{Records: 3, Bytes: 3}, Throttled: putrecords.Count{Records: 1, Bytes: 1}},
		}
		if diff := cmp.Diff(stats, s.Stats()); diff != "" {
			t.Errorf("statistics differ (-want +got):\n%s", diff)
		}
	})
}

// A log whose queue is full fails the records at once and stores none of them.
func TestLogWithFullQueue(t *testing.T) {
	s := putrecords.MustNew(putrecords.Config{Log: &queueLog{queue: make(chan *job)}})
	out := mustPut(t, s, keyed("1"), keyed("2"))
	if out.FailedRecordCount != 2 || out.Records[0].ErrorCode != putrecords.InternalFailure {
		t.Errorf("output %+v, want two records that failed with InternalFailure", out)
	}
}

// Records that the log could not store use up tokens; throttled records do not.
func TestFailedRecordsTakeTokens(t *testing.T) {
	log := &troubledLog{Log: &putrecords.MemoryLog{}, trouble: trouble{kind: failsAtOnce}}
	s := putrecords.MustNew(putrecords.Config{Log: log, Now: newClock().Now, Limits: putrecords.Limits{RecordsPerSecond: 3}})
	mustPut(t, s, keyed("k"), keyed("k"))
	log.trouble = trouble{}
	if got := shardsOf(mustPut(t, s, keyed("k"), keyed("k"))); got != "0-" {
		t.Errorf("shards %s, want 0-", got)
	}
}

// A curiousLog remembers the context and the shard of its last append.
type curiousLog struct {
	putrecords.MemoryLog
	ctx   context.Context
	shard putrecords.Shard
}

func (l *curiousLog) Append(ctx context.Context, shard putrecords.Shard, records []putrecords.Record) (func() error, error) {
	l.ctx, l.shard = ctx, shard
	return l.MemoryLog.Append(ctx, shard, records)
}

func TestLogIsGivenContextAndShard(t *testing.T) {
	log := &curiousLog{}
	s := putrecords.MustNew(putrecords.Config{Shards: 2, Log: log})
	type key struct{}
	ctx := context.WithValue(t.Context(), key{}, 7)
	if _, err := s.Put(ctx, hashed(lastHashKey)); err != nil {
		t.Fatal(err)
	}
	if log.ctx.Value(key{}) != 7 || log.shard != s.Shards()[1] {
		t.Errorf("Append got context %v, shard %+v", log.ctx, log.shard)
	}
}

// A log that assigns positions that cannot become sequence numbers has a bug, so the stream panics.
func TestLogWithBadPositions(t *testing.T) {
	for _, test := range []struct {
		positions []uint64
		panics    string
	}{
		{[]uint64{1, 2}, ""},
		{[]uint64{7, 1<<63 - 2}, ""},
		{[]uint64{0, 1}, "shardId-000000000000 position 0 after 0"},
		{[]uint64{3, 3}, "position 3 after 3"},
		{[]uint64{3, 2}, "position 2 after 3"},
		{[]uint64{1, 1<<63 - 1}, "position 9223372036854775807 after 1"},
	} {
		s := putrecords.MustNew(putrecords.Config{Log: positionsLog{putrecords.Discard(), test.positions}})
		func() {
			defer func() {
				got := fmt.Sprint(recover())
				if test.panics == "" && got != "<nil>" || !strings.Contains(got, test.panics) {
					t.Errorf("positions %d: panics with %s, want %q", test.positions, got, test.panics)
				}
			}()
			out := mustPut(t, s, keyed("1"), keyed("2"))
			if n := sequenceNumber(t, out.Records[1]); n.Position != test.positions[1] || n.ShardCreated <= 0 {
				t.Errorf("positions %d: number %+v", test.positions, n)
			}
		}()
		s.Stats() // the panic has released all locks
	}
}

// A number has the position that the log gave, whether or not it is the next one.
func TestLogWithGaps(t *testing.T) {
	positions := []uint64{2, 3, 4, 6, 7, 1 << 48, 1<<48 + 1, 1<<63 - 3, 1<<63 - 2}
	s := putrecords.MustNew(putrecords.Config{Log: positionsLog{putrecords.Discard(), positions}})
	for i, entry := range mustPut(t, s, repeat(len(positions), keyed("k"))...).Records {
		if n := sequenceNumber(t, entry); n.Position != positions[i] {
			t.Errorf("record %d has the number %+v, want position %d", i, n, positions[i])
		}
	}
}

type positionsLog struct {
	putrecords.Log
	positions []uint64
}

func (l positionsLog) Append(_ context.Context, _ putrecords.Shard, records []putrecords.Record) (func() error, error) {
	for i := range records {
		// The stream ignores everything except the position.
		records[i].SequenceNumber = putrecords.SequenceNumber{Position: l.positions[i], ShardCreated: -1}
	}
	return nil, nil
}
