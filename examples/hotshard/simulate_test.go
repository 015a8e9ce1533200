package main

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/putrecords/putrecords"
)

// once is a policy that sends each record as it comes, once.
var once = Policy{Producers: 1, Batch: 1, Attempts: 1}

// bigConfig is a large stream and producers as the command has them.
func bigConfig() Config {
	return Config{Shards: 1000, Policy: Policy{
		Producers: 16, Batch: 500, Linger: 100 * time.Millisecond, Latency: 20 * time.Millisecond,
		Backoff: 100 * time.Millisecond, MaxBackoff: 5 * time.Second, Jitter: 0.5, Attempts: 10,
	}}
}

// every returns a source of records that come at even intervals and take turns with the keys.
func every(gap, length time.Duration, bytes int, keys ...putrecords.HashKey) Source {
	return func(yield func([]Arrival, error) bool) {
		for i := 0; time.Duration(i)*gap < length; i++ {
			if !yield([]Arrival{{time.Duration(i) * gap, keys[i%len(keys)], bytes}}, nil) {
				return
			}
		}
	}
}

func mustSimulate(t *testing.T, config Config, source Source) Result {
	t.Helper()
	result, err := simulate(t.Context(), config, source)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// The keys of the four quarters of the hash space.
var quarters = []putrecords.HashKey{{0x00}, {0x40}, {0x80}, {0xc0}}

// These results are known without a simulation.
func TestResultsKnownOnPaper(t *testing.T) {
	const hour = time.Hour
	for _, test := range []struct {
		name              string
		config            Config
		source            Source
		stored, throttled int64
	}{
		{ // 1,000 records a second and shard, for ever
			"uniform keys exactly at the limit of records",
			Config{Shards: 4, Policy: once},
			every(250*time.Microsecond, 20*time.Second, 1, quarters...),
			80_000, 0,
		},
		{ // 1 MiB a second and shard, in records of 64 KiB
			"uniform keys exactly at the limit of bytes",
			Config{Shards: 4, Policy: once},
			every(time.Second/64, time.Minute, 1<<16, quarters...),
			3840, 0,
		},
		{ // the burst of 1,000, and then 1,000 a second, with 2,000 a second offered
			"one key at twice the limit loses half, after the burst",
			Config{Shards: 4, Policy: once},
			every(500*time.Microsecond, 20*time.Second, 1, quarters[0]),
			1000 + 20_000 - 1, 20_000 - 1000 + 1,
		},
		{ // the same, in bytes: 2 MiB a second
			"one key at twice the limit of bytes loses half, after the burst",
			Config{Shards: 4, Policy: once},
			every(time.Second/32, time.Minute, 1<<16, quarters[0]),
			16 + 960 - 1, 960 - 16 + 1,
		},
		{ // two keys, each at the limit, in a shard each
			"two keys at the limit in two shards",
			Config{Shards: 2, Policy: once},
			every(500*time.Microsecond, 20*time.Second, 1, quarters[0], quarters[3]),
			40_000, 0,
		},
		{ // the same keys in one shard
			"two keys at the limit in one shard lose half",
			Config{Shards: 1, Policy: once},
			every(500*time.Microsecond, 20*time.Second, 1, quarters[0], quarters[3]),
			1000 + 20_000 - 1, 20_000 - 1000 + 1,
		},
		{ // far below the limit for an hour
			"a record a second",
			Config{Shards: 1, Policy: once},
			every(time.Second, hour, 1000, quarters[0]),
			3600, 0,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := mustSimulate(t, test.config, test.source)
			if r.Stored != test.stored || r.Throttled != test.throttled || r.GivenUp != test.throttled {
				t.Errorf("%d stored, %d throttled, %d given up; want %d, %d, %[5]d",
					r.Stored, r.Throttled, r.GivenUp, test.stored, test.throttled)
			}
		})
	}
}

