package main

import (
	"time"

	"github.com/putrecords/putrecords"
)

// A record is an arrival on its way to the stream.
type record struct {
	key      putrecords.HashKey
	at       time.Duration // when it arrived
	due      time.Duration // when it stops lingering
	bytes    int32
	attempts int32
}

// maxRequestBytes is AWS's limit.
const maxRequestBytes = 5 << 20

// A producer holds the records that are ready to send, the oldest first.
type producer struct {
	ready  []record
	bytes  int  // of ready
	waking bool // an event will wake the producer
}

func (p *producer) add(r record) {
	p.ready = append(p.ready, r)
	p.bytes += int(r.bytes)
}

// full reports whether there are enough records for a request.
func (p *producer) full(batch int) bool { return len(p.ready) >= batch || p.bytes >= maxRequestBytes }

// next returns how many records the next request takes.
func (p *producer) next(batch int) int {
	n, size := 0, 0
	for n < min(len(p.ready), batch) && (n == 0 || size+int(p.ready[n].bytes) <= maxRequestBytes) {
		size += int(p.ready[n].bytes)
		n++
	}
	return n
}

// drop removes the first n records.
func (p *producer) drop(n int) {
	for _, r := range p.ready[:n] {
		p.bytes -= int(r.bytes)
	}
	p.ready = p.ready[:copy(p.ready, p.ready[n:])]
}
