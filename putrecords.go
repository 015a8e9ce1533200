package putrecords

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/putrecords/putrecords/internal/constraint"
)

// PutRecords answers a PutRecords request.
//
// When AWS would reject the whole request, PutRecords stores nothing and returns an [*Error] with
// AWS's code and message. (A [Fault] with both WholeRequest and AfterAppend is the exception: the
// records are stored.) If the context is done when the call begins, the error is ctx.Err(). Any
// other error means that the clock has gone back by more than a day, or reads a time that sequence
// numbers cannot hold. A nil request is an empty one.
//
// Even when PutRecords returns no error, some records may have failed: see
// [Output.FailedRecordCount]. AWS: "A single record failure does not stop the processing of
// subsequent records."
//
// The request and its data belong to the caller again when PutRecords returns.
func (s *Stream) PutRecords(ctx context.Context, in *Input) (*Output, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if in == nil {
		in = &Input{}
	}
	if err := s.Limits().checkMembers(in, s.distribution); err != nil {
		return nil, err
	}
	out, err := s.answer(ctx, putRecords, in, nil)
	if err != nil {
		return nil, err
	}
	return &out, nil
}

// Put is [Stream.PutRecords] for records alone. It fills in the stream's own name.
func (s *Stream) Put(ctx context.Context, records ...RequestEntry) (*Output, error) {
	return s.PutRecords(ctx, &Input{Records: records, StreamName: &s.name})
}

// An Input is a PutRecords request. A nil member is one that the request leaves out.
type Input struct {
	Records    []RequestEntry
	StreamName *string `json:",omitempty"`
	StreamARN  *string `json:",omitempty"`

	// DryRun makes all checks and writes nothing. The answer is a DryRunOperationException.
	DryRun *bool `json:",omitempty"`
}

// A RequestEntry is one record of a request. [Entry] makes one. AWS: an explicit hash key
// "overrides the partition key to shard mapping".
type RequestEntry struct {
	Data            []byte  // required; nil is missing, empty is fine
	PartitionKey    *string // required, except with DistributionAuto; hashed as it is, UTF-8 or not
	ExplicitHashKey *string `json:",omitempty"` // in decimal, instead of the partition key's hash
}

// Entry returns a record without an explicit hash key. Nil data is empty data.
func Entry(partitionKey string, data []byte) RequestEntry {
	if data == nil {
		data = []byte{}
	}
	return RequestEntry{Data: data, PartitionKey: &partitionKey}
}

// Size returns the number of bytes that count against limits and throughput: the data and the
// partition key.
func (e RequestEntry) Size() int { return len(e.Data) + len(e.partitionKey()) }

// partitionKey returns the partition key, or "" if there is none.
func (e *RequestEntry) partitionKey() string {
	if e.PartitionKey == nil {
		return ""
	}
	return *e.PartitionKey
}

// An Output is the answer to a request that was not rejected as a whole. Some of its records may
// have failed. AWS: its records correlate with the request's "using natural ordering".
type Output struct {
	EncryptionType    EncryptionType `json:",omitempty"` // EncryptionKMS if the stream is encrypted
	FailedRecordCount int
	Records           []ResultEntry // one for each record of the request, in the request's order
}

// A ResultEntry says what happened to one record. A stored record has a SequenceNumber and a
// ShardID, a failed one an ErrorCode and an ErrorMessage.
type ResultEntry struct {
	// ErrorCode is ProvisionedThroughputExceededException or InternalFailure.
	ErrorCode    ErrorCode `json:",omitempty"`
	ErrorMessage string    `json:",omitempty"`

	// SequenceNumber has 56 digits, so strings sort as numbers do. ParseSequenceNumber decodes it.
	SequenceNumber string `json:",omitempty"`

	ShardID string `json:"ShardId,omitempty"`
}

// Failed yields each failed record's index in the request, and its entry.
func (o *Output) Failed() iter.Seq2[int, ResultEntry] {
	return func(yield func(int, ResultEntry) bool) {
		for i, entry := range o.Records {
			if entry.ErrorCode != "" && !yield(i, entry) {
				return
			}
		}
	}
}

