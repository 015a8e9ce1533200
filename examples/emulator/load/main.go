// Load measures how many records a second Kinesis endpoints take. It makes a bounded number of PutRecords calls on each, in rounds
// that alternate between them, so that what disturbs the machine disturbs them all.
//
//	load [-calls N] [-records N] [-bytes N] [-connections N] [-rounds N] [-time D] [-stream NAME] ENDPOINT[,PID]...
//
// It calls emulators on this machine only, and not AWS: the Authorization header of a call has the form of a signature but is none,
// which satisfies servers that look only whether it is there.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const usage = `Usage: load [-calls N] [-records N] [-bytes N] [-connections N] [-rounds N] [-time D] [-stream NAME] ENDPOINT[,PID]...

Load measures how many records a second Kinesis endpoints take with PutRecords. ENDPOINT is like http://127.0.0.1:4567, on this
machine. With the PID of the server's process (not of a "go run" or "npx" that started it), the CPU time that it spends on a
record is measured too; that needs Linux. Several endpoints are measured in rounds: each has its first, then each its second.

  -calls N        calls in a round (default 500)
  -records N      records in a call, 1 to 500 (default 500)
  -bytes N        bytes of a record's data; partition keys have 36 more (default 100)
  -connections N  connections, each with one call at a time (default 8)
  -rounds N       rounds (default 5)
  -time D         when a round ends, if that is before the last of its calls (default 5s)
  -stream NAME    the stream, which is created with 4 shards where it does not exist (default "load")

A round of a tenth of the calls comes first and does not count. The table has the median, the least and the most records/s of
the rounds; how many times the last endpoint's median the median is; and the CPU time that the server and this program spent on
a record, for which the system counts hundredths of a second. Records that failed do not count. A server that keeps records in
memory needs enough for all rounds.

The exit status is 1 if a record failed or an endpoint cannot be measured, and 2 if the arguments are invalid.
`

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is the program. It returns the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	fail := func(status int, err error) int {
		fmt.Fprintln(stderr, "load: "+strings.ReplaceAll(err.Error(), "\n", `\n`)) // servers' answers may hold newlines
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
	results, err := measure(opts, machine)
	if err != nil {
		return fail(1, err)
	}
	if err := writeTable(stdout, opts, results); err != nil {
		return fail(1, err)
	}
	status := 0
	for _, r := range results {
		if r.failed > 0 {
			status = fail(1, fmt.Errorf("%s: %d records failed, of %d (were they throttled?)", r.url, r.failed, r.failed+r.records))
		}
	}
	return status
}

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
	flags.Func("calls", "", wholeNumber(&opts.calls, 1_000_000))
	flags.Func("records", "", wholeNumber(&opts.records, maxRecords))
	flags.Func("bytes", "", wholeNumber(&opts.bytes, maxRecordBytes-keyLength))
	flags.Func("connections", "", wholeNumber(&opts.connections, 1000))
	flags.Func("rounds", "", wholeNumber(&opts.rounds, 1000))
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
		if err := wholeNumber(&t.pid, 1<<22)(pid); err != nil {
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

// wholeNumber returns what sets n to the value of a flag.
func wholeNumber(n *int, most int) func(string) error {
	return func(value string) error {
		v, err := strconv.Atoi(value)
		if err != nil || v < 1 || v > most {
			return fmt.Errorf("it is not a whole number from 1 to %d", most)
		}
		*n = v
		return nil
	}
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
