// Package activity remembers what an emulator answered lately: the last records of each stream, the
// last refusals, and how many different records each stream stored.
package activity

import (
	"context"
	"maps"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/putrecords/putrecords"
)

// Kept is how many records of a stream, and how many refusals, an Activity remembers.
const Kept = 50

// Stored is the result of a record that was stored.
const Stored = "stored"

// Clients choose these strings, so we keep only so much of them.
const (
	maxName    = 64  // bytes of a partition key or of an operation's name
	maxMessage = 300 // bytes
)

// A Record is a record that a client has put.
type Record struct {
	Time         time.Time
	ShardID      string // "" if the stream does not tell
	PartitionKey string // its beginning, if it is long
	Bytes        int    // of the partition key and the data
	Result       string // Stored, or the error code
}

// A Refusal is a request that was answered with an error.
type Refusal struct {
	Time      time.Time
	Operation string
	Code      string
	Message   string // its beginning, if it is long
}

// An Activity is what an emulator answered lately. It is safe for concurrent use.
type Activity struct {
	now     func() time.Time
	streams func() []*putrecords.Stream

	mu       sync.RWMutex
	seen     map[*putrecords.Stream]*seen
	refusals ring[Refusal]
}

// A seen is what an Activity remembers about a stream.
type seen struct {
	distinct distinct

	mu      sync.Mutex
	records ring[Record]
}

// New returns an Activity. It forgets streams that the function streams no longer returns.
func New(now func() time.Time, streams func() []*putrecords.Stream) *Activity {
	return &Activity{now: now, streams: streams, seen: map[*putrecords.Stream]*seen{}}
}

// Answered remembers the records of an answer. It is for kinesishttp's Handler.Answered.
func (a *Activity) Answered(_ context.Context, stream *putrecords.Stream, in *putrecords.Input, out *putrecords.Output) {
	s := a.find(stream)
	s.distinct.add(in, out)
	now := a.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := max(0, len(in.Records)-Kept); i < len(in.Records); i++ {
		entry, result := in.Records[i], out.Records[i]
		record := Record{Time: now, ShardID: ShardOf(stream, entry, result), Bytes: entry.Size(), Result: Stored}
		if entry.PartitionKey != nil {
			record.PartitionKey = Clip(*entry.PartitionKey, maxName)
		}
		if result.ErrorCode != "" {
			record.Result = string(result.ErrorCode)
		}
		s.records.add(record)
	}
}

// Refused remembers a refusal. It is for kinesishttp's Handler.Refused.
func (a *Activity) Refused(_ context.Context, operation string, err *putrecords.Error) {
	refusal := Refusal{
		Time:      a.now(),
		Operation: Clip(operation, maxName),
		Code:      Clip(string(err.Code), maxName),
		Message:   Clip(err.Message, maxMessage),
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.refusals.add(refusal)
}

// Records returns a stream's last records, latest first. It never returns nil.
func (a *Activity) Records(stream *putrecords.Stream) []Record {
	a.mu.RLock()
	s := a.seen[stream]
	a.mu.RUnlock()
	if s == nil {
		return []Record{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.records.latestFirst()
}

// Refusals returns the last refusals, latest first. It never returns nil.
func (a *Activity) Refusals() []Refusal {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.refusals.latestFirst()
}

// Distinct returns how many distinct records the stream has stored. Records are distinct if their
// partition keys, explicit hash keys or data differ. If more is true, there are more than n, and
// the Activity no longer counts them.
//
// A fault with AfterAppend stores a record but answers with an error. Such a record counts when the
// client sends it again and gets no error.
func (a *Activity) Distinct(stream *putrecords.Stream) (n int, more bool) {
	a.mu.RLock()
	s := a.seen[stream]
	a.mu.RUnlock()
	if s == nil {
		return 0, false
	}
	return s.distinct.count()
}

// find returns what the Activity remembers about a stream. When the stream is new, find forgets
// deleted streams.
func (a *Activity) find(stream *putrecords.Stream) *seen {
	a.mu.RLock()
	s := a.seen[stream]
	a.mu.RUnlock()
	if s != nil {
		return s
	}
	live := map[*putrecords.Stream]bool{}
	for _, stream := range a.streams() {
		live[stream] = true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	maps.DeleteFunc(a.seen, func(stream *putrecords.Stream, _ *seen) bool { return !live[stream] })
	if a.seen[stream] == nil {
		a.seen[stream] = &seen{}
	}
	return a.seen[stream]
}

// ShardOf returns the ID of the shard of a record that a stream has answered. It is "" if the
// record failed and the stream, not the record's keys, chose the shard.
func ShardOf(stream *putrecords.Stream, entry putrecords.RequestEntry, result putrecords.ResultEntry) string {
	switch {
	case result.ShardID != "":
		return result.ShardID
	case stream.RecordDistributionStrategy() == putrecords.DistributionAuto:
		return ""
	case entry.ExplicitHashKey == nil:
		return stream.Route(putrecords.HashKeyOf(*entry.PartitionKey)).ShardID
	}
	key, err := putrecords.ParseHashKey(*entry.ExplicitHashKey)
	if err != nil {
		panic(err) // the stream would have rejected the request
	}
	return stream.Route(key).ShardID
}

// Clip returns a copy of s, or of its beginning and an ellipsis if s is longer than limit bytes.
func Clip(s string, limit int) string {
	if len(s) <= limit {
		return strings.Clone(s)
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit] + "…"
}

// A ring keeps the last values that were added to it.
type ring[T any] struct {
	values []T
	oldest int // index, once there are Kept values
}

func (r *ring[T]) add(value T) {
	if len(r.values) < Kept {
		r.values = append(r.values, value)
		return
	}
	r.values[r.oldest] = value
	r.oldest = (r.oldest + 1) % Kept
}

func (r *ring[T]) latestFirst() []T {
	latest := make([]T, len(r.values))
	for i := range latest {
		latest[i] = r.values[(r.oldest+len(latest)-1-i)%len(latest)]
	}
	return latest
}
