package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// serve answers requests until ctx is done, with TLS if the server has a TLSConfig. Then it waits
// up to grace for the requests in flight. It returns an error if it has to cut any off.
func serve(ctx context.Context, server *http.Server, listener net.Listener, logger *slog.Logger, grace time.Duration) error {
	failed := make(chan error, 1)
	go func() {
		if server.TLSConfig != nil {
			failed <- server.ServeTLS(listener, "", "")
			return
		}
		failed <- server.Serve(listener)
	}()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	logger.Info("stopping", "grace", grace)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		server.Close()
		return fmt.Errorf("requests were still in flight after %v: %w", grace, err)
	}
	logger.Info("stopped")
	return nil
}

// withPages answers GET for the paths of pages, and passes every other request to next. It is not a
// ServeMux, which would redirect some of them.
func withPages(pages map[string]http.Handler, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if page := pages[r.URL.Path]; page != nil && r.Method == http.MethodGet {
			page.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func answerHealth(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }
