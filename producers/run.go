package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
)

// A result is what one run of a producer came to.
type result struct {
	claim
	stored   int // including copies
	distinct int
}

// lost returns how many records the producer believed stored and are not.
func (r result) lost() int { return max(0, r.Believed-r.distinct) }

func (r result) String() string {
	return fmt.Sprintf("sent %d, believed %d, stored %d, distinct %d", r.Sent, r.Believed, r.stored, r.distinct)
}

// measure has a program send records to a new stream, and counts what the stream holds.
func measure(ctx context.Context, s *server, c *child, l layout, records int) (_ result, err error) {
	stream, err := s.create(ctx, l)
	if err != nil {
		return result{}, err
	}
	defer func() { err = errors.Join(err, s.delete(ctx, stream)) }()
	claim, err := c.run(ctx, s.endpoint, stream, records)
	if err != nil {
		return result{}, err
	}
	stored, distinct, err := s.count(ctx, stream)
	return result{claim, stored, distinct}, err
}

// runAll runs each producer on each kind of stream. It goes on if a producer fails, and leaves it
// out.
func runAll(ctx context.Context, s *server, opts options, stdout io.Writer) ([]row, error) {
	var rows []row
	for _, p := range opts.producers {
		r, err := p.run(ctx, s, opts, stdout)
		if ctx.Err() != nil {
			return rows, ctx.Err()
		}
		if err != nil {
			fmt.Fprintf(stdout, "%s failed: %v\n", p.name, err)
			continue
		}
		rows = append(rows, r)
	}
	if failed := len(opts.producers) - len(rows); failed > 0 {
		return rows, fmt.Errorf("%d of %d producers failed", failed, len(opts.producers))
	}
	return rows, nil
}

// run runs the producer on each kind of stream.
func (p producer) run(ctx context.Context, s *server, opts options, stdout io.Writer) (row, error) {
	if p.dir != "" {
		fmt.Fprintf(stdout, "building %s\n", p.name) // the first time, some take minutes
	}
	c, err := p.build(ctx)
	if err != nil {
		return row{}, err
	}
	defer c.remove()
	r := row{producer: p}
	for _, l := range opts.streams {
		var runs []result
		for range opts.runs {
			result, err := measure(ctx, s, c, l, opts.records)
			if err != nil {
				return row{}, fmt.Errorf("on %s: %w", l.title, err)
			}
			fmt.Fprintf(stdout, "%s %s on %s: %v\n", p.name, result.Version, l.title, result)
			runs = append(runs, result)
		}
		r.results = append(r.results, middle(runs))
	}
	return r, nil
}

// middle returns the run that stored neither the most nor the fewest distinct records.
func middle(runs []result) result {
	slices.SortFunc(runs, func(a, b result) int { return cmp.Compare(a.distinct, b.distinct) })
	return runs[len(runs)/2]
}
