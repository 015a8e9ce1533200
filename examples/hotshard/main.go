// Hotshard plans a Kinesis stream. On virtual time, it sends a trace or made-up traffic through
// producers that retry to streams of several sizes. It reports what each stream throttles, how late
// records are stored, which keys are hot, and what a split of the hot shard changes.
//
//	hotshard [FLAGS] [FILE]
package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/putrecords/putrecords"
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
  -anonymous          show the first 12 digits of the SHA-256 of a key. Whoever guesses a key can
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

// sample is a made-up trace. Its README says how it was made.
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

// Options are what the arguments say.
type Options struct {
	config    Config // without Shards
	shards    []int
	generator Generator
	file      string // "" is the sample
	html      string
	anonymous bool
	strict    bool
	prices    Prices
}

func parseArguments(args []string) (Options, error) {
	o := Options{shards: []int{4, 8, 16}, prices: listPrices}
	flags := command.NewFlags()
	flags.Func("shards", "", func(value string) error { return parseCounts(value, &o.shards) })
	flags.BoolVar(&o.config.SplitHot, "split-hot", false, "")
	durationVar(flags, &o.config.ReshardDelay, "reshard-delay", 25*time.Second, 0, time.Hour)
	flags.StringVar(&o.config.Name, "stream", "stream", "")
	lenient := flags.Bool("lenient", false, "")

	policy := &o.config.Policy
	numberVar(flags, &policy.Producers, "producers", 4, 1, 100_000)
	numberVar(flags, &policy.Batch, "batch", 500, 1, 500)
	durationVar(flags, &policy.Linger, "linger", 100*time.Millisecond, 0, time.Hour)
	durationVar(flags, &policy.Latency, "latency", 20*time.Millisecond, 0, time.Hour)
	durationVar(flags, &policy.Backoff, "backoff", 100*time.Millisecond, time.Millisecond, time.Hour)
	durationVar(flags, &policy.MaxBackoff, "max-backoff", 5*time.Second, time.Millisecond, time.Hour)
	floatVar(flags, &policy.Jitter, "jitter", 0.5, 1)
	numberVar(flags, &policy.Attempts, "attempts", 10, 0, 1_000_000)

	g := &o.generator
	floatVar(flags, &g.Rate, "rate", 0, 1e9)
	numberVar(flags, &g.Keys, "keys", 10_000, 1, 100_000_000)
	floatVar(flags, &g.Zipf, "zipf", 1, 10)
	numberVar(flags, &g.Bytes, "size", 1000, 0, maxRecordBytes-256)
	floatVar(flags, &g.Burst, "burst", 1, 1e6)
	durationVar(flags, &g.Duration, "duration", 5*time.Minute, time.Millisecond, longest)
	flags.Uint64Var(&g.Seed, "seed", 1, "")

	flags.StringVar(&o.html, "html", "", "")
	flags.BoolVar(&o.anonymous, "anonymous", false, "")
	flags.BoolVar(&o.strict, "strict", false, "")
	floatVar(flags, &o.prices.ShardHour, "price-shard", listPrices.ShardHour, 1e6)
	floatVar(flags, &o.prices.MillionPuts, "price-put", listPrices.MillionPuts, 1e6)
	floatVar(flags, &o.prices.StreamHour, "price-stream", listPrices.StreamHour, 1e6)
	floatVar(flags, &o.prices.GB, "price-gb", listPrices.GB, 1e6)
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if *lenient {
		o.config.Limits = putrecords.LenientLimits()
	}
	o.config.Seed = g.Seed
	if _, err := putrecords.New(putrecords.Config{Name: o.config.Name}); err != nil {
		return o, fmt.Errorf("invalid value for flag -stream: %w", err)
	}
	switch flags.NArg() {
	case 0:
	case 1:
		o.file = flags.Arg(0)
	default:
		return o, fmt.Errorf("expected at most one FILE, after all flags, but got %q", flags.Args())
	}
	if o.file != "" && g.Rate > 0 {
		return o, errors.New("expected FILE or -rate, but not both")
	}
	return o, nil
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

// An input is where records come from.
type input struct {
	name    string
	source  Source
	traffic *Traffic
	trace   *Trace // nil for made-up traffic
	close   func()
}

// shownBadLines is how many bad lines are reported one by one.
const shownBadLines = 10

// open opens the input, with a progress bar if stderr is a terminal.
func open(ctx context.Context, o Options, stdin io.Reader, stderr io.Writer) (*input, error) {
	if o.generator.Rate > 0 {
		in := &input{name: "made-up traffic", traffic: &Traffic{}}
		bar := newBar(int64(o.generator.Duration), stderr)
		in.close = func() { endBar(bar) }
		in.source = watched(newGenerator(o.generator).source(in.traffic), func() { _ = bar.Set64(int64(in.traffic.Length)) })
		return in, nil
	}
	t := &Trace{Strict: o.strict}
	in := &input{trace: t, traffic: &t.Traffic}
	var file io.Reader
	size := int64(-1)
	closeFile := func() error { return nil }
	switch o.file {
	case "":
		in.name, file, size = "sample.csv.gz", bytes.NewReader(sample), int64(len(sample))
	case "-":
		in.name, file = "standard input", stdin
	default:
		f, err := os.Open(o.file)
		if err != nil {
			return nil, err
		}
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			size = info.Size()
		}
		in.name, file, closeFile = o.file, f, f.Close
	}
	bar := newBar(size, stderr)
	in.close = func() {
		endBar(bar)
		_ = closeFile()
	}
	t.Report = func(line string) {
		if t.Bad <= shownBadLines {
			_ = bar.Clear()
			fmt.Fprintf(stderr, "hotshard: %s: skipped %s\n", in.name, strings.ReplaceAll(line, "\n", `\n`))
		}
	}
	reader := interruptible(ctx, file)
	in.source = watched(t.source(reader), func() { _ = bar.Set64(reader.read.Load()) })
	return in, nil
}

