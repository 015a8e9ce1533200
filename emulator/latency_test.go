package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

// A clockedWriter notes when the first byte is sent.
type clockedWriter struct {
	*httptest.ResponseRecorder
	start time.Time
	after time.Duration // -1 before the first byte
}

func (w *clockedWriter) sent() {
	if w.after < 0 {
		w.after = time.Since(w.start)
	}
}

func (w *clockedWriter) WriteHeader(status int) {
	w.sent()
	w.ResponseRecorder.WriteHeader(status)
}

func (w *clockedWriter) Write(p []byte) (int, error) {
	w.sent()
	return w.ResponseRecorder.Write(p)
}

// An answer waits once, after its request was carried out, and not for a client that has gone.
func TestLatency(t *testing.T) {
	withHeader := func(w http.ResponseWriter) {
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "answer")
	}
	withoutHeader := func(w http.ResponseWriter) {
		_, _ = io.WriteString(w, "ans")
		_, _ = io.WriteString(w, "wer")
	}
	for name, test := range map[string]struct {
		latency time.Duration
		write   func(http.ResponseWriter)
		timeout time.Duration
		status  int
		after   time.Duration
	}{
		"none":                 {0, withHeader, time.Minute, http.StatusTeapot, 0},
		"with a header":        {time.Second, withHeader, time.Minute, http.StatusTeapot, time.Second},
		"without a header":     {time.Second, withoutHeader, time.Minute, http.StatusOK, time.Second},
		"the client goes away": {time.Second, withHeader, time.Millisecond, http.StatusTeapot, time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), test.timeout)
				defer cancel()
				w := &clockedWriter{httptest.NewRecorder(), time.Now(), -1}
				handled := time.Duration(-1)
				withLatency(test.latency, http.HandlerFunc(func(to http.ResponseWriter, _ *http.Request) {
					handled = time.Since(w.start)
					test.write(to)
				})).ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodPost, "/", nil))
				if handled != 0 || w.after != test.after || w.Code != test.status || w.Body.String() != "answer" {
					t.Errorf("handled after %v, answered %d %q after %v; want 0s, %d, %v",
						handled, w.Code, w.Body, w.after, test.status, test.after)
				}
			})
		})
	}
}
