package putrecords

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A Config describes a stream. The zero Config is a stream of one shard with AWS's limits, on the machine's clock, that keeps
// its records in memory for 24 hours.
type Config struct {
	Name      string // of the stream: 1 to 128 letters, digits, '_', '.' and '-'; "" is "stream"
	AccountID string // 12 digits; "" is "000000000000"
	Region    string // lower-case letters, digits and hyphens; "" is "us-east-1"
	Shards    int    // how many open shards divide the hash space evenly, at most 1,000,000; 0 is 1

	// Layout, instead of Shards, is the shards of a stream that exists elsewhere, by index, as Stream.Shards lists them. Its numbers
	// go on only if Log is that stream's log. A shard with an ending number is closed, even if its reshard was pending. Shards
	// that have expired may be missing, and a shard without a starting number gets one at the clock's time.
	Layout []Shard

	EncryptionType EncryptionType // "" is EncryptionNone; EncryptionKMS shows in answers and encrypts nothing
	Limits         Limits

	// Now is the stream's clock; nil is time.Now. Virtual time is a function of yours. The stream reads it once a call and
	// holds no lock meanwhile; calls from several goroutines read it at once. If it goes back, a shard keeps using the latest
	// time that it has seen: a stream for a testing/synctest bubble, whose time begins in the year 2000, is made in the bubble.
	Now func() time.Time

	// Log is where accepted records go; nil is a MemoryLog, which keeps them for 24 hours of the stream's clock.
	Log Log

	// ReshardDelay is how long parents go on taking records after a split or a merge: until the end of the second in which the
	// delay ends, so up to a second longer. 0 closes them at once; AWS takes about 25 s.
	ReshardDelay time.Duration
}

// An EncryptionType tells how a stream encrypts its records.
type EncryptionType string

// The encryption types of the Kinesis API.
const (
	EncryptionNone EncryptionType = "NONE"
	EncryptionKMS  EncryptionType = "KMS"
)

// A StreamStatus tells what state a stream is in.
type StreamStatus string

// The states of the Kinesis API that a [Stream] can be in. It takes records in both.
const (
	StreamActive   StreamStatus = "ACTIVE"
	StreamUpdating StreamStatus = "UPDATING" // a reshard is pending
)

// An Input is a PutRecords request. Nil members are those that a request leaves out.
type Input struct {
	Records    []RequestEntry
	StreamName *string `json:",omitempty"`
	StreamARN  *string `json:",omitempty"`
	DryRun     *bool   `json:",omitempty"` // true makes all checks and writes nothing; the answer is a DryRunOperationException
}

// A RequestEntry is a record of a request. [Entry] makes one. AWS: an explicit hash key "overrides the partition key to shard
// mapping".
type RequestEntry struct {
	Data            []byte  // required; nil is missing, empty is fine
	PartitionKey    *string // required; its bytes are hashed as they are, though the wire carries only UTF-8
	ExplicitHashKey *string `json:",omitempty"` // a hash key in decimal, instead of the partition key's
}

// Entry returns a record with data, and no explicit hash key. Nil data is empty data.
func Entry(partitionKey string, data []byte) RequestEntry {
	if data == nil {
		data = []byte{}
	}
	return RequestEntry{Data: data, PartitionKey: &partitionKey}
}

// Size returns the bytes of the record that count against limits and throughput: its data and its partition key.
func (e RequestEntry) Size() int {
	if e.PartitionKey == nil {
		return len(e.Data)
	}
	return len(e.Data) + len(*e.PartitionKey)
}

// An Output is the answer to a request that was not refused as a whole, though records of it may have failed. AWS: its records
// correlate with the request's "using natural ordering".
type Output struct {
	EncryptionType    EncryptionType `json:",omitempty"` // EncryptionKMS, or "" if the stream is not encrypted
	FailedRecordCount int
	Records           []ResultEntry // one for each record of the request, in its order
}

