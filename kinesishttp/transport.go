package kinesishttp

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// NewTransport returns an http.RoundTripper that calls handler directly, without a socket. Use it
// to test an AWS client against a stream, including in a testing/synctest bubble:
//
//	client := kinesis.New(kinesis.Options{HTTPClient: &http.Client{Transport: kinesishttp.NewTransport(handler)}, …})
//
// If a request's context ends before the handler returns, the request fails with the context's
// error. The handler keeps running, as it would in a server, and its context has ended. Whether
// records are still stored depends on the Log. In a bubble, the test must sleep until the handler
// has returned; otherwise synctest panics.
//
// If the handler panics with http.ErrAbortHandler or calls runtime.Goexit, the request fails with
// io.ErrUnexpectedEOF. Any other panic passes to the caller, unless the request's context has
// ended. The transport is safe for concurrent use.
func NewTransport(handler http.Handler) http.RoundTripper { return &transport{handler} }

type transport struct{ handler http.Handler }

func (t *transport) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx, served := request.Context(), asServed(request)
	answer := &recorder{header: http.Header{}}
	done := make(chan any, 1) // what the handler panicked with, or nil
	go func() {
		var result any = http.ErrAbortHandler // kept if the handler calls runtime.Goexit
		defer func() {
			if r := recover(); r != nil {
				result = r
			}
			_ = served.Body.Close()
			done <- result
		}()
		if ctx.Err() == nil {
			t.handler.ServeHTTP(answer, served)
		}
		result = nil
	}()
	var panicked any
	select {
	case <-ctx.Done():
		_ = served.Body.Close() // the handler must not wait for more of it
	case panicked = <-done:
	}
	switch {
	case panicked != nil && panicked != http.ErrAbortHandler: //nolint:errorlint // as net/http compares it
		panic(panicked)
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case panicked != nil:
		return nil, io.ErrUnexpectedEOF
	}
	return answer.response(request), nil
}

// asServed returns a client's request as a server would pass it to its handler.
func asServed(request *http.Request) *http.Request {
	served := request.Clone(request.Context())
	served.Host = cmp.Or(request.Host, request.URL.Host)
	served.RequestURI = request.URL.RequestURI()
	served.RemoteAddr = "127.0.0.1:0"
	served.URL.Scheme, served.URL.Host = "", ""
	if served.Body == nil {
		served.Body = http.NoBody
	}
	return served
}

// A recorder is an http.ResponseWriter that keeps the response in memory.
type recorder struct {
	header http.Header // the handler changes it
	sent   http.Header // a copy of header from when the status was written
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= 200 { // a status below 200 is not the final one
		r.status, r.sent = status, r.header.Clone()
	}
}

func (r *recorder) Write(data []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(data)
}

func (r *recorder) response(request *http.Request) *http.Response {
	r.WriteHeader(http.StatusOK)
	r.sent.Set("Content-Length", strconv.Itoa(r.body.Len()))
	return &http.Response{
		Status:        fmt.Sprintf("%d %s", r.status, http.StatusText(r.status)),
		StatusCode:    r.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        r.sent,
		Body:          io.NopCloser(&r.body),
		ContentLength: int64(r.body.Len()),
		Request:       request,
	}
}
