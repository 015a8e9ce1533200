package main

import (
	"context"
	"time"

	"github.com/putrecords/putrecords"
)

// callTime is how long a call takes.
const callTime = 5 * time.Millisecond

// start is when virtual time starts: when the sample ends.
var start = time.Date(2026, time.January, 5, 12, 10, 0, 0, time.UTC)

// A virtualStream is a stream on virtual time: calls and sleeps advance its clock, and nothing waits. It remembers what a
// report shows of its answers.
type virtualStream struct {
	*putrecords.Stream
	now          time.Time
	calls        int
	firstAnswer  *putrecords.Output
	firstFailure *failure
}

func newVirtualStream(shards int) *virtualStream {
	s := &virtualStream{now: start}
	s.Stream = putrecords.MustNew(putrecords.Config{
		Name:   "quickstart",
		Shards: shards,
		Limits: limits,
		Now:    func() time.Time { return s.now },
		Log:    &putrecords.MemoryLog{Retention: -1}, // all is read back, however much virtual time it takes
	})
	return s
}

// Put is the stream's Put.
func (s *virtualStream) Put(ctx context.Context, records ...putrecords.RequestEntry) (*putrecords.Output, error) {
	s.now = s.now.Add(callTime)
	s.calls++
	out, err := s.Stream.Put(ctx, records...)
	if err != nil {
		return nil, err
	}
	if s.firstAnswer == nil {
		s.firstAnswer = out
	}
	for i, entry := range out.Failed() {
		if s.firstFailure != nil {
			break
		}
		s.firstFailure = &failure{
			Call:              s.calls,
			FailedRecordCount: out.FailedRecordCount,
			Records:           len(records),
			Record:            i + 1,
			PartitionKey:      *records[i].PartitionKey,
			Entry:             entry,
		}
	}
	return out, nil
}

// Sleep advances the clock.
func (s *virtualStream) Sleep(d time.Duration) { s.now = s.now.Add(d) }
