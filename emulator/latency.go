package main

import (
	"net/http"
	"sync"
	"time"
)

// withLatency delays the answers of next. Each request has been read and carried out by then.
func withLatency(latency time.Duration, next http.Handler) http.Handler {
	if latency == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(&lateWriter{w, sync.OnceFunc(func() {
			select {
			case <-time.After(latency): //nolint:forbidigo // not a stream's time
			case <-r.Context().Done():
			}
		})}, r)
	})
}

// A lateWriter waits before it sends the first byte.
type lateWriter struct {
	http.ResponseWriter
	wait func()
}

func (w *lateWriter) WriteHeader(status int) {
	w.wait()
	w.ResponseWriter.WriteHeader(status)
}

func (w *lateWriter) Write(p []byte) (int, error) {
	w.wait()
	return w.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (w *lateWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
