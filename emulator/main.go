// Emulator answers Kinesis producers over HTTP until it is interrupted. Then it prints how many
// records each shard stored, throttled and failed.
//
//	emulator [-addr HOST:PORT] [-stream NAME[:SHARDS]]... [-account ID] [-region REGION] [-unlimited]
//	         [-state-delay D] [-data DIR [-sync] | -memory BYTES]
//	         [-state-delay D] [-control]
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/time/rate"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/emulator/internal/clock"
	"github.com/putrecords/putrecords/emulator/internal/control"
	"github.com/putrecords/putrecords/emulator/internal/kinesis"
	"github.com/putrecords/putrecords/emulator/internal/store"
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
	logger := slog.New(slog.NewTextHandler(stderr, nil))
	streamClock := clock.New(systemClock())
	service, err := opts.newService(logger, streamClock.Now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, service.Store.Close()) }()
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
	handler.Answered = newThrottleLog(logger).answered
	handler.Refused = newRefusalLog(logger).refused
	root := withHealth(withSTS(handler, opts.accountID))
	if opts.control {
		root = control.New(service, streamClock, root)
	}
	watch := newClockWatch(logger, systemClock())
	server := kinesishttp.NewServer(opts.addr, guard(watch.watch(root), onLoopback, logger))
	server.ErrorLog = slog.NewLogLogger(logger.Handler(), slog.LevelError)
	fmt.Fprintf(stdout, "listening on http://%v\n", listener.Addr())
	err = serve(ctx, server, listener, logger, grace)
	return errors.Join(err, writeSummary(stdout, service.Streams()))
}

// newService returns a service with the streams that are kept and those of -stream.
func (o options) newService(logger *slog.Logger) (service *kinesis.Service, err error) {
	kept, err := o.newStore(logger)
	if err != nil {
// newService returns a service with the streams of -stream.
func (o options) newService(logger *slog.Logger, now func() time.Time) (*kinesis.Service, error) {
	var key [32]byte
	if _, err := rand.Read(key[:]); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, kept.Close())
		}
	}()
	service, err = kinesis.New(kinesis.Config{
		AccountID:          o.accountID,
		Region:             o.region,
		Now:                clock.New(time.Now).Now, //nolint:forbidigo // where the time comes from
		Store:              kept,
		Now:                now,
		Store:              store.NewMemory(key),
		Logger:             logger,
		StateDelay:         o.stateDelay,
		Limits:             o.limits,
		ReadsPerSecond:     5,
		ReadBytesPerSecond: 2 << 20,
	})
	if err != nil {
		return nil, inFlags(err)
	}
	for _, stream := range o.streams {
		stream.Limits = o.limits
		_, err := service.Create(stream)
		if errors.Is(err, putrecords.ResourceInUseException) {
			continue // it was kept
		}
		if err != nil {
			return nil, command.UsageError{Err: inFlags(err)}
		}
	}
	return service, nil
}

// newStore returns the store of -data, or one in memory.
func (o options) newStore(logger *slog.Logger) (store.Store, error) {
	if o.data != "" {
		sometimes := rate.Sometimes{First: 3, Interval: time.Second}
		disk, err := store.Open(o.data, store.DiskOptions{Sync: o.sync, Failed: func(err error) {
			sometimes.Do(func() { logger.Error("cannot store records", "data", o.data, "error", err) })
		}})
		if err != nil {
			return nil, fmt.Errorf("-data: %w", err)
		}
		return disk, nil
	}
	var key [32]byte
	if _, err := rand.Read(key[:]); err != nil {
		return nil, err
	}
	memory := store.NewMemory(key)
	memory.Bound = o.memory
	memory.Dropped = func(s store.Stream, records int64) {
		logger.Warn("records were dropped before their retention ended, to keep within -memory", "stream", s.Name, "dropped", records)
	}
	return memory, nil
}
