package putrecords

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// A Fault makes a stream fail on demand. The zero Fault fails one record with InternalFailure. A
// Fault is deterministic: Match chooses the records it fails, and Count says how many times it
// answers.
//
// A code that AWS returns only for whole requests (any except
// ProvisionedThroughputExceededException and InternalFailure) fails the request when one of its
// records matches. So does any code with WholeRequest.
//
// For a fault that lasts some time, end it with [Injection.Remove], or let Match read the stream's
// clock.
type Fault struct {
	Code    ErrorCode // what the caller sees; "" is InternalFailure
	Message string    // "" is AWS's message for the code, or the code itself if none is known

	// Match chooses the records. Nil is every record. It is called without locks, and concurrently.
	Match func(Attempt) bool

	Count        int  // how many times it answers; 0 means once, negative means until it is removed
	WholeRequest bool // fail the whole request, even with a code that AWS gives to single records
	AfterAppend  bool // store the record (or the whole request's records) before failing it
}

// An Attempt is a record on its way into a shard.
type Attempt struct {
	Index        int     // in the request
	PartitionKey string  // "" if there is none
	HashKey      HashKey // the explicit hash key if there is one
	ShardID      string
	Bytes        int // data and partition key
}

// An Injection is a fault in force. It is safe for concurrent use.
type Injection struct {
	fault  Fault
	faults *faults
	hits   int // guarded by faults.mu
}

// faults are a stream's injections in force, the earliest first.
type faults struct {
	mu     sync.Mutex                   // guards changes
	active atomic.Pointer[[]*Injection] // nil before the first; replaced as a whole, under mu
}

// Inject puts a fault in force and returns a handle on it. A request meets faults in this order. At
// each step the fault that was injected first answers, until it is used up:
//
//  1. faults of whole requests, after validation and before a dry run is answered; a request that
//     fails validation uses up no fault;
//  2. faults of whole requests with a KMS code, after a dry run is answered;
//  3. faults of single records, before throttling; these records use none of their shard's
//     throughput;
//  4. faults of whole requests with AfterAppend, which match stored records;
//  5. faults of single records with AfterAppend, which match stored records too.
func (s *Stream) Inject(fault Fault) *Injection {
	if fault.Code == "" {
		fault.Code = InternalFailure
	}
	if fault.Count == 0 {
		fault.Count = 1
	}
	// encoding/json replaces invalid UTF-8 too, but CBOR does not.
	fault.Code = ErrorCode(strings.ToValidUTF8(string(fault.Code), "\ufffd"))
	fault.Message = strings.ToValidUTF8(fault.Message, "\ufffd")
	return s.faults.add(fault)
}

// Hits returns how many times the fault has answered: the number of records, or of whole requests,
// that it has failed.
func (i *Injection) Hits() int {
	i.faults.mu.Lock()
	defer i.faults.mu.Unlock()
	return i.hits
}

// Remove ends the fault. If the fault is used up or removed already, Remove does nothing.
func (i *Injection) Remove() {
	i.faults.mu.Lock()
	defer i.faults.mu.Unlock()
	i.faults.remove(i)
}

func (f *faults) add(fault Fault) *Injection {
	f.mu.Lock()
	defer f.mu.Unlock()
	injection := &Injection{fault: fault, faults: f}
	f.set(append(slices.Clip(f.snapshot()), injection))
	return injection
}

func (f *faults) remove(injection *Injection) {
	active := f.snapshot()
	if i := slices.Index(active, injection); i >= 0 {
		f.set(slices.Concat(active[:i], active[i+1:]))
	}
}

func (f *faults) set(active []*Injection) { f.active.Store(&active) }

// snapshot returns the injections in force. A call takes several snapshots, so they need no lock.
func (f *faults) snapshot() []*Injection {
	if active := f.active.Load(); active != nil {
		return *active
	}
	return nil
}

// A stage is a point in a call at which faults answer.
type stage int

const (
	beforeDryRun stage = iota
	beforeAppend
	afterAppend
)

// stage returns when the fault answers. AWS does not ask KMS in a dry run.
func (f *Fault) stage() stage {
	switch {
	case f.AfterAppend:
		return afterAppend
	case f.wholeRequest() && !strings.HasPrefix(string(f.Code), "KMS"):
		return beforeDryRun
	}
	return beforeAppend
}

// wholeRequest reports whether the fault fails whole requests.
func (f *Fault) wholeRequest() bool { return f.WholeRequest || !f.Code.perRecord() }

// answers reports whether the fault answers the attempt. If so, it counts a hit.
func (i *Injection) answers(attempt Attempt) bool {
	if i.fault.Match != nil && !i.fault.Match(attempt) {
		return false
	}
	f := i.faults
	f.mu.Lock()
	defer f.mu.Unlock()
	if !slices.Contains(f.snapshot(), i) {
		return false // used up or removed in the meantime
	}
	i.hits++
	if i.hits == i.fault.Count {
		f.remove(i)
	}
	return true
}

// error returns the fault's answer for the record at the index of a call.
func (i *Injection) error(c *call, index int) *Error {
	err := c.stream.defaultError(&i.fault, c.operation, c.shardID(index))
	if i.fault.Message != "" {
		err.Message = i.fault.Message
	}
	return err
}
