package main

import (
	"context"
	"iter"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/putrecords/putrecords"
)

// An Arrival is a record of the trace, at the time at which a producer gets it.
type Arrival struct {
	At      time.Duration // since the trace began
	HashKey putrecords.HashKey
	Bytes   int // data and partition key
}

// A Source yields a trace in chunks, in the order of its times. A chunk is the source's again when
// the loop goes on. After an error there is nothing more.
type Source = iter.Seq2[[]Arrival, error]

// A Config says what a simulation simulates.
type Config struct {
	Name         string // of the stream
	Shards       int
	Limits       putrecords.Limits
	ReshardDelay time.Duration
	SplitHot     bool // split shards that throttle
	Policy       Policy
	Seed         uint64 // of the jitter

	// put decides about the records of a request. Nil is the stream's Admit.
	put func(*putrecords.Stream, []putrecords.Admission) error
}

// A Policy says how the producers send records.
type Policy struct {
	Producers  int           // they get the records in turn
	Batch      int           // the most records in a request
	Linger     time.Duration // how long a record waits for others to fill a request
	Latency    time.Duration // how long a producer waits for the answer to a request
	Backoff    time.Duration // after the first throttled attempt; it doubles with each attempt
	MaxBackoff time.Duration
	Jitter     float64 // the part of a backoff that is random, 0 to 1
	Attempts   int     // after so many a record is given up; 0 is never
}

// A Result is what came of a simulation. Every record that was sent is stored, given up or, if the
// simulation was canceled, unfinished.
type Result struct {
	Shards     int // at the start
	OpenShards int // at the end
	Sent       int64
	Stored     int64
	GivenUp    int64
	Unfinished int64
	Attempts   int64 // a record counts each time it is sent
	Throttled  int64 // attempts
	Retries    int64 // attempts after a record's first
	Requests   int64

	Delays     histogram // of stored records, from arrival to storage
	Offered    []int64   // records by the shard of their first attempt
	PutUnits   int64     // what a provisioned stream bills of the stored records
	Splits     []Split
	Length     time.Duration // when the last record arrived
	Trace      timeline      // what happened until then
	Drain      timeline      // what happened to what was left
	shardNames []string
}

// putUnit is the size of a PUT payload unit.
const putUnit = 25 << 10

// A simulation is a stream and its producers on virtual time. One heap orders everything that will
// happen: a producer stops lingering, or failed records have rested. Failed records rest in groups:
// those of one request with the same backoff.
type simulation struct {
	Config
	stream    *putrecords.Stream
	now       time.Duration // since the trace began
	random    *rand.Rand
	producers []producer
	turn      int // the producer that gets the next record
	events    events
	sequence  uint64 // of the latest event
	timeline  *timeline
	splitter  splitter
	result    Result

	// Memory that is used again.
	request []putrecords.Admission
	failed  [][]record // of a request, by backoff level
}

// simulate sends a trace through producers into a stream. When ctx is done, it returns ctx's error
// and what is known so far. It starts no goroutine and has no clock but the trace.
func simulate(ctx context.Context, config Config, source Source) (Result, error) {
	s, err := newSimulation(config)
	if err != nil {
		return Result{}, err
	}
	err = s.run(ctx, source)
	return s.finish(), err
}

// begin is when virtual time begins. It is not shown.
var begin = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

func newSimulation(config Config) (*simulation, error) {
	s := &simulation{
		Config:    config,
		random:    rand.New(rand.NewPCG(config.Seed, 1)),
		producers: make([]producer, max(config.Policy.Producers, 1)),
	}
	if s.put == nil {
		s.put = (*putrecords.Stream).Admit
	}
	var err error
	s.stream, err = putrecords.New(putrecords.Config{
		Name: config.Name, Shards: config.Shards, Limits: config.Limits, ReshardDelay: config.ReshardDelay,
		Now: func() time.Time { return begin.Add(s.now) },
		Log: putrecords.Discard(),
	})
	if err != nil {
		return nil, err
	}
	s.splitter = newSplitter(s.stream)
	s.result.Shards = config.Shards
	s.result.Trace = newTimeline(0, traceColumns)
	s.timeline = &s.result.Trace
	return s, nil
}

// run plays the trace and then what is left.
func (s *simulation) run(ctx context.Context, source Source) error {
	for chunk, err := range source {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		for i := range chunk {
			if err := s.arrive(&chunk[i]); err != nil {
				return err
			}
		}
	}
	s.result.Drain = newTimeline(s.now, drainColumns)
	s.timeline = &s.result.Drain
	for len(s.events) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.step(); err != nil {
			return err
		}
	}
	return nil
}

