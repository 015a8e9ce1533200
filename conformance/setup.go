package main

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/putrecords/putrecords/internal/vector"
)

// begin makes the stream.
func (p *performance) begin(ctx context.Context, id string) (err error) {
	stream := &p.vector.Stream
	name := stream.StreamName
	if name == "" {
		name = p.prefix + id
	}
	switch {
	case p.existing != nil:
		p.variables = p.existing.variables
		if err := sleep(ctx, 2*time.Second); err != nil { // the shards take their limit again
			return err
		}
		p.latest, err = iterators(ctx, p.client, p.existing)
	case p.control != nil:
		p.variables, err = p.beginWithControl(ctx, name)
	default:
		p.variables, err = createStream(ctx, p.client, p.support, name, stream)
	}
	p.run = vector.NewRun(p.vector, p.variables, p.control != nil, p.shift)
	return err
}

// beginWithControl sets the clock and makes the stream through the control API.
func (p *performance) beginWithControl(ctx context.Context, name string) (vector.Variables, error) {
	stream := &p.vector.Stream
	// The clock cannot go back, so the vector's times are shifted. The fraction of the second
	// stays.
	p.shift = p.control.clock.Now.Sub(stream.StreamCreationTimestamp).Truncate(time.Second) + 2*time.Second
	if err := p.control.set(ctx, stream.StreamCreationTimestamp.Add(p.shift)); err != nil {
		return vector.Variables{}, err
	}
	layout, err := vector.NewRun(p.vector, vector.Variables{}, true, p.shift).Layout()
	if err != nil {
		return vector.Variables{}, err
	}
	request := map[string]any{
		"Name": name, "Layout": layout, "ReshardDelay": (time.Duration(stream.ReshardDelaySeconds) * time.Second).String(),
	}
	limits := map[string]int{}
	if stream.MaxRecordSizeInKiB > 0 {
		limits["BytesPerRecord"], limits["BytesPerRequest"] = stream.MaxRecordSizeInKiB<<10, 10<<20
	}
	for name, value := range stream.Limits {
		limits[name] = value
	}
	request["Limits"] = limits
	if stream.EncryptionType != "" {
		request["EncryptionType"] = stream.EncryptionType
	}
	if stream.RecordDistributionStrategy != "" {
		request["RecordDistributionStrategy"] = stream.RecordDistributionStrategy
	}
	// An interrupt does not end the call: otherwise we would not know whether there is a stream.
	if err := p.control.call(context.WithoutCancel(ctx), http.MethodPost, "streams", request, nil); err != nil {
		return vector.Variables{}, err
	}
	variables, err := waitActive(ctx, p.client, p.support, name)
	if err != nil {
		_ = p.delete(context.WithoutCancel(ctx), name) // err says more
	}
	return variables, err
}

// end deletes the stream, if it is the vector's own, and those that the steps have created.
func (p *performance) end(ctx context.Context) error {
	for _, name := range p.created { // maybe a step has deleted it, or its name is one that no server should accept
		_ = p.delete(ctx, name)
	}
	if p.existing != nil {
		return nil
	}
	return p.delete(ctx, p.variables.Stream)
}

// delete deletes a stream, immediately if there is a control API.
func (p *performance) delete(ctx context.Context, name string) error {
	if p.control != nil {
		return p.control.call(ctx, http.MethodDelete, "streams/"+url.PathEscape(name), nil, nil)
	}
	return deleteStream(ctx, p.client, name)
}
