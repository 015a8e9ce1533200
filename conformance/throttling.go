package main

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/putrecords/putrecords/internal/vector"
)

// mostProbing is how long a shard is filled until it throttles, if that takes many calls.
const mostProbing = 20 * time.Second

// fasterServer is what a vector about throttling needs if a server's calls take too long to tell
// whether its shards throttle.
const fasterServer = "a faster server: its calls take longer than a shard would throttle for"

// probeThrottling finds out whether a shard throttles in the end. AWS lets more through at first
// than later. slow says that the calls took too long to tell.
func probeThrottling(ctx context.Context, c *client, stream string) (throttles, slow bool, err error) {
	const most, records = 40, 500
	record := map[string]any{"Data": "", "PartitionKey": "k"}
	request := map[string]any{"StreamName": stream, "Records": slices.Repeat([]any{record}, records)}
	began := now()
	for calls := 1; ; calls++ {
		answer, err := c.call(ctx, "PutRecords", request)
		var foreign *foreignError
		if errors.As(err, &foreign) { // the vectors show it
			return false, false, nil
		}
		if err != nil {
			return false, false, err
		}
		body, _ := answer.Body.(map[string]any)
		if failed, _ := body["FailedRecordCount"].(float64); failed > 0 || answer.Status != http.StatusOK {
			return failed > 0, false, nil
		}
		taken := now().Sub(began)
		if calls == most || taken > mostProbing {
			return false, taken/time.Duration(calls) > quickEnough(request), nil
		}
	}
}

// quickEnough returns how long a call may take, at most, if a shard is to throttle when the call is
// repeated: a little less than the second in which a shard takes 1,000 records or 1 MiB.
func quickEnough(request any) time.Duration {
	object, _ := request.(map[string]any)
	records, _ := object["Records"].([]any)
	bytes := 0
	for _, record := range records {
		entry, _ := record.(map[string]any)
		if zeros, ok := entry["Data"].(vector.Zeros); ok {
			bytes += int(zeros)
		}
	}
	full := max(float64(len(records))/1000, float64(bytes)/(1<<20))
	return time.Duration(0.8 * full * float64(time.Second))
}
