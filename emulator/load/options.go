package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/putrecords/putrecords/internal/command"
)

type options struct {
	calls, records, bytes int
	connections, rounds   int
	time                  time.Duration // of a round
	stream                string
	cbor                  bool // instead of JSON
	single                bool // PutRecord instead of PutRecords
	targets               []target
}

func (o options) encoding() encoding {
	if o.cbor {
		return inCBOR
	}
	return inJSON
}

// operation returns the name of the operation to call.
func (o options) operation() string {
	if o.single {
		return "PutRecord"
	}
	return "PutRecords"
}

// A target is one argument: an endpoint and, optionally, its process.
type target struct {
	url     string
	address string // to dial
	pid     int    // 0 if not given
}

// AWS's limits. No endpoint is asked for more.
const (
	maxRecords      = 500
	maxRecordBytes  = 1 << 20
	maxRequestBytes = 5 << 20
)

var streamName = regexp.MustCompile(`^[a-zA-Z0-9_.-]{1,128}$`)

func parseArgs(args []string) (options, error) {
	opts := options{
		calls: 500, bytes: 100, connections: 8, rounds: 5, stream: "load",
		time: 5 * time.Second,
	}
	flags := command.NewFlags()
	flags.Func("calls", "", command.WholeNumber(&opts.calls, 1_000_000))
	flags.Func("records", "", command.WholeNumber(&opts.records, maxRecords))
	flags.Func("bytes", "", command.WholeNumber(&opts.bytes, maxRecordBytes-keyLength))
	flags.Func("connections", "", command.WholeNumber(&opts.connections, 1000))
	flags.Func("rounds", "", command.WholeNumber(&opts.rounds, 1000))
	flags.Func("time", "", duration(&opts.time, time.Hour))
	flags.StringVar(&opts.stream, "stream", opts.stream, "")
	flags.BoolVar(&opts.cbor, "cbor", false, "")
	flags.BoolVar(&opts.single, "single", false, "")
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	switch {
	case opts.single && opts.records > 1:
		return options{}, fmt.Errorf("-single makes calls of one record, but -records is %d", opts.records)
	case opts.single:
		opts.records = 1
	case opts.records == 0: // not given
		opts.records = maxRecords
	}
	if !streamName.MatchString(opts.stream) {
		return options{}, fmt.Errorf("-stream is %q and must be 1 to 128 letters, digits, underscores, dots and hyphens", opts.stream)
	}
	if size := opts.records * (opts.bytes + keyLength); size > maxRequestBytes {
		return options{}, fmt.Errorf("%d records of %d bytes, plus %d for each key, make %d bytes; AWS accepts at most %d per call",
			opts.records, opts.bytes, keyLength, size, maxRequestBytes)
	}
	for _, arg := range flags.Args() {
		t, err := parseTarget(arg)
		if err != nil {
			return options{}, err
		}
		opts.targets = append(opts.targets, t)
	}
	if len(opts.targets) == 0 {
		return options{}, errors.New("an ENDPOINT is required, such as http://127.0.0.1:4567")
	}
	return opts, nil
}

// parseTarget parses ENDPOINT[,PID]. It rejects endpoints on other machines, which must not be put
// under load.
func parseTarget(arg string) (target, error) {
	endpoint, pid, hasPID := strings.Cut(arg, ",")
	endpoint = strings.TrimSuffix(endpoint, "/")
	t := target{url: endpoint}
	if hasPID {
		if err := command.WholeNumber(&t.pid, 1<<22)(pid); err != nil {
			return target{}, fmt.Errorf("the PID in %q %w", arg, err)
		}
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" || *u != (url.URL{Scheme: u.Scheme, Host: u.Host}) || u.Hostname() == "" {
		return target{}, fmt.Errorf("%q is not an ENDPOINT such as http://127.0.0.1:4567, without a path (flags go before it)", endpoint)
	}
	if host := u.Hostname(); host != "localhost" && !net.ParseIP(host).IsLoopback() {
		return target{}, fmt.Errorf("%q is not on this machine: its host must be localhost, [::1] or an address in 127.0.0.0/8", endpoint)
	}
	port := u.Port()
	if port == "" {
		port = "80"
	}
	t.address = net.JoinHostPort(u.Hostname(), port)
	return t, nil
}

// duration returns a function for [flag.FlagSet.Func] that sets d.
func duration(d *time.Duration, most time.Duration) func(string) error {
	return func(value string) error {
		v, err := time.ParseDuration(value)
		if err != nil || v <= 0 || v > most {
			return fmt.Errorf("must be a duration above 0s and at most %v, such as 500ms", most)
		}
		*d = v
		return nil
	}
}
