// Emulator answers Kinesis producers and consumers over HTTP until it is interrupted. Then it
// prints how many records each shard stored, throttled and failed, and how many of them are
// distinct.
//
//	emulator [-addr HOST:PORT] [-stream NAME[:SHARDS]]... [-account ID] [-region REGION] [-unlimited]
//	         [-reads N] [-read-bytes BYTES] [-latency D] [-state-delay D]
//	         [-data DIR [-sync] | -memory BYTES] [-control] [-tls-cert FILE -tls-key FILE]
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/emulator/internal/activity"
	"github.com/putrecords/putrecords/emulator/internal/clock"
	"github.com/putrecords/putrecords/emulator/internal/control"
	"github.com/putrecords/putrecords/emulator/internal/metrics"
	"github.com/putrecords/putrecords/emulator/internal/page"
	"github.com/putrecords/putrecords/internal/command"
	"github.com/putrecords/putrecords/kinesishttp"
)

// grace is how long the emulator waits for requests in flight when it stops. It must exceed 5 s,
// which is how long net/http waits for the first request on a new connection.
const grace = 10 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program immediately
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return command.Exit("emulator", usage, emulate(ctx, args, stdout, stderr), stdout, stderr)
}

// emulate serves until ctx is done.
func emulate(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	opts, err := parseArgs(args)
	if err != nil {
		return command.UsageError{Err: err}
	}
	tlsConfig, err := opts.loadTLS()
	if err != nil {
		return err
	}
	logger := slog.New(slog.NewTextHandler(stderr, nil))
	streamClock := clock.New(systemClock())
	service, err := opts.newService(logger, streamClock.Now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, service.Store.Close()) }()
	goOnFrom(service.Store.LatestArrival(), streamClock, logger)
	listener, err := net.Listen("tcp", opts.addr)
	if err != nil {
		return err
	}
	onLoopback := isLoopback(listener.Addr().String())
	if opts.control && !onLoopback {
		listener.Close()
		return command.UsageError{Err: fmt.Errorf("-control: -addr is %q and must be on loopback, such as 127.0.0.1:4567", opts.addr)}
	}
	for _, stream := range service.Streams() {
		logger.Info("stream", "name", stream.Name(), "shards", len(stream.Shards()), "arn", stream.ARN())
	}
	if !onLoopback {
		logger.Warn("anyone who can reach this address can use it: signatures are not checked", "addr", listener.Addr())
	}

	handler := service.Handler()
	seen := activity.New(service.Now, service.Streams)
	throttled, refused := newThrottleLog(logger), newRefusalLog(logger)
	handler.Answered = func(ctx context.Context, stream *putrecords.Stream, in *putrecords.Input, out *putrecords.Output) {
		seen.Answered(ctx, stream, in, out)
		throttled.answered(ctx, stream, in, out)
	}
	handler.Refused = func(ctx context.Context, operation string, err *putrecords.Error) {
		seen.Refused(ctx, operation, err)
		refused.refused(ctx, operation, err)
	}
	measured := metrics.New(service.Streams)
	root := withPages(map[string]http.Handler{
		"/":           http.HandlerFunc(page.Serve),
		"/healthz":    http.HandlerFunc(answerHealth),
		"/metrics":    measured.Handler(),
		"/page/state": page.State{Streams: service.Streams, Activity: seen, Control: opts.control},
	}, withLatency(opts.latency, withSTS(measured.Measure(handler), opts.accountID)))
	if opts.control {
		root = control.New(service, streamClock, root)
	}
	watch := newClockWatch(logger, systemClock())
	server := kinesishttp.NewServer(opts.addr, guard(watch.watch(root), onLoopback, logger))
	server.ErrorLog = slog.NewLogLogger(logger.Handler(), slog.LevelError)
	scheme := "http"
	if tlsConfig != nil {
		scheme = "https"
		server.TLSConfig = tlsConfig
		server.Protocols.SetHTTP2(true)
	}
	fmt.Fprintf(stdout, "listening on %s://%v\n", scheme, listener.Addr())
	err = serve(ctx, server, listener, logger, grace)
	throttled.limit.flush()
	refused.limit.flush()
	return errors.Join(err, writeSummary(stdout, service.Streams(), seen.Distinct))
}
