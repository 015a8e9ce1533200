// Emulator answers the requests of Kinesis producers over HTTP until it is interrupted. Then it shows what became of the
// records that were sent to each shard.
//
//	emulator [-addr HOST:PORT] [-stream NAME[:SHARDS]]... [-account ID] [-region REGION] [-unlimited]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/putrecords/putrecords/kinesishttp"
)

// grace is how long requests in flight are given when the emulator stops. net/http waits for a new connection without a request
// for 5 s, so it is longer than that.
const grace = 10 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // so that a second signal ends the program at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program. It serves until ctx is done, and returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	fail := func(status int, err error) int {
		fmt.Fprintln(stderr, "emulator: "+strings.ReplaceAll(err.Error(), "\n", `\n`)) // arguments may hold newlines
		return status
	}
	opts, err := parseArgs(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, usage)
		return 0
	}
	if err != nil {
		return fail(2, err)
	}
	streams, err := opts.newStreams()
	if err != nil {
		return fail(2, err)
	}
	listener, err := net.Listen("tcp", opts.addr)
	if err != nil {
		return fail(1, err)
	}
	logger := slog.New(slog.NewTextHandler(stderr, nil))
	for _, stream := range streams {
		logger.Info("stream", "name", stream.Name(), "shards", len(stream.Shards()), "arn", stream.ARN())
	}
	if addr, ok := listener.Addr().(*net.TCPAddr); ok && !addr.IP.IsLoopback() {
		logger.Warn("signatures are not checked, and other machines may reach the address", "addr", addr)
	}

	handler := kinesishttp.NewHandler(streams...)
	handler.Answered = logThrottling(logger)
	server := kinesishttp.NewServer(opts.addr, withHealth(handler))
	server.ErrorLog = slog.NewLogLogger(logger.Handler(), slog.LevelError)
	fmt.Fprintf(stdout, "listening on http://%v\n", listener.Addr())
	err = serve(ctx, server, listener, logger, grace)
	if err := errors.Join(err, writeSummary(stdout, streams)); err != nil {
		return fail(1, err)
	}
	return 0
}
