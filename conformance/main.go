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
	"path"
	"slices"
	"strings"
	"syscall"

	"github.com/putrecords/putrecords/conformance/vectors"
	"github.com/putrecords/putrecords/internal/command"
	"github.com/putrecords/putrecords/internal/vector"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(command.Exit("conformance", usage, err, os.Stdout, os.Stderr))
}

// errFailed says that vectors failed. The report says which.
var errFailed = errors.New("the server does not satisfy all clauses")

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
	report, err := measure(ctx, o, chosen, stderr)
	if err != nil {
		return err
	}
	return publish(report, o, stdout)
}

// loadVectors returns all vectors, in the order of their names.
func loadVectors() ([]namedVector, error) {
	files, err := vectors.Files.ReadDir(".")
	if err != nil {
		return nil, err
	}
	all := make([]namedVector, len(files))
	for i, file := range files {
		text, err := vectors.Files.ReadFile(file.Name())
		if err != nil {
			return nil, err
		}
		v, err := vector.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file.Name(), err)
		}
		all[i] = namedVector{strings.TrimSuffix(file.Name(), path.Ext(file.Name())), v}
	}
	return all, nil
}

// measure runs vectors and reports how they ended. It prints its progress.
func measure(ctx context.Context, o *options, chosen []namedVector, progress io.Writer) (*Report, error) {
	r := &runner{
		options:  o,
		client:   newClient(o),
		prefix:   streamPrefix(strings.ToLower(rand.Text()[:8])),
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
	if err := r.prepare(ctx, features(chosen)); err != nil {
		return nil, err
	}
	report.Supported = r.support.names()
	var err error
	report.Vectors, err = r.run(ctx, chosen)
	if r.control != nil {
		err = errors.Join(err, r.control.restore(context.WithoutCancel(ctx)))
	}
	return report, err
}

// publish prints the report, writes it in the forms that were asked for, and returns errFailed if
// vectors failed.
func publish(report *Report, o *options, stdout io.Writer) error {
	if o.json != "-" {
		if err := report.writeTable(stdout, isTerminal(stdout)); err != nil {
			return err
		}
	}
	for _, form := range []struct {
		name  string
		write func(io.Writer) error
	}{{o.json, report.writeJSON}, {o.junit, report.writeJUnit}, {o.html, report.writeHTML}} {
		if err := writeTo(form.name, stdout, form.write); err != nil {
			return err
		}
	}
	if len(report.with(Failed)) > 0 {
		return errFailed
	}
	return nil
}

// writeTo writes to a file, or to stdout if the name is -. With the name "" it does nothing.
func writeTo(name string, stdout io.Writer, write func(io.Writer) error) error {
	switch name {
	case "":
		return nil
	case "-":
		return write(stdout)
	}
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Close())
}

// isTerminal reports whether a person reads what is written.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
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

// prepare finds out what the endpoint has, and stops its clock if there is a control API to use.
func (r *runner) prepare(ctx context.Context, features []string) (err error) {
	if r.support, err = probeOperations(ctx, r.client, features); err != nil {
		return err
	}
	if !r.support["DescribeStream"] && !r.support["DescribeStreamSummary"] {
		return errors.New("the endpoint has neither DescribeStream nor DescribeStreamSummary, so its streams cannot be found")
	}
	name := r.options.stream
	if name != "" {
		if err := r.use(ctx, name); err != nil {
			return err
		}
	} else {
		if !r.support["CreateStream"] {
			return usageErrorf("the endpoint has no CreateStream: create a stream and name it with -stream")
		}
		name = r.prefix + "probe"
		if _, err := createStream(ctx, r.client, r.support, name, &vector.Stream{ShardCount: 1}); err != nil {
			return err
		}
	}
	if r.existing != nil {
		features = slices.DeleteFunc(features, func(feature string) bool { return strings.HasPrefix(feature, "CreateStream.") })
	}
	if err := probeMembers(ctx, r.client, r.support, features, name); err != nil {
		return err
	}
	if r.existing == nil {
		if err := deleteStream(ctx, r.client, name); err != nil {
			return err
		}
	}
	if r.options.control {
		r.control = &control{client: *r.client}
		return r.control.stop(ctx)
	}
	return nil
}

// use has all vectors use a stream that is there.
func (r *runner) use(ctx context.Context, name string) error {
	variables, err := waitActive(ctx, r.client, r.support, name)
	if err != nil {
		return err
	}
	shards, err := listShards(ctx, r.client, name)
	if err != nil {
		return err
	}
	r.existing = &existing{variables, len(shards)}
	return checkExisting(shards, name)
}
