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
	"os"
	"strings"
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
