package main

import (
	"context"
	"fmt"
	"time"

	"github.com/putrecords/putrecords"
)

const (
	firstBackoff = 100 * time.Millisecond
	maxBackoff   = 5 * time.Second
	maxAttempts  = 20 // a shard with AWS's limits takes a whole request sooner than that
)

// A producer puts records in requests that AWS takes, and puts those that fail again until they are stored.
type producer struct {
	put   func(context.Context, ...putrecords.RequestEntry) (*putrecords.Output, error)
	sleep func(time.Duration)

	retried int // records that failed at least once
	retries int // records put again, each time
}

// putAll puts records, one request after another, and returns the answer that each was stored with. A record that is put again
// is stored after others that it came before.
func (p *producer) putAll(ctx context.Context, records []putrecords.RequestEntry) ([]putrecords.ResultEntry, error) {
	results := make([]putrecords.ResultEntry, 0, len(records))
	for len(records) > 0 {
		n := firstRequest(records)
		stored, err := p.putRequest(ctx, records[:n])
		if err != nil {
			return nil, err
		}
		results = append(results, stored...)
		records = records[n:]
	}
	return results, nil
}

// firstRequest returns how many of the first records fit a request.
func firstRequest(records []putrecords.RequestEntry) int {
	size := 0
	for i, record := range records {
		size += record.Size()
		if i == limits.RecordsPerRequest || size > limits.BytesPerRequest {
			return i
		}
	}
	return len(records)
}

// putRequest puts records that fit a request, and then only those that failed, with exponential backoff, until none fails.
func (p *producer) putRequest(ctx context.Context, records []putrecords.RequestEntry) ([]putrecords.ResultEntry, error) {
	results := make([]putrecords.ResultEntry, len(records))
	left := make([]int, len(records)) // indexes of the records that are not stored
	for i := range left {
		left[i] = i
	}
	backoff := firstBackoff
	for attempt := 1; ; attempt++ {
		request := make([]putrecords.RequestEntry, len(left))
		for k, i := range left {
			request[k] = records[i]
		}
		out, err := p.put(ctx, request...)
		if err != nil {
			return nil, err
		}
		for k, i := range left {
			results[i] = out.Records[k]
		}
		var failed []int
		for k := range out.Failed() {
			failed = append(failed, left[k])
		}
		if len(failed) == 0 {
			return results, nil
		}
		if attempt == maxAttempts {
			last := results[failed[0]]
			return nil, fmt.Errorf("%s failed %d times, the first with %w: %s",
				count(len(failed), "record"), attempt, last.ErrorCode, last.ErrorMessage)
		}
		if attempt == 1 {
			p.retried += len(failed)
		}
		p.retries += len(failed)
		left = failed
		p.sleep(backoff) // a producer that is not alone adds jitter
		backoff = min(2*backoff, maxBackoff)
	}
}
