package putrecords_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/putrecords/putrecords"
)

// A laterLog finishes appends in wait, and only then sets their positions. Some appends fail,
// immediately or in wait. The log notes what each shard has admitted.
type laterLog struct {
	putrecords.MemoryLog

	mu       sync.Mutex
	appends  int
	admitted map[string][]admission // by shard, in order
}

// An admission is what a shard has admitted at one time.
type admission struct {
	at             time.Time
	records, bytes int64
}

func newLaterLog() *laterLog {
	return &laterLog{MemoryLog: putrecords.MemoryLog{Retention: -1}, admitted: make(map[string][]admission)}
}

func (l *laterLog) Append(ctx context.Context, shard putrecords.Shard, records []putrecords.Record) (func() error, error) {
	a := admission{at: records[0].Arrived, records: int64(len(records))}
	for _, r := range records {
		a.bytes += int64(len(r.Data) + len(r.PartitionKey))
	}
	l.mu.Lock()
	l.appends++
	n := l.appends
	l.admitted[shard.ShardID] = append(l.admitted[shard.ShardID], a)
	l.mu.Unlock()
	later := func() {
		for range n % 5 {
			runtime.Gosched()
		}
	}
	switch {
	case n%11 == 0:
		return nil, errLog
	case n%13 == 0:
		return func() error { later(); return errLog }, nil
	}
	begun := slices.Clone(records)
	if wait, err := l.MemoryLog.Append(ctx, shard, begun); wait != nil || err != nil {
		return wait, err
	}
	return func() error {
		later()
		copy(records, begun)
		return nil
	}, nil
}

// overdraft returns by how many billionths of a token a shard has exceeded its limits: the maximum
// over all periods of what it admitted, minus its burst and what its rate allows in that period. It
// is 0 if the shard has kept to its limits.
func overdraft(admissions []admission, count func(admission) int64, perSecond, burst int64) (most int64) {
	for i := range admissions {
		admitted := -burst
		for _, a := range admissions[i:] {
			admitted += count(a)
			most = max(most, admitted*1e9-perSecond*a.at.Sub(admissions[i].at).Nanoseconds())
		}
	}
	return most
}

// checkThrottling checks that no shard has ever admitted more than its burst and rate allow.
func checkThrottling(t *testing.T, s *putrecords.Stream, log *laterLog) {
	t.Helper()
	limits := s.Limits()
	recordsOf, bytesOf := func(a admission) int64 { return a.records }, func(a admission) int64 { return a.bytes }
	for id, admissions := range log.admitted {
		records := overdraft(admissions, recordsOf, int64(limits.RecordsPerSecond), int64(limits.RecordBurst))
		bytes := overdraft(admissions, bytesOf, limits.BytesPerSecond, limits.ByteBurst)
		if records > 0 || bytes > 0 {
			t.Errorf("%s admitted %g records and %g bytes too many", id, float64(records)/1e9, float64(bytes)/1e9)
		}
	}
}

// outOfOrder returns a clock that advances by a step with every reading. Some readings are up to a
// hundred steps late, as if concurrent readers were overtaken.
func outOfOrder(step time.Duration) func() time.Time {
	var readings atomic.Int64
	return func() time.Time {
		n := readings.Add(1)
		late := n * 7919 % 101
		if n%3 != 0 {
			late = 0
		}
		return start.Add(time.Duration(max(n-late, 0)) * step)
	}
}

// The messages of faults, by which callers recognize them.
const (
	injected = "failed by a fault"
	lie      = "stored but reported as failed"
)

// told is what callers learned about their records, keyed by the data of each.
type told struct {
	numbers   map[string]string // sequence numbers of stored records
	failed    map[string]string // messages of failed records
	throttled map[string]bool
	rejected  map[string]string // messages of rejected requests
	lies      int               // requests that were stored and rejected
}

func newTold() *told {
	return &told{
		numbers: make(map[string]string), failed: make(map[string]string),
		throttled: make(map[string]bool), rejected: make(map[string]string),
	}
}

