package main

import (
	"math/bits"
	"time"
)

// A timeline has at most a fixed number of columns. When time goes beyond the last, each two
// columns become one, so memory does not depend on the length of a trace.
type timeline struct {
	Begin   time.Duration
	Width   time.Duration // of a column
	Columns []column
	most    int
}

// The numbers of columns. What is left after the trace has its own, because it is shorter.
const (
	traceColumns = 240
	drainColumns = 40
)

// A column is what happened in a stretch of time.
type column struct {
	Cells   []cell // by shard index
	Delays  histogram
	GivenUp int64
}

// A cell counts the attempts of one shard in one column.
type cell struct{ Attempts, Throttled uint32 }

func newTimeline(begin time.Duration, most int) timeline {
	return timeline{Begin: begin, Width: 10 * time.Millisecond, most: most}
}

// at returns the column of a time, which is not before Begin.
func (t *timeline) at(now time.Duration) *column {
	i := int((now - t.Begin) / t.Width)
	for ; i >= t.most; i /= 2 {
		t.double()
	}
	for len(t.Columns) <= i {
		t.Columns = append(t.Columns, column{})
	}
	return &t.Columns[i]
}

// double doubles the width of the columns.
func (t *timeline) double() {
	t.Width *= 2
	for i := range t.Columns {
		if i%2 == 1 {
			t.Columns[i/2].merge(&t.Columns[i])
		} else if i > 0 {
			t.Columns[i/2], t.Columns[i] = t.Columns[i], column{}
		}
	}
	half := (len(t.Columns) + 1) / 2
	clear(t.Columns[half:])
	t.Columns = t.Columns[:half]
}

// merge adds another column to c.
func (c *column) merge(other *column) {
	for i, from := range other.Cells {
		to := c.cell(i)
		to.Attempts += from.Attempts
		to.Throttled += from.Throttled
	}
	c.Delays.merge(&other.Delays)
	c.GivenUp += other.GivenUp
}

// cell returns the cell of a shard.
func (c *column) cell(shard int) *cell {
	for len(c.Cells) <= shard {
		c.Cells = append(c.Cells, cell{})
	}
	return &c.Cells[shard]
}

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
