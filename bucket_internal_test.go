package putrecords

import (
	"fmt"
	"testing"
	"time"
)

// A token comes within a nanosecond of the time when it is due, even after 200,000 calls in which
// the bucket is neither full nor empty and rounding errors add up.
func TestBucketIsExactToANanosecond(t *testing.T) {
	for _, perSecond := range []int64{1000, 1 << 20, 10 << 20, 999_983} {
		for _, step := range []time.Duration{time.Millisecond, 7 * time.Millisecond, 123_456_789} {
			burst := 2 * perSecond
			for _, level := range []int64{0, burst / 2, burst - perSecond/7} {
				t.Run(fmt.Sprintf("%d a second, steps of %v, from %d", perSecond, step, level), func(t *testing.T) {
					var b bucket
					b.set(time.Unix(1_411_431_220, 123_456_789), perSecond, burst)
					billionths := burst * 1e9 // what the bucket holds in exact arithmetic
					now := time.Unix(1_411_431_220, 123_456_789)
					for i := range 200_000 {
						now = now.Add(step)
						billionths = min(billionths+perSecond*int64(step), burst*1e9)
						got := b.available(now, burst)
						early, late := (billionths+perSecond)/1e9, (billionths-perSecond)/1e9
						if got < late || got > early {
							t.Fatalf("step %d: %d tokens, want %d billionths", i, got, billionths)
						}
						if n := min(got, billionths/1e9) - level; n > 0 {
							b.take(now, n)
							billionths -= n * 1e9
						}
					}
				})
			}
		}
	}
}

// A new bucket holds its whole burst, even one that takes longer to fill than a time.Duration can
// hold.
func TestNewBucketIsFull(t *testing.T) {
	for _, test := range []struct{ perSecond, burst int64 }{
		{1, 1}, {1000, 1000}, {1, 1 << 30}, {1, maxBurst}, {1 << 40, maxBurst}, {1 << 62, maxBurst},
	} {
		var b bucket
		b.set(time.Unix(1_411_431_220, 0), test.perSecond, test.burst)
		if got := b.available(time.Unix(1, 0), test.burst); got != test.burst {
			t.Errorf("%+v: %d tokens", test, got)
		}
	}
}
