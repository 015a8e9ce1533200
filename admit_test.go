package putrecords_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/putrecords/putrecords"
)

// Admit makes the same decisions as PutRecords, record by record, and leaves the same statistics.
func TestAdmitAgreesWithPutRecords(t *testing.T) {
	events := make(map[string]int)
	rapid.Check(t, func(t *rapid.T) {
		c := newClock()
		config := putrecords.Config{
			Shards:       rapid.IntRange(1, 4).Draw(t, "shards"),
			Limits:       drawAdmitLimits(t),
			ReshardDelay: rapid.SampledFrom([]time.Duration{0, time.Second, 3 * time.Second}).Draw(t, "delay"),
			Now:          c.Now,
			Log:          putrecords.Discard(),
		}
		puts, admits := putrecords.MustNew(config), putrecords.MustNew(config)
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			c.advance(drawElapsed(t))
			switch rapid.IntRange(0, 9).Draw(t, "step") {
			case 0:
				shard := rapid.SampledFrom(puts.Shards()).Draw(t, "split")
				key := shard.HashKeyRange.Midpoint()
				sameError(t, puts.SplitShard(shard.ShardID, key), admits.SplitShard(shard.ShardID, key))
			case 1:
				lower := rapid.SampledFrom(puts.Shards()).Draw(t, "lower").ShardID
				upper := rapid.SampledFrom(puts.Shards()).Draw(t, "upper").ShardID
				sameError(t, puts.MergeShards(lower, upper), admits.MergeShards(lower, upper))
			case 2:
				limits := drawAdmitLimits(t)
				sameError(t, puts.SetLimits(limits), admits.SetLimits(limits))
			default:
				entries, admissions := drawAdmissions(t)
				out, err := puts.Put(t.Context(), entries...)
				sameError(t, err, admits.Admit(admissions))
				if err != nil {
					events["clock error"]++
					continue
				}
				sameDecisions(t, out, admissions, events)
			}
			if diff := cmp.Diff(puts.Stats(), admits.Stats()); diff != "" {
				t.Fatalf("statistics differ (-PutRecords +Admit):\n%s", diff)
			}
		}
		events["shards"] += len(admits.Shards()) - config.Shards
	})
	for _, event := range []string{"admitted", "throttled", "shards"} {
		if events[event] == 0 {
			t.Errorf("%q never happened", event)
		}
	}
}

// They agree at AWS's limits too, with full requests and a hot key.
func TestAdmitAgreesAtAWSLimits(t *testing.T) {
	c := newClock()
	config := putrecords.Config{Shards: 4, Now: c.Now, Log: putrecords.Discard()}
	puts, admits := putrecords.MustNew(config), putrecords.MustNew(config)
	random := rand.New(rand.NewPCG(1, 2))
	events := make(map[string]int)
	for range 200 {
		c.advance(time.Duration(random.IntN(300_000_000)))
		entries := make([]putrecords.RequestEntry, 500)
		for i := range entries {
			entries[i] = putrecords.Entry(strconv.Itoa(random.IntN(1+random.IntN(1000))), make([]byte, random.IntN(5000)))
		}
		admissions := admissionsOf(entries)
		if err := admits.Admit(admissions); err != nil {
			t.Fatal(err)
		}
		sameDecisions(t, mustPut(t, puts, entries...), admissions, events)
	}
	if events["admitted"] < 10_000 || events["throttled"] < 10_000 {
		t.Errorf("too few decisions of a kind: %v", events)
	}
}

// drawAdmitLimits returns limits that a few records reach, or AWS's.
func drawAdmitLimits(t *rapid.T) putrecords.Limits {
	return putrecords.Limits{
		RecordsPerSecond: rapid.SampledFrom([]int{0, -1, 1, 3, 7}).Draw(t, "records per second"),
		BytesPerSecond:   rapid.SampledFrom([]int64{0, -1, 5, 40}).Draw(t, "bytes per second"),
		BytesPerRecord:   30,
		RecordBurst:      rapid.SampledFrom([]int{0, 4}).Draw(t, "burst"),
	}
}

// drawAdmissions returns up to 8 records for PutRecords and for Admit.
func drawAdmissions(t *rapid.T) (entries []putrecords.RequestEntry, admissions []putrecords.Admission) {
	for range rapid.IntRange(1, 8).Draw(t, "records") {
		key := hashKeys().Draw(t, "hash key")
		e := putrecords.Entry("k", make([]byte, rapid.IntRange(0, 29).Draw(t, "bytes")))
		e.ExplicitHashKey = ptr(key.String())
		entries = append(entries, e)
		admissions = append(admissions, putrecords.Admission{HashKey: key, Bytes: e.Size()})
	}
	return entries, admissions
}

// sameError checks that both streams fail alike.
func sameError(t rapid.TB, put, admit error) {
	t.Helper()
	if (put == nil) != (admit == nil) || put != nil && put.Error() != admit.Error() {
		t.Fatalf("errors differ: %v and %v", put, admit)
	}
}

// sameDecisions compares an answer of PutRecords with what Admit says.
func sameDecisions(t rapid.TB, out *putrecords.Output, admissions []putrecords.Admission, events map[string]int) {
	t.Helper()
	for i, entry := range out.Records {
		admission := admissions[i]
		if admission.Admitted != (entry.ErrorCode == "") {
			t.Fatalf("record %d: PutRecords answers %+v, Admit %+v", i, entry, admission)
		}
		if !admission.Admitted {
			events["throttled"]++
			continue
		}
		events["admitted"]++
		number, err := putrecords.ParseSequenceNumber(entry.SequenceNumber)
		if err != nil || number.ShardIndex != admission.ShardIndex {
			t.Fatalf("record %d: PutRecords answers %+v (%v), Admit %+v", i, entry, err, admission)
		}
	}
}

