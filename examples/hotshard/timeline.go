package main

import (
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
