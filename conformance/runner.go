package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/putrecords/putrecords/internal/vector"
)

// A runner runs vectors against an endpoint.
type runner struct {
	options  *options
	client   *client
	control  *control // nil if the clock is the endpoint's
	support  support
	existing *existing // nil if each vector gets a stream of its own
	region   string    // of the endpoint's streams
	slow     bool      // its calls take too long to tell whether shards throttle
	prefix   string    // of the names of streams
	progress func(done, all int)

	streamless atomic.Int32 // vectors in a row that got no stream
}

// An existing is a stream that was there before the run.
type existing struct {
	variables vector.Variables
	shards    int
}

// run runs vectors and returns their reports, in the same order. It stops and returns an error when
// the endpoint no longer answers.
func (r *runner) run(ctx context.Context, all []namedVector) ([]VectorReport, error) {
	parallel := r.options.parallel
	if r.control != nil || r.existing != nil {
		parallel = 1 // they share a clock, or a stream
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	reports := make([]VectorReport, len(all))
	next := make(chan int)
	done := make(chan struct{})
	var workers sync.WaitGroup
	for range parallel {
		workers.Go(func() {
			for i := range next {
				report, err := r.vector(ctx, all[i])
				if err != nil {
					cancel(err)
				}
				reports[i] = report
				done <- struct{}{}
			}
		})
	}
	go func() {
		defer close(next)
		for i := range all {
			select {
			case next <- i:
			case <-ctx.Done():
				return
			}
		}
	}()
	go func() {
		workers.Wait()
		close(done)
	}()
	finished := 0
	for range done {
		finished++
		r.progress(finished, len(all))
	}
	return reports, context.Cause(ctx)
}

// vector runs a vector. It returns an error if the endpoint does not answer, even when asked again.
func (r *runner) vector(ctx context.Context, v namedVector) (VectorReport, error) {
	began := now()
	report := VectorReport{
		ID: v.id, Name: v.Name, Clause: v.Clause, Section: v.Section, Mark: v.Mark, Source: v.Source,
	}
	if report.Why = r.inexpressible(v.Vector); len(report.Why) > 0 {
		report.Outcome = NotExpressible
		return report, nil
	}
	if report.Why = r.support.missing(v.Features); len(report.Why) > 0 {
		report.Outcome = Unsupported
		return report, nil
	}
	err := r.perform(ctx, v, &report)
	report.Seconds = now().Sub(began).Seconds()
	report.Outcome = outcome(&report)
	var inexpressible *inexpressibleError
	switch {
	case err == nil:
	case errors.As(err, &inexpressible):
		report.Outcome, report.Why, report.Problems = NotExpressible, []string{inexpressible.need}, nil
	default:
		if err := ctx.Err(); err != nil {
			return report, err
		}
		if silent := greet(ctx, r.client); silent != nil {
			return report, fmt.Errorf("the server has stopped answering while %s ran: %w", v.id, silent)
		}
		report.Outcome, report.Why = Failed, []string{err.Error()}
	}
	return report, r.countStreamless(err)
}

// mostStreamless is how many vectors in a row may get no stream.
const mostStreamless = 5

// countStreamless counts the vectors in a row that got no stream. It returns an error if there are
// so many that the rest will not get one either. Each may have waited a minute.
func (r *runner) countStreamless(err error) error {
	var streamless *inactiveError
	if !errors.As(err, &streamless) {
		r.streamless.Store(0)
		return nil
	}
	if r.streamless.Add(1) < mostStreamless {
		return nil
	}
	return fmt.Errorf("%d vectors in a row got no stream: %w", mostStreamless, err)
}

// outcome returns how a vector ended that was run to its end.
func outcome(report *VectorReport) Outcome {
	switch {
	case slices.ContainsFunc(report.Problems, func(p Problem) bool { return p.Counts }):
		return Failed
	case len(report.Older) > 0:
		return OlderAnswer
	}
	return Passed
}

// inexpressible returns what a vector needs that the endpoint cannot give.
func (r *runner) inexpressible(v *vector.Vector) []string {
	var why []string
	for _, need := range v.Needs {
		switch need {
		case vector.Clock, vector.Limits, vector.Layout, vector.Faults, vector.ReshardDelay:
			if r.control != nil {
				continue
			}
		case vector.Region:
			if v.Stream.Region == r.region {
				continue
			}
		}
		why = append(why, string(need))
	}
	if r.slow && slices.Contains(v.Features, vector.Throttling) {
		why = append(why, fasterServer)
	}
	if r.existing != nil && (needsOwnStream(v) || v.Stream.ShardCount != r.existing.shards) {
		why = append(why, "a stream of its own")
	}
	return why
}
