package embeddedlog_test

import (
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/examples/embeddedlog"
)

const shard0 = "shardId-000000000000"

func mustOpen(t *testing.T, path string) *embeddedlog.Log {
	t.Helper()
	log, err := embeddedlog.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	return log
}

func mustPut(t *testing.T, stream *putrecords.Stream, records ...putrecords.RequestEntry) {
	t.Helper()
	if out, err := stream.Put(t.Context(), records...); err != nil || out.FailedRecordCount > 0 {
		t.Errorf("put: %+v, %v", out, err)
	}
}

func readAll(t *testing.T, stream *putrecords.Stream) (records []putrecords.Record) {
	t.Helper()
	for record, err := range stream.AllRecords() {
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, record)
	}
	return records
}

// A record comes back as it would from a MemoryLog, after a restart too.
func TestRecordsComeBackUnchanged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	now := func() time.Time { return time.Unix(1_800_000_000, 123456789) }
	key := "0"
	records := []putrecords.RequestEntry{
		putrecords.Entry("café", []byte("data")),
		putrecords.Entry("not UTF-8: \xff", nil),
		{PartitionKey: &key, ExplicitHashKey: &key, Data: []byte{0, 1, 2}},
	}
	memory := putrecords.MustNew(putrecords.Config{Shards: 2, Now: now})
	mustPut(t, memory, records...)
	log := mustOpen(t, path)
	mustPut(t, putrecords.MustNew(putrecords.Config{Shards: 2, Now: now, Log: log}), records...)
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	stream := putrecords.MustNew(putrecords.Config{Shards: 2, Now: now, Log: mustOpen(t, path)})
	if diff := cmp.Diff(readAll(t, memory), readAll(t, stream)); diff != "" {
		t.Errorf("records differ (-MemoryLog +Log):\n%s", diff)
	}
}

// A split survives a restart: the children go on, and the parent stays closed.
func TestRestartAfterSplit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	log := mustOpen(t, path)
	before, err := newStream(log)
	if err != nil {
		t.Fatal(err)
	}
	mustPut(t, before, putrecords.Entry("a", nil), putrecords.Entry("e", nil))
	half := before.Shards()[0].HashKeyRange.EndingHashKey
	half[0] /= 2
	if err := before.SplitShard(shard0, half); err != nil {
		t.Fatal(err)
	}
	if err := log.SaveLayout(before.Shards()); err != nil {
		t.Fatal(err)
	}
	mustPut(t, before, putrecords.Entry("a", nil), putrecords.Entry("e", nil))
	stored := readAll(t, before)
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}

	after, err := newStream(mustOpen(t, path))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before.Shards(), after.Shards()); diff != "" {
		t.Errorf("shards differ (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(stored, readAll(t, after)); diff != "" {
		t.Errorf("records differ (-before +after):\n%s", diff)
	}
	mustPut(t, after, putrecords.Entry("a", nil), putrecords.Entry("e", nil))
	latest := make(map[uint32]putrecords.SequenceNumber)
	for _, record := range readAll(t, after) {
		number := record.SequenceNumber
		if last := latest[number.ShardIndex]; number.Position != last.Position+1 || number.Compare(last) <= 0 {
			t.Errorf("number %+v after %+v", number, last)
		}
		latest[number.ShardIndex] = number
	}
}

// Records are stored in the order in which the stream takes them, whoever waits first: later
// positions never arrived earlier.
func TestOrder(t *testing.T) {
	const callers, calls = 8, 25
	var clock atomic.Int64 // each reading is a later one
	stream := putrecords.MustNew(putrecords.Config{
		Now: func() time.Time { return time.Unix(1_800_000_000, clock.Add(1)) },
		Log: mustOpen(t, filepath.Join(t.TempDir(), "log")),
	})
	var group sync.WaitGroup
	for caller := range callers {
		group.Go(func() {
			for call := range calls {
				mustPut(t, stream, putrecords.Entry("k", fmt.Append(nil, caller, " ", call, " first")), putrecords.Entry("k", nil))
			}
		})
	}
	group.Wait()
	records := readAll(t, stream)
	if len(records) != callers*calls*2 {
		t.Fatalf("%d records are stored, want %d", len(records), callers*calls*2)
	}
	for i, record := range records {
		if record.SequenceNumber.Position != uint64(i+1) {
			t.Fatalf("position %d of record %d", record.SequenceNumber.Position, i)
		}
		if i > 0 && record.Arrived.Before(records[i-1].Arrived) {
			t.Fatalf("record %d arrived at %v, but the one before it at %v", i, record.Arrived, records[i-1].Arrived)
		}
		if first := len(record.Data) > 0; first != (i%2 == 0) {
			t.Fatalf("record %d, %q, is not beside the other record of its call", i, record.Data)
		}
	}
}

// When one record of an append cannot be stored, none is, and they leave no trace.
func TestAllOrNone(t *testing.T) {
	log := mustOpen(t, filepath.Join(t.TempDir(), "log"))
	stream := putrecords.MustNew(putrecords.Config{Log: log})
	wait, err := log.Append(t.Context(), stream.Shards()[0], []putrecords.Record{
		{PartitionKey: "fine"},
		{PartitionKey: "broken", Arrived: time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)}, // beyond JSON's years
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := wait(); err == nil {
		t.Error("the broken record is stored")
	}
	mustPut(t, stream, putrecords.Entry("next", nil))
	records := readAll(t, stream)
	if len(records) != 1 || records[0].PartitionKey != "next" || records[0].SequenceNumber.Position != 1 {
		t.Errorf("the log holds %+v, want the next record at position 1", records)
	}
}

// A loop over the records may put more. It ends with what there was when it began.
func TestPutWhileReading(t *testing.T) {
	stream := putrecords.MustNew(putrecords.Config{Log: mustOpen(t, filepath.Join(t.TempDir(), "log"))})
	mustPut(t, stream, putrecords.Entry("1", nil), putrecords.Entry("2", nil))
	n := 0
	for record, err := range stream.RecordsFrom(t.Context(), shard0, 2) {
		if n++; err != nil || record.PartitionKey != "2" || n > 10 {
			t.Fatalf("record %+v, error %v", record, err)
		}
		mustPut(t, stream, putrecords.Entry("more", make([]byte, 1<<19)))
	}
	if n != 1 {
		t.Errorf("%d records from position 2 on, want 1", n)
	}
}

// A closed log fails the records of later calls and the readers.
func TestClosed(t *testing.T) {
	log := mustOpen(t, filepath.Join(t.TempDir(), "log"))
	stream := putrecords.MustNew(putrecords.Config{Log: log})
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		out, err := stream.Put(t.Context(), putrecords.Entry("k", nil))
		if err != nil || out.Records[0].ErrorCode != putrecords.InternalFailure {
			t.Errorf("answer %+v, error %v", out, err)
		}
	}
	for _, err := range stream.AllRecords() {
		if err == nil {
			t.Error("a closed log yields a record")
		}
	}
	if _, err := log.Layout(); err == nil {
		t.Error("a closed log has a layout")
	}
}
