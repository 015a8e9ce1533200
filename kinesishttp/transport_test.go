package kinesishttp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/kinesishttp"
)

// The handler sees a request as in a server, and the client sees the response as from a connection.
func TestTransport(t *testing.T) {
	client := &http.Client{Transport: kinesishttp.NewTransport(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		w.WriteHeader(http.StatusEarlyHints) // not the final status
		w.Header().Set("X-Test", "before")
		w.WriteHeader(http.StatusTeapot)
		w.WriteHeader(http.StatusOK) // too late
		w.Header().Set("X-Test", "after")
		_, _ = fmt.Fprintf(w, "%s %s %s %s %d ", r.Method, r.RequestURI, r.Host, r.Header.Get("X-Test"), r.ContentLength)
		_, _ = fmt.Fprintf(w, "%s %t", body, r.RemoteAddr != "")
	}))}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://kinesis.test/path?query", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Test", "sent")
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	const wantBody = "POST /path?query kinesis.test sent 5 hello true"
	if err != nil || string(body) != wantBody || answer.ContentLength != int64(len(wantBody)) {
		t.Errorf("body %q of %d bytes, error %v", body, answer.ContentLength, err)
	}
	if answer.Status != "418 I'm a teapot" || answer.StatusCode != http.StatusTeapot || answer.Header.Get("X-Test") != "before" || answer.Request == nil {
		t.Errorf("answer %+v", answer)
	}
}

// A handler that writes nothing sends an empty response with status 200.
func TestTransportWithSilentHandler(t *testing.T) {
	transport := kinesishttp.NewTransport(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body == nil {
			t.Error("the request has no body")
		}
		w.Header().Set("X-Test", "set")
	}))
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://kinesis.test", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK || answer.ContentLength != 0 || answer.Header.Get("X-Test") != "set" {
		t.Errorf("answer %+v", answer)
	}
}

// If a client gives up, its records may still be stored, as on AWS.
func TestTransportTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stream := putrecords.MustNew(putrecords.Config{Log: slowLog{&putrecords.MemoryLog{}, time.Minute}})
		client := &http.Client{Transport: kinesishttp.NewTransport(kinesishttp.NewHandler(stream)), Timeout: 10 * time.Second}
		begin := time.Now()
		_, err := client.Do(newRequestTo(t, "kinesis.test", []byte(smallRequest))) //nolint:bodyclose // no response
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != 10*time.Second {
			t.Errorf("error %v after %v", err, time.Since(begin))
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := stored(t, stream); n != 1 || stream.Stats()[0].Stored.Records != 1 {
			t.Errorf("%d records are stored, want 1", n)
		}
	})
}

// A handler's panic passes to the caller, except http.ErrAbortHandler. That and
// runtime.Goexit fail the request.
func TestTransportPanics(t *testing.T) {
	send := func(value any) (panicked any, err error) {
		defer func() { panicked = recover() }()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://kinesis.test", nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = kinesishttp.NewTransport(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(value) })).RoundTrip(request) //nolint:bodyclose // no response
		return nil, err
	}
	if panicked, err := send("at the disco"); err != nil || panicked != "at the disco" {
		t.Errorf("got error %v and panic %v", err, panicked)
	}
	goexit := kinesishttp.NewTransport(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { runtime.Goexit() }))
	if _, err := goexit.RoundTrip(newRequest(t, jsonType, "PutRecords", nil)); !errors.Is(err, io.ErrUnexpectedEOF) { //nolint:bodyclose // no response
		t.Errorf("a handler that calls runtime.Goexit: error %v", err)
	}
	if panicked, err := send(http.ErrAbortHandler); !errors.Is(err, io.ErrUnexpectedEOF) || panicked != nil {
		t.Errorf("got error %v and panic %v", err, panicked)
	}
}

// A request whose context has already ended fails with the context's error and stores nothing.
func TestTransportWithEndedContext(t *testing.T) {
	stream := newStream(putrecords.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	request := newRequest(t, jsonType, "PutRecords", []byte(smallRequest)).WithContext(ctx)
	_, err := kinesishttp.NewTransport(kinesishttp.NewHandler(stream)).RoundTrip(request) //nolint:bodyclose // no response
	if !errors.Is(err, context.Canceled) || stored(t, stream) != 0 {
		t.Errorf("error %v with %d records stored", err, stored(t, stream))
	}
}

// A handler that waits for more of a body stops waiting when the client gives up.
func TestTransportClosesBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stream := putrecords.MustNew(putrecords.Config{})
		body, _ := io.Pipe()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		request := newRequest(t, jsonType, "PutRecords", nil).WithContext(ctx)
		request.Body, request.ContentLength = body, 100
		_, err := kinesishttp.NewTransport(kinesishttp.NewHandler(stream)).RoundTrip(request) //nolint:bodyclose // no response
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
	}) // synctest panics if the handler is still waiting
}

// A panic in the handler is ignored after the client has gone.
func TestTransportPanicAfterTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := kinesishttp.NewTransport(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			time.Sleep(time.Minute)
			panic("too late")
		})).RoundTrip(newRequest(t, jsonType, "PutRecords", nil).WithContext(ctx)) //nolint:bodyclose // no response
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		time.Sleep(time.Hour)
	})
}
