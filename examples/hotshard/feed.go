package main

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
)

// chunkSize is how many records a source yields at a time.
const chunkSize = 4096

// A chunk is shared by all simulations that have not played it yet.
type chunk struct {
	arrivals []Arrival
	users    atomic.Int32
}

// simulateAll runs the simulations side by side on one pass through the trace, which may come from
// a pipe. If it ends early, the results are what is known so far.
func simulateAll(ctx context.Context, configs []Config, source Source) ([]Result, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	free := sync.Pool{New: func() any { return &chunk{} }}
	feeds := make([]chan *chunk, len(configs))
	results, errs := make([]Result, len(configs)), make([]error, len(configs))
	var running sync.WaitGroup
	for i, config := range configs {
		feeds[i] = make(chan *chunk, 4)
		running.Go(func() {
			results[i], errs[i] = simulate(ctx, config, played(feeds[i], &free))
			if errs[i] != nil {
				cancel() // the others need not go on
			}
		})
	}
	err := feed(ctx, feeds, source, &free)
	for i := range feeds {
		close(feeds[i])
	}
	running.Wait()
	for _, other := range errs {
		if err == nil || errors.Is(err, context.Canceled) && other != nil { // why it was canceled
			err = other
		}
	}
	return results, err
}

// feed gives all of the source to each feed.
func feed(ctx context.Context, feeds []chan *chunk, source Source, free *sync.Pool) error {
	for arrivals, err := range source {
		if err != nil {
			return err
		}
		c := free.Get().(*chunk)
		c.arrivals = append(c.arrivals[:0], arrivals...)
		c.users.Store(int32(len(feeds)))
		for _, feed := range feeds {
			select {
			case feed <- c:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	return nil
}

// played returns the source of one simulation.
func played(feed <-chan *chunk, free *sync.Pool) Source {
	return func(yield func([]Arrival, error) bool) {
		for c := range feed {
			if !yield(c.arrivals, nil) {
				return
			}
			if c.users.Add(-1) == 0 {
				free.Put(c)
			}
		}
	}
}
