package kinesishttp

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// NewTransport returns a RoundTripper that calls handler in the process, without a socket, so that an AWS client can be tested
// against a stream, in a testing/synctest bubble too:
//
//	client := kinesis.New(kinesis.Options{HTTPClient: &http.Client{Transport: kinesishttp.NewTransport(handler)}, …})
//
// A request whose context ends before the handler is done fails with the context's error. The handler goes on, as a server's would, with a
// context that has ended, which a Log may heed or not: what it stores then stays stored. A test in a bubble must sleep until it is
// done, or synctest panics.
//
// A handler that panics with http.ErrAbortHandler, or calls runtime.Goexit, fails the request with io.ErrUnexpectedEOF; any other panic
// of its comes up in the caller, unless the caller has gone. The transport may be used by several goroutines at once.
func NewTransport(handler http.Handler) http.RoundTripper { return &transport{handler} }

type transport struct{ handler http.Handler }

func (t *transport) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx, served := request.Context(), asServed(request)
	answer := &recorder{header: http.Header{}}
	done := make(chan any, 1) // what the handler panicked with, or nil
	go func() {
		var end any = http.ErrAbortHandler // so it stays where the handler calls runtime.Goexit, as a failing test does
		defer func() {
			if panicked := recover(); panicked != nil {
				end = panicked
			}
			_ = served.Body.Close()
			done <- end
		}()
		if ctx.Err() == nil {
			t.handler.ServeHTTP(answer, served)
		}
		end = nil
	}()
	var end any
	select {
	case <-ctx.Done():
		_ = served.Body.Close() // so that the handler does not wait for more of it
	case end = <-done:
	}
	switch {
	case end != nil && end != http.ErrAbortHandler: //nolint:errorlint // the value itself, as net/http compares it
		panic(end)
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case end != nil:
		return nil, io.ErrUnexpectedEOF
	}
	return answer.response(request), nil
}

// asServed returns a client's request as a server shows it to its handler.
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

// A recorder is the http.ResponseWriter of a handler that is called in the process.
type recorder struct {
	header http.Header // what the handler sets
	sent   http.Header // as it was when the status was written
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= 200 { // what is below is information, and another status follows
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
