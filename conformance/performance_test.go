package main

import (
	"io"
	"net/http"
	"strings"
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

// An operation that gets no answer is one that the server does not have, if the server still answers
// others.
func TestOperationWithoutAnAnswer(t *testing.T) {
	healthy := fake(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"Records":[]}`) })
	out, err := runAgainst(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".SplitShard") {
			panic(http.ErrAbortHandler)
		}
		healthy(w, r)
	}, "-run", "^08-split-children$")
	if err != nil || !strings.Contains(out, "1 unsupported") {
		t.Errorf("error %v, want one unsupported vector in\n%s", err, out)
	}
}
