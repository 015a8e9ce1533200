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
	byKey := putrecords.Entry("a", nil) // its hash is in shard 0
	for name, test := range map[string]struct {
		records []putrecords.RequestEntry
		want    string // the end of the line; "" means no line
	}{
		"as many as a shard accepts":   {[]putrecords.RequestEntry{a, b}, ""},
		"one more":                     {[]putrecords.RequestEntry{a, b, b}, "throttled=1 records=3 shards=[shardId-000000000001]\n"},
		"without an explicit hash key": {[]putrecords.RequestEntry{a, byKey}, "throttled=1 records=2 shards=[shardId-000000000000]\n"},
		"in two shards": {
			[]putrecords.RequestEntry{b, a, b, a, b},
			"throttled=3 records=5 shards=\"[shardId-000000000000 shardId-000000000001]\"\n",
		},
	} {
		var log bytes.Buffer
		stream := newStream("orders", 2, putrecords.Limits{RecordsPerSecond: 1})
		putAndLog(t, newThrottleLog(slog.New(slog.NewTextHandler(&log, nil))), stream, test.records...)
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
	putAndLog(t, newThrottleLog(slog.New(slog.NewTextHandler(&log, nil))), stream, inShard(0))
	if log.Len() != 0 {
		t.Errorf("logged %q", &log)
	}
}

// A line names the shards of its own answer, not all that ever throttled.
func TestThrottleLogNamesEachShardOnce(t *testing.T) {
	a, b := inShard(0), inShard(1)
	var log bytes.Buffer
	stream := newStream("orders", 2, putrecords.Limits{RecordsPerSecond: 1})
	throttled := newThrottleLog(slog.New(slog.NewTextHandler(&log, nil)))
	putAndLog(t, throttled, stream, a, a, b)
	log.Reset()
	putAndLog(t, throttled, stream, b)
	if !strings.HasSuffix(log.String(), " throttled=1 records=1 shards=[shardId-000000000001]\n") {
		t.Errorf("logged %q", &log)
	}
}

// Lines are limited, and what was left out is counted.
func TestThrottleLogIsLimited(t *testing.T) {
	var log bytes.Buffer
	stream := newStream("orders", 2, putrecords.Limits{RecordsPerSecond: 1})
	throttled := newThrottleLog(slog.New(slog.NewTextHandler(&log, nil)))
	for range 1 + linesPerSecond + 2 { // the first one is not throttled
		putAndLog(t, throttled, stream, inShard(0))
	}
	throttled.limit.flush()
	if n := strings.Count(log.String(), " msg=throttled "); n != linesPerSecond || !strings.HasSuffix(log.String(), ` about="throttled records" lines=2`+"\n") {
		t.Errorf("logged %s", &log)
	}
}

// A stream that spreads records itself does not tell the shard of one that failed.
func TestThrottleLogOfStreamThatSpreadsRecords(t *testing.T) {
	var log bytes.Buffer
	stream := putrecords.MustNew(putrecords.Config{RecordDistributionStrategy: putrecords.DistributionAuto})
	stream.Inject(putrecords.Fault{Code: putrecords.ProvisionedThroughputExceededException})
	putAndLog(t, newThrottleLog(slog.New(slog.NewTextHandler(&log, nil))), stream, putrecords.RequestEntry{Data: []byte{}})
	if !strings.HasSuffix(log.String(), " throttled=1 records=1 shards=[]\n") {
		t.Errorf("logged %s", &log)
	}
}

// putAndLog puts records into stream and passes the request and the answer to log.
func putAndLog(t *testing.T, log *throttleLog, stream *putrecords.Stream, records ...putrecords.RequestEntry) {
	t.Helper()
	log.answered(t.Context(), stream, &putrecords.Input{Records: records}, put(t, stream, records...))
}
