// Load measures how many records a second Kinesis endpoints accept, and the CPU time that they take
// for a record. It makes a fixed number of calls to each, in rounds that alternate between the
// endpoints, so noise on the machine affects all of them equally.
//
//	load [-single] [-cbor] [-calls N] [-records N] [-bytes N] [-connections N] [-rounds N] [-time D] [-stream NAME] ENDPOINT[,PID]...
//
// It only calls emulators on this machine, never AWS: a call carries an Authorization header in the
// right format, but the signature in it is fake.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/putrecords/putrecords/internal/command"
)

const usage = `Usage: load [-single] [-cbor] [-calls N] [-records N] [-bytes N] [-connections N] [-rounds N] [-time D] [-stream NAME] ENDPOINT[,PID]...

Load measures how many records a second Kinesis endpoints accept through PutRecords, or through
PutRecord with -single. An ENDPOINT is a server on this machine, such as http://127.0.0.1:4567. On
Linux, add the PID of the server process (not of the "go run" or "npx" that started it) to also
measure the CPU time the server spends on a record. With several endpoints, every endpoint completes
a round before the next round starts.

  -single         call PutRecord, with one record per call, instead of PutRecords
  -cbor           send calls in CBOR, as the AWS SDK for Java does, instead of JSON
  -calls N        calls per round (default 500)
  -records N      records per call, 1 to 500 (default 500)
  -bytes N        bytes of data per record; the partition key adds 36 (default 100)
  -connections N  connections; each makes one call at a time (default 8)
  -rounds N       rounds (default 5)
  -time D         end a round after D even if calls remain (default 5s)
  -stream NAME    the stream; created with 4 shards if it does not exist (default "load")

64 calls take turns. Their partition keys differ, and are the same each time the program runs. A
warm-up round with a tenth of the calls comes first and does not count. For each endpoint the table
shows the median, lowest and highest records/s of its rounds; its median as a multiple of the last
endpoint's; and the CPU time per record of the server and of this program. The system counts CPU
time in hundredths of a second, so make enough calls: at least 10000 with -single. If this program
takes more CPU time than a server, a line below the table says so. Failed records do not count. A
server that keeps records in memory needs enough memory for all rounds.

The exit status is 2 if the arguments are invalid, and 1 if a record failed or an endpoint could not
be measured.
`

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run returns the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	return command.Exit("load", usage, load(args, stdout), stdout, stderr)
}

// load measures the endpoints and prints the table. It returns an error if any records failed.
func load(args []string, stdout io.Writer) error {
	opts, err := parseArgs(args)
	if err != nil {
		return command.UsageError{Err: err}
	}
	results, err := measure(opts, machine)
	if err != nil {
		return err
	}
	if err := writeTable(stdout, opts, results); err != nil {
		return err
	}
	var failures []string
	for _, r := range results {
		if r.failed > 0 {
			failures = append(failures, fmt.Sprintf("%s: %d of %d records failed (throttled?)", r.url, r.failed, r.failed+r.records))
		}
	}
	if len(failures) > 0 {
		return errors.New(strings.Join(failures, "; "))
	}
	return nil
}
