// Jetstream shows that several front ends in front of one replicated log are one Kinesis stream. It
// starts three nats-servers and two front ends, and puts records through the AWS SDK while it
// splits and merges shards and kills the leader. Then it checks that the log has every acknowledged
// record, once and in order.
//
//	jetstream [-for D] [-kill9=false] [-nats URL [-replicas N]]
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/putrecords/putrecords/examples/jetstream/internal/audit"
	"github.com/putrecords/putrecords/examples/jetstream/internal/cluster"
	"github.com/putrecords/putrecords/internal/command"
)

const usage = `Usage: jetstream [-for D] [-kill9=false] [-nats URL [-replicas N]]

Jetstream starts three nats-servers and two front ends on loopback, and puts records into one stream
through both, with the AWS SDK. Meanwhile it splits and merges shards, kills the leader of the
servers and starts it again. Then it compares the log with what was acknowledged.

  -for D        put records for the duration D, 3s or more (default 15s)
  -kill9=false  kill no server
  -nats URL     use the servers at URL instead, and kill none; several URLs are separated by commas.
                The JetStream stream has a new name, and is deleted at the end.
  -replicas N   of that stream: 1, 3 or 5 (default 3)

The exit status is 2 if the arguments are invalid. It is 1 if a record is missing, stored twice or
out of order, and for any other error.
`

func main() {
	cluster.RunNode()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program immediately
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return command.Exit("jetstream", usage, show(ctx, args, stdout), stdout, stderr)
}

// options are the command's arguments.
type options struct {
	duration time.Duration
	kill     bool
	url      string // "" is servers of our own
	replicas int
}

func parse(args []string) (o options, err error) {
	o.replicas = 3
	flags := command.NewFlags()
	flags.DurationVar(&o.duration, "for", 15*time.Second, "")
	flags.BoolVar(&o.kill, "kill9", true, "")
	flags.StringVar(&o.url, "nats", "", "")
	flags.Func("replicas", "", command.WholeNumber(&o.replicas, 5))
	err = flags.Parse(args)
	switch {
	case err != nil:
	case flags.NArg() > 0:
		err = fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case o.duration < 3*time.Second:
		err = fmt.Errorf("-for is %v and must be 3s or more", o.duration)
	}
	return o, err
}

// show runs everything, and reports.
func show(ctx context.Context, args []string, stdout io.Writer) (err error) {
	o, err := parse(args)
	if err != nil {
		return command.UsageError{Err: err}
	}
	s := &scene{options: o, out: &printer{out: stdout}, audit: audit.New()}
	defer func() { err = cmp.Or(err, s.close()) }()
	if err := s.open(ctx); err != nil {
		return err
	}
	if err := s.play(ctx); err != nil {
		return err
	}
	return s.report()
}

// report compares the log with what was acknowledged.
func (s *scene) report() error {
	stream, err := s.frontEnds[0].log.NewStream(context.Background(), streamConfig)
	if err != nil {
		return err
	}
	result, err := s.audit.Check(stream.AllRecords())
	if err != nil {
		return err
	}
	progress := s.audit.Progress()
	s.out.printf("\n%-13s%9d\n%-13s%9d\n%-13s%9d\n", "acknowledged", progress.Acknowledged, "retried", progress.Retried, "in the log", result.InLog)
	s.out.printf("%-13s%9d\n%-13s%9d\n%-13s%9d\n", "missing", result.Missing, "twice", result.Twice, "out of order", result.OutOfOrder)
	s.out.printf("The longest time without an acknowledged record was %.1f s.\n", progress.Longest.Seconds())
	switch {
	case progress.Acknowledged == 0:
		return errors.New("no record was acknowledged")
	case result.Missing+result.Twice+result.OutOfOrder > 0:
		return errors.New("the log is not what was acknowledged")
	}
	return nil
}
