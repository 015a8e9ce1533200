// Quickstart puts each line of a log into a stream as a record, and shows what became of it: answers as AWS gives them, which
// shards and partition keys are hot, and that every line is stored exactly once. Time is virtual, so nothing waits and the same
// input prints the same bytes.
//
//	quickstart [-key N] [-shards N] [-json] [FILE]
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/putrecords/putrecords/examples/internal/flagvalue"
)

//go:generate go run ./internal/genlog access.log

//go:embed access.log
var sample []byte

const usage = `Usage: quickstart [-key N] [-shards N] [-json] [FILE]

Quickstart puts each line of FILE into a stream as a record, and shows what became of it. FILE "-" is standard input; without a
FILE it is a sample, an access log of 4,000 lines. A record is the bytes of a line without its LF or CRLF. Blank lines are
skipped.

  -key N     the partition key is the N-th field of a line; fields are separated by white space (default 1)
  -shards N  how many shards the stream has, 1 to 10000 (default 4)
  -json      print one JSON document instead of text

The exit status is 1 if a line is not stored exactly once, and 2 if the arguments or a line of FILE are invalid.
`

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// run is the program. It returns the exit status.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	fail := func(status int, err error) int {
		fmt.Fprintln(stderr, "quickstart: "+strings.ReplaceAll(err.Error(), "\n", `\n`)) // file names may hold newlines
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
	input, err := opts.read(stdin)
	if err != nil {
		return fail(2, err)
	}
	report, err := deliver(context.Background(), input, newVirtualStream(opts.shards))
	if err != nil {
		return fail(1, err)
	}
	write := report.writeText
	if opts.json {
		write = report.writeJSON
	}
	if err := write(stdout); err != nil {
		return fail(1, err)
	}
	return 0
}

type options struct {
	keyField int
	shards   int
	json     bool
	files    []string // one, or none for the sample
}

const (
	maxKeyField = 1 << 19 // the most fields that a record of 1 MiB can have
	maxShards   = 10000   // a longer table is of no use
)

func parseArgs(args []string) (options, error) {
	opts := options{keyField: 1, shards: 4}
	flags := flag.NewFlagSet("quickstart", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Func("key", "", flagvalue.WholeNumber(&opts.keyField, maxKeyField))
	flags.Func("shards", "", flagvalue.WholeNumber(&opts.shards, maxShards))
	flags.BoolVar(&opts.json, "json", false, "")
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	opts.files = flags.Args()
	if len(opts.files) > 1 {
		return options{}, fmt.Errorf("at most one FILE is taken, and flags go before it, but there are %q", opts.files)
	}
	if len(opts.files) == 1 && opts.files[0] == "" {
		return options{}, errors.New("the name of the FILE is empty")
	}
	return opts, nil
}

// read returns the log that the options name.
func (o options) read(stdin io.Reader) (input, error) {
	if len(o.files) == 0 {
		return parseLog("the sample access.log", sample, o.keyField)
	}
	name := o.files[0]
	if name == "-" {
		data, err := io.ReadAll(stdin)
		if err != nil {
			return input{}, fmt.Errorf("standard input: %w", err)
		}
		return parseLog("standard input", data, o.keyField)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return input{}, err
	}
	return parseLog(name, data, o.keyField)
}
