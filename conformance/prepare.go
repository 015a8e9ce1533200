package main

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/putrecords/putrecords/internal/vector"
)

// prepare finds out what the endpoint has, and stops its clock if there is a control API to use.
func (r *runner) prepare(ctx context.Context, features []string) (err error) {
	if r.options.control {
		c := &control{client: *r.client}
		if err := c.begin(ctx); err != nil {
			return err
		}
		r.control = c
	}
	if r.support, err = probeOperations(ctx, r.client, features); err != nil {
		return err
	}
	if !r.support["DescribeStream"] && !r.support["DescribeStreamSummary"] {
		return errors.New("the endpoint has neither DescribeStream nor DescribeStreamSummary, so its streams cannot be found")
	}
	if r.options.stream != "" {
		err = r.useExisting(ctx, features)
	} else {
		err = r.useNew(ctx, features)
	}
	if err == nil && r.control != nil {
		err = r.control.stop(ctx)
	}
	return err
}

// useExisting has all vectors use a stream that is there.
func (r *runner) useExisting(ctx context.Context, features []string) error {
	name := r.options.stream
	variables, err := waitActive(ctx, r.client, r.support, name)
	if err != nil {
		return err
	}
	shards, err := listShards(ctx, r.client, name)
	if err != nil {
		return err
	}
	if err := checkExisting(shards, name); err != nil {
		return err
	}
	r.existing, r.region = &existing{variables, len(shards)}, variables.Region
	features = slices.DeleteFunc(features, func(feature string) bool { return strings.HasPrefix(feature, "CreateStream.") })
	return r.probe(ctx, features, variables)
}

// useNew has each vector use a stream of its own.
func (r *runner) useNew(ctx context.Context, features []string) error {
	if !r.support["CreateStream"] {
		return usageErrorf("the endpoint has no CreateStream: create a stream and name it with -stream")
	}
	name := r.prefix + "probe"
	variables, err := createStream(ctx, r.client, r.support, name, &vector.Stream{ShardCount: 1})
	if err != nil {
		return err
	}
	r.region = variables.Region
	return errors.Join(r.probe(ctx, features, variables), deleteStream(context.WithoutCancel(ctx), r.client, name))
}

// probe finds out what can only be tried on a stream.
func (r *runner) probe(ctx context.Context, features []string, stream vector.Variables) error {
	if err := probeMembers(ctx, r.client, r.support, features, stream); err != nil {
		return err
	}
	if !slices.Contains(features, vector.Throttling) {
		return nil
	}
	throttles, slow, err := probeThrottling(ctx, r.client, stream.Stream)
	r.support[vector.Throttling], r.slow = throttles || slow, slow
	return err
}
