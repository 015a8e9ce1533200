package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/putrecords/putrecords/internal/vector"
)

const (
	// readEvery is how often GetRecords is called, at most. AWS allows five calls a second.
	readEvery = 220 * time.Millisecond
	// mostReads is how often GetRecords is called before a shard counts as read.
	mostReads = 100
)

// iterators returns an iterator for each shard of a stream, for the records that will come.
func iterators(ctx context.Context, c *client, stream *existing) (map[string]string, error) {
	iterators := make(map[string]string)
	for i := range stream.shards {
		shard := fmt.Sprintf("shardId-%012d", i)
		iterator, err := iterator(ctx, c, stream.variables.Stream, shard, "LATEST")
		if err != nil {
			return nil, err
		}
		iterators[shard] = iterator
	}
	return iterators, nil
}

func iterator(ctx context.Context, c *client, stream, shard, kind string) (string, error) {
	answer, err := c.call(ctx, "GetShardIterator", map[string]any{"StreamName": stream, "ShardId": shard, "ShardIteratorType": kind})
	if err != nil {
		return "", err
	}
	if answer.Status != http.StatusOK {
		return "", refused("GetShardIterator", answer)
	}
	return member(answer.Body, "ShardIterator"), nil
}

// stored reads what a shard holds, from the oldest record on, or from the vector's first.
func (p *performance) stored(ctx context.Context, shard string) (vector.Answer, error) {
	next, found := p.latest[shard]
	if !found {
		var err error
		if next, err = iterator(ctx, p.client, p.variables.Stream, shard, "TRIM_HORIZON"); err != nil {
			return vector.Answer{}, err
		}
	}
	records := []any{}
	for range mostReads {
		answer, err := p.read(ctx, map[string]any{"ShardIterator": next})
		if err != nil {
			return answer, err
		}
		if answer.Status != http.StatusOK {
			return answer, refused("GetRecords", answer)
		}
		body, _ := answer.Body.(map[string]any)
		page, _ := body["Records"].([]any)
		for _, record := range page {
			r, _ := record.(map[string]any)
			records = append(records, map[string]any{
				"Data": r["Data"], "PartitionKey": r["PartitionKey"], "SequenceNumber": r["SequenceNumber"],
			})
		}
		next = member(answer.Body, "NextShardIterator")
		if next == "" || body["MillisBehindLatest"] == 0.0 {
			break
		}
	}
	return vector.Answer{Status: http.StatusOK, Body: map[string]any{"Records": records}}, nil
}

// getRecords performs a GetRecords step. While the vector wants records or the end of a shard, and
// the page is empty, it goes on with the next iterator: AWS may return empty pages.
func (p *performance) getRecords(ctx context.Context, step *vector.Step, request any) (vector.Answer, error) {
	want, _ := step.Answer.(map[string]any)
	records, _ := want["Records"].([]any)
	children, _ := want["ChildShards"].([]any)
	for range mostReads {
		answer, err := p.read(ctx, request)
		if err != nil {
			return answer, err
		}
		body, _ := answer.Body.(map[string]any)
		page, isPage := body["Records"].([]any)
		isEmpty := isPage && len(page) == 0 && body["ChildShards"] == nil
		next := member(answer.Body, "NextShardIterator")
		if p.control != nil || len(records)+len(children) == 0 || !isEmpty || next == "" || body["MillisBehindLatest"] == 0.0 {
			return answer, nil
		}
		request = map[string]any{"ShardIterator": next}
	}
	return p.read(ctx, request)
}

// read calls GetRecords, and again while the shard allows no more calls.
func (p *performance) read(ctx context.Context, request any) (vector.Answer, error) {
	for range mostReads {
		answer, err := p.client.call(ctx, "GetRecords", request)
		if err != nil || p.control != nil || errorCode(answer) != "ProvisionedThroughputExceededException" {
			return answer, err
		}
		if err := sleep(ctx, readEvery); err != nil {
			return answer, err
		}
	}
	return p.client.call(ctx, "GetRecords", request)
}
