// Package clients_test runs unmodified AWS clients in other languages against a kinesishttp server
// on loopback. It checks what they receive, what the stream stores, and what requests they make.
//
// The environment variable PUTRECORDS_CLIENTS names the clients to test, separated by spaces:
// awscli, javascript. They must be installed; .ci/run shows how.
package clients_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/kinesishttp"
)

// start is the time on every stream's clock. The clocks stand still, so a throttled
// shard stays throttled.
var start = time.Date(2026, time.March, 4, 5, 6, 7, 0, time.UTC)

// newStream returns a stream whose clock stands still at start.
func newStream(t *testing.T, config putrecords.Config) *putrecords.Stream {
	t.Helper()
	config.Now = func() time.Time { return start }
	stream, err := putrecords.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

// unthrottled are AWS's limits on a request, without limits on a shard's throughput.
var unthrottled = putrecords.Limits{RecordsPerSecond: -1, BytesPerSecond: -1, RecordBurst: -1, ByteBurst: -1}

// A server is a kinesishttp server that remembers its requests.
type server struct {
	url string

	mu       sync.Mutex
	requests []request
}

type request struct {
	protocol   string // such as "HTTP/2.0"
	operation  string
	connection string // the client's address
}

// serve serves streams on loopback until the test ends.
func serve(t *testing.T, streams ...*putrecords.Stream) *server {
	t.Helper()
	s := &server{}
	handler := kinesishttp.NewHandler(streams...)
	httpServer := kinesishttp.NewServer("127.0.0.1:0", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.remember(r)
		handler.ServeHTTP(w, r)
	}))
	listener, err := net.Listen("tcp", httpServer.Addr)
	if err != nil {
		t.Fatal(err)
	}
	s.url = "http://" + listener.Addr().String()
	served := make(chan error, 1)
	go func() { served <- httpServer.Serve(listener) }()
	t.Cleanup(func() {
		httpServer.Close()
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return s
}

func (s *server) remember(r *http.Request) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, request{r.Proto, operation, r.RemoteAddr})
}

// operations returns the operations that were requested, in order.
func (s *server) operations() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	operations := make([]string, len(s.requests))
	for i, r := range s.requests {
		operations[i] = r.operation
	}
	return operations
}

// wantRequests checks that there were requests and that all of them used protocol. It returns the
// number of connections they came on.
func (s *server) wantRequests(t *testing.T, protocol string) int {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.requests) == 0 {
		t.Error("there were no requests")
	}
	connections := make(map[string]bool)
	for _, r := range s.requests {
		if r.protocol != protocol {
			t.Errorf("%s used %s, want %s", r.operation, r.protocol, protocol)
		}
		connections[r.connection] = true
	}
	return len(connections)
}

// allBytes returns every byte value once.
func allBytes() []byte {
	data := make([]byte, 256)
	for i := range data {
		data[i] = byte(i)
	}
	return data
}

// samples returns records whose bytes and characters a client or the server could get wrong.
func samples() []putrecords.RequestEntry {
	hashed := putrecords.Entry("hashed", []byte("to the last shard"))
	hashed.ExplicitHashKey = pointer("340282366920938463463374607431768211455")
	return []putrecords.RequestEntry{
		putrecords.Entry("binary", allBytes()),
		putrecords.Entry("empty", nil),
		putrecords.Entry("Schlüssel \"鍵\" \\ 🔑\n<&>\u2028", []byte("{\"price\": \"1 €\"}\r\n")),
		hashed,
		putrecords.Entry("binary", allBytes()), // a duplicate
		putrecords.Entry(strings.Repeat("k", 256), []byte{0xff}),
	}
}

// largest returns the largest request that AWS accepts: 5 records of 1 MiB.
func largest() []putrecords.RequestEntry {
	records := make([]putrecords.RequestEntry, 5)
	for i := range records {
		key := fmt.Sprintf("large-%d", i)
		records[i] = putrecords.Entry(key, bytes.Repeat(allBytes(), 1<<12)[len(key):])
	}
	return records
}

// excessive returns a request with a body larger than AWS's limits can ever need.
func excessive() []putrecords.RequestEntry {
	return slices.Repeat(largest(), 3)
}

// wantStored checks that every sent record is stored where its answer says, except the failed ones,
// and that nothing else is stored.
func wantStored(t *testing.T, stream *putrecords.Stream, sent []putrecords.RequestEntry, answers []putrecords.ResultEntry) {
	t.Helper()
	type place struct{ shardID, sequenceNumber string }
	stored := make(map[place]putrecords.Record)
	for _, shard := range stream.Shards() {
		for record, err := range stream.Records(shard.ShardID) {
			if err != nil {
				t.Fatal(err)
			}
			stored[place{shard.ShardID, record.SequenceNumber.String()}] = record
		}
	}
	if len(answers) != len(sent) {
		t.Fatalf("%d answers to %d records", len(answers), len(sent))
	}
	for i, answer := range answers {
		if answer.ErrorCode != "" {
			continue
		}
		at := place{answer.ShardID, answer.SequenceNumber}
		record, found := stored[at]
		if !found {
			t.Errorf("record %d is not stored at %v, or another answer names the same place", i, at)
			continue
		}
		delete(stored, at)
		if record.PartitionKey != *sent[i].PartitionKey {
			t.Errorf("record %d has the partition key %q, want %q", i, record.PartitionKey, *sent[i].PartitionKey)
		}
		if want := value(sent[i].ExplicitHashKey); record.ExplicitHashKey != want {
			t.Errorf("record %d has the explicit hash key %q, want %q", i, record.ExplicitHashKey, want)
		}
		if !bytes.Equal(record.Data, sent[i].Data) {
			t.Errorf("record %d has the wrong data: %d bytes, want %d", i, len(record.Data), len(sent[i].Data))
		}
	}
	for at := range stored {
		t.Errorf("the record stored at %v was not acknowledged", at)
	}
}

