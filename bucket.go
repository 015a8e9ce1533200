package putrecords

import (
	"math"
	"math/bits"
	"time"
)

// A bucket is a token bucket, of which a token is a record or a byte. It counts in whole tokens and billionths of one, which a rate
// of whole tokens a second brings in whole nanoseconds: so it is exact however long it runs, and the same on every platform.
type bucket struct {
	perSecond  int64 // 0 is unlimited
	burst      int64 // the most tokens it holds
	tokens     int64
	billionths uint64 // of the next token
}

// newBucket returns a full bucket, or an unlimited one if its rate or its burst is -1.
func newBucket(perSecond, burst int64) bucket {
	if perSecond == -1 || burst == -1 {
		return bucket{}
	}
	return bucket{perSecond: perSecond, burst: burst, tokens: burst}
}

// refill adds the tokens of a time that has passed.
func (b *bucket) refill(elapsed time.Duration) {
	if b.tokens == b.burst { // full, or unlimited
		return
	}
	high, low := bits.Mul64(uint64(b.perSecond), uint64(elapsed))
	low, carry := bits.Add64(low, b.billionths, 0)
	high += carry
	missing := uint64(b.burst - b.tokens)
	if high < 1e9 {
		if whole, billionths := bits.Div64(high, low, 1e9); whole < missing {
			b.tokens += int64(whole)
			b.billionths = billionths
			return
		}
	}
	b.tokens, b.billionths = b.burst, 0
}

// available returns how many tokens may be taken.
func (b *bucket) available() int64 {
	if b.perSecond == 0 {
		return math.MaxInt64
	}
	return b.tokens
}

// take takes n tokens, which must be available.
func (b *bucket) take(n int64) {
	if b.perSecond != 0 {
		b.tokens -= n
	}
}
