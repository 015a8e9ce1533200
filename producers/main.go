// Producers runs real Kinesis producers against a server, and shows how many of the records that each
// believed stored the stream holds. See docs/producers.md.
//
// Each producer has a program of its own in a directory beside this file, which sends records with it
// as its documentation says. Go programs are modules of their own, so each has exactly the AWS SDK that
// its producer asks for.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

const usage = `Usage: run.sh [-only NAME,...] [-streams NAME,...] [-records N] [-runs N] [-endpoint URL]
              [-lenient] [-program COMMAND] [-write]

Producers sends records with each producer to each kind of stream, as fast as it takes them, and then
reads the stream. For each run it prints how many records it sent, how many of them the producer's
API claimed to have stored (believed), and how many the stream holds (stored), without copies
(distinct). At the end it prints tables.

  -only NAME,...      only these producers
  -streams NAME,...   only these kinds of stream: one, hot, even
  -records N          how many records to send in each run, 1 to 1000000 (default 5000)
  -runs N             how many runs of each; the tables show the one in the middle (default 1)
  -endpoint URL       use this Kinesis server instead of the emulator of this checkout
  -lenient            let each shard burst as production was seen to: to 5,000 records and 15 MiB
  -program COMMAND    run this program instead: arguments separated by spaces, relative to producers/
  -write              write the tables into docs/producers.md; this takes all producers and streams,
                      on the emulator

The producers are %s.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if errors.Is(err, flag.ErrHelp) {
		fmt.Printf(usage, names(catalog))
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "producers:", err)
		os.Exit(1)
	}
}

// options are what the flags say.
type options struct {
	producers []producer
	streams   []layout
	records   int
	runs      int
	endpoint  string // "" starts the emulator
	lenient   bool
	write     bool
}

func parseArgs(args []string) (options, error) {
	opts := options{producers: catalog, streams: layouts, records: 5000, runs: 1}
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Func("only", "", func(names string) (err error) {
		opts.producers, err = choose(catalog, names)
		return err
	})
	flags.Func("streams", "", func(names string) (err error) {
		opts.streams, err = choose(layouts, names)
		return err
	})
	flags.Func("program", "", func(command string) error {
		fields := strings.Fields(command)
		if len(fields) == 0 {
			return errors.New("the command is empty")
		}
		opts.producers = []producer{{name: fields[len(fields)-1], title: "`" + command + "`", command: fields}}
		return nil
	})
	flags.IntVar(&opts.records, "records", opts.records, "")
	flags.IntVar(&opts.runs, "runs", opts.runs, "")
	flags.StringVar(&opts.endpoint, "endpoint", "", "")
	flags.BoolVar(&opts.lenient, "lenient", false, "")
	flags.BoolVar(&opts.write, "write", false, "")
	if err := flags.Parse(args); err != nil {
		return opts, err
	}
	switch {
	case flags.NArg() > 0:
		return opts, fmt.Errorf("%q is not a flag", flags.Arg(0))
	case opts.records < 1 || opts.records > 1_000_000: // the token has six digits
		return opts, fmt.Errorf("-records is %d and must be from 1 to 1000000", opts.records)
	case opts.runs < 1:
		return opts, fmt.Errorf("-runs is %d and must be positive", opts.runs)
	case opts.write && (len(opts.producers) != len(catalog) || len(opts.streams) != len(layouts) || opts.endpoint != "" || opts.lenient):
		return opts, errors.New("-write writes what all producers do on all streams of the emulator, so only -records and -runs may be with it")
	}
	return opts, nil
}

// choose returns the items that are named, separated by commas, in the order of the items.
func choose[T fmt.Stringer](items []T, wanted string) ([]T, error) {
	list := strings.Split(wanted, ",")
	chosen := slices.DeleteFunc(slices.Clone(items), func(item T) bool { return !slices.Contains(list, item.String()) })
	if len(chosen) != len(list) {
		return nil, fmt.Errorf("names must be from %s, each once", names(items))
	}
	return chosen, nil
}

func names[T fmt.Stringer](items []T) string {
	var all []string
	for _, item := range items {
		all = append(all, item.String())
	}
	return strings.Join(all, ", ")
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	opts, err := parseArgs(args)
	if err != nil {
		return err
	}
	endpoint := opts.endpoint
	if endpoint == "" {
		emulator, err := startEmulator(ctx)
		if err != nil {
			return err
		}
		defer emulator.stop()
		endpoint = emulator.url
	}
	rows, err := runAll(ctx, newServer(endpoint, opts.lenient), opts, stdout)
	markdown := tables(opts.streams, rows)
	if len(rows) > 0 {
		fmt.Fprint(stdout, "\n", markdown)
	}
	if err != nil || !opts.write {
		return err
	}
	return writeTables(markdown)
}