// A split that halves the load of the hot shard ends its throttling.
func TestSplitThatHalvesTheLoadEndsThrottling(t *testing.T) {
	keys := []putrecords.HashKey{{0x01}, {0x02}, {0x03}, {0x04}}
	source := func(length time.Duration) Source { return every(500*time.Microsecond, length, 1, keys...) }
	config := Config{Name: "orders", Shards: 1, SplitHot: true, Policy: once}
	r := mustSimulate(t, config, source(10*time.Second))
	if len(r.Splits) != 1 || r.OpenShards != 2 {
		t.Fatalf("%d open shards, splits %+v", r.OpenShards, r.Splits)
	}
	split := r.Splits[0]
	want := putrecords.HashKeyRange{StartingHashKey: keys[1], EndingHashKey: keys[2]}.Midpoint()
	if split.OneKey || split.ShardID != "shardId-000000000000" || split.NewKey != want || split.Load < 1.99 || split.Load > 2.01 {
		t.Errorf("split %+v, want new key %v and load 2", split, want)
	}
	if longer := mustSimulate(t, config, source(20*time.Second)); longer.Throttled != r.Throttled {
		t.Errorf("%d throttled in 20 s, %d in 10 s; want none after the split", longer.Throttled, r.Throttled)
	}
}

// While a split takes its time, the parent goes on to throttle.
func TestSplitTakesItsTime(t *testing.T) {
	config := Config{Shards: 1, SplitHot: true, Policy: once, ReshardDelay: 25 * time.Second}
	r := mustSimulate(t, config, every(500*time.Microsecond, time.Minute, 1, quarters...))
	split := r.Splits[0].At
	if throttled := r.Throttled; throttled < 24_000 || throttled > 1000*int64(split.Seconds()+27) {
		t.Errorf("%d throttled, with the split at %v", throttled, split)
	}
}

func TestSplitDoesNotHelpOneKey(t *testing.T) {
	config := Config{Shards: 1, SplitHot: true, Policy: once}
	r := mustSimulate(t, config, every(300*time.Microsecond, 10*time.Second, 1, quarters[0], quarters[0], quarters[0], quarters[1]))
	if len(r.Splits) != 1 || !r.Splits[0].OneKey || r.Splits[0].HotKey != quarters[0] || r.OpenShards != 1 {
		t.Errorf("%d open shards, splits %+v", r.OpenShards, r.Splits)
	}
}

// A burst that is over after a second is no reason to split.
func TestNoSplitAfterABurst(t *testing.T) {
	config := Config{Shards: 1, SplitHot: true, Policy: once}
	burst := every(500*time.Microsecond, 1300*time.Millisecond, 1, quarters...)
	calm := every(time.Second, 10*time.Second, 1, quarters...)
	source := func(yield func([]Arrival, error) bool) {
		burst(yield)
		calm(func(chunk []Arrival, err error) bool {
			chunk[0].At += 2 * time.Second
			return yield(chunk, err)
		})
	}
	if r := mustSimulate(t, config, source); r.Throttled == 0 || len(r.Splits) != 0 {
		t.Errorf("%d throttled, splits %+v", r.Throttled, r.Splits)
	}
}

// A record waits for its request to fill, but no longer than it lingers, and that counts as delay.
func TestLingerBelongsToTheDelay(t *testing.T) {
	for _, test := range []struct {
		batch    int
		p50, max time.Duration
		requests int64
	}{
		{1, 0, 0, 100},
		{2, 0, 10 * time.Millisecond, 50},
		{11, 50 * time.Millisecond, 100 * time.Millisecond, 10},  // 9 requests of 11, and a record that lingers
		{12, 50 * time.Millisecond, 100 * time.Millisecond, 10},  // the linger ends with the 11th record
		{500, 50 * time.Millisecond, 100 * time.Millisecond, 10}, // the same
	} {
		config := Config{Shards: 1, Policy: Policy{Producers: 1, Batch: test.batch, Linger: 100 * time.Millisecond, Attempts: 1}}
		r := mustSimulate(t, config, every(10*time.Millisecond, time.Second, 1, quarters[0]))
		p50 := r.Delays.percentile(50)
		if r.Requests != test.requests || p50 < test.p50 || p50 > test.p50*102/100 || r.Delays.most != test.max {
			t.Errorf("batch %d: %d requests, p50 %v, max %v; want %d, %v, %v",
				test.batch, r.Requests, p50, r.Delays.most, test.requests, test.p50, test.max)
		}
	}
}