// A Config describes a stream. The zero Config is a stream of one shard with AWS's limits, on the
// machine's clock, that keeps its records in memory for 24 hours.
type Config struct {
	Name      string // 1 to 128 letters, digits, '_', '.' and '-'; "" is "stream"
	AccountID string // 12 digits; "" is "000000000000"
	Region    string // lower-case letters, digits and hyphens; "" is "us-east-1"
	Shards    int    // how many open shards divide the hash space evenly, at most 1,000,000; 0 is 1

	// Layout, instead of Shards, lists the shards of a stream that exists elsewhere, by index, as
	// Stream.Shards returns them. The stream continues that stream's sequence numbers only if Log
	// is that stream's log. A shard with an ending number is closed, even if its reshard was
	// pending. Shards that have expired may be missing. A shard without a starting number gets one
	// at the clock's time.
	Layout []Shard

	EncryptionType EncryptionType // "" is EncryptionNone; EncryptionKMS changes only answers
	Limits         Limits

	// RecordDistributionStrategy is UserPartitionKey, or "", for a stream that routes each record
	// by its keys. With DistributionAuto the stream sends records to its open shards in turn. It
	// ignores explicit hash keys and partition keys, which may be missing, and rejects
	// SequenceNumberForOrdering. How AWS spreads records is unknown.
	RecordDistributionStrategy RecordDistributionStrategy

	// Now is the stream's clock. For virtual time, pass your own function. The stream reads the
	// clock once per call, without holding a lock, so concurrent calls read it concurrently.
	//
	// If the clock goes back, a shard keeps using the latest time it has seen. If it goes back by
	// more than a day, calls return an error. Make a stream for a testing/synctest bubble inside
	// the bubble, because time there begins in the year 2000.
	//
	// Nil means time.Now, except that the stream's time keeps moving forward when the machine's
	// clock is set back by up to a day.
	Now func() time.Time

	// Log is where accepted records go. Nil is a MemoryLog that keeps them for 24 hours of the
	// stream's clock. To read the stream back, the log must also be a LogReader, as every Log is.
	Log LogAppender

	// ReshardDelay is how long parents keep taking records after a split or a merge. They stop at
	// the end of the second in which the delay ends, so up to a second later. 0 closes them
	// immediately. AWS takes about 25 s.
	ReshardDelay time.Duration

	// UpdatingDelay is how long the stream is UPDATING after a split or a merge, and rejects
	// another one. After that it is ACTIVE, though parents may still take records. 0 is 6/25 of
	// ReshardDelay, rounded up to whole seconds: AWS takes about 6 of its 25 s. A stream whose
	// children have taken over is always ACTIVE.
	UpdatingDelay time.Duration

	// Resharded, if set, is told of each reshard twice: when it is made, before its children take
	// any records, and when it is done. UpdateShardCount makes many. Resharded is called once for
	// each, in order and without locks, by a call that puts records or reshards the stream; other
	// such calls wait for it. An idle stream is not told that a reshard is done: ask TakesRecords.
	//
	// Resharded may call the stream's other methods. It deadlocks if it makes such a call itself,
	// or waits for one, so no such call may hold a lock that Resharded takes. A panic is passed on
	// to the caller; the reshard stays, and Resharded is not told of it again.
	Resharded func(Reshard)
}

// A Stream answers PutRecords calls as a Kinesis stream does. [New] makes one. A Stream is safe for
// concurrent use.
type Stream struct {
	place
	name          string
	distribution  RecordDistributionStrategy
	clock         streamClock
	log           LogAppender
	reshardDelay  time.Duration
	updatingDelay time.Duration

	layout      atomic.Pointer[layout]   // replaced as a whole, under resharding
	settings    atomic.Pointer[settings] // replaced as a whole, under resharding
	status      atomic.Value             // the StreamStatus that SetStatus set
	resharding  sync.Mutex
	announcer   announcer
	faults      faults
	distributed atomic.Uint64 // records, with DistributionAuto
	calls       sync.Pool     // of *call
}

// New returns a stream. If a field of config is invalid, the error is a [*ConfigError] that names
// the field.
func New(config Config) (*Stream, error) {
	s := &Stream{
		place:         newPlace(config.AccountID, config.Region),
		name:          cmp.Or(config.Name, "stream"),
		distribution:  cmp.Or(config.RecordDistributionStrategy, UserPartitionKey),
		clock:         streamClock{now: config.Now},
		log:           config.Log,
		reshardDelay:  config.ReshardDelay,
		updatingDelay: cmp.Or(config.UpdatingDelay, updatingPart(config.ReshardDelay)),
		announcer:     announcer{tell: config.Resharded},
	}
	s.settings.Store(&settings{cmp.Or(config.EncryptionType, EncryptionNone), config.Limits.inForce()})
	s.status.Store(StreamActive)
	if s.clock.now == nil {
		s.clock.now = newSteadyClock().now
	}
	if s.log == nil {
		s.log = &MemoryLog{}
	}
	if err := s.check(config); err != nil {
		return nil, err
	}
	now, err := s.clock.read()
	if err != nil || now.Unix() < 1 {
		return nil, configErrorf("Now", "it reads %v, but sequence numbers hold only times from "+
			"1970-01-01T00:00:01Z to the year 4147", now)
	}
	if config.Layout == nil {
		s.layout.Store(evenLayout(max(config.Shards, 1), s.Limits(), now))
		return s, nil
	}
	layout, err := newLayout(config.Layout, s.Limits(), now)
	if err != nil {
		return nil, err
	}
	s.layout.Store(layout)
	return s, nil
}