// arrive gives a record to a producer, after everything that happens before.
func (s *simulation) arrive(a *Arrival) error {
	for len(s.events) > 0 && s.events[0].at <= a.At {
		if err := s.step(); err != nil {
			return err
		}
	}
	s.now = max(s.now, a.At)
	s.result.Sent++
	s.result.Length = s.now
	number := s.turn
	s.turn = (s.turn + 1) % len(s.producers)
	p := &s.producers[number]
	p.add(record{key: a.HashKey, bytes: int32(a.Bytes), at: a.At, due: s.now + s.Policy.Linger})
	return s.send(p, number)
}

// step makes the next event happen.
func (s *simulation) step() error {
	e := s.events.pop()
	s.now = e.at
	p := &s.producers[e.producer]
	if e.rested == nil {
		p.waking = false
		return s.send(p, e.producer)
	}
	for _, r := range e.rested { // linger again, to share requests with other records
		r.due = s.now + s.Policy.Linger
		p.add(r)
	}
	return s.send(p, e.producer)
}

// send sends the requests of a producer that are full or have waited long enough, and makes sure
// that it wakes up for the next.
func (s *simulation) send(p *producer, number int) error {
	for len(p.ready) > 0 && (p.full(s.Policy.Batch) || p.ready[0].due <= s.now) {
		if err := s.sendRequest(p, number); err != nil {
			return err
		}
	}
	if len(p.ready) > 0 && !p.waking {
		p.waking = true
		s.schedule(event{at: p.ready[0].due, producer: number})
	}
	return nil
}

func (s *simulation) schedule(e event) {
	s.sequence++
	e.sequence = s.sequence
	s.events.push(e)
}

// sendRequest sends one request, and lets the records that fail rest.
func (s *simulation) sendRequest(p *producer, number int) error {
	n := p.next(s.Policy.Batch)
	s.request = s.request[:0]
	for i := range p.ready[:n] {
		s.request = append(s.request, putrecords.Admission{HashKey: p.ready[i].key, Bytes: int(p.ready[i].bytes)})
	}
	if err := s.put(s.stream, s.request); err != nil {
		return err
	}
	s.result.Requests++
	column := s.timeline.at(s.now)
	for i := range s.request {
		r := &p.ready[i]
		r.attempts++
		s.settle(r, &s.request[i], column)
	}
	p.drop(n)
	for level, group := range s.failed {
		if len(group) > 0 {
			s.schedule(event{at: s.now + s.Policy.Latency + s.backoff(level), producer: number, rested: slices.Clone(group)})
			s.failed[level] = group[:0]
		}
	}
	if s.SplitHot {
		s.splitter.split(s.now)
	}
	return nil
}

// settle counts an attempt. A record that failed waits in s.failed.
func (s *simulation) settle(r *record, a *putrecords.Admission, column *column) {
	cell := column.cell(int(a.ShardIndex))
	cell.Attempts++
	s.result.Attempts++
	if r.attempts == 1 {
		s.offer(int(a.ShardIndex))
	} else {
		s.result.Retries++
	}
	if s.SplitHot {
		s.splitter.observe(r, a, s.now)
	}
	if a.Admitted {
		s.result.Stored++
		s.result.PutUnits += int64(r.bytes+putUnit-1) / putUnit
		delay := s.now - r.at
		s.result.Delays.add(delay)
		column.Delays.add(delay)
		return
	}
	cell.Throttled++
	s.result.Throttled++
	if r.attempts == int32(s.Policy.Attempts) {
		column.GivenUp++
		s.result.GivenUp++
		return
	}
	s.rest(*r)
}

func (s *simulation) offer(shard int) {
	for len(s.result.Offered) <= shard {
		s.result.Offered = append(s.result.Offered, 0)
	}
	s.result.Offered[shard]++
}

// maxLevel is the highest backoff level. At all times, the maximum is reached before.
const maxLevel = 40

// rest puts a failed record into the group of its backoff level.
func (s *simulation) rest(r record) {
	level := min(int(r.attempts)-1, maxLevel)
	for len(s.failed) <= level {
		s.failed = append(s.failed, nil)
	}
	s.failed[level] = append(s.failed[level], r)
}

// backoff returns how long records rest after an attempt: level is 0 after the first.
func (s *simulation) backoff(level int) time.Duration {
	backoff := s.Policy.Backoff
	for ; level > 0 && backoff < s.Policy.MaxBackoff; level-- {
		backoff *= 2
	}
	backoff = min(backoff, s.Policy.MaxBackoff)
	return backoff - time.Duration(s.Policy.Jitter*s.random.Float64()*float64(backoff))
}

// finish returns the result.
func (s *simulation) finish() Result {
	r := &s.result
	r.Unfinished = r.Sent - r.Stored - r.GivenUp
	for _, shard := range s.stream.Shards() {
		r.shardNames = append(r.shardNames, shard.ShardID)
		if _, open := s.stream.TakesRecords(shard.ShardID); open {
			r.OpenShards++
		}
	}
	r.Splits = s.splitter.splits
	return *r
}