// Admit and PutRecords take tokens from the same buckets, to the record and to the byte.
func TestAdmitTakesTokens(t *testing.T) {
	s := putrecords.MustNew(putrecords.Config{Now: newClock().Now})
	for _, test := range []struct {
		records, bytes, want int
	}{
		{501, 1, 501}, // more than PutRecords takes in a request
		{498, 1, 498},
		{2, 1, 1},
		{1, 0, 0},
	} {
		admissions := make([]putrecords.Admission, test.records)
		for i := range admissions {
			admissions[i].Bytes = test.bytes
			admissions[i].Admitted = i%2 == 0 // from an earlier call
		}
		if err := s.Admit(admissions); err != nil {
			t.Fatal(err)
		}
		got := 0
		for _, a := range admissions {
			if a.Admitted {
				got++
			}
		}
		if got != test.want {
			t.Errorf("%d of %d records admitted, want %d", got, test.records, test.want)
		}
	}
	if n := stored(t, s, keyed("k")); n != 0 {
		t.Error("PutRecords stores a record after Admit took all tokens")
	}
	full := []putrecords.Admission{{Bytes: 1 << 20}, {Bytes: 1}}
	if err := putrecords.MustNew(putrecords.Config{Now: newClock().Now}).Admit(full); err != nil || !full[0].Admitted || full[1].Admitted {
		t.Errorf("1 MiB and then a byte: %+v, %v", full, err)
	}
}

func TestAdmitOfNothing(t *testing.T) {
	if err := putrecords.MustNew(putrecords.Config{}).Admit(nil); err != nil {
		t.Error(err)
	}
}

// If the clock fails, Admit decides nothing.
func TestAdmitClockError(t *testing.T) {
	c := newClock()
	s := putrecords.MustNew(putrecords.Config{Now: c.Now})
	c.advance(-24*time.Hour - time.Second)
	admissions := []putrecords.Admission{{ShardIndex: math.MaxUint32}}
	if err := s.Admit(admissions); err == nil || admissions[0] != (putrecords.Admission{ShardIndex: math.MaxUint32}) {
		t.Errorf("%+v, %v", admissions, err)
	}
}

// Faults, statuses and logs are for PutRecords.
func TestAdmitIgnoresFaultsStatusAndLog(t *testing.T) {
	s := putrecords.MustNew(putrecords.Config{Now: newClock().Now, Log: pageLog{fails: map[string]bool{shard0: true}}})
	fault := s.Inject(putrecords.Fault{Count: -1})
	if err := s.SetStatus(putrecords.StreamCreating); err != nil {
		t.Fatal(err)
	}
	admissions := []putrecords.Admission{{Bytes: 5}}
	if err := s.Admit(admissions); err != nil || !admissions[0].Admitted || fault.Hits() != 0 {
		t.Errorf("%+v, %v, %d faults", admissions, err, fault.Hits())
	}
	want := []putrecords.ShardStats{{ShardID: shard0, Stored: putrecords.Count{Records: 1, Bytes: 5}}}
	if diff := cmp.Diff(want, s.Stats()); diff != "" {
		t.Errorf("statistics differ (-want +got):\n%s", diff)
	}
}

// Config.Resharded hears that a reshard is done before Admit uses its children.
func TestAdmitTellsOfReshards(t *testing.T) {
	c := newClock()
	var done []bool
	s := putrecords.MustNew(putrecords.Config{
		Now: c.Now, ReshardDelay: time.Second,
		Resharded: func(r putrecords.Reshard) { done = append(done, r.Done) },
	})
	if err := s.SplitShard(shard0, putrecords.HashKey{0x80}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []uint32{0, 2} {
		admissions := []putrecords.Admission{{HashKey: putrecords.HashKey{0xff}}}
		if err := s.Admit(admissions); err != nil || admissions[0].ShardIndex != want {
			t.Errorf("%+v, %v, want shard %d", admissions, err, want)
		}
		c.advance(3 * time.Second)
	}
	if diff := cmp.Diff([]bool{false, true}, done); diff != "" {
		t.Errorf("Resharded was told (-want +got):\n%s", diff)
	}
}

// Calls of Admit, PutRecords and SplitShard may overlap. Each record is decided once.
func TestAdmitConcurrently(t *testing.T) {
	s := putrecords.MustNew(putrecords.Config{Limits: unlimited, Now: newClock().Now, Log: putrecords.Discard()})
	const callers, calls, records = 4, 50, 100
	var work sync.WaitGroup
	errs := make([]error, callers+1)
	for k := range callers {
		work.Go(func() {
			admissions := make([]putrecords.Admission, records)
			for i := range admissions {
				admissions[i].HashKey = putrecords.HashKeyOf(fmt.Sprint(k, i))
			}
			for range calls {
				_, err := s.Put(t.Context(), keyed("k"))
				errs[k] = errors.Join(errs[k], err, s.Admit(admissions))
			}
		})
	}
	work.Go(func() {
		for range 40 {
			shard := s.Route(putrecords.HashKey{0x80})
			errs[callers] = errors.Join(errs[callers], s.SplitShard(shard.ShardID, shard.HashKeyRange.Midpoint()))
		}
	})
	work.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
	var total int64
	for _, stats := range s.Stats() {
		total += stats.Stored.Records + stats.Throttled.Records
	}
	if want := int64(callers * calls * (records + 1)); total != want {
		t.Errorf("%d records are counted, want %d", total, want)
	}
}
