package jetstreamlog_test

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/examples/jetstream/jetstreamlog"
)

// New refuses options that make no sense, and names the field.
func TestInvalidOptions(t *testing.T) {
	js := connect(t, startCluster(t, 1).URL())
	for want, options := range map[string]jetstreamlog.Options{
		`Name is ""`:             {},
		`Name is "a.b"`:          {Name: "a.b"},
		"Lane is -1":             {Name: "a", Lane: -1},
		"Lane is 8":              {Name: "a", Lane: jetstreamlog.Lanes},
		"Retention is 999.9":     {Name: "a", Retention: time.Second - time.Microsecond},
		"Retention is -2ns":      {Name: "a", Retention: -2},
		"FrontEnds is -1":        {Name: "a", FrontEnds: -1},
		"Timeout is 1m0.":        {Name: "a", Timeout: time.Minute + time.Millisecond},
		"Timeout is -1ns":        {Name: "a", Timeout: -1},
		"Shards: -1":             {Name: "a", Replicas: 1, Shards: -1},
		"replicas > 1":           {Name: "b"},
		"maximum replicas is 5":  {Name: "b", Replicas: 6},
		"layout of 40000 shards": {Name: "a", Replicas: 1, Shards: 40_000},
	} {
		if _, err := jetstreamlog.New(t.Context(), js, options); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want %q", err, want)
		}
	}
}

// New refuses a JetStream stream that would lose records, or tombstones and with them the fence.
func TestUnfitStream(t *testing.T) {
	js := connect(t, startCluster(t, 1).URL())
	for name, spoil := range map[string]func(*jetstream.StreamConfig){
		"":                   func(*jetstream.StreamConfig) {},
		"MaxAge":             func(c *jetstream.StreamConfig) { c.MaxAge = 24 * time.Hour },
		"MaxMsgs":            func(c *jetstream.StreamConfig) { c.MaxMsgs = 1 << 40 },
		"MaxBytes":           func(c *jetstream.StreamConfig) { c.MaxBytes = 1 << 30 },
		"MaxMsgsPerSubject":  func(c *jetstream.StreamConfig) { c.MaxMsgsPerSubject = 1 },
		"MaxMsgSize":         func(c *jetstream.StreamConfig) { c.MaxMsgSize = 1 << 20 },
		"consumed":           func(c *jetstream.StreamConfig) { c.Retention = jetstream.InterestPolicy },
		"files":              func(c *jetstream.StreamConfig) { c.Storage = jetstream.MemoryStorage },
		"AllowDirect":        func(c *jetstream.StreamConfig) { c.AllowDirect = true },
		"AllowAtomicPublish": func(c *jetstream.StreamConfig) { c.AllowAtomicPublish = false },
		"AllowMsgTTL":        func(c *jetstream.StreamConfig) { c.AllowMsgTTL = false },
		"message IDs":        func(c *jetstream.StreamConfig) { c.Duplicates = 2*time.Minute - 1 },
		"subjects":           func(c *jetstream.StreamConfig) { c.Subjects = []string{c.Name + ".>"} },
	} {
		stream := "orders-" + strings.ReplaceAll(name, " ", "-")
		config := jetstream.StreamConfig{
			Name:               stream,
			Subjects:           []string{stream + ".records.*", stream + ".closed.*.*", stream + ".layout"},
			Duplicates:         2 * time.Minute,
			AllowAtomicPublish: true,
			AllowMsgTTL:        true,
		}
		spoil(&config)
		if _, err := js.CreateStream(t.Context(), config); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		_, err := jetstreamlog.New(t.Context(), js, jetstreamlog.Options{Name: stream, Timeout: patience})
		if (err == nil) != (name == "") || err != nil && !strings.Contains(err.Error(), name) {
			t.Errorf("%q: the error is %v", name, err)
		}
	}
}

// The largest record must fit into a message. The least max_payload that New takes is enough.
func TestMaxPayload(t *testing.T) {
	const least = 1<<20 + 39 + 32 + 1024
	for maxPayload, ok := range map[int32]bool{1 << 20: false, least - 1: false, least: true} {
		s, err := server.NewServer(&server.Options{
			Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), MaxPayload: maxPayload, NoLog: true, NoSigs: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		s.Start()
		t.Cleanup(func() {
			s.Shutdown()
			s.WaitForShutdown()
		})
		if !s.ReadyForConnections(patience) {
			t.Fatal("the server does not start")
		}
		log, err := jetstreamlog.New(t.Context(), connect(t, s.ClientURL()), jetstreamlog.Options{Name: "orders", Replicas: 1})
		if (err == nil) != ok || err != nil && !strings.Contains(err.Error(), "max_payload") {
			t.Errorf("max_payload %d: %v", maxPayload, err)
		}
		if err != nil {
			continue
		}
		stream := newStream(t, log)
		hashKey := putrecords.EvenRanges(1)[0].EndingHashKey.String()
		record := putrecords.Entry("k", make([]byte, 1<<20-1))
		record.ExplicitHashKey = &hashKey
		mustPut(t, stream, record)
		if records := readAll(t, stream); len(records) != 1 || len(records[0].Data) != 1<<20-1 {
			t.Errorf("%d records", len(records))
		}
	}
}

// A server before 2.12 has no atomic batches.
func TestOldServer(t *testing.T) {
	for version, want := range map[string]string{"2.11.9": "atomic batches need 2.12", "1.99.0": "need 2.12", "new": `version is "new"`} {
		_, err := jetstreamlog.New(t.Context(), connect(t, fakeServer(t, version)), jetstreamlog.Options{Name: "orders"})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the error is %v, want %q", version, err, want)
		}
	}
}

// fakeServer returns the URL of a server that knows its version and nothing else.
func fakeServer(t *testing.T, version string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			fmt.Fprintf(conn, "INFO {\"server_id\":\"fake\",\"version\":%q,\"proto\":1,\"headers\":true,\"max_payload\":8388608}\r\n", version)
			for lines := bufio.NewScanner(conn); lines.Scan(); {
				if lines.Text() == "PING" {
					fmt.Fprint(conn, "PONG\r\n")
				}
			}
			conn.Close()
		}
	}()
	return "nats://" + listener.Addr().String()
}
