package putrecords

import (
	"slices"
	"strings"
	"sync"
)

// A Fault makes a stream fail on demand. The zero Fault fails one record with InternalFailure. It is deterministic: which records
// it meets is Match's choice, and how often it answers is Count's.
//
// A code that AWS returns only for whole requests (any but ProvisionedThroughputExceededException and InternalFailure) fails
// the request when one of its records matches, and so does any code with WholeRequest.
//
// For a fault that lasts for a time, end it with [Injection.Remove], or let Match read the stream's clock.
type Fault struct {
	Code         ErrorCode          // what the caller sees; "" is InternalFailure
	Message      string             // "" is AWS's text for the code, and the code itself where none is known
	Match        func(Attempt) bool // which records; nil is every record; called without locks, by several callers at once
	Count        int                // how many answers; 0 is one, and below 0 there is no end until the fault is removed
	WholeRequest bool               // fail the whole request, even with a code that AWS gives to single records
	AfterAppend  bool               // store the record, or with WholeRequest the request, and report a failure all the same
}

// An Attempt is a record on its way into a shard.
type Attempt struct {
	Index        int // in the request
	PartitionKey string
	HashKey      HashKey // the explicit one if there is one
	ShardID      string
	Bytes        int // data and partition key
}

// An Injection is a fault in a stream. Its methods may be called from several goroutines at once.
type Injection struct {
	fault  Fault
	faults *faults
	hits   int // guarded by faults.mu
}

// faults are the injections of a stream that are in force, the earliest first.
type faults struct {
	mu     sync.Mutex
	active []*Injection // replaced, never changed, so that a snapshot can be read without the lock
}

// Inject puts a fault in force and returns a handle on it. Faults meet a request in this order, and each time the one that was injected
// first answers, until it is used up:
//
//  1. those of whole requests, after validation, so that a request which fails validation uses none up, and before a dry run is
//     answered;
//  2. those of single records, before throttling, so that these records take nothing of their shard's throughput;
//  3. those of whole requests with AfterAppend, which match stored records;
//  4. those of single records with AfterAppend, likewise.
func (s *Stream) Inject(fault Fault) *Injection {
	if fault.Code == "" {
		fault.Code = InternalFailure
	}
	if fault.Count == 0 {
		fault.Count = 1
	}
	fault.Code = ErrorCode(strings.ToValidUTF8(string(fault.Code), "\ufffd")) // which encoding/json would do, and CBOR not
	fault.Message = strings.ToValidUTF8(fault.Message, "\ufffd")
	return s.faults.add(fault)
}

// Hits returns how many times the fault has answered: how many records it has failed, or how many whole requests.
func (i *Injection) Hits() int {
	i.faults.mu.Lock()
	defer i.faults.mu.Unlock()
	return i.hits
}

// Remove ends the fault. Removing it again, or after it is used up, does nothing.
func (i *Injection) Remove() {
	i.faults.mu.Lock()
	defer i.faults.mu.Unlock()
	i.faults.remove(i)
}

func (f *faults) add(fault Fault) *Injection {
	f.mu.Lock()
	defer f.mu.Unlock()
	injection := &Injection{fault: fault, faults: f}
	f.active = append(slices.Clip(f.active), injection)
	return injection
}

func (f *faults) remove(injection *Injection) {
	if i := slices.Index(f.active, injection); i >= 0 {
		f.active = slices.Concat(f.active[:i], f.active[i+1:])
	}
}

func (f *faults) snapshot() []*Injection {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.active
}

// wholeRequest reports whether the fault fails whole requests.
func (f *Fault) wholeRequest() bool { return f.WholeRequest || !f.Code.perRecord() }

// answers reports whether the fault answers the attempt, and counts that.
func (i *Injection) answers(attempt Attempt) bool {
	if i.fault.Match != nil && !i.fault.Match(attempt) {
		return false
	}
	f := i.faults
	f.mu.Lock()
	defer f.mu.Unlock()
	if !slices.Contains(f.active, i) {
		return false // used up or removed meanwhile
	}
	i.hits++
	if i.hits == i.fault.Count {
		f.remove(i)
	}
	return true
}

// error returns what the fault answers the record at an index of a call with.
func (i *Injection) error(c *call, index int) *Error {
	err := c.stream.defaultError(i.fault.Code, c.operation, c.shards[index].id)
	if i.fault.Message != "" {
		err.Message = i.fault.Message
	}
	return err
}
