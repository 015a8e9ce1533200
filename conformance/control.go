package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// A control calls a control API. docs/conformance.md describes the calls.
type control struct {
	client client
	clock  clock // the present time, and whether the clock ran before
}

// A clock is what /control/clock shows.
type clock struct {
	Now     time.Time
	Running bool
}

// call makes a call and decodes the answer, unless into is nil.
func (c *control) call(ctx context.Context, method, path string, request, into any) error {
	var body []byte
	if request != nil {
		var err error
		if body, err = json.Marshal(request); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, c.client.timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, c.client.endpoint+"/control/"+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	what := method + " /control/" + path
	response, text, err := c.client.do(r)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: status %d: %.300s", what, response.StatusCode, text)
	}
	if into != nil && json.Unmarshal(text, into) != nil {
		return foreign(what, response, text)
	}
	return nil
}

// begin has the clock run, so that streams become ACTIVE.
func (c *control) begin(ctx context.Context) error {
	if err := c.call(ctx, http.MethodGet, "clock", nil, &c.clock); err != nil {
		return err
	}
	return c.call(ctx, http.MethodPut, "clock", map[string]any{"Running": true}, nil)
}

// stop stops the clock.
func (c *control) stop(ctx context.Context) error {
	wasRunning := c.clock.Running
	err := c.call(ctx, http.MethodPut, "clock", map[string]any{"Running": false}, &c.clock)
	c.clock.Running = wasRunning
	return err
}

// restore has the clock run, or stand still, as before the run.
func (c *control) restore(ctx context.Context) error {
	return c.call(ctx, http.MethodPut, "clock", map[string]any{"Running": c.clock.Running}, nil)
}

// set sets the clock, which stands still.
func (c *control) set(ctx context.Context, now time.Time) error {
	if err := c.call(ctx, http.MethodPut, "clock", map[string]any{"Now": now}, nil); err != nil {
		return err
	}
	c.clock.Now = now
	return nil
}

// inject injects a fault and returns a function that removes it.
func (c *control) inject(ctx context.Context, fault map[string]any) (remove func() error, err error) {
	var injected struct{ ID int }
	if err := c.call(ctx, http.MethodPost, "faults", fault, &injected); err != nil {
		return nil, err
	}
	return func() error { return c.call(ctx, http.MethodDelete, fmt.Sprint("faults/", injected.ID), nil, nil) }, nil
}
