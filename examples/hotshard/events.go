package main

import (
	"container/heap"
	"time"
)

// An event happens at a time. If rested is nil, the producer stops lingering.
type event struct {
	at       time.Duration
	sequence uint64 // decides between events at the same time
	producer int
	rested   []record
}

// events is a heap. push and pop leave out those of container/heap, which would allocate.
type events []event

func (e events) Len() int { return len(e) }

func (e events) Less(i, j int) bool {
	return e[i].at < e[j].at || e[i].at == e[j].at && e[i].sequence < e[j].sequence
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e events) Push(any)      { panic("unused") }
func (e events) Pop() any      { panic("unused") }

func (e *events) push(next event) {
	*e = append(*e, next)
	heap.Fix(e, len(*e)-1)
}

func (e *events) pop() event {
	first, last := (*e)[0], len(*e)-1
	(*e)[0], (*e)[last] = (*e)[last], event{}
	*e = (*e)[:last]
	if last > 0 {
		heap.Fix(e, 0)
	}
	return first
}