// A ResultEntry is what became of one record: a stored one has a SequenceNumber and a ShardID, a failed one an ErrorCode and
// an ErrorMessage.
type ResultEntry struct {
	ErrorCode      ErrorCode `json:",omitempty"` // ProvisionedThroughputExceededException or InternalFailure
	ErrorMessage   string    `json:",omitempty"`
	SequenceNumber string    `json:",omitempty"` // of 56 digits, so that strings sort as numbers; see ParseSequenceNumber
	ShardID        string    `json:"ShardId,omitempty"`
}

// Failed yields the index, in the request, and the entry of each failed record.
func (o *Output) Failed() iter.Seq2[int, ResultEntry] {
	return func(yield func(int, ResultEntry) bool) {
		for i, entry := range o.Records {
			if entry.ErrorCode != "" && !yield(i, entry) {
				return
			}
		}
	}
}

// A Stream answers PutRecords calls as a Kinesis stream does. [New] makes one. Its methods may be called from several
// goroutines at once.
type Stream struct {
	name           string
	accountID      string
	region         string
	encryptionType EncryptionType
	limits         Limits // in force
	now            func() time.Time
	log            Log
	reshardDelay   time.Duration

	layout     atomic.Pointer[layout] // swapped whole, under resharding
	resharding sync.Mutex
	faults     faults
	calls      sync.Pool // of *call
}

// New returns a stream. The error is a [*ConfigError] that names an invalid field of config.
func New(config Config) (*Stream, error) {
	s := &Stream{
		name:           cmp.Or(config.Name, "stream"),
		accountID:      cmp.Or(config.AccountID, "000000000000"),
		region:         cmp.Or(config.Region, "us-east-1"),
		encryptionType: cmp.Or(config.EncryptionType, EncryptionNone),
		limits:         config.Limits.inForce(),
		now:            config.Now,
		log:            config.Log,
		reshardDelay:   config.ReshardDelay,
	}
	if s.now == nil {
		s.now = time.Now //nolint:forbidigo // the one place where time comes in by itself
	}
	if s.log == nil {
		s.log = &MemoryLog{}
	}
	if err := s.check(config); err != nil {
		return nil, err
	}
	now, err := s.clock()
	if err != nil || now.Unix() < 1 {
		return nil, configErrorf("Now", "reads %v, which is not between 1970-01-01T00:00:01Z and the year 4147, the seconds that "+
			"sequence numbers hold", now)
	}
	shards := config.Layout
	if shards == nil {
		shards = evenLayout(max(config.Shards, 1), now.Unix())
	}
	layout, err := newLayout(shards, s.limits, now)
	if err != nil {
		return nil, err
	}
	s.layout.Store(layout)
	return s, nil
}

// maxShards keeps a mistake from taking all memory; AWS's quotas are far below.
const maxShards = 1_000_000

// check returns what is invalid in config, of which s has the values that stand for its zeroes.
func (s *Stream) check(config Config) error {
	memory, inMemory := s.log.(*MemoryLog)
	switch {
	case len(s.name) > maxNameLength || !nameRegexp.MatchString(s.name):
		return configErrorf("Name", "%q is not 1 to 128 letters, digits, '_', '.' and '-'", s.name)
	case !accountIDRegexp.MatchString(s.accountID):
		return configErrorf("AccountID", "%q is not 12 digits", s.accountID)
	case !regionRegexp.MatchString(s.region):
		return configErrorf("Region", "%q is not lower-case letters, digits and hyphens", s.region)
	case config.Shards < 0 || config.Shards > maxShards:
		return configErrorf("Shards", "%d is not between 0 and %d", config.Shards, maxShards)
	case config.Shards != 0 && config.Layout != nil:
		return configErrorf("Shards", "%d is given as well as Layout, which has %d shards", config.Shards, len(config.Layout))
	case s.encryptionType != EncryptionNone && s.encryptionType != EncryptionKMS:
		return configErrorf("EncryptionType", "%q is neither %q nor %q", s.encryptionType, EncryptionNone, EncryptionKMS)
	case config.ReshardDelay < 0:
		return configErrorf("ReshardDelay", "%v is negative", config.ReshardDelay)
	case inMemory && memory == nil:
		return configErrorf("Log", "it is a nil *MemoryLog")
	case inMemory && memory.Retention < -1:
		return configErrorf("Log", "a MemoryLog's Retention of %v is neither positive, nor 0 for 24 hours, nor -1 for ever", memory.Retention)
	}
	return config.Limits.check()
}

