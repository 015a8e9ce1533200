package main

import (
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/putrecords/putrecords"
)

// play returns what a generator makes.
func play(t *testing.T, g Generator) (*Traffic, []Arrival) {
	t.Helper()
	traffic := &Traffic{}
	var all []Arrival
	for chunk, err := range newGenerator(g).source(traffic) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, chunk...)
	}
	return traffic, all
}

// Rate, sizes and shares of the keys are those that were asked for.
func TestGeneratorKeepsToItsDescription(t *testing.T) {
	g := Generator{Rate: 1000, Keys: 3, Zipf: 1, Bytes: 95, Burst: 1, Duration: time.Minute, Seed: 1}
	traffic, all := play(t, g)
	if n := float64(len(all)); math.Abs(n-60_000) > 1200 || traffic.Records != int64(len(all)) || traffic.Bytes != 100*traffic.Records {
		t.Fatalf("%v records, %d counted, %d bytes", n, traffic.Records, traffic.Bytes)
	}
	for i, want := range []float64{6. / 11, 3. / 11, 2. / 11} { // 1, 1/2 and 1/3 of their sum
		key := traffic.keys.hottest(3)[i]
		if share := float64(key.Records) / float64(len(all)); math.Abs(share-want) > 0.01 || string(key.Name) != string(appendKey(nil, i)) {
			t.Errorf("%s has a share of %.3f, want %.3f", key.Name, share, want)
		}
	}
	for i, a := range all[1:] {
		if a.At < all[i].At || a.At >= g.Duration {
			t.Fatalf("record %d is at %v, after %v", i+1, a.At, all[i].At)
		}
	}
	if _, again := play(t, g); !reflect.DeepEqual(all, again) {
		t.Error("the same seed makes other records")
	}
	g.Seed = 2
	if _, other := play(t, g); reflect.DeepEqual(all, other) {
		t.Error("another seed makes the same records")
	}
}

// The first 5 s of each minute have the rate of the burst.
func TestGeneratorBursts(t *testing.T) {
	for burst, want := range map[float64]float64{0: 0, 0.5: 2500, 1: 5000, 3: 15_000} {
		_, all := play(t, Generator{Rate: 1000, Keys: 1, Burst: burst, Duration: 70 * time.Second, Seed: 1})
		counts := map[time.Duration]float64{}
		for _, a := range all {
			counts[a.At/(5*time.Second)]++
		}
		for part := range time.Duration(14) {
			want := want
			if part%12 != 0 {
				want = 5000
			}
			if math.Abs(counts[part]-want) > 6*math.Sqrt(want) {
				t.Errorf("burst %v: %v records in part %d, want %v", burst, counts[part], part, want)
			}
		}
	}
}

// Without an exponent, all keys are alike.
func TestGeneratorUniform(t *testing.T) {
	traffic, _ := play(t, Generator{Rate: 100_000, Keys: 100, Burst: 1, Duration: time.Second, Seed: 1})
	keys := traffic.keys.hottest(1000)
	if len(keys) != 100 || keys[0].Records > 1200 || keys[99].Records < 800 {
		t.Errorf("%d keys, with %d to %d records", len(keys), keys[0].Records, keys[len(keys)-1].Records)
	}
}

// The hottest of very many keys are found, in constant memory, and never counted too high.
func TestHotKeysOfMany(t *testing.T) {
	g := newGenerator(Generator{Rate: 1_000_000, Keys: 200_000, Zipf: 1, Burst: 1, Duration: time.Second / 2, Seed: 1})
	traffic := &Traffic{}
	exact := make(map[putrecords.HashKey]int64)
	for chunk, err := range g.source(traffic) {
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range chunk {
			exact[a.HashKey]++
		}
	}
	for i, key := range traffic.keys.hottest(10) {
		if n := exact[key.HashKey]; string(key.Name) != string(appendKey(nil, i)) || key.Records > n || float64(key.Records) < 0.99*float64(n) {
			t.Errorf("place %d: %s with %d records, really %d", i+1, key.Name, key.Records, n)
		}
	}
}

// The busiest second decides how many shards there must be at least.
func TestAtLeast(t *testing.T) {
	for _, test := range []struct{ records, bytes, want int }{
		{1, 1, 1}, {1000, 1, 1}, {1001, 1, 2}, {1, 1 << 20, 1}, {1024, 1 << 10, 2}, {1025, 1 << 10, 2}, {2049, 1 << 10, 3},
	} {
		traffic := &Traffic{}
		for range test.records {
			traffic.add(&Arrival{At: 1500 * time.Millisecond, Bytes: test.bytes}, func(b []byte) []byte { return b })
		}
		traffic.add(&Arrival{At: 2 * time.Second, Bytes: 1}, func(b []byte) []byte { return b })
		if got := traffic.atLeast(); got != test.want {
			t.Errorf("%d records of %d bytes: at least %d shards, want %d", test.records, test.bytes, got, test.want)
		}
	}
}
