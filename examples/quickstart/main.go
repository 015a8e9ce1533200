// Quickstart puts each line of a log into a stream as a record, and reports what happened: what AWS
// would answer, which shards and partition keys are hot, and that no line was lost. Time is
// virtual, so nothing waits, and the same log prints the same report.
//
//	quickstart [-key N] [-shards N] [FILE]
package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/putrecords/putrecords/internal/command"
)

const usage = `Usage: quickstart [-key N] [-shards N] [FILE]

Quickstart puts each line of FILE into a stream as a record, and reports what happened. Without
FILE, it uses a sample: 4,000 lines of a web server's log. It skips blank lines.

  -key N     use the Nth field of a line as its partition key; white space separates fields
             (default 1)
  -shards N  create the stream with N shards, 1 to 10000 (default 4)

The exit status is 2 if the arguments or FILE are invalid, and 1 for any other error.
`

// sample is a made-up log of an online shop. Its addresses are reserved for documentation.
//
//go:embed access.log
var sample []byte

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run returns the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	return command.Exit("quickstart", usage, quickstart(args, stdout), stdout, stderr)
}

// quickstart reads a log, puts its lines into a stream on virtual time, and reports what happened.
func quickstart(args []string, stdout io.Writer) error {
	keyField, shards := 1, 4
	flags := command.NewFlags()
	flags.Func("key", "", command.WholeNumber(&keyField, 1<<19))
	flags.Func("shards", "", command.WholeNumber(&shards, 10_000))
	if err := flags.Parse(args); err != nil {
		return command.UsageError{Err: err}
	}
	name, log, err := readLog(flags.Args())
	if err != nil {
		return command.UsageError{Err: err}
	}
	lines, err := parseLog(log, keyField)
	if err != nil {
		return command.UsageError{Err: fmt.Errorf("%s: %w", name, err)}
	}
	p := newProducer(shards)
	if err := p.putAll(context.Background(), lines); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := p.verify(lines); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	_, err = io.WriteString(stdout, report(name, lines, p))
	return err
}

// readLog reads the file that the arguments name, or the sample if they name none.
func readLog(args []string) (name string, log []byte, err error) {
	switch len(args) {
	case 0:
		return "access.log", sample, nil
	case 1:
		log, err = os.ReadFile(args[0])
		return args[0], log, err
	}
	return "", nil, fmt.Errorf("expected at most one FILE, after all flags, but got %q", args)
}

// parseLog splits a log into lines, without their endings, and skips blank ones.
func parseLog(log []byte, keyField int) ([]*line, error) {
	var lines []*line
	number := 0
	for data := range bytes.Lines(log) {
		number++
		fields := bytes.Fields(data)
		if len(fields) == 0 {
			continue
		}
		if len(fields) < keyField {
			return nil, fmt.Errorf("line %d has no field %d to use as its partition key", number, keyField)
		}
		data = bytes.TrimSuffix(bytes.TrimSuffix(data, []byte("\n")), []byte("\r"))
		lines = append(lines, &line{number: number, key: string(fields[keyField-1]), data: data})
	}
	if len(lines) == 0 {
		return nil, errors.New("every line is blank")
	}
	return lines, nil
}
