package activity_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/putrecords/putrecords"
	"pgregory.net/rapid"

	"github.com/putrecords/putrecords/emulator/internal/activity"
)

var start = time.Date(2026, time.March, 4, 5, 6, 7, 0, time.UTC)

func now() time.Time { return start }

func newStream(config putrecords.Config) *putrecords.Stream {
	config.Now = now
	return putrecords.MustNew(config)
}

// watch returns an Activity of streams.
func watch(streams ...*putrecords.Stream) *activity.Activity {
	return activity.New(now, func() []*putrecords.Stream { return streams })
}

type tester interface {
	Helper()
	Context() context.Context
	Errorf(format string, args ...any)
}

// put puts records into a stream and tells a of the answer.
func put(t tester, a *activity.Activity, stream *putrecords.Stream, records ...putrecords.RequestEntry) {
	t.Helper()
	in := &putrecords.Input{StreamName: ptr(stream.Name()), Records: records}
	out, err := stream.PutRecords(t.Context(), in)
	if err != nil {
		t.Errorf("PutRecords: %v", err)
		return
	}
	a.Answered(t.Context(), stream, in, out)
}

func numbered(from, to int) []putrecords.RequestEntry {
	var records []putrecords.RequestEntry
	for i := from; i < to; i++ {
		records = append(records, putrecords.Entry(fmt.Sprint("key ", i), []byte("data")))
	}
	return records
}

// An Activity remembers the latest records of each stream, latest first.
func TestRecords(t *testing.T) {
	for _, n := range []int{0, 1, activity.Kept - 1, activity.Kept, activity.Kept + 1, 3*activity.Kept + 7} {
		a, b := newStream(putrecords.Config{Name: "a"}), newStream(putrecords.Config{Name: "b"})
		remembered := watch(a, b)
		for i := range n {
			put(t, remembered, a, numbered(i, i+1)...)
		}
		put(t, remembered, b, numbered(0, 1)...)
		records := remembered.Records(a)
		if len(records) != min(n, activity.Kept) || len(remembered.Records(b)) != 1 {
			t.Errorf("%d records: %d and %d are remembered", n, len(records), len(remembered.Records(b)))
		}
		for i, record := range records {
			key := fmt.Sprint("key ", n-1-i)
			want := activity.Record{Time: start, ShardID: "shardId-000000000000", PartitionKey: key, Bytes: len(key) + 4, Result: "stored"}
			if record != want {
				t.Errorf("record %d is %+v, want %+v", i, record, want)
			}
		}
	}
}

// Of a large request, the last records are remembered.
func TestRecordsOfOneRequest(t *testing.T) {
	stream := newStream(putrecords.Config{})
	a := watch(stream)
	put(t, a, stream, numbered(0, 1)...)
	put(t, a, stream, numbered(1, 500)...)
	records := a.Records(stream)
	if len(records) != activity.Kept || records[0].PartitionKey != "key 499" || records[activity.Kept-1].PartitionKey != "key 450" {
		t.Errorf("got %+v", records)
	}
}

