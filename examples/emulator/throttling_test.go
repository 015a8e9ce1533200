package main

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/putrecords/putrecords"
)

func TestThrottleLog(t *testing.T) {
	a, b := inShard(0), inShard(1)
	for name, test := range map[string]struct {
		records []putrecords.RequestEntry
		want    string // the end of the line; "" means no line
	}{
		"as many as a shard accepts": {[]putrecords.RequestEntry{a, b}, ""},
		"one more":                   {[]putrecords.RequestEntry{a, b, b}, "throttled=1 records=3 shards=[shardId-000000000001]\n"},
		"in two shards": {
			[]putrecords.RequestEntry{b, a, b, a, b},
			"throttled=3 records=5 shards=\"[shardId-000000000000 shardId-000000000001]\"\n",
		},
	} {
		var log bytes.Buffer
		stream := newStream("orders", 2, putrecords.Limits{RecordsPerSecond: 1})
		newThrottleLog(slog.New(slog.NewTextHandler(&log, nil))).answered(t.Context(), stream, put(t, stream, test.records...))
		if test.want == "" && log.Len() == 0 {
			continue
		}
		line := log.String()
		if !strings.HasSuffix(line, " level=WARN msg=throttled stream=orders "+test.want) || strings.Count(line, "\n") != 1 {
			t.Errorf("%s: logged %q, want %q", name, line, test.want)
		}
	}
}

// Records that failed for another reason are not logged.
func TestThrottleLogSkipsOtherFailures(t *testing.T) {
	var log bytes.Buffer
	stream := newStream("orders", 2, putrecords.Limits{})
	stream.Inject(putrecords.Fault{})
	newThrottleLog(slog.New(slog.NewTextHandler(&log, nil))).answered(t.Context(), stream, put(t, stream, inShard(0)))
	if log.Len() != 0 {
		t.Errorf("logged %q", &log)
	}
}

// A line names the shards that throttled since the previous line, not all that ever did.
func TestThrottleLogNamesEachShardOnce(t *testing.T) {
	a, b := inShard(0), inShard(1)
	var log bytes.Buffer
	stream := newStream("orders", 2, putrecords.Limits{RecordsPerSecond: 1})
	throttled := newThrottleLog(slog.New(slog.NewTextHandler(&log, nil)))
	throttled.answered(t.Context(), stream, put(t, stream, a, a, b))
	log.Reset()
	throttled.answered(t.Context(), stream, put(t, stream, b))
	if !strings.HasSuffix(log.String(), " throttled=1 records=1 shards=[shardId-000000000001]\n") {
		t.Errorf("logged %q", &log)
	}
}
