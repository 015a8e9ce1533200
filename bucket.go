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
	limiter rate.Limiter
	burst   int64 // the most tokens that the bucket holds; 0 if it has no limit
	grace   float64

	// atLeast is a lower bound: the tokens found when the limiter was last asked, less those taken
	// since. Asking the limiter again only when this is not enough halves its cost.
	atLeast int64
}

// maxBurst is the largest burst that fits both of the limiter's number types, int and float64,
// exactly.
const maxBurst = min(math.MaxInt, 1<<53)

// set sets the rate and the burst from now on. The bucket has no limit if one of them is
// [Unlimited]. It keeps its tokens, up to the burst. A zero bucket, or one without a limit, becomes
// full.
func (b *bucket) set(now time.Time, perSecond, burst int64) {
	if perSecond == Unlimited || burst == Unlimited {
		*b = bucket{atLeast: math.MaxInt64}
		return
	}
	limited := b.burst > 0
	b.burst = min(burst, maxBurst)
	b.grace = float64(gcd(perSecond, 1e9)) / 2e9
	b.atLeast = 0
	if !limited { // fill it at a rate that fills any burst from the zero time until now
		b.limiter.SetLimitAt(time.Time{}, maxBurst)
		b.limiter.SetBurstAt(time.Time{}, int(b.burst))
	}
	b.limiter.SetLimitAt(now, rate.Limit(perSecond))
	b.limiter.SetBurstAt(now, int(b.burst))
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
	if b.burst > 0 && b.atLeast < wanted {
		b.atLeast = min(int64(b.limiter.TokensAt(now)+b.grace), b.burst)
	}
	return b.atLeast
}

// take takes n tokens, which must be available at now.
func (b *bucket) take(now time.Time, n int64) {
	if b.burst > 0 {
		b.limiter.AllowN(now, int(n))
		b.atLeast -= n
	}
}