// Callers put records concurrently while shards split and merge, faults come and go, the log is
// late and fails, and others read. No record is lost or stored twice, sequence numbers increase,
// Stats match the outputs, and shards keep to their limits.
func TestNothingLostNothingTwice(t *testing.T) {
	for _, delay := range []time.Duration{0, 300 * time.Millisecond} {
		for _, lies := range []bool{false, true} {
			t.Run(fmt.Sprintf("delay %v, lies %t", delay, lies), func(t *testing.T) { testUnderLoad(t, delay, lies) })
		}
	}
}

// testUnderLoad is one run. If lies is set, some requests are stored and rejected, so nobody learns
// what became of their other records.
func testUnderLoad(t *testing.T, delay time.Duration, lies bool) {
	log := newLaterLog()
	s := putrecords.MustNew(putrecords.Config{
		Shards: 4, Now: outOfOrder(10 * time.Millisecond), Log: log, ReshardDelay: delay,
		Limits: putrecords.Limits{RecordsPerSecond: 40, BytesPerSecond: 1500, BytesPerRecord: 100, RecordBurst: 30},
	})
	const callers, calls, perCall = 4, 80, 25
	heard := make([]*told, callers)
	var putting, others sync.WaitGroup
	for caller := range callers {
		putting.Go(func() { heard[caller] = putUnderLoad(t, s, caller, calls, perCall) })
	}
	var injections []*putrecords.Injection
	others.Go(func() { injections = injectUnderLoad(s, lies) })
	others.Go(func() { reshardUnderLoad(t, s, delay) })
	done := make(chan struct{})
	for range 2 {
		others.Go(func() { readUnderLoad(t, s, done) })
	}
	putting.Wait()
	close(done)
	others.Wait()

	all := newTold()
	sent := 0
	for _, h := range heard {
		sent += len(h.numbers) + len(h.failed) + len(h.throttled) + len(h.rejected)
		all.lies += h.lies
		maps.Copy(all.numbers, h.numbers)
		maps.Copy(all.failed, h.failed)
		maps.Copy(all.throttled, h.throttled)
		maps.Copy(all.rejected, h.rejected)
	}
	if sent != callers*calls*perCall {
		t.Errorf("callers got answers for %d of the %d records they sent", sent, callers*calls*perCall)
	}
	if len(all.throttled) == 0 || len(all.failed) == 0 || len(all.numbers) == 0 {
		t.Errorf("%d throttled, %d failed, %d stored: the test needs some of each",
			len(all.throttled), len(all.failed), len(all.numbers))
	}
	inLog := checkLog(t, s)
	checkTold(t, all, inLog)
	checkStatsUnderLoad(t, s, all, inLog)
	checkHits(t, all, lies, injections)
	checkThrottling(t, s, log)
}

// putUnderLoad puts records with distinct data. A third of them have the same hash key.
func putUnderLoad(t *testing.T, s *putrecords.Stream, caller, calls, perCall int) *told {
	h := newTold()
	for call := range calls {
		var records []putrecords.RequestEntry
		for i := range perCall {
			name := fmt.Sprintf("%d/%d/%d", caller, call, i)
			e := putrecords.Entry(name, []byte(name))
			if i%3 == 0 {
				e.ExplicitHashKey = ptr(lastHashKey)
			}
			records = append(records, e)
		}
		out, err := s.Put(t.Context(), records...)
		var rejection *putrecords.Error
		if errors.As(err, &rejection) {
			if rejection.Message == lie {
				h.lies++
			}
			for _, e := range records {
				h.rejected[*e.PartitionKey] = rejection.Message
			}
			continue
		}
		if err != nil || len(out.Records) != perCall {
			t.Errorf("Put returned %v, %v", out, err)
			return h
		}
		last := make(map[string]string) // of each shard
		failed := 0
		for i, entry := range out.Records {
			name := *records[i].PartitionKey
			switch entry.ErrorCode {
			case "":
				h.numbers[name] = entry.SequenceNumber
				if entry.SequenceNumber <= last[entry.ShardID] {
					t.Errorf("%s: record %d of a request has sequence number %s after %s", entry.ShardID, i, entry.SequenceNumber, last[entry.ShardID])
				}
				last[entry.ShardID] = entry.SequenceNumber
			case putrecords.ProvisionedThroughputExceededException:
				failed++
				h.throttled[name] = true
			default:
				failed++
				h.failed[name] = entry.ErrorMessage
			}
		}
		if out.FailedRecordCount != failed {
			t.Errorf("FailedRecordCount is %d for %d failed records", out.FailedRecordCount, failed)
		}
	}
	return h
}

