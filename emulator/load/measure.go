package main

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// A clock tells the time. Tests use a fake one.
type clock struct {
	now   func() time.Time
	sleep func(time.Duration)
}

// machine is the real clock.
var machine = clock{time.Now, time.Sleep} //nolint:forbidigo // load measures real time

// A result holds the measurements of one endpoint.
type result struct {
	target
	rates   []float64     // records/s of each round
	records int           // accepted, in all rounds
	failed  int           // in all rounds
	server  time.Duration // CPU time in all rounds; 0 if unknown
	client  time.Duration // likewise
}

// measure measures the endpoints in alternating rounds. It stops at the first error.
func measure(o options, c clock) ([]*result, error) {
	bodies := newBodies(o)
	results := make([]*result, len(o.targets))
	loads := make([]*loader, len(o.targets))
	for i, t := range o.targets {
		results[i] = &result{target: t}
		loads[i] = newLoader(t, o, c, bodies)
		if err := loads[i].prepareStream(); err != nil {
			return nil, fmt.Errorf("%s: %w", t.url, err)
		}
		if _, err := loads[i].round(o.calls/10 + 1); err != nil { // to warm up the server
			return nil, fmt.Errorf("%s: %w", t.url, err)
		}
	}
	for range o.rounds {
		for i, l := range loads {
			r, err := l.round(o.calls)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", l.url, err)
			}
			results[i].add(r)
		}
	}
	return results, nil
}

func (r *result) add(x round) {
	r.rates = append(r.rates, float64(x.records)/x.took.Seconds())
	r.records += x.records
	r.failed += x.failed
	r.server += x.server
	r.client += x.client
}

// A loader puts load on one endpoint.
type loader struct {
	target
	options
	clock    clock
	requests []request // put records; they take turns
}

func newLoader(t target, o options, c clock, bodies [][]byte) *loader {
	l := &loader{target: t, options: o, clock: c}
	for _, body := range bodies {
		l.requests = append(l.requests, newRequest(t, c.now(), o.encoding(), o.operation(), body))
	}
	return l
}

// A round holds the measurements of one round.
type round struct {
	records, failed int
	took            time.Duration
	server, client  time.Duration // CPU time; 0 if unknown
}

// round makes the given number of calls over all connections, or fewer if the time runs out, and
// waits for their answers.
func (l *loader) round(calls int) (round, error) {
	conns := make([]*conn, l.connections)
	for i := range conns {
		conns[i] = newConn(l.address)
		defer conns[i].close()
		if err := conns[i].dial(); err != nil { // before the clock starts
			return round{}, err
		}
	}
	before, err := l.cpu()
	if err != nil {
		return round{}, err
	}
	var (
		wg       sync.WaitGroup
		begun    atomic.Int64 // calls
		answered atomic.Int64 // calls
		failed   atomic.Int64 // records
		stop     atomic.Bool
		errs     = make(chan error, len(conns))
		start    = l.clock.now()
	)
	for _, c := range conns {
		wg.Go(func() {
			for !stop.Load() {
				n := begun.Add(1)
				if n > int64(calls) || l.clock.now().Sub(start) >= l.time {
					return
				}
				f, err := l.put(c, l.requests[n%int64(len(l.requests))])
				if err != nil {
					errs <- err
					stop.Store(true)
					return
				}
				answered.Add(1)
				failed.Add(int64(f))
			}
		})
	}
	wg.Wait()
	took := l.clock.now().Sub(start)
	close(errs)
	if err, found := <-errs; found {
		return round{}, err
	}
	after, err := l.cpu()
	if err != nil {
		return round{}, err
	}
	return round{
		records: int(answered.Load())*l.records - int(failed.Load()),
		failed:  int(failed.Load()),
		took:    took,
		server:  after.server - before.server,
		client:  after.client - before.client,
	}, nil
}
