package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/putrecords/putrecords/internal/command"
)

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
