// Hotshard plans a Kinesis stream. On virtual time, it sends a trace or made-up traffic through
// producers that retry to streams of several sizes. It reports what each stream throttles, how late
// records are stored, which keys are hot, and what a split of the hot shard changes.
//
//	hotshard [FLAGS] [FILE]
package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/putrecords/putrecords/internal/command"
)

const usage = `Usage: hotshard [FLAGS] [FILE]

Hotshard sends the records of FILE to a stream on virtual time, and reports what the stream
throttles, how late records are stored, and which keys are hot. FILE is one of these, plain or
compressed with gzip or zstd; - is standard input:

  CSV                its first line names the columns time, key and bytes
  NDJSON             each line is an object with the members time, key and bytes
  what "aws kinesis get-records" prints
                     it holds only records that were stored, so it hides the load that was throttled

A time is like 2026-01-05T12:00:00.5Z, or seconds since 1970. The bytes are those of the data. The
stream counts the bytes of the key as well.

Without FILE, hotshard uses a sample: two minutes of an online shop. With -rate, it makes up traffic.

The stream
  -shards N,N,...     compare streams of so many shards, 1 to 10000 (default 4,8,16)
  -split-hot          split shards that throttle, and print the commands that do it
  -reshard-delay D    how long a split takes (default 25s, about as long as AWS)
  -stream NAME        the stream in these commands (default "stream")
  -lenient            allow the bursts that AWS was seen to let through, instead of one second's worth

The producers
  -producers N        they get the records in turn (default 4)
  -batch N            the most records in a request, 1 to 500 (default 500)
  -linger D           how long a record waits for others to fill a request (default 100ms)
  -latency D          how long the answer to a request takes (default 20ms)
  -backoff D          how long a throttled record rests; this doubles each time (default 100ms)
  -max-backoff D      but not above this (default 5s)
  -jitter F           the part of a backoff that is random, 0 to 1 (default 0.5)
  -attempts N         give a record up after so many; 0 is never (default 10)

Made-up traffic
  -rate F             records per second, at random times; 0 is no made-up traffic (default 0)
  -keys N             how many partition keys (default 10000)
  -zipf F             key N is 1/N^F times as hot as the first; 0 is all alike (default 1)
  -size N             bytes of data in a record (default 1000)
  -burst F            in the first 5 s of each minute, the rate is so many times as high (default 1)
  -duration D         how long it lasts, up to 8784h (default 5m)
  -seed N             the same seed makes the same traffic, and the same report (default 1)

The report
  -html FILE          also write a page with charts
  -anonymous          show the first 12 digits of the SHA-256 of a key. Anyone who guesses a key can
                      check the guess.
  -strict             fail at the first bad line of FILE, instead of skipping it

Prices, in US dollars. The defaults are list prices for US East (N. Virginia), as copies of AWS's
price list had them on 2026-11-26. Look up yours at https://aws.amazon.com/kinesis/data-streams/pricing/
  -price-shard F      a shard for an hour (default 0.015)
  -price-put F        a million PUT payload units of 25 KB (default 0.014)
  -price-stream F     an on-demand stream for an hour (default 0.04)
  -price-gb F         a GB written to an on-demand stream (default 0.08)

The exit status is 2 if the arguments or FILE are invalid, and 1 for any other error. Ctrl-C ends the
run; the report then has what is known so far, and the exit status is 1.
`

// sample is a made-up trace: two minutes of an online shop, with a sale that makes one key hot.
//
//go:embed sample.csv.gz
var sample []byte

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// run returns the exit status.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return command.Exit("hotshard", usage, hotshard(ctx, args, stdin, stdout, stderr), stdout, stderr)
}

// hotshard runs the simulations and reports on them.
func hotshard(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	o, err := parseArguments(args)
	if err != nil {
		return command.UsageError{Err: err}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	in, err := open(ctx, o, stdin, stderr)
	if err != nil {
		return command.UsageError{Err: err}
	}
	var configs []Config
	for _, shards := range o.shards {
		config := o.config
		config.Shards = shards
		configs = append(configs, config)
	}
	results, err := simulateAll(ctx, configs, in.source)
	in.close()
	canceled := errors.Is(err, context.Canceled)
	if err != nil && !canceled {
		return command.UsageError{Err: fmt.Errorf("%s: %w", in.name, err)}
	}
	report := Report{Name: in.name, Options: o, Traffic: in.traffic, Trace: in.trace, Results: results, Canceled: canceled}
	if in.traffic.Records == 0 && !canceled {
		return command.UsageError{Err: fmt.Errorf("%s: no records", in.name)}
	}
	if o.html != "" {
		if err := writePage(o.html, &report); err != nil {
			return err
		}
	}
	if _, err := io.WriteString(stdout, report.text()); err != nil {
		return err
	}
	if canceled {
		return errors.New("interrupted: this is what is known so far")
	}
	return nil
}
