// Command conformance runs test vectors against a server with the API of Amazon Kinesis Data
// Streams, and reports which of AWS's clauses the server satisfies.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/signal"
	"path"
	"strings"
	"syscall"

	"github.com/putrecords/putrecords/conformance/vectors"
	"github.com/putrecords/putrecords/internal/command"
	"github.com/putrecords/putrecords/internal/vector"
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

// publish prints the report and writes it in the forms that were asked for. It returns an error if
// vectors failed. If there is a report of an earlier run, it returns one if something has changed.
func publish(report, before *Report, o *options, stdout io.Writer) error {
	if o.printsTable() {
		if err := report.writeTable(stdout, isTerminal(stdout)); err != nil {
			return err
		}
	}
	var failures []error
	for _, form := range []struct {
		name  string
		write func(io.Writer) error
	}{{o.json, report.writeJSON}, {o.junit, report.writeJUnit}, {o.html, report.writeHTML}} {
		if err := writeTo(form.name, stdout, form.write); err != nil {
			failures = append(failures, err)
		}
	}
	if failures != nil {
		return errors.Join(failures...)
	}
	if before != nil {
		return compare(before, report, o, stdout)
	}
	if len(report.with(Failed)) > 0 {
		return errFailed
	}
	return nil
}

// compare prints what has changed since an earlier run.
func compare(before, now *Report, o *options, stdout io.Writer) error {
	changes, err := compareBaseline(before, now)
	if err != nil {
		return command.UsageError{Err: err}
	}
	if o.printsTable() {
		if err := writeChanges(stdout, o.baseline, changes, isTerminal(stdout)); err != nil {
			return err
		}
	}
	if failing(changes) {
		return errChanged
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

// checkOutputs returns an error if a report cannot be written. It leaves files as they are.
func checkOutputs(o *options) error {
	for _, output := range o.outputs() {
		if output.name == "" || output.name == "-" {
			continue
		}
		if err := checkWritable(output.name); err != nil {
			return fmt.Errorf("%s: %w", output.flag, err)
		}
	}
	return nil
}

func checkWritable(name string) error {
	info, err := os.Stat(name)
	if err == nil && !info.IsDir() && !info.Mode().IsRegular() {
		return nil // a pipe or a device: only the report itself may go there
	}
	isNew := errors.Is(err, fs.ErrNotExist)
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	err = file.Close()
	if isNew {
		err = errors.Join(err, os.Remove(name))
	}
	return err
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
