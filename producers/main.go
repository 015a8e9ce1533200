// Producers runs real Kinesis producers against a server, and shows how many of the records that
// each believed stored the stream holds. See docs/producers.md.
//
// A program for each producer sends records with it as its documentation says. Go programs are
// modules of their own, so each is built with the AWS SDK that its producer requires.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

const usage = `Usage: run.sh [-only NAME,...] [-streams NAME,...] [-records N] [-runs N] [-endpoint URL]
              [-lenient] [-program COMMAND] [-write]

This sends records with each producer to each kind of stream, as fast as it takes them, and then reads
the stream. For each run it prints how many records were sent, how many of them the producer's API
reported as stored (believed), and how many the stream holds with copies (stored) and without
(distinct). At the end it prints tables.

  -only NAME,...      only these producers
  -streams NAME,...   only these kinds of stream: one, hot, even
  -records N          how many records to send in each run, 1 to 1000000 (default 5000)
  -runs N             how many runs of each; the tables show the median (default 1)
  -endpoint URL       use this Kinesis server instead of the emulator of this checkout
  -lenient            let each shard burst as production was seen to: to 5,000 records and 15 MiB
  -program COMMAND    run this program instead: arguments separated by spaces, relative to producers/
  -write              write the tables into docs/producers.md; this takes all producers and streams,
                      on the emulator

Producers:
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop) // a second signal ends the program immediately
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if errors.Is(err, flag.ErrHelp) {
		fmt.Print(usage)
		for line := range slices.Chunk(catalog, 6) {
			fmt.Println("  " + strings.ReplaceAll(names(line), ",", ", "))
		}
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
	opts := options{producers: catalog, streams: layouts}
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	only := flags.String("only", names(catalog), "")
	streams := flags.String("streams", names(layouts), "")
	flags.IntVar(&opts.records, "records", 5000, "")
	flags.IntVar(&opts.runs, "runs", 1, "")
	flags.StringVar(&opts.endpoint, "endpoint", "", "")
	flags.BoolVar(&opts.lenient, "lenient", false, "")
	command := flags.String("program", "", "")
	flags.BoolVar(&opts.write, "write", false, "")
	err := flags.Parse(args)
	if err != nil {
		return opts, err
	}
	if opts.producers, err = choose(catalog, *only); err != nil {
		return opts, fmt.Errorf("-only is %q and must be from %w", *only, err)
	}
	if opts.streams, err = choose(layouts, *streams); err != nil {
		return opts, fmt.Errorf("-streams is %q and must be from %w", *streams, err)
	}
	all := len(opts.producers) == len(catalog)
	if *command != "" {
		fields := strings.Fields(*command)
		if len(fields) == 0 {
			return opts, fmt.Errorf("-program is %q and must name a program", *command)
		}
		if !all {
			return opts, errors.New("-program and -only exclude each other")
		}
		all = false
		opts.producers = []producer{{name: *command, title: "`" + *command + "` VERSION", command: fields}}
	}
	opts.endpoint = strings.TrimRight(opts.endpoint, "/")
	server, err := url.Parse(opts.endpoint)
	switch {
	case flags.NArg() > 0:
		return opts, fmt.Errorf("%q is not a flag", flags.Arg(0))
	case opts.records < 1 || opts.records > 1_000_000: // the token has six digits
		return opts, fmt.Errorf("-records is %d and must be from 1 to 1000000", opts.records)
	case opts.runs < 1:
		return opts, fmt.Errorf("-runs is %d and must be positive", opts.runs)
	case opts.endpoint != "" && (err != nil || server.Scheme == "" || server.Host == ""):
		return opts, fmt.Errorf("-endpoint is %q and must be a URL such as http://127.0.0.1:4567", opts.endpoint)
	case opts.write && (!all || len(opts.streams) != len(layouts) || opts.endpoint != "" || opts.lenient):
		return opts, errors.New("-write excludes all flags except -records and -runs")
	}
	return opts, nil
}

// choose returns the items that are named, in the order of the items.
func choose[T fmt.Stringer](items []T, wanted string) ([]T, error) {
	list := strings.Split(wanted, ",")
	chosen := slices.DeleteFunc(slices.Clone(items), func(item T) bool { return !slices.Contains(list, item.String()) })
	if len(chosen) != len(list) {
		return nil, errors.New(names(items) + ", each once")
	}
	return chosen, nil
}

// names returns the items' names, separated by commas.
func names[T fmt.Stringer](items []T) string {
	all := make([]string, len(items))
	for i, item := range items {
		all[i] = item.String()
	}
	return strings.Join(all, ",")
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
