// Command conformance runs test vectors against a server with the API of Amazon Kinesis Data
// Streams, and reports which of AWS's clauses the server satisfies.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/putrecords/putrecords/internal/command"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program immediately
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	os.Exit(command.Exit("conformance", usage, err, os.Stdout, os.Stderr))
}

// The report says what failed, or what has changed.
var (
	errFailed  = errors.New("the server does not satisfy all clauses")
	errChanged = errors.New("the server is not as the baseline says")
)

func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	o, err := parseOptions(args, getenv)
	if err != nil {
		return err
	}
	all, err := loadVectors()
	if err != nil {
		return err
	}
	chosen := selected(all, o)
	if o.list {
		for _, v := range chosen {
			fmt.Fprintf(stdout, "%-60s %-8s %s\n", v.id, v.Mark, v.Name)
		}
		return nil
	}
	if len(chosen) == 0 {
		return usageErrorf("no vector has such a name and mark; -list shows them all")
	}
	var before *Report
	if o.baseline != "" { // before the run, and before -json replaces the file
		if before, err = readReport(o.baseline); err != nil {
			return command.UsageError{Err: err}
		}
		before.only(o.run)
	}
	if err := checkOutputs(o); err != nil { // a run takes minutes
		return command.UsageError{Err: err}
	}
	report, err := measure(ctx, o, chosen, stderr)
	if err != nil {
		return err
	}
	return publish(report, before, o, stdout)
}

// measure runs vectors and reports how they ended. It prints its progress.
func measure(ctx context.Context, o *options, chosen []namedVector, progress io.Writer) (*Report, error) {
	r := &runner{
		options:  o,
		client:   newClient(o),
		prefix:   "conformance-" + strings.ToLower(rand.Text()[:8]) + "-",
		progress: func(int, int) {},
	}
	if isTerminal(progress) {
		r.progress = func(done, all int) { fmt.Fprintf(progress, "\r%d of %d vectors", done, all) }
		defer fmt.Fprint(progress, "\r\x1b[K") // clears the line
	}
	report := &Report{
		Endpoint: o.endpoint.String(), Control: o.control, Began: now().UTC(), Marks: o.marks, Levels: o.levels,
	}
	if err := greet(ctx, r.client); err != nil {
		return nil, err
	}
	err := r.prepare(ctx, features(chosen))
	if err == nil {
		report.Supported = r.support.names()
		report.Vectors, err = r.run(ctx, chosen)
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx) // whatever the interrupt has made fail
	}
	if r.control != nil {
		err = errors.Join(err, r.control.restore(context.WithoutCancel(ctx)))
	}
	return report, err
}

func newClient(o *options) *client {
	return &client{
		endpoint:    strings.TrimSuffix(o.endpoint.String(), "/"),
		region:      o.region,
		credentials: o.credentials,
		timeout:     o.timeout,
		http: http.Client{
			// An answer comes from the endpoint itself, and from no other host.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}
