package main

import (
	"errors"
	"flag"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/internal/command"
)

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
