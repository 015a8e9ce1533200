package jetstreamlog_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/examples/jetstream/internal/cluster"
	"github.com/putrecords/putrecords/examples/jetstream/jetstreamlog"
)

func TestMain(m *testing.M) {
	cluster.RunNode()
	runFrontEnd()
	os.Exit(m.Run())
}

// patience is how long a test waits for what must happen in the end. The machine may be busy.
const patience = 60 * time.Second

func startCluster(t testing.TB, servers int) *cluster.Cluster {
	t.Helper()
	c, err := cluster.Start(t.TempDir(), servers)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	return c
}

func connect(t testing.TB, url string) jetstream.JetStream {
	t.Helper()
	conn, err := cluster.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

func newLog(t testing.TB, url string, options jetstreamlog.Options) *jetstreamlog.Log {
	t.Helper()
	options.Name = "orders"
	if options.Timeout == 0 {
		options.Timeout = patience
	}
	log, err := jetstreamlog.New(t.Context(), connect(t, url), options)
	if err != nil {
		t.Fatal(err)
	}
	return log
}

func newStream(t testing.TB, log *jetstreamlog.Log) *putrecords.Stream {
	t.Helper()
	stream, err := log.NewStream(t.Context(), putrecords.Config{Name: "orders"})
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

func mustPut(t testing.TB, stream *putrecords.Stream, records ...putrecords.RequestEntry) {
	t.Helper()
	if out, err := stream.Put(context.Background(), records...); err != nil || out.FailedRecordCount > 0 {
		t.Errorf("put: %+v, %v", out, err)
	}
}

func readAll(t testing.TB, stream *putrecords.Stream) (records []putrecords.Record) {
	t.Helper()
	for record, err := range stream.AllRecords() {
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, record)
	}
	return records
}
