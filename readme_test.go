package putrecords_test

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/putrecords/putrecords"
)

// The README shows code of this file. TestReadme holds it to that.

func TestNaiveProducerLosesRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // time stands still
		stream := putrecords.MustNew(putrecords.Config{}) // one shard takes 1,000 records a second
		batch := slices.Repeat([]putrecords.RequestEntry{putrecords.Entry("customer-1", []byte("an order"))}, 500)
		for range 3 {
			_, err := stream.Put(t.Context(), batch...) // the producer under test checks only the error
			if err != nil {
				t.Fatal(err)
			}
		}
		if lost := 3*500 - stream.Stats()[0].Stored.Records; lost != 500 {
			t.Errorf("lost %d records, want 500", lost)
		}
	})
}

// send is a producer that is right: it puts the failed records again, and only those.
func send(ctx context.Context, stream *putrecords.Stream, records []putrecords.RequestEntry) error {
	for len(records) > 0 {
		out, err := stream.Put(ctx, records...)
		if err != nil {
			return err
		}
		var failed []putrecords.RequestEntry
		for i := range out.Failed() {
			failed = append(failed, records[i])
		}
		records = failed
		if len(failed) > 0 {
			time.Sleep(100 * time.Millisecond)
		}
	}
	return nil
}

func TestProducerWhenStorageFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stream := putrecords.MustNew(putrecords.Config{Shards: 4})
		fault := stream.Inject(putrecords.Fault{
			Count: 3, // answers with InternalFailure, and then no more
			Match: func(a putrecords.Attempt) bool { return a.PartitionKey == "customer-7" },
		})
		err := send(t.Context(), stream, []putrecords.RequestEntry{
			putrecords.Entry("customer-6", []byte("an order")),
			putrecords.Entry("customer-7", []byte("an order")),
		})
		if err != nil || fault.Hits() != 3 {
			t.Errorf("error %v after %d failures", err, fault.Hits())
		}
		shard := stream.Route(putrecords.HashKeyOf("customer-7")).ShardID
		for record, err := range stream.Records(shard) {
			t.Log(record.SequenceNumber, record.PartitionKey, string(record.Data), err)
		}
	})
}

// simulate returns the share of records that are throttled when 1,200 come each second.
func simulate(ctx context.Context, shards int, length time.Duration) (float64, error) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	stream, err := putrecords.New(putrecords.Config{
		Shards: shards,
		Now:    func() time.Time { return now },
		Log:    putrecords.Discard(),
	})
	if err != nil {
		return 0, err
	}
	sent, throttled := 0, 0
	for end := now.Add(length); now.Before(end); now = now.Add(time.Second / 4) {
		records := make([]putrecords.RequestEntry, 300)
		for i := range records {
			sent++
			records[i] = putrecords.Entry(fmt.Sprint("customer-", sent%10_000), nil)
		}
		out, err := stream.Put(ctx, records...)
		if err != nil {
			return 0, err
		}
		throttled += out.FailedRecordCount
	}
	return float64(throttled) / float64(sent), nil
}

func Example_simulation() {
	for _, shards := range []int{1, 2} {
		throttled, err := simulate(context.Background(), shards, time.Minute)
		fmt.Printf("%d shards: %.1f %% throttled, %v\n", shards, 100*throttled, err)
	}
	// Output:
	// 1 shards: 15.6 % throttled, <nil>
	// 2 shards: 0.0 % throttled, <nil>
}

// Every block of Go in the README stands in this file, or in the examples of kinesishttp.
func TestReadme(t *testing.T) {
	if _, err := os.Stat("kinesishttp"); err != nil {
		t.Skip("skipped: this module is alone, and not in a clone of its repository")
	}
	readme, code := lines(t, "README.md"), lines(t, "readme_test.go")+lines(t, "kinesishttp/example_test.go")
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(readme, -1)
	if len(blocks) < 4 {
		t.Errorf("the README has %d blocks of Go", len(blocks))
	}
	for _, block := range blocks {
		if !strings.Contains(code, block[1]) {
			t.Errorf("in neither file:\n%s", block[1])
		}
	}
	for _, command := range []string{
		"\ngo run ./examples/quickstart\n", "\ngo test work\n", "\ngo test -v -run 'NaiveProducer|NothingIsLost' ./examples/producer\n",
	} {
		if !strings.Contains(readme, command) {
			t.Errorf("the README lacks the command %s", command)
		}
	}
}

// lines returns a file without the white space before its lines.
func lines(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`(?m)^[ \t]+`).ReplaceAllString(string(text), "")
}
