package jetstreamlog_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/examples/jetstream/jetstreamlog"
)

const (
	shard0 = "shardId-000000000000"
	shard1 = "shardId-000000000001"
)

// withoutPositions returns the records with the positions that a MemoryLog would give them, if they
// are in order.
func withoutPositions(t *testing.T, records []putrecords.Record) []putrecords.Record {
	t.Helper()
	latest, count := make(map[uint32]uint64), make(map[uint32]uint64)
	for i := range records {
		number := &records[i].SequenceNumber
		if number.Position <= latest[number.ShardIndex] {
			t.Errorf("position %d after %d", number.Position, latest[number.ShardIndex])
		}
		latest[number.ShardIndex] = number.Position
		count[number.ShardIndex]++
		number.Position = count[number.ShardIndex]
	}
	return records
}

// A record comes back as it would from a MemoryLog, except for its position, and a second front end
// continues the stream of the first.
func TestRecordsComeBackUnchanged(t *testing.T) {
	c := startCluster(t, 1)
	now := func() time.Time { return time.Unix(1_800_000_000, 123456789) }
	key := "0"
	records := []putrecords.RequestEntry{
		putrecords.Entry("café", []byte("data")),
		putrecords.Entry("not UTF-8: \xff", nil),
		{PartitionKey: &key, ExplicitHashKey: &key, Data: []byte{0, 1, 2}},
		putrecords.Entry("large", bytes.Repeat([]byte{7}, 1<<20-5)),
	}
	var streams []*putrecords.Stream
	for range 2 {
		log := newLog(t, c.URL(), jetstreamlog.Options{Replicas: 1, Shards: 2})
		stream, err := log.NewStream(t.Context(), putrecords.Config{Name: "orders", Now: now})
		if err != nil {
			t.Fatal(err)
		}
		streams = append(streams, stream)
	}
	memory := putrecords.MustNew(putrecords.Config{Layout: streams[0].Shards(), Now: now, Limits: putrecords.Limits{BytesPerSecond: -1}})
	for _, stream := range streams {
		mustPut(t, stream, records...)
		mustPut(t, memory, records...)
	}
	for _, stream := range streams {
		got := readAll(t, stream)
		if diff := cmp.Diff(readAll(t, memory), withoutPositions(t, got), cmp.Comparer(bytes.Equal)); diff != "" {
			t.Errorf("records differ (-MemoryLog +Log):\n%s", diff)
		}
	}
}

// The numbers in answers are those in the log, and a read may start at any of them.
func TestReadFromPosition(t *testing.T) {
	stream := newStream(t, newLog(t, startCluster(t, 1).URL(), jetstreamlog.Options{Replicas: 1}))
	var numbers []string
	for range 3 {
		out, err := stream.Put(t.Context(), putrecords.Entry("k", nil), putrecords.Entry("k", nil))
		if err != nil || out.FailedRecordCount > 0 {
			t.Fatalf("put: %+v, %v", out, err)
		}
		numbers = append(numbers, out.Records[0].SequenceNumber, out.Records[1].SequenceNumber)
	}
	for i, number := range numbers {
		n, err := putrecords.ParseSequenceNumber(number)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for record, err := range stream.RecordsFrom(t.Context(), shard0, n.Position) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, record.SequenceNumber.String())
		}
		if diff := cmp.Diff(numbers[i:], got); diff != "" {
			t.Errorf("from record %d (-want +got):\n%s", i, diff)
		}
	}
	// A loop may put more. It ends with what there was when it began.
	read := 0
	for _, err := range stream.Records(shard0) {
		if err != nil {
			t.Fatal(err)
		}
		if read++; read > 100 {
			break
		}
		mustPut(t, stream, putrecords.Entry("k", nil))
	}
	if read != len(numbers) {
		t.Errorf("%d records, want %d", read, len(numbers))
	}
}

// Groups expire after the retention. What is left comes back without an error.
func TestRetention(t *testing.T) {
	log := newLog(t, startCluster(t, 1).URL(), jetstreamlog.Options{Replicas: 1, Retention: time.Second})
	stream := newStream(t, log)
	mustPut(t, stream, putrecords.Entry("old", nil))
	deadline := time.Now().Add(patience)
	for i := 0; ; i++ {
		if time.Now().After(deadline) {
			t.Fatal("the first record does not expire")
		}
		mustPut(t, stream, putrecords.Entry(fmt.Sprint("new", i), nil))
		time.Sleep(20 * time.Millisecond) // the shard takes 1,000 a second
		records := readAll(t, stream)
		if len(records) > 0 && records[0].PartitionKey != "old" {
			break
		}
	}
	if shards, err := log.Layout(t.Context()); err != nil || len(shards) != 1 {
		t.Errorf("the layout is %+v, %v; it must not expire", shards, err)
	}
}

// When the connection is closed, records fail and reads end, both with an error.
func TestClosedConnection(t *testing.T) {
	url := startCluster(t, 1).URL()
	var reported []error
	js := connect(t, url)
	log, err := jetstreamlog.New(t.Context(), js, jetstreamlog.Options{
		Name: "orders", Replicas: 1, Timeout: patience, Report: func(err error) { reported = append(reported, err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	stream := newStream(t, log)
	log.SetTimeout(100 * time.Millisecond)
	js.Conn().Close()
	out, err := stream.Put(t.Context(), putrecords.Entry("k", nil))
	if err != nil || out.Records[0].ErrorCode != putrecords.InternalFailure {
		t.Errorf("put: %+v, %v, want InternalFailure", out, err)
	}
	if len(reported) != 1 {
		t.Errorf("reported %v, want one error", reported)
	}
	for _, err := range stream.AllRecords() {
		if err == nil {
			t.Error("a record without a connection")
		}
	}
	if _, err := log.Layout(t.Context()); err == nil {
		t.Error("a layout without a connection")
	}
}
