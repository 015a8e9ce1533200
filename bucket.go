package putrecords

import (
	"math"
	"time"

	"golang.org/x/time/rate"
)

// A bucket is a token bucket. Each token stands for one record or one byte.
//
// A rate.Limiter holds its tokens as a floating-point number, so a token that is due may lack a
// tiny part. In exact arithmetic the number is a multiple of gcd(rate, 1e9)/1e9, because time
// passes in whole nanoseconds. Half of that is the grace: too little to let a token through early,
// and more than the rounding errors add up to, except in the cases that Limits documents.
type bucket struct {
	limited bool
	limiter rate.Limiter
	burst   int64 // the most tokens that the bucket holds
	grace   float64

	// atLeast is a lower bound: the tokens found when the limiter was last asked, less those taken
	// since. Asking the limiter again only when this is not enough halves its cost.
	atLeast int64
}

// maxBurst is the largest burst that fits both of the limiter's number types, int and float64,
// exactly.
const maxBurst = min(math.MaxInt, 1<<53)

// init makes a zero bucket full. It has no limit if its rate or its burst is [Unlimited].
func (b *bucket) init(perSecond, burst int64) {
	if perSecond == Unlimited || burst == Unlimited {
		b.atLeast = math.MaxInt64
		return
	}
	b.limited = true
	b.burst = min(burst, maxBurst)
	b.grace = float64(gcd(perSecond, 1e9)) / 2e9
	// Until 1970, before which no stream's clock begins, any burst fills up.
	b.limiter.SetLimitAt(time.Time{}, maxBurst)
	b.limiter.SetBurstAt(time.Time{}, int(b.burst))
	b.limiter.SetLimitAt(time.Unix(0, 0), rate.Limit(perSecond))
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// available returns how many tokens may be taken at now, or at least as many as wanted. now must
// not be before the time of an earlier call.
func (b *bucket) available(now time.Time, wanted int64) int64 {
	if b.limited && b.atLeast < wanted {
		b.atLeast = min(int64(b.limiter.TokensAt(now)+b.grace), b.burst)
	}
	return b.atLeast
}

// take takes n tokens, which must be available at now.
func (b *bucket) take(now time.Time, n int64) {
	if b.limited {
		b.limiter.AllowN(now, int(n))
		b.atLeast -= n
	}
}