// injectUnderLoad injects faults of every kind. It removes some early and all in the end.
func injectUnderLoad(s *putrecords.Stream, lies bool) (injections []*putrecords.Injection) {
	for i := range 200 {
		fault := putrecords.Fault{Count: 1 + i%4, Message: injected, Match: func(a putrecords.Attempt) bool { return a.Index%3 == i%3 }}
		switch i % 8 {
		case 0:
			fault.Code, fault.WholeRequest = putrecords.ProvisionedThroughputExceededException, true
		case 1:
			fault.Code = putrecords.KMSThrottlingException
		case 2:
			fault.AfterAppend, fault.WholeRequest, fault.Message = true, lies, lie
		case 3, 4, 5:
			fault.AfterAppend, fault.Message = true, lie
		}
		injections = append(injections, s.Inject(fault))
		if i%5 == 0 {
			injections[i/2].Remove()
		}
		runtime.Gosched()
	}
	for _, injection := range injections {
		injection.Remove()
	}
	return injections
}

// reshardUnderLoad splits and merges shards, except the one with the last hash key.
func reshardUnderLoad(t *testing.T, s *putrecords.Stream, delay time.Duration) {
	resharded := 0
	for i := range 300 {
		a := s.Route(putrecords.HashKey{byte(i * 37 % 192)})
		next := nextHashKey(a)
		var err error
		if i%3 != 0 && next[0] < 192 {
			err = s.MergeShards(a.ShardID, s.Route(next).ShardID)
		} else {
			middle := new(big.Int).Add(a.HashKeyRange.StartingHashKey.Big(), a.HashKeyRange.EndingHashKey.Big())
			err = s.SplitShard(a.ShardID, hashKeyOf(middle.Rsh(middle, 1)))
		}
		switch {
		case err == nil:
			resharded++
		case delay == 0:
			t.Error(err)
		case !errors.Is(err, putrecords.ResourceInUseException) && !errors.Is(err, putrecords.InvalidArgumentException):
			t.Error(err) // the shard may have closed since Route returned it, but nothing else may fail
		}
	}
	if resharded < 2 {
		t.Errorf("only %d reshards", resharded)
	}
}

// readUnderLoad reads everything in a loop until done. Shards may appear and close but not change
// otherwise, records are only added at the end of a log, and statistics never decrease.
func readUnderLoad(t *testing.T, s *putrecords.Stream, done <-chan struct{}) {
	var shards []putrecords.Shard
	records := make(map[string][]putrecords.Record)
	stats := make(map[string]putrecords.ShardStats)
	for round := 0; ; round++ {
		now := s.Shards()
		for i, before := range shards {
			after := now[i]
			if before.SequenceNumberRange.EndingSequenceNumber.IsZero() {
				after.SequenceNumberRange.EndingSequenceNumber = before.SequenceNumberRange.EndingSequenceNumber
			}
			if after != before {
				t.Errorf("shard %+v changed to %+v", before, now[i])
			}
		}
		shards = now
		for _, err := range []error{checkParents(shards), checkTiles(shards)} {
			if err != nil {
				t.Error(err)
			}
		}
		for i, shard := range shards {
			if i%7 != round%7 { // reading all of them would be slow
				continue
			}
			before, after := records[shard.ShardID], readAll(t, s, shard.ShardID)
			if len(after) < len(before) || !slices.EqualFunc(before, after[:len(before)], sameRecord) {
				t.Errorf("%s: some of the %d records in the log were lost or changed", shard.ShardID, len(before))
			}
			records[shard.ShardID] = after
			if err := checkOrder(putrecords.Shard{ShardID: shard.ShardID}, after); err != nil {
				t.Error(err)
			}
		}
		for _, after := range s.Stats() {
			before := stats[after.ShardID]
			if after.Stored.Records < before.Stored.Records || after.Throttled.Records < before.Throttled.Records ||
				after.Failed.Records < before.Failed.Records {
				t.Errorf("statistics decreased from %+v to %+v", before, after)
			}
			stats[after.ShardID] = after
		}
		select {
		case <-done:
			return
		default:
		}
	}
}