// A throttled record is sent again when its answer has come and its backoff is over.
func TestBackoffDoubles(t *testing.T) {
	const ms = time.Millisecond
	policy := Policy{Producers: 1, Batch: 1, Latency: 20 * ms, Backoff: 100 * ms, MaxBackoff: 300 * ms}
	limits := putrecords.Limits{RecordsPerSecond: 1, RecordBurst: 1}
	two := every(0, 1, 1, quarters[0])
	source := func(yield func([]Arrival, error) bool) {
		first := true
		two(func(chunk []Arrival, err error) bool {
			more := first && yield(chunk, err)
			first = false
			return more && yield(chunk, err)
		})
	}
	// The second record is sent at 0, 120, 340, 660, 980 and 1,300 ms. The shard takes it after 1
	// s.
	r := mustSimulate(t, Config{Shards: 1, Limits: limits, Policy: policy}, source)
	if r.Stored != 2 || r.Attempts != 7 || r.Retries != 5 || r.Delays.most != 1300*ms {
		t.Errorf("%d stored after %d attempts, %d retries, max %v", r.Stored, r.Attempts, r.Retries, r.Delays.most)
	}
	policy.Attempts = 5
	r = mustSimulate(t, Config{Shards: 1, Limits: limits, Policy: policy}, source)
	if r.Stored != 1 || r.GivenUp != 1 || r.Attempts != 6 {
		t.Errorf("%d stored, %d given up after %d attempts", r.Stored, r.GivenUp, r.Attempts)
	}
}

// A request has at most 5 MiB.
func TestRequestsAreNotTooLarge(t *testing.T) {
	config := Config{Shards: 100, Policy: Policy{Producers: 1, Batch: 500, Linger: time.Second, Attempts: 1}}
	largest := 0
	config.put = func(s *putrecords.Stream, records []putrecords.Admission) error {
		size := 0
		for _, r := range records {
			size += r.Bytes
		}
		largest = max(largest, size)
		return s.Admit(records)
	}
	mustSimulate(t, config, every(time.Millisecond, time.Second, 1<<20-1, quarters...))
	if largest != 5*(1<<20-1) {
		t.Errorf("the largest request has %d bytes", largest)
	}
}

// drawTraffic returns some seconds of random records.
func drawTraffic(t *rapid.T) Source {
	g := newGenerator(Generator{
		Rate: rapid.Float64Range(10, 5000).Draw(t, "rate"), Keys: rapid.IntRange(1, 50).Draw(t, "keys"),
		Zipf: rapid.Float64Range(0, 2).Draw(t, "zipf"), Bytes: rapid.IntRange(0, 5000).Draw(t, "bytes"),
		Burst: 1, Duration: 2 * time.Second, Seed: rapid.Uint64().Draw(t, "seed"),
	})
	return g.source(&Traffic{})
}

func drawConfig(t *rapid.T) Config {
	ms := func(name string, most int) time.Duration {
		return time.Duration(rapid.IntRange(0, most).Draw(t, name)) * time.Millisecond
	}
	return Config{
		Shards: rapid.IntRange(1, 5).Draw(t, "shards"), SplitHot: rapid.Bool().Draw(t, "split"), ReshardDelay: ms("reshard", 2000),
		Policy: Policy{
			Producers: rapid.IntRange(1, 3).Draw(t, "producers"), Batch: rapid.IntRange(1, 500).Draw(t, "batch"),
			Linger: ms("linger", 300), Latency: ms("latency", 100), Backoff: ms("backoff", 200) + 1, MaxBackoff: ms("max", 2000) + 1,
			Jitter: rapid.Float64Range(0, 1).Draw(t, "jitter"), Attempts: rapid.IntRange(1, 8).Draw(t, "attempts"),
		},
	}
}

