package main

import (
	"math/bits"
	"time"
)

// A histogram counts durations in microseconds. It has a bucket for each number below 128. From
// there on, the buckets of each power of two have 1/64 of its width, so a percentile is at most 1.6
// % too high.
type histogram struct {
	buckets []uint64
	n       uint64
	most    time.Duration
}

func (h *histogram) add(d time.Duration) {
	i := bucketOf(uint64(max(d, 0).Microseconds()))
	for len(h.buckets) <= i {
		h.buckets = append(h.buckets, 0)
	}
	h.buckets[i]++
	h.n++
	h.most = max(h.most, d)
}

func (h *histogram) merge(other *histogram) {
	for len(h.buckets) < len(other.buckets) {
		h.buckets = append(h.buckets, 0)
	}
	for i, n := range other.buckets {
		h.buckets[i] += n
	}
	h.n += other.n
	h.most = max(h.most, other.most)
}

// percentile returns the smallest duration that p percent of all do not exceed, or 0 if there are
// none.
func (h *histogram) percentile(p uint64) time.Duration {
	rank := (h.n*p + 99) / 100
	var seen uint64
	for i, n := range h.buckets {
		if seen += n; seen >= rank {
			return min(time.Duration(lastOf(i))*time.Microsecond, h.most)
		}
	}
	return 0
}

// bucketOf returns the bucket of a number.
func bucketOf(n uint64) int {
	if n < 128 {
		return int(n)
	}
	shift := bits.Len64(n) - 7
	return 64*shift + int(n>>shift)
}

// lastOf returns the highest number of a bucket.
func lastOf(bucket int) uint64 {
	if bucket < 128 {
		return uint64(bucket)
	}
	shift := bucket/64 - 1
	return uint64(bucket-64*shift+1)<<shift - 1
}