// readAll is recordsOf for goroutines that must not end the test.
func readAll(t *testing.T, s *putrecords.Stream, shardID string) (records []putrecords.Record) {
	for record, err := range s.Records(shardID) {
		if err != nil {
			t.Error(err)
		}
		records = append(records, record)
	}
	return records
}

// checkLog checks that the records in the log are in order and in the right shards. It returns
// their sequence numbers, keyed by their data.
func checkLog(t *testing.T, s *putrecords.Stream) map[string]string {
	t.Helper()
	shards := s.Shards()
	for _, err := range []error{checkParents(shards), checkTiles(shards)} {
		if err != nil {
			t.Error(err)
		}
	}
	inLog := make(map[string]string)
	for _, shard := range shards {
		records := recordsOf(t, s, shard.ShardID)
		if err := checkOrder(shard, records); err != nil {
			t.Error(err)
		}
		var latest time.Time
		for _, r := range records {
			name := string(r.Data)
			if _, twice := inLog[name]; twice {
				t.Errorf("record %s is stored twice", name)
			}
			inLog[name] = r.SequenceNumber.String()
			if r.Arrived.Before(latest) {
				t.Errorf("%s: arrivals go back from %v to %v", shard.ShardID, latest, r.Arrived)
			}
			latest = r.Arrived
			if last := shard.SequenceNumberRange.EndingSequenceNumber; !last.IsZero() && r.SequenceNumber.Arrived > last.Arrived {
				t.Errorf("%s: sequence number %+v is after the closing second %d", shard.ShardID, r.SequenceNumber, last.Arrived)
			}
			key := putrecords.HashKeyOf(r.PartitionKey)
			if r.ExplicitHashKey != "" {
				key = parseHashKey(t, r.ExplicitHashKey)
			}
			if !shard.HashKeyRange.Contains(key) {
				t.Errorf("%s holds a record with hash key %v", shard.ShardID, key)
			}
		}
	}
	return inLog
}

// checkTold compares the log with what callers learned.
func checkTold(t *testing.T, all *told, inLog map[string]string) {
	t.Helper()
	for name, number := range all.numbers {
		if inLog[name] != number {
			t.Errorf("record %s was stored as %s, but is in the log as %q", name, number, inLog[name])
		}
	}
	for name, text := range all.failed {
		if _, stored := inLog[name]; stored != (text == lie) {
			t.Errorf("record %s failed with %q, and is in the log: %t", name, text, stored)
		}
	}
	for name := range all.throttled {
		if _, stored := inLog[name]; stored {
			t.Errorf("record %s was throttled, but is in the log", name)
		}
	}
	for name, text := range all.rejected {
		if _, stored := inLog[name]; stored && text != lie {
			t.Errorf("the request of record %s was rejected with %q, but the record is in the log", name, text)
		}
	}
	for name := range inLog {
		_, told := all.numbers[name]
		if !told && all.failed[name] != lie && all.rejected[name] != lie {
			t.Errorf("record %s is in the log, but its caller did not learn that", name)
		}
	}
}