// updatingPart returns how long AWS's status is UPDATING when a reshard takes the given time.
func updatingPart(delay time.Duration) time.Duration {
	part := delay/25*6 + delay%25*6/25 // delay*6 could overflow
	return (part + time.Second - 1).Truncate(time.Second)
}

// maxShards keeps a mistake from using up all memory. AWS's quotas are far below it.
const maxShards = 1_000_000

// check returns the first problem it finds in config. s already has the defaults filled in.
func (s *Stream) check(config Config) error {
	memory, inMemory := s.log.(*MemoryLog)
	switch {
	case len(s.name) > constraint.MaxNameLength || !constraint.IsName(s.name):
		return configErrorf("Name", "%q is not 1 to 128 letters, digits, '_', '.' and '-'", s.name)
	case config.Shards < 0 || config.Shards > maxShards:
		return configErrorf("Shards", "%d is not between 0 and %d", config.Shards, maxShards)
	case config.Shards != 0 && config.Layout != nil:
		return configErrorf("Shards", "%d is set, but so is Layout, with %d shards", config.Shards, len(config.Layout))
	case s.distribution != UserPartitionKey && s.distribution != DistributionAuto:
		return configErrorf("RecordDistributionStrategy", "%q is neither %q nor %q", s.distribution, UserPartitionKey, DistributionAuto)
	case config.ReshardDelay < 0:
		return configErrorf("ReshardDelay", "%v is negative", config.ReshardDelay)
	case config.UpdatingDelay < 0:
		return configErrorf("UpdatingDelay", "%v is negative", config.UpdatingDelay)
	case inMemory && memory == nil:
		return configErrorf("Log", "it is a nil *MemoryLog")
	case inMemory && memory.Retention < -1:
		return configErrorf("Log", "a MemoryLog's Retention of %v is neither positive, nor 0 for 24 hours, nor -1 for forever", memory.Retention)
	}
	if err := s.place.check(); err != nil {
		return err
	}
	if err := s.EncryptionType().check(); err != nil {
		return err
	}
	return config.Limits.check()
}

// MustNew is [New] for tests and examples. It panics if New returns an error.
func MustNew(config Config) *Stream {
	s, err := New(config)
	if err != nil {
		panic(err)
	}
	return s
}

// Now returns the time on the stream's clock, in UTC.
func (s *Stream) Now() time.Time {
	now, _ := s.clock.read()
	return now
}

// Name returns the stream's name.
func (s *Stream) Name() string { return s.name }

// Shards returns the stream's shards, open and closed, by index.
func (s *Stream) Shards() []Shard {
	s.resharding.Lock() // no reshard may come between describing a parent and its child
	defer s.resharding.Unlock()
	shards := s.layout.Load().shards
	descriptions := make([]Shard, len(shards))
	for i, sh := range shards {
		descriptions[i] = sh.describe()
	}
	return descriptions
}

// Shard returns the shard with the ID, open or closed, and whether it exists.
func (s *Stream) Shard(shardID string) (Shard, bool) {
	sh := s.layout.Load().find(shardID)
	if sh == nil {
		return Shard{}, false
	}
	return sh.describe(), true
}

// Route returns the shard that takes records with the hash key. Until a split or a merge has taken
// effect, that is the parent.
func (s *Stream) Route(key HashKey) Shard {
	layout := s.currentLayout()
	return layout.open[layout.route(key)].describe()
}

// TakesRecords reports whether a shard takes records now, whatever the stream's status, and until
// when. until is the end of the shard's closing second, or the zero time if it has none. A parent
// takes records after [Stream.Shards] lists its ending number, and its children do not yet, until
// that time has come.
func (s *Stream) TakesRecords(shardID string) (until time.Time, ok bool) {
	layout := s.currentLayout()
	sh := layout.find(shardID)
	if sh == nil || !slices.Contains(layout.open, sh) {
		return time.Time{}, false
	}
	if end := sh.describe().SequenceNumberRange.EndingSequenceNumber; !end.IsZero() {
		until = time.Unix(end.Arrived+1, 0).UTC()
	}
	return until, true
}

// Stats returns, by shard index, what happened to the records sent to each shard since New. A
// record counts each time it is sent, as soon as the log is done with it. Requests that are
// rejected as a whole do not count.
func (s *Stream) Stats() []ShardStats {
	shards := s.layout.Load().shards
	stats := make([]ShardStats, len(shards))
	for i, sh := range shards {
		stats[i] = sh.statistics()
	}
	return stats
}
