package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
)

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return listener
}

// A request that takes longer than the grace period is cut off.
func TestServeCutsOff(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	server := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		stop()
		<-r.Context().Done()
	})}
	listener := listen(t)
	cut := make(chan error)
	go func() {
		response, err := http.Get("http://" + listener.Addr().String())
		if err == nil {
			response.Body.Close()
		}
		cut <- err
	}()
	err := serve(ctx, server, listener, slog.New(slog.DiscardHandler), 0)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.HasPrefix(err.Error(), "requests were still in flight after 0s") {
		t.Errorf("serve: %v", err)
	}
	if err := <-cut; err == nil {
		t.Error("the request was answered")
	}
}

func TestServeFails(t *testing.T) {
	listener := listen(t)
	listener.Close()
	if err := serve(t.Context(), &http.Server{}, listener, slog.New(slog.DiscardHandler), 0); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v", err)
	}
}