var (
	accountIDRegexp = regexp.MustCompile(`^[0-9]{12}$`)
	regionRegexp    = regexp.MustCompile(`^[a-z0-9-]+$`)
)

// MustNew is [New] for tests and examples: it panics where New returns an error.
func MustNew(config Config) *Stream {
	s, err := New(config)
	if err != nil {
		panic(err)
	}
	return s
}

// clock reads the stream's clock, which must not be later than sequence numbers can hold.
func (s *Stream) clock() (time.Time, error) {
	now := s.now().Round(0).UTC() // without the monotonic reading, which has no place in answers
	if now.Unix() > lastSecond {
		return now, fmt.Errorf("putrecords: the clock reads %v; sequence numbers end with the year 4147", now)
	}
	return now, nil
}

// Limits returns the limits in force: no field is zero, and -1 is unlimited.
func (s *Stream) Limits() Limits { return s.limits }

// Name returns the stream's name.
func (s *Stream) Name() string { return s.name }

// ARN returns the stream's Amazon Resource Name. The partition in it is aws-cn or aws-us-gov where the region begins with "cn-" or
// "us-gov-", and aws elsewhere.
func (s *Stream) ARN() string {
	partition := "aws"
	switch {
	case strings.HasPrefix(s.region, "cn-"):
		partition = "aws-cn"
	case strings.HasPrefix(s.region, "us-gov-"):
		partition = "aws-us-gov"
	}
	return "arn:" + partition + ":kinesis:" + s.region + ":" + s.accountID + ":stream/" + s.name
}

// EncryptionType returns EncryptionNone or EncryptionKMS.
func (s *Stream) EncryptionType() EncryptionType { return s.encryptionType }

// shownEncryption returns the encryption type as answers show it: not at all unless the stream is encrypted.
func (s *Stream) shownEncryption() EncryptionType {
	if s.encryptionType == EncryptionNone {
		return ""
	}
	return s.encryptionType
}

// Status returns StreamUpdating while a reshard is pending, and StreamActive otherwise. While one is pending, [Stream.Shards] lists the
// parents as closed and the children as open already, but records go to the parents.
func (s *Stream) Status() StreamStatus {
	if s.currentLayout().pending != nil {
		return StreamUpdating
	}
	return StreamActive
}

// Shards returns the stream's shards, open and closed, by index.
func (s *Stream) Shards() []Shard {
	s.resharding.Lock() // so that parents and children are of one layout
	defer s.resharding.Unlock()
	shards := s.layout.Load().shards
	descriptions := make([]Shard, len(shards))
	for i, sh := range shards {
		descriptions[i] = sh.describe()
	}
	return descriptions
}

// Route returns the shard that takes records with the hash key: an open one, or while a reshard is pending a parent.
func (s *Stream) Route(key HashKey) Shard {
	layout := s.currentLayout()
	return layout.open[layout.route(key)].describe()
}

// Records yields what the log holds of a shard, open or closed, oldest first. A [MemoryLog] drops records after a while. An error ends
// the iteration; that of a shard which does not exist is ResourceNotFoundException.
func (s *Stream) Records(shardID string) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		sh := s.layout.Load().find(shardID)
		if sh == nil {
			yield(Record{}, s.shardNotFound(shardID))
			return
		}
		for record, err := range s.log.Records(context.Background(), sh.describe(), 1) {
			if !yield(record, err) || err != nil {
				return
			}
		}
	}
}

// Stats returns what became of the records sent to each shard since New, by index. A record counts each time that it is sent, once
// the log is done with the records that were sent to the same shard with it. Requests that are refused as a whole do not count.
func (s *Stream) Stats() []ShardStats {
	shards := s.layout.Load().shards
	stats := make([]ShardStats, len(shards))
	for i, sh := range shards {
		stats[i] = sh.statistics()
	}
	return stats
}
