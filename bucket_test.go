package putrecords_test

import (
	"math"
	"math/big"
	"testing"
	"time"

	"golang.org/x/time/rate"
	"pgregory.net/rapid"

	"github.com/putrecords/putrecords"
)

// A bucketModel is a token bucket in exact arithmetic.
type bucketModel struct {
	tokens, perSecond, burst *big.Rat
	last                     time.Time
}

func newBucketModel(perSecond, burst int64, now time.Time) *bucketModel {
	return &bucketModel{big.NewRat(burst, 1), big.NewRat(perSecond, 1), big.NewRat(burst, 1), now}
}

func (b *bucketModel) advance(now time.Time) {
	elapsed := big.NewRat(now.Sub(b.last).Nanoseconds(), 1e9)
	b.tokens.Add(b.tokens, elapsed.Mul(elapsed, b.perSecond))
	if b.tokens.Cmp(b.burst) > 0 {
		b.tokens.Set(b.burst)
	}
	b.last = now
}

func (b *bucketModel) holds(n int64) bool { return b.tokens.Cmp(big.NewRat(n, 1)) >= 0 }

func (b *bucketModel) take(n int64) { b.tokens.Sub(b.tokens, big.NewRat(n, 1)) }

// A shard admits what two exact token buckets would admit, whatever the rates, sizes and times are.
// (A bucket is within its grace of the exact number over the few calls that a case makes.)
func TestAdmissionAgreesWithExactBuckets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := newClock()
		rates := rapid.OneOf(rapid.Int64Range(1, 3000), rapid.Int64Range(1, math.MaxInt32))
		limits := putrecords.Limits{
			RecordsPerSecond: int(rates.Draw(t, "records a second")),
			BytesPerSecond:   rates.Draw(t, "bytes a second"),
			RecordBurst:      rapid.IntRange(1, 50).Draw(t, "record burst"),
			BytesPerRecord:   100,
			ByteBurst:        rapid.OneOf(rapid.Int64Range(100, 3000), rapid.Int64Range(100, math.MaxInt64-1)).Draw(t, "byte burst"),
		}
		s := putrecords.MustNew(putrecords.Config{Now: c.Now, Limits: limits, Log: putrecords.Discard()})
		records := newBucketModel(int64(limits.RecordsPerSecond), int64(limits.RecordBurst), c.now)
		bytes := newBucketModel(limits.BytesPerSecond, limits.ByteBurst, c.now)
		for range rapid.IntRange(1, 60).Draw(t, "calls") {
			c.advance(time.Duration(rapid.OneOf(
				rapid.Int64Range(0, 10),
				rapid.Int64Range(0, 1e9),
				rapid.Map(rapid.Int64Range(0, 2000), func(ms int64) int64 { return ms * 1e6 }),
			).Draw(t, "elapsed")))
			records.advance(c.now)
			bytes.advance(c.now)
			var request []putrecords.RequestEntry
			var want []bool
			for _, size := range rapid.SliceOfN(rapid.IntRange(1, 100), 1, 30).Draw(t, "sizes") {
				request = append(request, sized(size))
				admitted := records.holds(1) && bytes.holds(int64(size))
				if admitted {
					records.take(1)
					bytes.take(int64(size))
				}
				want = append(want, admitted)
			}
			out, err := s.Put(t.Context(), request...)
			if err != nil {
				t.Fatal(err)
			}
			for i, entry := range out.Records {
				if (entry.ErrorCode == "") != want[i] {
					t.Fatalf("record %d of %d: %+v, want stored: %t", i, len(request), entry, want[i])
				}
			}
		}
	})
}

// A shard admits what rate.Limiter allows, except in the nanosecond in which a token is due.
func TestAdmissionAgreesWithRateLimiter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := newClock()
		perSecond, burst := rapid.IntRange(1, 1000).Draw(t, "records a second"), rapid.IntRange(1, 50).Draw(t, "burst")
		s := putrecords.MustNew(putrecords.Config{
			Now: c.Now, Log: putrecords.Discard(), Limits: putrecords.Limits{RecordsPerSecond: perSecond, RecordBurst: burst},
		})
		limiter := rate.NewLimiter(rate.Limit(perSecond), burst)
		for range rapid.IntRange(1, 60).Draw(t, "calls") {
			c.advance(time.Duration(rapid.Int64Range(0, 2e9).Draw(t, "elapsed")))
			for range rapid.IntRange(1, 60).Draw(t, "records") {
				tokens := limiter.TokensAt(c.now)
				if due := math.Abs(tokens - 1); due < 1e-6 {
					c.advance(time.Duration(2e9 / perSecond)) // stay away from it
				}
				out, err := s.Put(t.Context(), keyed("k"))
				if err != nil {
					t.Fatal(err)
				}
				if want := limiter.AllowN(c.now, 1); (out.FailedRecordCount == 0) != want {
					t.Fatalf("%+v, but the limiter held %v tokens", out, tokens)
				}
			}
		}
	})
}

// With a rate that is slow beside its burst, each byte comes in the nanosecond in which it is due.
func TestSlowRateIsExact(t *testing.T) {
	c := newClock()
	s := putrecords.MustNew(putrecords.Config{Now: c.Now, Limits: putrecords.Limits{BytesPerSecond: 1, RecordsPerSecond: -1}})
	mustPut(t, s, sized(48576))
	var elapsed time.Duration
	for i := range 20 {
		step := 294_658_955 + time.Duration(i)*97_654_321
		elapsed += step
		c.advance(step)
		if stored(t, s, sized(1)) != 1 {
			t.Fatalf("call %d is throttled", i)
		}
	}
	c.advance(elapsed.Truncate(time.Second) + time.Second - elapsed - 1)
	due := 1<<20 - 48576 - 20 + int(elapsed/time.Second)
	if stored(t, s, sized(due+1)) != 0 {
		t.Error("a byte comes a nanosecond early")
	}
	c.advance(1)
	if stored(t, s, sized(due+1)) != 1 {
		t.Error("a byte that is due is refused")
	}
}

// A rate may bring more tokens than fit into 64 bits.
func TestRefillBeyondAWord(t *testing.T) {
	for _, elapsed := range []time.Duration{4*time.Second - 1, 4 * time.Second, 4*time.Second + 1} { // 2^64 tokens
		c := newClock()
		s := putrecords.MustNew(putrecords.Config{Now: c.Now, Limits: putrecords.Limits{BytesPerSecond: 1 << 62, ByteBurst: 1 << 20}})
		mustPut(t, s, sized(1<<20))
		if n := stored(t, s, sized(1)); n != 0 {
			t.Error("the bucket is not empty")
		}
		c.advance(elapsed)
		if n := stored(t, s, sized(1<<20), sized(1)); n != 1 {
			t.Errorf("%d stored after %v, want a burst", n, elapsed)
		}
	}
}

// At one instant, no rate brings more than the burst.
func TestFastRateKeepsToItsBurst(t *testing.T) {
	c := newClock()
	s := putrecords.MustNew(putrecords.Config{Now: c.Now, Limits: putrecords.Limits{RecordsPerSecond: math.MaxInt - 1, RecordBurst: 1}})
	for range 3 {
		if n := stored(t, s, keyed("k"), keyed("k")); n != 1 {
			t.Errorf("%d records at one instant, want the burst of 1", n)
		}
		c.advance(75 * 365 * 24 * time.Hour)
	}
}
