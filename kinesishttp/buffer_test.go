package kinesishttp_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/kinesishttp"
)

// padded returns a PutRecords request of n bytes.
func padded(n int) string {
	return smallRequest[:1] + strings.Repeat(" ", n-len(smallRequest)) + smallRequest[1:]
}

// The bodies that have arrived, in part or as a whole, take no more memory than MaxBodyMemory.
func TestMaxBodyMemory(t *testing.T) {
	stream := newStream(putrecords.Config{})
	handler := kinesishttp.NewHandler(stream)
	handler.MaxBodyMemory = 64 << 10

	begun, rest := io.Pipe()
	answer := httptest.NewRecorder()
	var done sync.WaitGroup
	done.Go(func() {
		request := newRequest(t, jsonType, "PutRecords", nil)
		request.Body = begun
		handler.ServeHTTP(answer, request)
	})
	body := padded(20_000)
	if _, err := io.WriteString(rest, body[:19_000]); err != nil { // in a buffer of 32 KiB
		t.Fatal(err)
	}
	const noMemory = `{"__type":"ServiceUnavailable","message":"The bodies of other requests take all of the server's MaxBodyMemory. Try again."}`
	wantAnswer(t, handler, "PutRecords", padded(40_000), 503, noMemory)
	if n := stored(t, stream); n != 0 {
		t.Errorf("%d records are stored", n)
	}
	if status, text := call(t, handler, "PutRecords", padded(30_000)); status != 200 {
		t.Errorf("with memory for it: %d %s", status, text)
	}
	if _, err := io.WriteString(rest, body[19_000:]); err != nil {
		t.Fatal(err)
	}
	if err := rest.Close(); err != nil {
		t.Fatal(err)
	}
	done.Wait()
	if answer.Code != 200 {
		t.Errorf("the request that came first: %d %s", answer.Code, answer.Body)
	}
	if status, text := call(t, handler, "PutRecords", padded(40_000)); status != 200 {
		t.Errorf("after it: %d %s", status, text)
	}

	handler.MaxBodyMemory = 1
	wantAnswer(t, handler, "PutRecords", smallRequest, 503, noMemory)
	if status, answer := callCBOR(t, handler, "PutRecords", map[string]any{}); status != 503 || answer["__type"] != "ServiceUnavailable" {
		t.Errorf("in CBOR: %d %v", status, answer)
	}
	handler.MaxBodyMemory = -1
	if status, text := call(t, handler, "PutRecords", padded(1_000_000)); status != 200 {
		t.Errorf("without a bound: %d %s", status, text)
	}
}

// The answers that need no body take no memory for one.
func TestRejectedHeadersNeedNoMemory(t *testing.T) {
	handler := kinesishttp.NewHandler(newStream(putrecords.Config{}))
	handler.MaxBodyMemory = 1
	for name, test := range map[string]struct {
		change func(*http.Request)
		status int
	}{
		"method":       {func(r *http.Request) { r.Method = http.MethodPut }, 403},
		"content type": {func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, 404},
		"operation":    {func(r *http.Request) { r.Header.Set("X-Amz-Target", "Kinesis_20131202.CreateStream") }, 400},
		"signature":    {func(r *http.Request) { r.Header.Del("Authorization") }, 400},
		"none":         {func(*http.Request) {}, 503},
	} {
		body := strings.NewReader(padded(100_000))
		request := newRequest(t, jsonType, "PutRecords", nil)
		request.Body = io.NopCloser(body)
		test.change(request)
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, request)
		if answer.Code != test.status || body.Len() != 0 {
			t.Errorf("%s: status %d with %d bytes unread, want %d and 0", name, answer.Code, body.Len(), test.status)
		}
	}
}

// Without memory, a body that ends early or is too large is rejected as with memory.
func TestBrokenBodyWithoutMemory(t *testing.T) {
	handler := kinesishttp.NewHandler()
	handler.MaxBodyMemory = 1
	for status, body := range map[int]io.Reader{
		400: io.MultiReader(strings.NewReader(padded(10_000)), errorReader{}),
		413: &countedBody{},
	} {
		request := newRequest(t, jsonType, "PutRecords", nil)
		request.Body, request.ContentLength = io.NopCloser(body), -1
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, request)
		if answer.Code != status {
			t.Errorf("status %d, want %d", answer.Code, status)
		}
	}
}

type errorReader struct{}

func (errorReader) Read([]byte) (int, error) { return 0, errors.New("broken") }

// BenchmarkHalfSentBodies reports the memory that a handler takes when each of many clients has
// sent half of a large body.
func BenchmarkHalfSentBodies(b *testing.B) {
	const clients, size = 200, 9_900_000
	half := bytes.Repeat([]byte("x"), size/2)
	for b.Loop() {
		handler := kinesishttp.NewHandler()
		var arrived, answered sync.WaitGroup
		arrived.Add(clients)
		end := make(chan struct{})
		for range clients {
			answered.Go(func() {
				request := newRequest(b, jsonType, "PutRecords", nil)
				request.Body = io.NopCloser(io.MultiReader(bytes.NewReader(half), &stalledReader{&arrived, end}))
				request.ContentLength = size
				handler.ServeHTTP(httptest.NewRecorder(), request)
			})
		}
		arrived.Wait()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		b.ReportMetric(float64(stats.HeapInuse)/1e6, "MB-in-use")
		b.ReportMetric(float64(stats.Sys)/1e6, "MB-from-system")
		close(end)
		answered.Wait()
	}
}

// A stalledReader reports to arrived when it is read, and ends when end is closed.
type stalledReader struct {
	arrived *sync.WaitGroup
	end     chan struct{}
}

func (r *stalledReader) Read([]byte) (int, error) {
	r.arrived.Done()
	<-r.end
	return 0, io.ErrUnexpectedEOF
}
