package jetstreamlog_test

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/examples/jetstream/grouplog"
	"github.com/putrecords/putrecords/examples/jetstream/internal/audit"
	"github.com/putrecords/putrecords/examples/jetstream/jetstreamlog"
)

var unfenced = flag.Bool("unfenced", false, "switch the fence off: TestReshardsUnderLoad must fail then")

// put returns what writes through a front end's stream.
func put(stream *putrecords.Stream) audit.Put {
	return func(ctx context.Context, keys []string, data [][]byte) (stored []bool, err error) {
		var records []putrecords.RequestEntry
		for i, key := range keys {
			records = append(records, putrecords.Entry(key, data[i]))
		}
		out, err := stream.Put(ctx, records...)
		if err != nil {
			return nil, err
		}
		for _, entry := range out.Records {
			stored = append(stored, entry.ErrorCode == "")
		}
		return stored, nil
	}
}

// check compares the log with what was acknowledged.
func check(t *testing.T, a *audit.Audit, stream *putrecords.Stream) {
	t.Helper()
	result, err := a.Check(stream.AllRecords())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v, %+v", a.Progress(), result)
	if result.Missing+result.Twice+result.OutOfOrder > 0 || a.Progress().Acknowledged == 0 {
		t.Errorf("%+v, but %+v were acknowledged", result, a.Progress())
	}
}

// stepDown makes the leader of the JetStream stream, if there is one, hand over to another server.
func stepDown(ctx context.Context, js jetstream.JetStream) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, _ = js.Conn().RequestWithContext(ctx, "$JS.API.STREAM.LEADER.STEPDOWN.orders", nil)
}

// unlimited are the limits of a front end that throttles nothing.
var unlimited = putrecords.Limits{RecordsPerSecond: -1, BytesPerSecond: -1}

// Three front ends write all the time, to three servers whose leader changes. One of the front ends
// never hears of a reshard. After 50 reshards, the log has every acknowledged record, once and in
// order, and a closed shard has none after its tombstones. With -unfenced this must fail.
func TestReshardsUnderLoad(t *testing.T) {
	t.Parallel()
	const reshards, stepDownEvery, between = 50, 5, 100
	url := startCluster(t, 3).URL()
	js := connect(t, url)
	ctx, cancel := context.WithTimeout(t.Context(), 5*patience)
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel()

	resharder := newLog(t, url, jetstreamlog.Options{Shards: 4, Lane: jetstreamlog.Lanes - 1})
	resharder.SetClosingDelay(patience) // so that no front end hears of a reshard too late
	var frontEnds []audit.Put
	for lane := range 3 {
		log := newLog(t, url, jetstreamlog.Options{Lane: lane})
		if *unfenced {
			log.Unfence()
		}
		stream, err := log.NewStream(ctx, putrecords.Config{Limits: unlimited})
		if err != nil {
			t.Fatal(err)
		}
		frontEnds = append(frontEnds, put(stream))
		if lane > 0 {
			group.Go(func() { _ = log.Watch(ctx, stream.Adopt) })
		}
	}

	a := audit.New()
	writing, stop := context.WithCancel(ctx)
	var writers sync.WaitGroup
	for i := range 6 {
		mine := slices.Concat(frontEnds[i%3:], frontEnds[:i%3])
		writers.Go(func() { a.Write(writing, fmt.Sprint("w", i), 20, mine...) })
	}
	for i := range reshards {
		if i%stepDownEvery == 0 {
			group.Go(func() { stepDown(ctx, js) })
		}
		want := a.Progress().Acknowledged + between
		if err := resharder.Reshard(ctx, audit.Reshard(i)); err != nil {
			t.Fatalf("reshard %d: %v", i, err)
		}
		for a.Progress().Acknowledged < want {
			if ctx.Err() != nil {
				t.Fatalf("no more records are acknowledged after reshard %d: %+v", i, a.Progress())
			}
			time.Sleep(time.Millisecond)
		}
	}
	stop()
	writers.Wait()
	stream := newStream(t, resharder)
	check(t, a, stream)
	checkClosed(t, js, stream)
}

// checkClosed checks that no closed shard has a record after its tombstones.
func checkClosed(t *testing.T, js jetstream.JetStream, stream *putrecords.Stream) {
	t.Helper()
	orders, err := js.Stream(t.Context(), "orders")
	if err != nil {
		t.Fatal(err)
	}
	closed := 0
	for _, shard := range stream.Shards() {
		if shard.SequenceNumberRange.EndingSequenceNumber.IsZero() {
			continue
		}
		closed++
		subject := fmt.Sprintf("orders.closed.%d.0", shard.SequenceNumberRange.StartingSequenceNumber.ShardIndex)
		tombstone, err := orders.GetLastMsgForSubject(t.Context(), subject)
		if err != nil {
			t.Fatalf("%s: %v", subject, err)
		}
		for record, err := range stream.RecordsFrom(t.Context(), shard.ShardID, tombstone.Sequence<<16) {
			t.Errorf("%s has a record at %d, after its tombstone at %d, %v",
				shard.ShardID, grouplog.Sequence(record.SequenceNumber.Position), tombstone.Sequence, err)
			break
		}
	}
	if closed == 0 {
		t.Error("no shard is closed")
	}
}
