// Package clients_test has clients of AWS's in other languages, as they are, talk to a kinesishttp server over loopback, and
// looks at what they get, at what is stored, and at how they asked.
//
// The environment variable PUTRECORDS_CLIENTS names the clients to test, of "awscli" and "javascript", with blanks between. They must be
// there: .ci/run tells how to install them.
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

// start is when the streams are made, and always: their time stands still, so that what is throttled stays so.
var start = time.Date(2026, time.March, 4, 5, 6, 7, 0, time.UTC)

// newStream returns a stream on time that stands still.
func newStream(t *testing.T, config putrecords.Config) *putrecords.Stream {
	t.Helper()
	config.Now = func() time.Time { return start }
	stream, err := putrecords.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

// unthrottled are AWS's limits of requests, for shards that take any number of them.
var unthrottled = putrecords.Limits{RecordsPerSecond: -1, BytesPerSecond: -1, RecordBurst: -1, ByteBurst: -1}

// A server is a kinesishttp server that remembers how it was asked.
type server struct {
	url string

	mu       sync.Mutex
	requests []request
}

type request struct {
	protocol   string // such as "HTTP/2.0"
	operation  string
	connection string // the client's end
}

// serve serves streams until the test ends.
func serve(t *testing.T, streams ...*putrecords.Stream) *server {
	t.Helper()
	s := &server{}
	handler := kinesishttp.NewHandler(streams...)
	h := kinesishttp.NewServer("127.0.0.1:0", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.remember(r)
		handler.ServeHTTP(w, r)
	}))
	listener, err := net.Listen("tcp", h.Addr)
	if err != nil {
		t.Fatal(err)
	}
	s.url = "http://" + listener.Addr().String()
	served := make(chan error, 1)
	go func() { served <- h.Serve(listener) }()
	t.Cleanup(func() {
		h.Close()
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

// operations returns the operations that the server was asked for, in their order.
func (s *server) operations() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	operations := make([]string, len(s.requests))
	for i, r := range s.requests {
		operations[i] = r.operation
	}
	return operations
}

// wantRequests checks that there were requests, all by the protocol, and returns how many connections they came on.
func (s *server) wantRequests(t *testing.T, protocol string) int {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.requests) == 0 {
		t.Error("no request came")
	}
	connections := make(map[string]bool)
	for _, r := range s.requests {
		if r.protocol != protocol {
			t.Errorf("%s came by %s, want %s", r.operation, r.protocol, protocol)
		}
		connections[r.connection] = true
	}
	return len(connections)
}

// allBytes has each byte once.
func allBytes() []byte {
	data := make([]byte, 256)
	for i := range data {
		data[i] = byte(i)
	}
	return data
}

// samples returns records that show whether a client and the server mean the same by bytes and characters.
func samples() []putrecords.RequestEntry {
	hashed := putrecords.Entry("hashed", []byte("to the last shard"))
	hashed.ExplicitHashKey = new("340282366920938463463374607431768211455")
	return []putrecords.RequestEntry{
		putrecords.Entry("binary", allBytes()),
		putrecords.Entry("empty", nil),
		putrecords.Entry("Schlüssel \"鍵\" \\ 🔑\n<&>\u2028", []byte("{\"price\": \"1 €\"}\r\n")),
		hashed,
		putrecords.Entry("binary", allBytes()), // once more
		putrecords.Entry(strings.Repeat("k", 256), []byte{0xff}),
	}
}

// largest returns the largest request that AWS takes: 5 records of 1 MiB.
func largest() []putrecords.RequestEntry {
	records := make([]putrecords.RequestEntry, 5)
	for i := range records {
		key := fmt.Sprintf("large-%d", i)
		records[i] = putrecords.Entry(key, bytes.Repeat(allBytes(), 1<<12)[len(key):])
	}
	return records
}

// excessive returns a request whose body is larger than that of any within AWS's limits.
func excessive() []putrecords.RequestEntry {
	return slices.Repeat(largest(), 3)
}

// wantStored checks that each record that was sent is stored where its answer says, but those that failed, and that nothing
// else is stored.
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
			t.Errorf("record %d is not at %v, or not it alone", i, at)
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
			t.Errorf("record %d has data of %d bytes, want %d, or others than were sent", i, len(record.Data), len(sent[i].Data))
		}
	}
	for at := range stored {
		t.Errorf("stored at %v is a record that was not acknowledged", at)
	}
}

// entryOf returns what a PutRecords answer would have of a PutRecord answer.
func entryOf(out putrecords.PutRecordOutput) putrecords.ResultEntry {
	return putrecords.ResultEntry{ShardID: out.ShardID, SequenceNumber: out.SequenceNumber}
}

// rateExceeded is the text of a throttled record.
const rateExceeded = "Rate exceeded for shard shardId-000000000000 in stream orders under account 000000000000."

// failing returns a stream that fails the second of the samples, and throttles all after the fourth.
func failing(t *testing.T) *putrecords.Stream {
	t.Helper()
	stream := newStream(t, putrecords.Config{Name: "orders", Limits: putrecords.Limits{RecordsPerSecond: 3}})
	stream.Inject(putrecords.Fault{Match: func(a putrecords.Attempt) bool { return a.Index == 1 }})
	return stream
}

// wantFailedRecords checks which of the samples have failed in a stream that is failing.
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

// A shardList is what ListShards answers.
type shardList struct {
	Shards    []putrecords.Shard
	NextToken string
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// A description is what DescribeStream and DescribeStreamSummary answer, as clients print it.
type description struct {
	StreamName              string
	StreamARN               string
	StreamStatus            string
	EncryptionType          string
	RetentionPeriodHours    int
	StreamCreationTimestamp time.Time
	Shards                  []putrecords.Shard // of DescribeStream
	HasMoreShards           *bool              // of DescribeStream
	OpenShardCount          int                // of DescribeStreamSummary
}

// wantDescribed checks what both kinds of description have.
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

// resharded returns a stream of 7 shards, of which 4 are open, some with parents.
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

// environment is that of a client: nothing of the machine's configuration, and no proxies.
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

// run runs a client to its end, and returns its exit code with what it printed.
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

// within returns the context of a client's process, which ends it when it takes far too long.
func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// skipUnlessNamed skips the tests of a client that nobody asked for, for they take half a minute.
func skipUnlessNamed(t *testing.T, client string) {
	t.Helper()
	if !slices.Contains(strings.Fields(os.Getenv("PUTRECORDS_CLIENTS")), client) {
		t.Skipf("skipped: PUTRECORDS_CLIENTS does not name %s", client)
	}
}