// checkStatsUnderLoad compares the statistics with the log and with what callers learned.
func checkStatsUnderLoad(t *testing.T, s *putrecords.Stream, all *told, inLog map[string]string) {
	t.Helper()
	var sum putrecords.ShardStats
	for _, stats := range s.Stats() {
		var want putrecords.Count
		for _, r := range recordsOf(t, s, stats.ShardID) {
			add(&want, putrecords.Count{Records: 1, Bytes: int64(len(r.PartitionKey) + len(r.Data))})
		}
		if stats.Stored != want {
			t.Errorf("%s counts %+v as stored, but the log holds %+v", stats.ShardID, stats.Stored, want)
		}
		add(&sum.Stored, stats.Stored)
		add(&sum.Throttled, stats.Throttled)
		add(&sum.Failed, stats.Failed)
	}
	// If a request was stored and rejected, those of its records that are not in the log were
	// throttled or failed. Nobody knows which.
	var want putrecords.ShardStats
	var unknown putrecords.Count
	count := func(name string) putrecords.Count { return putrecords.Count{Records: 1, Bytes: int64(2 * len(name))} }
	for name := range inLog {
		add(&want.Stored, count(name))
	}
	for name := range all.throttled {
		add(&want.Throttled, count(name))
	}
	for name, text := range all.failed {
		if text != lie {
			add(&want.Failed, count(name))
		}
	}
	for name, text := range all.rejected {
		if _, stored := inLog[name]; text == lie && !stored {
			add(&unknown, count(name))
		}
	}
	got, known := sum.Throttled, want.Throttled
	add(&got, sum.Failed)
	add(&known, want.Failed)
	add(&known, unknown)
	if sum.Stored != want.Stored || got != known ||
		sum.Throttled.Records < want.Throttled.Records || sum.Failed.Records < want.Failed.Records {
		t.Errorf("statistics are %+v; callers know of %+v, and another %+v are unknown", sum, want, unknown)
	}
}

// checkHits compares the hits of the faults from injectUnderLoad, in their order, with what callers
// learned.
func checkHits(t *testing.T, all *told, lies bool, injections []*putrecords.Injection) {
	t.Helper()
	var hits, heard struct{ Rejected, RejectedWithLies, Failed, FailedWithLies int }
	for i, injection := range injections {
		n := injection.Hits()
		if n > 1+i%4 {
			t.Errorf("fault %d has %d hits, more than its count", i, n)
		}
		switch {
		case i%8 <= 1:
			hits.Rejected += n
		case i%8 == 2 && lies:
			hits.RejectedWithLies += n
		case i%8 <= 5:
			hits.FailedWithLies += n
		default:
			hits.Failed += n
		}
	}
	for _, text := range all.failed {
		switch text {
		case injected:
			heard.Failed++
		case lie:
			heard.FailedWithLies++
		}
	}
	for name, text := range all.rejected {
		if text == injected && strings.HasSuffix(name, "/0") { // count each request once
			heard.Rejected++
		}
	}
	heard.RejectedWithLies = all.lies
	if lies && hits.Failed > heard.Failed {
		heard.Failed = hits.Failed // a rejected request hid the other answers
	}
	if hits != heard {
		t.Errorf("faults have hits %+v, but callers learned of %+v", hits, heard)
	}
}

// If a fault matches the records of several callers before it fails any of them, it still fails no
// more than its count.
func TestFaultMatchesConcurrently(t *testing.T) {
	for count, want := range map[int]int{0: 1, 1: 1, 3: 3, 8: 8, 9: 8, -1: 8} {
		synctest.Test(t, func(t *testing.T) { // which fails if the callers wait forever
			s := putrecords.MustNew(putrecords.Config{Shards: 4})
			var matched, callers sync.WaitGroup
			matched.Add(8)
			injection := s.Inject(putrecords.Fault{Count: count, Match: func(putrecords.Attempt) bool {
				matched.Done()
				matched.Wait()
				return true
			}})
			var failed atomic.Int64
			for caller := range 8 {
				callers.Go(func() {
					if out, err := s.Put(t.Context(), keyed(strconv.Itoa(caller))); err != nil {
						t.Error(err)
					} else {
						failed.Add(int64(out.FailedRecordCount))
					}
				})
			}
			callers.Wait()
			if n := int(failed.Load()); n != want || injection.Hits() != want {
				t.Errorf("count %d: %d of 8 records failed, %d hits; want %d", count, n, injection.Hits(), want)
			}
		})
	}
}