// Every record is stored once or given up, and none is stored that was not sent. Admit's decisions
// are what the stream counts.
func TestSentIsStoredOrGivenUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		config := drawConfig(t)
		sent, stored := make(map[putrecords.HashKey]int), make(map[putrecords.HashKey]int)
		var admitted, refused int64
		config.put = func(s *putrecords.Stream, records []putrecords.Admission) error {
			err := s.Admit(records)
			for _, r := range records {
				if r.Admitted {
					stored[r.HashKey]++
					admitted++
				} else {
					refused++
				}
			}
			return err
		}
		traffic := drawTraffic(t)
		r, err := simulate(context.Background(), config, func(yield func([]Arrival, error) bool) {
			for chunk, err := range traffic {
				for _, a := range chunk {
					sent[a.HashKey]++
				}
				if !yield(chunk, err) {
					return
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		total := int64(0)
		for key, n := range stored {
			if n > sent[key] {
				t.Fatalf("%v was sent %d times and stored %d times", key, sent[key], n)
			}
		}
		for _, n := range sent {
			total += int64(n)
		}
		if r.Sent != total || r.Sent != r.Stored+r.GivenUp || r.Unfinished != 0 {
			t.Fatalf("%d sent of %d, %d stored, %d given up, %d unfinished", r.Sent, total, r.Stored, r.GivenUp, r.Unfinished)
		}
		if r.Stored != admitted || r.Throttled != refused || r.Attempts != admitted+refused || r.Retries != r.Attempts-r.Sent ||
			r.Delays.n != uint64(r.Stored) {
			t.Fatalf("%d admitted, %d refused, but the result is %+v", admitted, refused, r)
		}
		sameTotals(t, &r)
	})
}

// sameTotals checks that the columns add up to the result.
func sameTotals(t *rapid.T, r *Result) {
	var attempts, throttled, givenUp int64
	var delays uint64
	for _, line := range []timeline{r.Trace, r.Drain} {
		for _, c := range line.Columns {
			for _, cell := range c.Cells {
				attempts += int64(cell.Attempts)
				throttled += int64(cell.Throttled)
			}
			givenUp += c.GivenUp
			delays += c.Delays.n
		}
	}
	if attempts != r.Attempts || throttled != r.Throttled || givenUp != r.GivenUp || delays != uint64(r.Stored) {
		t.Fatalf("the columns have %d attempts, %d throttled, %d given up, %d stored; the result is %+v",
			attempts, throttled, givenUp, delays, r)
	}
}

// The same input gives the same result, alone or side by side with others.
func TestSameSeedSameResult(t *testing.T) {
	g := newGenerator(Generator{Rate: 3000, Keys: 100, Zipf: 1, Bytes: 500, Burst: 2, Duration: 7 * time.Second, Seed: 5})
	var configs []Config
	for _, shards := range []int{1, 2, 3, 2} {
		configs = append(configs, Config{Shards: shards, SplitHot: true, ReshardDelay: time.Second, Policy: bigConfig().Policy, Seed: 7})
	}
	together, err := simulateAll(t.Context(), configs, g.source(&Traffic{}))
	if err != nil {
		t.Fatal(err)
	}
	for i, config := range configs {
		alone := mustSimulate(t, config, g.source(&Traffic{}))
		if got := together[i]; !reflect.DeepEqual(alone, got) {
			t.Errorf("%d shards side by side: %d stored and %d throttled, splits %+v\nwant %d and %d, splits %+v",
				config.Shards, got.Stored, got.Throttled, got.Splits, alone.Stored, alone.Throttled, alone.Splits)
		}
	}
}

// A canceled simulation says what is known so far.
func TestCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	source := func(yield func([]Arrival, error) bool) {
		n := 0
		for chunk, err := range every(time.Millisecond, time.Hour, 1, quarters...) {
			if n++; n == 1500 {
				cancel()
			}
			if !yield(chunk, err) {
				return
			}
		}
	}
	config := Config{Shards: 1, Policy: Policy{Producers: 1, Batch: 500, Linger: time.Second, Attempts: 1}}
	r, err := simulate(ctx, config, source)
	if !errors.Is(err, context.Canceled) || r.Sent != 1499 || r.Stored != 1000 || r.Unfinished != 499 {
		t.Errorf("%d sent, %d stored, %d unfinished; error %v", r.Sent, r.Stored, r.Unfinished, err)
	}
	config.Policy.Attempts = 0 // and when it hangs in the drain
	config.put = func(*putrecords.Stream, []putrecords.Admission) error { return nil }
	if _, err := simulate(ctx, config, every(time.Millisecond, time.Second, 1, quarters...)); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// An error of the source or the stream ends all simulations, and is returned.
func TestErrors(t *testing.T) {
	broken := errors.New("broken")
	failing := func(yield func([]Arrival, error) bool) {
		if yield([]Arrival{{Bytes: 1}}, nil) {
			yield(nil, broken)
		}
	}
	config := Config{Shards: 1, Policy: once}
	if r, err := simulate(t.Context(), config, failing); !errors.Is(err, broken) || r.Stored != 1 {
		t.Errorf("%d stored, error %v", r.Stored, err)
	}
	if _, err := simulateAll(t.Context(), []Config{config, config}, failing); !errors.Is(err, broken) {
		t.Errorf("side by side: error %v", err)
	}
	config.put = func(*putrecords.Stream, []putrecords.Admission) error { return broken }
	endless := every(time.Microsecond, 1000*time.Hour, 1, quarters...)
	if _, err := simulateAll(t.Context(), []Config{{Shards: 2, Policy: once}, config}, endless); !errors.Is(err, broken) {
		t.Errorf("one of two fails: error %v", err)
	}
	if _, err := simulate(t.Context(), Config{Shards: -1}, endless); err == nil {
		t.Error("-1 shards: no error")
	}
}

// Ten times the trace takes the same memory: the columns get wider instead of more.
func TestTimelineIsBounded(t *testing.T) {
	for _, length := range []time.Duration{time.Second, time.Minute, 24 * time.Hour, longest} {
		line := newTimeline(time.Hour, 40)
		for k := range 1000 {
			line.at(time.Hour+length/1000*time.Duration(k)).GivenUp++
		}
		var n int64
		for _, c := range line.Columns {
			n += c.GivenUp
		}
		if n != 1000 || len(line.Columns) > 40 || length > time.Second && len(line.Columns) < 20 {
			t.Errorf("%v: %d columns with %d", length, len(line.Columns), n)
		}
	}
}

// Columns become wider without losing or moving anything.
func TestTimelineDoubles(t *testing.T) {
	line := newTimeline(0, 4)
	for _, i := range []int{0, 1, 2, 3, 4, 9} {
		c := line.at(time.Duration(i) * 10 * time.Millisecond)
		c.GivenUp++
		c.cell(i).Attempts++
		c.Delays.add(time.Duration(i))
	}
	var got []string
	for _, c := range line.Columns {
		var shards []int
		for i, cell := range c.Cells {
			if cell.Attempts > 0 {
				shards = append(shards, i)
			}
		}
		got = append(got, fmt.Sprint(c.GivenUp, c.Delays.n, shards))
	}
	if want := []string{"4 4 [0 1 2 3]", "1 1 [4]", "1 1 [9]"}; !cmp.Equal(want, got) || line.Width != 40*time.Millisecond {
		t.Errorf("width %v, got %q, want %q", line.Width, got, want)
	}
}

// A percentile is never too low, and at most 1.6 % too high.
func TestPercentile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Uint64Range(0, 1<<50).Draw(t, "microseconds")
		if last := lastOf(bucketOf(n)); last < n || float64(last-n) > float64(n)/64 || bucketOf(last) != bucketOf(n) || bucketOf(last+1) != bucketOf(n)+1 {
			t.Fatalf("%d is in bucket %d, which ends with %d", n, bucketOf(n), last)
		}
	})
	var h histogram
	if h.percentile(50) != 0 {
		t.Error("the percentile of nothing is not 0")
	}
	for i := range 100 {
		h.add(time.Duration(i+1) * time.Microsecond)
	}
	for p, want := range map[uint64]time.Duration{1: 1, 50: 50, 99: 99, 100: 100} {
		if got := h.percentile(p); got != want*time.Microsecond {
			t.Errorf("percentile %d is %v", p, got)
		}
	}
}
