package kinesishttp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/kinesishttp"
)

const (
	jsonType = "application/x-amz-json-1.1"
	cborType = "application/x-amz-cbor-1.1"
)

// smallRequest is the body of a PutRecords request with one record.
const smallRequest = `{"StreamName":"stream","Records":[{"Data":"","PartitionKey":"a"}]}`

// operations are those that a handler supports.
var operations = []string{"PutRecords", "PutRecord", "DescribeStream", "DescribeStreamSummary", "ListShards"}

// start is the time on the clocks of test streams.
var start = time.Date(2026, 3, 4, 5, 6, 7, 800_000_000, time.UTC)

// newStream returns a stream. Unless config sets a clock, its clock stands still at start.
func newStream(config putrecords.Config) *putrecords.Stream {
	if config.Now == nil {
		config.Now = func() time.Time { return start }
	}
	return putrecords.MustNew(config)
}

// A tester is a *testing.T, a *testing.B or a *rapid.T.
type tester interface {
	rapid.TB
	Context() context.Context
}

// newRequest returns a request for an operation. Its headers are valid.
func newRequest(t tester, contentType, operation string, body []byte) *http.Request {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", bytes.NewReader(body))
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("X-Amz-Target", "Kinesis_20131202."+operation)
	request.Header.Set("X-Amz-Date", "20260304T050607Z")
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKID/20260304/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=0")
	return request
}

// newRequestTo returns a PutRecords request in JSON, ready for an HTTP client to send to host.
func newRequestTo(t testing.TB, host string, body []byte) *http.Request {
	t.Helper()
	request := newRequest(t, jsonType, "PutRecords", body)
	request.RequestURI, request.URL.Scheme, request.URL.Host = "", "http", host
	return request
}

// call makes a request in JSON and returns the status and the body of the response.
func call(t testing.TB, handler http.Handler, operation, body string) (int, string) {
	t.Helper()
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, newRequest(t, jsonType, operation, []byte(body)))
	if got := answer.Header().Get("Content-Type"); got != jsonType {
		t.Errorf("%s: content type %q, want %q", operation, got, jsonType)
	}
	return answer.Code, answer.Body.String()
}

// callCBOR makes a request in CBOR and returns the status and the decoded body of the response. The
// members of body are sent in the order of their names' lengths.
func callCBOR(t *testing.T, handler http.Handler, operation string, body any) (int, map[string]any) {
	t.Helper()
	encoder, err := cbor.EncOptions{Sort: cbor.SortBytewiseLexical}.EncMode()
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := encoder.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return callCBORBytes(t, handler, operation, encoded)
}

// callCBORBytes is callCBOR for a body that is already encoded and may be malformed.
func callCBORBytes(t *testing.T, handler http.Handler, operation string, body []byte) (int, map[string]any) {
	t.Helper()
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, newRequest(t, cborType, operation, body))
	if got := answer.Header().Get("Content-Type"); got != cborType {
		t.Errorf("%s: content type %q, want %q", operation, got, cborType)
	}
	var decoded map[string]any
	if err := cbor.Unmarshal(answer.Body.Bytes(), &decoded); err != nil {
		t.Fatalf("%x: %v", answer.Body, err)
	}
	return answer.Code, decoded
}

// wantAnswer checks the response to a request in JSON, byte by byte.
func wantAnswer(t testing.TB, handler http.Handler, operation, body string, status int, want string) {
	t.Helper()
	gotStatus, got := call(t, handler, operation, body)
	if gotStatus != status {
		t.Errorf("%s %s: status %d, want %d", operation, cut(body), gotStatus, status)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s %s (-want +got):\n%s", operation, cut(body), diff)
	}
}

// wantRefused checks that requests fail with status 400. The map's keys are bodies, its values
// error codes and messages.
func wantRefused(t *testing.T, handler *kinesishttp.Handler, operation string, refusals map[string]string) {
	t.Helper()
	for body, want := range refusals {
		status, answer := call(t, handler, operation, body)
		var got struct {
			Type    string `json:"__type"`
			Message string `json:"message"`
		}
		if err := json.Unmarshal([]byte(answer), &got); err != nil {
			t.Fatalf("%s: %v", answer, err)
		}
		if diff := cmp.Diff(want, got.Type+": "+got.Message); status != 400 || diff != "" {
			t.Errorf("%s %s: status %d (-want +got):\n%s", operation, body, status, diff)
		}
	}
}

// decodeJSON decodes a structure.
func decodeJSON(t tester, encoded string) map[string]any {
	t.Helper()
	var decoded map[string]any
	if err := json.Unmarshal([]byte(encoded), &decoded); err != nil {
		t.Fatalf("%s: %v", encoded, err)
	}
	return decoded
}

// cut shortens a long body for a failure's message.
func cut(s string) string {
	if len(s) > 100 {
		return s[:100] + "…"
	}
	return s
}

// number returns the sequence number of a record stored at start in a stream created at start.
func number(shard uint32, position uint64) string {
	return putrecords.SequenceNumber{ShardCreated: start.Unix(), Position: position, Arrived: start.Unix(), ShardIndex: shard}.String()
}

// stored returns the number of records in a stream.
func stored(t testing.TB, stream *putrecords.Stream) int {
	t.Helper()
	n := 0
	for _, sh := range stream.Shards() {
		n += len(recordsOf(t, stream, sh.ShardID))
	}
	return n
}

// recordsOf returns the records in a shard.
func recordsOf(t tester, stream *putrecords.Stream, shardID string) (records []putrecords.Record) {
	t.Helper()
	for record, err := range stream.Records(shardID) {
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, record)
	}
	return records
}

// A slowLog takes some time for each Append.
type slowLog struct {
	*putrecords.MemoryLog
	delay time.Duration
}

func (l slowLog) Append(ctx context.Context, shard putrecords.Shard, records []putrecords.Record) (func() error, error) {
	_, err := l.MemoryLog.Append(ctx, shard, records)
	return func() error { time.Sleep(l.delay); return nil }, err
}