// entryOf converts the answer to a PutRecord request to an entry of a PutRecords answer.
func entryOf(out putrecords.PutRecordOutput) putrecords.ResultEntry {
	return putrecords.ResultEntry{ShardID: out.ShardID, SequenceNumber: out.SequenceNumber}
}

// rateExceeded is the message about a throttled record.
const rateExceeded = "Rate exceeded for shard shardId-000000000000 in stream orders under account 000000000000."

// failing returns a stream that fails the second of the samples and throttles the ones
// after the fourth.
func failing(t *testing.T) *putrecords.Stream {
	t.Helper()
	stream := newStream(t, putrecords.Config{Name: "orders", Limits: putrecords.Limits{RecordsPerSecond: 3}})
	stream.Inject(putrecords.Fault{Match: func(a putrecords.Attempt) bool { return a.Index == 1 }})
	return stream
}

// wantFailedRecords checks which samples failed in a stream returned by failing.
func wantFailedRecords(t *testing.T, out putrecords.Output) {
	t.Helper()
	if out.FailedRecordCount != 3 {
		t.Errorf("FailedRecordCount is %d, want 3", out.FailedRecordCount)
	}
	var failures []string
	for _, entry := range out.Records {
		failures = append(failures, string(entry.ErrorCode)+": "+entry.ErrorMessage)
	}
	const stored, failed, throttled = ": ", "InternalFailure: Internal service failure.",
		"ProvisionedThroughputExceededException: " + rateExceeded
	if want := []string{stored, failed, stored, stored, throttled, throttled}; !slices.Equal(failures, want) {
		t.Errorf("got the failures %q, want %q", failures, want)
	}
}

// A shardList is the answer to ListShards.
type shardList struct {
	Shards    []putrecords.Shard
	NextToken string
}

// value returns what s points to, or "" if s is nil.
func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func pointer(s string) *string { return &s }

// A description is the answer to DescribeStream or DescribeStreamSummary, as clients print it.
type description struct {
	StreamName              string
	StreamARN               string
	StreamStatus            string
	EncryptionType          string
	RetentionPeriodHours    int
	StreamCreationTimestamp time.Time
	Shards                  []putrecords.Shard // DescribeStream only
	HasMoreShards           *bool              // DescribeStream only
	OpenShardCount          int                // DescribeStreamSummary only
}

// wantDescribed checks the members that both descriptions have.
func wantDescribed(t *testing.T, stream *putrecords.Stream, got description) {
	t.Helper()
	if got.StreamName != stream.Name() || got.StreamARN != stream.ARN() || got.StreamStatus != string(putrecords.StreamActive) {
		t.Errorf("got %q, %q and %q, want %q, %q and ACTIVE", got.StreamName, got.StreamARN, got.StreamStatus, stream.Name(), stream.ARN())
	}
	if got.EncryptionType != string(stream.EncryptionType()) {
		t.Errorf("got the encryption type %q, want %q", got.EncryptionType, stream.EncryptionType())
	}
	if got.RetentionPeriodHours != 24 || !got.StreamCreationTimestamp.Equal(start) {
		t.Errorf("got %d hours and %v, want 24 and %v", got.RetentionPeriodHours, got.StreamCreationTimestamp, start)
	}
}

// resharded returns a stream with 7 shards after a split and a merge. 4 of them are open.
func resharded(t *testing.T) *putrecords.Stream {
	t.Helper()
	stream := newStream(t, putrecords.Config{Name: "orders", Shards: 4, EncryptionType: putrecords.EncryptionKMS})
	at, err := putrecords.ParseHashKey("100000000000000000000000000000000000000")
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.SplitShard("shardId-000000000001", at); err != nil {
		t.Fatal(err)
	}
	if err := stream.MergeShards("shardId-000000000002", "shardId-000000000003"); err != nil {
		t.Fatal(err)
	}
	return stream
}

// environment returns a client's environment. It leaves out the machine's AWS
// configuration and proxies.
func environment(t *testing.T) []string {
	return []string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + t.TempDir(),
		"LC_ALL=C.UTF-8",
		"TZ=UTC",
		"AWS_ACCESS_KEY_ID=AKIDEXAMPLE",
		"AWS_SECRET_ACCESS_KEY=secret",
		"AWS_REGION=us-east-1",
		"AWS_CONFIG_FILE=" + os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull,
		"AWS_EC2_METADATA_DISABLED=true",
	}
}

// run runs a client and returns its exit code and what it printed.
func run(t *testing.T, client *exec.Cmd) (exit int, stdout []byte, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	client.Stdout, client.Stderr = &out, &err
	failure := client.Run()
	var exited *exec.ExitError
	if failure != nil && !errors.As(failure, &exited) || client.ProcessState.ExitCode() < 0 {
		t.Fatalf("%s: %v\n%s", client, failure, &err)
	}
	return client.ProcessState.ExitCode(), out.Bytes(), err.String()
}

// within returns a context that ends a client's process if it takes far too long.
func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// skipUnlessNamed skips a client's tests, which take half a minute, unless
// PUTRECORDS_CLIENTS names it.
func skipUnlessNamed(t *testing.T, client string) {
	t.Helper()
	if !slices.Contains(strings.Fields(os.Getenv("PUTRECORDS_CLIENTS")), client) {
		t.Skipf("skipped: PUTRECORDS_CLIENTS does not name %s", client)
	}
}
