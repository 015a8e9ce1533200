package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/putrecords/putrecords/internal/vector"
)

// A shard takes 1,000 records and 1 MiB a second, so a slower call may never be throttled.
func TestQuickEnough(t *testing.T) {
	put := func(records int, data any) any {
		all := make([]any, records)
		for i := range all {
			all[i] = map[string]any{"Data": data, "PartitionKey": "k"}
		}
		return map[string]any{"Records": all}
	}
	for _, test := range []struct {
		request any
		want    time.Duration
	}{
		{put(500, ""), 400 * time.Millisecond},
		{put(250, ""), 200 * time.Millisecond},
		{put(5, vector.Zeros(1<<20)), 4 * time.Second},
		{map[string]any{"StreamName": "orders"}, 0},
	} {
		if got := quickEnough(test.request); got != test.want {
			t.Errorf("got %v, want %v", got, test.want)
		}
	}
}

// A server that throttles and one that never does are told apart.
func TestProbeThrottling(t *testing.T) {
	for name, test := range map[string]struct {
		throttledFrom int // call; 0 is none
		want          bool
	}{
		"at first":   {1, true},
		"in the end": {40, true},
		"too late":   {41, false},
		"never":      {0, false},
	} {
		calls := 0
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			calls++
			failed := 0
			if calls == test.throttledFrom {
				failed = 1
			}
			fmt.Fprintf(w, `{"FailedRecordCount":%d,"Records":[]}`, failed)
		}))
		o, err := parseOptions([]string{"-endpoint", server.URL}, noEnvironment)
		if err != nil {
			t.Fatal(err)
		}
		got, _, err := probeThrottling(t.Context(), newClient(o), "orders")
		server.Close()
		if err != nil || got != test.want {
			t.Errorf("%s: %t, error %v, want %t", name, got, err, test.want)
		}
	}
}