// A failed record has its error code, and the shard that its keys choose.
func TestFailedRecords(t *testing.T) {
	byHash := putrecords.Entry("k", nil)
	byHash.ExplicitHashKey = ptr("340282366920938463463374607431768211455")
	byKey := putrecords.Entry("a", nil) // its hash is in shard 0
	for name, test := range map[string]struct {
		distribution putrecords.RecordDistributionStrategy
		record       putrecords.RequestEntry
		shard        string
	}{
		"explicit hash key": {"", byHash, "shardId-000000000001"},
		"partition key":     {"", byKey, "shardId-000000000000"},
		"chosen by stream":  {putrecords.DistributionAuto, byHash, ""},
		"without any":       {putrecords.DistributionAuto, putrecords.RequestEntry{Data: []byte{}}, ""},
	} {
		for _, code := range []putrecords.ErrorCode{putrecords.InternalFailure, putrecords.ProvisionedThroughputExceededException} {
			stream := newStream(putrecords.Config{Shards: 2, RecordDistributionStrategy: test.distribution})
			stream.Inject(putrecords.Fault{Code: code})
			a := watch(stream)
			put(t, a, stream, test.record)
			record := a.Records(stream)[0]
			if record.Result != string(code) || record.ShardID != test.shard {
				t.Errorf("%s: got %+v", name, record)
			}
			if n, more := a.Distinct(stream); n != 0 || more {
				t.Errorf("%s: %d distinct records, more is %t", name, n, more)
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	a := watch()
	for i := range activity.Kept + 1 {
		a.Refused(t.Context(), fmt.Sprint("Operation", i), &putrecords.Error{Code: "Code", Message: strings.Repeat("é", 151)})
	}
	refusals := a.Refusals()
	want := activity.Refusal{Time: start, Operation: fmt.Sprint("Operation", activity.Kept), Code: "Code", Message: strings.Repeat("é", 150) + "…"}
	if len(refusals) != activity.Kept || refusals[0] != want || refusals[activity.Kept-1].Operation != "Operation1" {
		t.Errorf("got %d refusals, the latest is %+v", len(refusals), refusals[0])
	}
}

// Long texts are cut between characters.
func TestClip(t *testing.T) {
	for _, test := range []struct {
		text  string
		limit int
		want  string
	}{
		{"", 0, ""},
		{"a", 0, "…"},
		{"ab", 1, "a…"},
		{"ab", 2, "ab"},
		{"ab", 3, "ab"},
		{"aéb", 1, "a…"},
		{"aéb", 2, "a…"},
		{"aéb", 3, "aé…"},
		{"\x80\x80\x80", 2, "…"},
	} {
		if got := activity.Clip(test.text, test.limit); got != test.want {
			t.Errorf("%q, %d: got %q, want %q", test.text, test.limit, got, test.want)
		}
	}
}

// A stored record counts once, whatever the requests in which it comes.
func TestDistinct(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		entry := rapid.Custom(func(t *rapid.T) putrecords.RequestEntry {
			entry := putrecords.Entry(rapid.StringMatching("[12]{1,3}").Draw(t, "key"), []byte(rapid.StringMatching("[12]{0,3}").Draw(t, "data")))
			if rapid.Bool().Draw(t, "explicit") {
				entry.ExplicitHashKey = ptr(rapid.StringMatching("[12]{1,3}").Draw(t, "hash key"))
			}
			return entry
		})
		stream := newStream(putrecords.Config{})
		a := watch(stream)
		type members struct{ key, hashKey, data string }
		want := map[members]bool{}
		for _, records := range rapid.SliceOf(rapid.SliceOfN(entry, 1, 20)).Draw(t, "requests") {
			for _, record := range records {
				m := members{key: *record.PartitionKey, data: string(record.Data)}
				if record.ExplicitHashKey != nil {
					m.hashKey = *record.ExplicitHashKey
				}
				want[m] = true
			}
			put(t, a, stream, records...)
		}
		if n, more := a.Distinct(stream); n != len(want) || more {
			t.Fatalf("%d distinct records, more is %t; want %d", n, more, len(want))
		}
	})
}

// A record that was throttled and then stored counts once.
func TestDistinctAfterRetries(t *testing.T) {
	stream := newStream(putrecords.Config{Limits: putrecords.Limits{RecordsPerSecond: 3}})
	a := watch(stream)
	put(t, a, stream, numbered(0, 5)...)
	if n, _ := a.Distinct(stream); n != 3 {
		t.Errorf("%d distinct records, want 3", n)
	}
}

// Up to maxDistinct records are counted exactly.
func TestDistinctIsBounded(t *testing.T) {
	const most = 1 << 20
	unlimited := putrecords.Limits{RecordsPerRequest: -1, BytesPerRequest: -1, RecordsPerSecond: -1, BytesPerSecond: -1}
	stream := newStream(putrecords.Config{Limits: unlimited, Log: putrecords.Discard()})
	a := watch(stream)
	for from := 0; from < most; from += most / 16 {
		put(t, a, stream, numbered(from, from+most/16)...)
	}
	put(t, a, stream, numbered(7, 8)...)
	if n, more := a.Distinct(stream); n != most || more {
		t.Errorf("%d distinct records, more is %t", n, more)
	}
	for range 2 {
		put(t, a, stream, numbered(most, most+1)...)
		if n, more := a.Distinct(stream); n != most || !more {
			t.Errorf("after one more: %d distinct records, more is %t", n, more)
		}
	}
}

// A stream that was deleted and created again has no past.
func TestDeletedStreamsAreForgotten(t *testing.T) {
	old, other, renewed := newStream(putrecords.Config{}), newStream(putrecords.Config{}), newStream(putrecords.Config{})
	streams := []*putrecords.Stream{old, other}
	a := activity.New(now, func() []*putrecords.Stream { return streams })
	put(t, a, old, numbered(0, 1)...)
	put(t, a, other, numbered(0, 1)...)
	streams = []*putrecords.Stream{other, renewed}
	if n, _ := a.Distinct(renewed); n != 0 || len(a.Records(renewed)) != 0 {
		t.Errorf("a new stream has %d distinct records", n)
	}
	put(t, a, renewed, numbered(0, 2)...)
	for stream, want := range map[*putrecords.Stream]int{old: 0, other: 1, renewed: 2} {
		if n, _ := a.Distinct(stream); n != want || len(a.Records(stream)) != want {
			t.Errorf("%d distinct records and %d last ones, want %d", n, len(a.Records(stream)), want)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	stream := newStream(putrecords.Config{Limits: putrecords.Limits{RecordsPerSecond: -1}})
	a := watch(stream)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for range 10 {
				put(t, a, stream, numbered(i*10, i*10+20)...)
				a.Refused(t.Context(), "GetRecords", &putrecords.Error{})
				a.Records(stream)
				a.Refusals()
				a.Distinct(stream)
			}
		})
	}
	group.Wait()
	if n, more := a.Distinct(stream); n != 90 || more || len(a.Refusals()) != activity.Kept || len(a.Records(stream)) != activity.Kept {
		t.Errorf("%d distinct records, more is %t", n, more)
	}
}
