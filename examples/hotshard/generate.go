package main

import (
	"math"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/putrecords/putrecords"
)

// A Generator describes made-up traffic. The same description gives the same records.
type Generator struct {
	Rate     float64 // records a second, on average outside bursts; they come at random times
	Keys     int     // key-1 is the hottest
	Zipf     float64 // key-N is 1/N^Zipf times as hot as key-1; 0 is all keys alike
	Bytes    int     // of data
	Burst    float64 // what the rate is multiplied by in the first 5 s of each minute
	Duration time.Duration
	Seed     uint64
}

// The bursts of a generator.
const (
	burstLength = 5 * time.Second
	burstPeriod = time.Minute
)

// A generator is a Generator with its keys.
type generator struct {
	Generator
	zipf zipf
	keys []generatedKey
}

type generatedKey struct {
	hashKey putrecords.HashKey
	bytes   int32 // of a record
}

func newGenerator(g Generator) *generator {
	prepared := &generator{Generator: g, zipf: newZipf(g.Keys, g.Zipf), keys: make([]generatedKey, g.Keys)}
	for i := range prepared.keys {
		name := appendKey(nil, i)
		prepared.keys[i] = generatedKey{putrecords.HashKeyOf(string(name)), int32(g.Bytes + len(name))}
	}
	return prepared
}

// source returns the records, and tells traffic of each. It makes a chunk in several loops, because
// with many keys nearly every look-up waits for memory, and in a short loop the look-ups overlap.
func (g *generator) source(traffic *Traffic) Source {
	return func(yield func([]Arrival, error) bool) {
		random := rand.New(rand.NewPCG(g.Seed, 0))
		chunk, drawn := make([]Arrival, chunkSize), make([]uint32, chunkSize)
		at := g.next(random, 0)
		for at < g.Duration {
			n := 0
			for ; n < chunkSize && at < g.Duration; n++ {
				chunk[n].At = at
				at = g.next(random, at)
			}
			for i := range drawn[:n] {
				drawn[i] = g.zipf.draw(random.Uint64())
			}
			for i := range chunk[:n] {
				key := &g.keys[drawn[i]]
				chunk[i].HashKey, chunk[i].Bytes = key.hashKey, int(key.bytes)
			}
			for i := range chunk[:n] {
				traffic.add(&chunk[i], func(b []byte) []byte { return appendKey(b, int(drawn[i])) })
			}
			if !yield(chunk[:n], nil) {
				return
			}
		}
	}
}

// appendKey appends the partition key of a number.
func appendKey(b []byte, i int) []byte {
	return strconv.AppendInt(append(b, "key-"...), int64(i)+1, 10)
}

// next returns when the record after one at the given time comes. The time to the next record does
// not depend on the past, so where the rate changes, it is drawn again.
func (g Generator) next(random *rand.Rand, at time.Duration) time.Duration {
	for at < g.Duration {
		rate, change := g.Rate, at-at%burstPeriod
		if at < change+burstLength {
			rate, change = rate*g.Burst, change+burstLength
		} else {
			change += burstPeriod
		}
		if gap := random.ExpFloat64() / rate * float64(time.Second); gap < float64(change-at) {
			return at + time.Duration(gap)
		}
		at = change
	}
	return at
}

// A zipf draws numbers from 0 up to its length, by Walker's alias method. rand.Zipf would not do,
// because it needs an exponent above 1.
type zipf []struct {
	keep  uint32 // the chance to keep the number, in 2^32ths
	alias uint32 // what to return instead
}

func newZipf(n int, exponent float64) zipf {
	weights := make([]float64, n)
	var sum float64
	for i := range weights {
		weights[i] = math.Pow(float64(i+1), -exponent)
		sum += weights[i]
	}
	z := make(zipf, n)
	var light, heavy []int
	for i := range weights {
		weights[i] *= float64(n) / sum // 1 on average
		z[i].keep, z[i].alias = math.MaxUint32, uint32(i)
		if weights[i] < 1 {
			light = append(light, i)
		} else {
			heavy = append(heavy, i)
		}
	}
	// A number that is too light gets the rest of its share from one that is too heavy.
	for len(light) > 0 && len(heavy) > 0 {
		l, h := light[len(light)-1], heavy[len(heavy)-1]
		light = light[:len(light)-1]
		z[l].keep, z[l].alias = uint32(weights[l]*math.MaxUint32), uint32(h)
		if weights[h] -= 1 - weights[l]; weights[h] < 1 {
			light, heavy = append(light, h), heavy[:len(heavy)-1]
		}
	}
	return z
}

// draw returns the number that random bits stand for.
func (z zipf) draw(bits uint64) uint32 {
	i := uint32(bits >> 32 * uint64(len(z)) >> 32)
	if uint32(bits) <= z[i].keep {
		return i
	}
	return z[i].alias
}
