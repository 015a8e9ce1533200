package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/putrecords/putrecords"
)

// A script answers calls: the k-th one fails the records whose data it lists. Calls after its end fail none.
type script struct {
	failing [][]string
	calls   [][]string // the data of what each call put
	slept   []time.Duration
}

func (s *script) Put(_ context.Context, records ...putrecords.RequestEntry) (*putrecords.Output, error) {
	var failing, call []string
	if k := len(s.calls); k < len(s.failing) {
		failing = s.failing[k]
	}
	out := &putrecords.Output{}
	for _, record := range records {
		data := string(record.Data)
		call = append(call, data)
		entry := putrecords.ResultEntry{ShardID: "shard", SequenceNumber: fmt.Sprintf("%s in call %d", data, len(s.calls)+1)}
		if slices.Contains(failing, data) {
			entry = putrecords.ResultEntry{ErrorCode: putrecords.InternalFailure, ErrorMessage: "no " + data}
			out.FailedRecordCount++
		}
		out.Records = append(out.Records, entry)
	}
	s.calls = append(s.calls, call)
	return out, nil
}

func (s *script) Sleep(d time.Duration) { s.slept = append(s.slept, d) }

func entries(data ...string) []putrecords.RequestEntry {
	records := make([]putrecords.RequestEntry, len(data))
	for i, d := range data {
		records[i] = putrecords.Entry("k", []byte(d))
	}
	return records
}

func TestOnlyFailedRecordsAreRetried(t *testing.T) {
	s := &script{failing: [][]string{{"b", "d", "e"}, {"d"}, {"d"}}}
	p := producer{put: s.Put, sleep: s.Sleep}
	results, err := p.putAll(t.Context(), entries("a", "b", "c", "d", "e"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(s.calls), "[[a b c d e] [b d e] [d] [d]]"; got != want {
		t.Errorf("put %s, want %s", got, want)
	}
	var got []string
	for _, r := range results {
		got = append(got, r.SequenceNumber)
	}
	if want := []string{"a in call 1", "b in call 2", "c in call 1", "d in call 4", "e in call 2"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if p.retried != 3 || p.retries != 5 {
		t.Errorf("%d retried, %d retries; want 3 and 5", p.retried, p.retries)
	}
	if want := []time.Duration{firstBackoff, 2 * firstBackoff, 4 * firstBackoff}; !slices.Equal(s.slept, want) {
		t.Errorf("slept %v, want %v", s.slept, want)
	}
}

func TestBackoffStartsAnewAndIsBounded(t *testing.T) {
	s := &script{failing: slices.Repeat([][]string{{"a"}}, 8)}
	p := producer{put: s.Put, sleep: s.Sleep}
	if _, err := p.putRequest(t.Context(), entries("a")); err != nil {
		t.Fatal(err)
	}
	const ms = time.Millisecond
	want := []time.Duration{100 * ms, 200 * ms, 400 * ms, 800 * ms, 1600 * ms, 3200 * ms, 5000 * ms, 5000 * ms}
	if !slices.Equal(s.slept, want) {
		t.Errorf("slept %v, want %v", s.slept, want)
	}
	s.calls, s.slept = nil, nil
	if _, err := p.putRequest(t.Context(), entries("a", "b")); err != nil || s.slept[0] != firstBackoff {
		t.Errorf("slept %v first, want %v; %v", s.slept[0], firstBackoff, err)
	}
}

func TestProducerGivesUp(t *testing.T) {
	s := &script{failing: slices.Repeat([][]string{{"b"}}, maxAttempts+1)}
	p := producer{put: s.Put, sleep: s.Sleep}
	_, err := p.putAll(t.Context(), entries("a", "b"))
	if err == nil || err.Error() != "1 record failed 20 times, the first with InternalFailure: no b" {
		t.Errorf("got %v", err)
	}
	if len(s.calls) != maxAttempts {
		t.Errorf("%d calls, want %d", len(s.calls), maxAttempts)
	}
}

func TestRefusedRequestIsNotRetried(t *testing.T) {
	stream := newVirtualStream(1)
	fault := stream.Inject(putrecords.Fault{Code: putrecords.AccessDeniedException, Count: -1})
	p := producer{put: stream.Put, sleep: stream.Sleep}
	if _, err := p.putAll(t.Context(), entries("a")); !errors.Is(err, putrecords.AccessDeniedException) || fault.Hits() != 1 {
		t.Errorf("got %v after %d calls", err, fault.Hits())
	}
}

func TestRequestsByCount(t *testing.T) {
	for _, test := range []struct {
		records int
		want    []int
	}{
		{0, nil},
		{499, []int{499}},
		{500, []int{500}},
		{501, []int{500, 1}},
		{1000, []int{500, 500}},
	} {
		if got := requestSizes(t, slices.Repeat(entries("x"), test.records)); !slices.Equal(got, test.want) {
			t.Errorf("%d records: requests of %v, want %v", test.records, got, test.want)
		}
	}
}

func TestRequestsByBytes(t *testing.T) {
	mib := strings.Repeat("x", 1<<20-1) // 1 MiB with the key
	for _, test := range []struct {
		last int // bytes of the fifth record, with the key
		want []int
	}{
		{1<<20 - 1, []int{6, 1}}, // one byte is left, for a key
		{1 << 20, []int{5, 2}},
		{1<<20 + 1, []int{4, 3}},
	} {
		fifth := strings.Repeat("x", test.last-1)
		if got := requestSizes(t, entries(mib, mib, mib, mib, fifth, "", "")); !slices.Equal(got, test.want) {
			t.Errorf("fifth record of %d bytes: requests of %v, want %v", test.last, got, test.want)
		}
	}
}

// requestSizes returns how many records a producer puts in each request.
func requestSizes(t *testing.T, records []putrecords.RequestEntry) (sizes []int) {
	t.Helper()
	s := &script{}
	p := producer{put: s.Put, sleep: s.Sleep}
	if _, err := p.putAll(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	for _, call := range s.calls {
		sizes = append(sizes, len(call))
	}
	return sizes
}
