package main

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/putrecords/putrecords"
)

// contents are what a directory has.
type contents struct {
	Shards  map[string][]putrecords.Shard  // by the stream's name
	Records map[string][]putrecords.Record // of all shards
	Key     [32]byte
}

// look opens a directory as the emulator does with the arguments, and closes it again.
func look(t *testing.T, args ...string) contents {
	t.Helper()
	opts, err := parseArgs(args)
	if err != nil {
		t.Fatal(err)
	}
	service, err := opts.newService(slog.New(slog.DiscardHandler), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	c := contents{map[string][]putrecords.Shard{}, map[string][]putrecords.Record{}, service.Store.Key()}
	for _, stream := range service.Streams() {
		c.Shards[stream.Name()] = stream.Shards()
		for record, err := range stream.AllRecords() {
			if err != nil {
				t.Fatal(err)
			}
			c.Records[stream.Name()] = append(c.Records[stream.Name()], record)
		}
	}
	if err := service.Store.Close(); err != nil {
		t.Fatal(err)
	}
	return c
}

// Streams, layouts, records and the key are the same after a restart, and positions go on. -stream
// creates only what is not there.
func TestRestart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	flags := []string{"-data", dir, "-stream", "orders:2", "-stream", "clicks"}
	var answered []string // sequence numbers
	var before contents
	for run, sync := range []string{"-sync", "-sync=false"} {
		e := start(t, append(flags, sync)...)
		wantInUse(t, dir)
		for range 3 {
			for _, result := range putRecords(t, e.addr, "orders", inShard(1), 2).Records {
				answered = append(answered, result.SequenceNumber)
			}
		}
		if status, _ := e.finish(t); status != 0 {
			t.Fatalf("status %d, stderr %s", status, e.stderr)
		}

		after := look(t, "-data", dir, "-stream", "orders:4", "-stream", "clicks:4")
		var kept []string
		for i, r := range after.Records["orders"] {
			if r.SequenceNumber.Position != uint64(i+1) {
				t.Errorf("record %d has position %d", i, r.SequenceNumber.Position)
			}
			kept = append(kept, r.SequenceNumber.String())
		}
		if diff := cmp.Diff(answered, kept); diff != "" || len(after.Records) != 1 {
			t.Errorf("run %d, streams with records %d (-answered +kept):\n%s", run, len(after.Records), diff)
		}
		if len(after.Shards) != 2 || len(after.Shards["orders"]) != 2 || len(after.Shards["clicks"]) != 1 {
			t.Errorf("the shards are %+v", after.Shards)
		}
		if run > 0 && (!cmp.Equal(before.Shards, after.Shards) || before.Key != after.Key) {
			t.Errorf("the shards or the key have changed (-before +after):\n%s", cmp.Diff(before, after))
		}
		before = after
	}
	if added := look(t, "-data", dir, "-stream", "new:3"); len(added.Shards) != 3 || len(added.Shards["new"]) != 3 {
		t.Errorf("the shards are %+v", added.Shards)
	}
}

func wantInUse(t *testing.T, dir string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	status := run(stopped(), []string{"-addr", "127.0.0.1:0", "-data", dir}, &stdout, &stderr)
	want := "emulator: -data: cannot open the data in " + dir + ": another process is using it\n"
	if status != 1 || stdout.Len() != 0 || stderr.String() != want {
		t.Errorf("status %d, stdout %q, stderr %q", status, &stdout, &stderr)
	}
}

// Streams in a directory belong to the region that they were created in.
func TestRestartInAnotherRegion(t *testing.T) {
	dir := t.TempDir()
	look(t, "-data", dir)
	var stdout, stderr bytes.Buffer
	status := run(stopped(), []string{"-addr", "127.0.0.1:0", "-data", dir, "-region", "eu-west-1"}, &stdout, &stderr)
	const want = "emulator: -region: stream orders belongs to region us-east-1, not eu-west-1\n"
	if status != 1 || stdout.Len() != 0 || stderr.String() != want {
		t.Errorf("status %d, stdout %q, stderr %q", status, &stdout, &stderr)
	}
	look(t, "-data", dir) // it is not in use
}

// The emulator logs what a stream loses to the bound on memory.
func TestMemoryBoundIsLogged(t *testing.T) {
	e := start(t, "-memory", "16MiB", "-unlimited", "-stream", "orders")
	mebibyte := putrecords.Entry("k", make([]byte, 1<<20-1))
	for range 10 {
		putRecords(t, e.addr, "orders", mebibyte, 4)
	}
	e.finish(t)
	line := `level=WARN msg="records were dropped before their retention ended, to keep within -memory" stream=orders dropped=`
	if n := strings.Count(e.stderr.String(), line); n < 1 || n > 6 { // of 40 records: 1, 2, 4, 8, 16 and 32 at most
		t.Errorf("%d lines: %s", n, e.stderr)
	}
}
