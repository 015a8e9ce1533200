package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/putrecords/putrecords/examples/internal/flagvalue"
)

type options struct {
	calls, records, bytes int
	connections, rounds   int
	time                  time.Duration // of a round
	timeout               time.Duration // of a call
	stream                string
	targets               []target
}

// A target is an argument: an endpoint and perhaps its process.
type target struct {
	url     string
	address string // to dial
	pid     int    // 0 if it was not given
}

// What AWS takes, so that no endpoint is asked for more.
const (
	maxRecords      = 500
	maxRecordBytes  = 1 << 20
	maxRequestBytes = 5 << 20
)

var streamName = regexp.MustCompile(`^[a-zA-Z0-9_.-]{1,128}$`)

func parseArgs(args []string) (options, error) {
	opts := options{
		calls: 500, records: maxRecords, bytes: 100, connections: 8, rounds: 5, stream: "load",
		time:    5 * time.Second,
		timeout: 30 * time.Second,
	}
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Func("calls", "", flagvalue.WholeNumber(&opts.calls, 1_000_000))
	flags.Func("records", "", flagvalue.WholeNumber(&opts.records, maxRecords))
	flags.Func("bytes", "", flagvalue.WholeNumber(&opts.bytes, maxRecordBytes-keyLength))
	flags.Func("connections", "", flagvalue.WholeNumber(&opts.connections, 1000))
	flags.Func("rounds", "", flagvalue.WholeNumber(&opts.rounds, 1000))
	flags.Func("time", "", duration(&opts.time, time.Hour))
	flags.StringVar(&opts.stream, "stream", opts.stream, "")
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	if !streamName.MatchString(opts.stream) {
		return options{}, fmt.Errorf("the stream's name is %q, but names have 1 to 128 characters of a-z, A-Z, 0-9, _, . and -", opts.stream)
	}
	if size := opts.records * (opts.bytes + keyLength); size > maxRequestBytes {
		return options{}, fmt.Errorf("%d records of %d bytes with keys of %d are %d bytes, and AWS takes at most %d in a call",
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
		return options{}, errors.New("there is no ENDPOINT, such as http://127.0.0.1:4567")
	}
	return opts, nil
}

// parseTarget reads ENDPOINT[,PID]. It is an error if the endpoint is not on this machine: others are not for putting load on.
func parseTarget(arg string) (target, error) {
	endpoint, pid, hasPID := strings.Cut(arg, ",")
	endpoint = strings.TrimSuffix(endpoint, "/")
	t := target{url: endpoint}
	if hasPID {
		if err := flagvalue.WholeNumber(&t.pid, 1<<22)(pid); err != nil {
			return target{}, fmt.Errorf("the PID of %q: %w", arg, err)
		}
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" || *u != (url.URL{Scheme: u.Scheme, Host: u.Host}) || u.Hostname() == "" {
		return target{}, fmt.Errorf("%q is not an ENDPOINT such as http://127.0.0.1:4567 (flags go before it, and a path is not taken)", endpoint)
	}
	if host := u.Hostname(); host != "localhost" && !net.ParseIP(host).IsLoopback() {
		return target{}, fmt.Errorf("%q is not on this machine: its host must be localhost, [::1] or an address of 127.0.0.0/8", endpoint)
	}
	port := u.Port()
	if port == "" {
		port = "80"
	}
	t.address = net.JoinHostPort(u.Hostname(), port)
	return t, nil
}

// duration returns what sets d to the value of a flag.
func duration(d *time.Duration, most time.Duration) func(string) error {
	return func(value string) error {
		v, err := time.ParseDuration(value)
		if err != nil || v <= 0 || v > most {
			return fmt.Errorf("it is not a duration above 0s and up to %v, such as 500ms", most)
		}
		*d = v
		return nil
	}
}
