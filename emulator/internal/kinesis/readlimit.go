package kinesis

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/putrecords/putrecords"
)

// readLimits are the limits on reading a stream's shards. The zero value has none yet.
type readLimits struct {
	mu     sync.Mutex
	shards map[string]*readLimit
}

// of returns the limit of a shard.
func (l *readLimits) of(shardID string, config *Config) *readLimit {
	l.mu.Lock()
	defer l.mu.Unlock()
	limit := l.shards[shardID]
	if limit == nil {
		if l.shards == nil {
			l.shards = map[string]*readLimit{}
		}
		limit = newReadLimit(config.ReadsPerSecond, config.ReadBytesPerSecond)
		l.shards[shardID] = limit
	}
	return limit
}

// A readLimit limits the calls that read a shard, and the bytes that they return.
//
// A call is admitted before its size is known, so bytes are paid for afterwards. Calls that return
// less than a second's worth are admitted while they are paid for. Once that much is owed, no call
// is admitted until everything is paid for. So after a call that returns 10 MiB, calls are rejected
// for 5 seconds, as AWS documents.
type readLimit struct {
	bytesPerSecond int64 // 0 or less means no limit

	mu     sync.Mutex
	latest time.Time     // the latest time it has seen; its time never goes back
	calls  *rate.Limiter // nil means no limit
	paid   time.Time     // when everything that was returned is paid for
	owing  bool          // a second's worth was owed, and paid has not come since
}

func newReadLimit(callsPerSecond int, bytesPerSecond int64) *readLimit {
	l := &readLimit{bytesPerSecond: bytesPerSecond}
	if callsPerSecond > 0 {
		l.calls = rate.NewLimiter(rate.Limit(callsPerSecond), callsPerSecond)
	}
	return l
}

// admit reports whether a call may read the shard now.
func (l *readLimit) admit(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pass(now)
	return !l.owing && (l.calls == nil || l.calls.AllowN(l.latest, 1))
}

// count counts the bytes that an admitted call returns.
func (l *readLimit) count(now time.Time, bytes int64) {
	if l.bytesPerSecond <= 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pass(now)
	if l.paid.Before(l.latest) {
		l.paid = l.latest
	}
	l.paid = l.paid.Add(time.Duration(float64(bytes) / float64(l.bytesPerSecond) * float64(time.Second)))
	l.owing = l.owing || l.paid.Sub(l.latest) >= time.Second
}

// pass moves the time on. The caller holds l.mu.
func (l *readLimit) pass(now time.Time) {
	if now.After(l.latest) {
		l.latest = now
	}
	if !l.latest.Before(l.paid) {
		l.owing = false
	}
}

// readRateExceeded is AWS's message of 2018. AWS also has "Rate exceeded for Shard - …"; which
// limit gets which of the two is unknown.
func readRateExceeded(shardID, streamName, accountID string) *putrecords.Error {
	return errorf(putrecords.ProvisionedThroughputExceededException, "Rate exceeded for shard %s in stream %s under account %s.",
		shardID, streamName, accountID)
}