// newBar returns a progress bar. It shows nothing unless w is a terminal.
func newBar(size int64, w io.Writer) *progressbar.ProgressBar {
	file, ok := w.(*os.File)
	return progressbar.NewOptions64(size,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetVisibility(ok && term.IsTerminal(int(file.Fd()))),
		progressbar.OptionSetDescription("simulating"),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionSetWidth(40),
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionSetPredictTime(size > 0),
	)
}

// endBar removes a progress bar.
func endBar(bar *progressbar.ProgressBar) {
	_ = bar.Exit()
	_ = bar.Clear()
}

// watched calls step after each chunk.
func watched(source Source, step func()) Source {
	return func(yield func([]Arrival, error) bool) {
		for chunk, err := range source {
			if !yield(chunk, err) {
				return
			}
			step()
		}
	}
}

// parseCounts parses shard counts.
func parseCounts(value string, counts *[]int) error {
	*counts = nil
	for field := range strings.SplitSeq(value, ",") {
		n, err := strconv.Atoi(field)
		if err != nil || n < 1 || n > 10_000 {
			return errors.New("must be whole numbers from 1 to 10000, separated by commas")
		}
		*counts = append(*counts, n)
	}
	if len(*counts) > 20 {
		return errors.New("must be at most 20 numbers")
	}
	return nil
}

func numberVar(flags *flag.FlagSet, to *int, name string, value, least, most int) {
	*to = value
	flags.Func(name, "", func(s string) error {
		n, err := strconv.Atoi(s)
		if err != nil || n < least || n > most {
			return fmt.Errorf("must be a whole number from %d to %d", least, most)
		}
		*to = n
		return nil
	})
}

func floatVar(flags *flag.FlagSet, to *float64, name string, value, most float64) {
	*to = value
	flags.Func(name, "", func(s string) error {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil || !(f >= 0 && f <= most) { // not NaN
			return fmt.Errorf("must be a number from 0 to %v", most)
		}
		*to = f
		return nil
	})
}

func durationVar(flags *flag.FlagSet, to *time.Duration, name string, value, least, most time.Duration) {
	*to = value
	flags.Func(name, "", func(s string) error {
		d, err := time.ParseDuration(s)
		if err != nil || d < least || d > most {
			return fmt.Errorf("must be a duration from %v to %v, like 1.5s", least, most)
		}
		*to = d
		return nil
	})
}