// Concurrent callers whose clock readings are out of order never get more from a shard than its
// burst and rate allow. An hour later the shard has its full burst again.
func TestThrottlingHoldsUnderLoad(t *testing.T) {
	var shift atomic.Int64
	clock := outOfOrder(700 * time.Microsecond)
	log := newLaterLog()
	s := putrecords.MustNew(putrecords.Config{
		Shards: 2, Log: log, Now: func() time.Time { return clock().Add(time.Duration(shift.Load())) },
		Limits: putrecords.Limits{RecordsPerSecond: 900, RecordBurst: 70, BytesPerSecond: 9000, BytesPerRecord: 100, ByteBurst: 1000},
	})
	var group sync.WaitGroup
	for caller := range 6 {
		group.Go(func() {
			for call := range 150 {
				var records []putrecords.RequestEntry
				for i := range 8 {
					records = append(records, putrecords.Entry(fmt.Sprint(caller, call, i), make([]byte, (caller*call+i)%20)))
				}
				if _, err := s.Put(t.Context(), records...); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	checkThrottling(t, s, log)
	throttled := int64(0)
	for _, stats := range s.Stats() {
		throttled += stats.Throttled.Records
	}
	if throttled == 0 {
		t.Error("nothing was throttled")
	}
	shift.Store(int64(time.Hour))
	for _, key := range []string{"0", lastHashKey} {
		out := mustPut(t, s, repeat(71, hashed(key))...)
		n := 0
		for _, entry := range out.Records {
			if entry.ErrorCode == putrecords.ProvisionedThroughputExceededException {
				n++
			}
		}
		if n != 1 {
			t.Errorf("an hour later %d of 71 records are throttled, want only the one above the burst", n)
		}
	}
}

// If calls at seven times arrive in any order, then after each call the shard has admitted no more
// than its burst and what its rate allows until the latest time so far.
func TestThrottlingHoldsInEveryOrder(t *testing.T) {
	times := []time.Duration{0, 3e8, 1e9, 15e8, 2e9, 5e9, 55e8}
	limits := putrecords.Limits{RecordsPerSecond: 1, RecordBurst: 4, BytesPerSecond: 10, BytesPerRecord: 20, ByteBurst: 25}
	permute(times, func(times []time.Duration) {
		c := newClock()
		s := putrecords.MustNew(putrecords.Config{Now: c.Now, Limits: limits, Log: putrecords.Discard()})
		var latest time.Duration
		for _, at := range times {
			c.now = start.Add(at)
			mustPut(t, s, sized(1), sized(int(at/1e8)%20+1), sized(2))
			latest = max(latest, at)
			stored := s.Stats()[0].Stored
			if due := time.Duration(stored.Records-4) * time.Second; due > latest {
				t.Fatalf("%d records admitted in %v, with times in the order %v", stored.Records, latest, times)
			}
			if due := time.Duration(stored.Bytes-25) * time.Second / 10; due > latest {
				t.Fatalf("%d bytes admitted in %v, with times in the order %v", stored.Bytes, latest, times)
			}
		}
	})
}

// permute calls f with every order of values.
func permute(values []time.Duration, f func([]time.Duration)) {
	var from func(int)
	from = func(i int) {
		if i == len(values) {
			f(values)
			return
		}
		for j := i; j < len(values); j++ {
			values[i], values[j] = values[j], values[i]
			from(i + 1)
			values[i], values[j] = values[j], values[i]
		}
	}
	from(0)
}
