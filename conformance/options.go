package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/putrecords/putrecords/internal/command"
	"github.com/putrecords/putrecords/internal/vector"
)

const usage = `Usage: conformance -endpoint URL [flags]

It runs test vectors against a server with the API of Amazon Kinesis Data Streams,
and reports which of AWS's clauses the server satisfies. It creates streams whose names
start with "conformance-", and deletes them. Run it only against a test server.

  -endpoint URL    of the server, such as http://localhost:4567
  -control         use the server's control API, below /control/, for the vectors that
                   need a clock, faults, limits or layouts. It stops the server's clock
  -stream NAME     use this stream, which must be new, and create none. This takes
                   longer: the stream rests for 2 s before each vector
  -live            allow an AWS endpoint; needs -stream, costs money and writes to
                   the stream. Credentials come from AWS_ACCESS_KEY_ID,
                   AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN
  -region REGION   for signatures; else AWS_REGION, else us-east-1

  -marks LIST      where the rules that count come from (default S,P,D):
                   S the PutRecords page, P production, D other AWS documentation,
                   I inferred, ours a choice where AWS's behavior is unknown
  -level LIST      what counts of an answer (default code,members,text,numbers)
  -run REGEXP      only the vectors with such names
  -list            list the vectors and call no server
  -parallel N      vectors at the same time (default 4)
  -timeout TIME    of a call (default 10s)

  -baseline FILE   compare with the JSON report of an earlier run, and fail only if
                   something has changed for the worse, or has been mended
  -json FILE       write a report in JSON; - is standard output, which then has no table
  -junit FILE      write a report for CI systems
  -html FILE       write a page

It exits with status 0 if all vectors that could run passed, 1 if one failed or the
server does not answer, and 2 if the flags are wrong.
`

// options are what the flags say.
type options struct {
	endpoint    *url.URL
	control     bool
	stream      string
	live        bool
	region      string
	credentials credentials
	marks       []string
	levels      []vector.Level
	run         *regexp.Regexp
	list        bool
	parallel    int
	timeout     time.Duration
	baseline    string
	json, junit string
	html        string
}

func usageErrorf(format string, args ...any) error {
	return command.UsageError{Err: fmt.Errorf(format, args...)}
}

// parseOptions parses the arguments of the command.
func parseOptions(args []string, getenv func(string) string) (*options, error) {
	o := &options{
		region:   cmp.Or(getenv("AWS_REGION"), "us-east-1"),
		marks:    []string{"S", "P", "D"},
		levels:   vector.Levels,
		run:      regexp.MustCompile(""),
		parallel: 4,
		timeout:  10 * time.Second,
		credentials: credentials{
			accessKeyID:     cmp.Or(getenv("AWS_ACCESS_KEY_ID"), "test"),
			secretAccessKey: cmp.Or(getenv("AWS_SECRET_ACCESS_KEY"), "test"),
			sessionToken:    getenv("AWS_SESSION_TOKEN"),
		},
	}
	flags := command.NewFlags()
	flags.Func("endpoint", "", o.setEndpoint)
	flags.BoolVar(&o.control, "control", false, "")
	flags.StringVar(&o.stream, "stream", "", "")
	flags.BoolVar(&o.live, "live", false, "")
	flags.StringVar(&o.region, "region", o.region, "")
	flags.Func("marks", "", o.setMarks)
	flags.Func("level", "", o.setLevels)
	flags.Func("run", "", func(value string) (err error) {
		o.run, err = regexp.Compile(value)
		return err
	})
	flags.BoolVar(&o.list, "list", false, "")
	flags.Func("parallel", "", command.WholeNumber(&o.parallel, 32))
	flags.DurationVar(&o.timeout, "timeout", o.timeout, "")
	flags.StringVar(&o.baseline, "baseline", "", "")
	flags.StringVar(&o.json, "json", "", "")
	flags.StringVar(&o.junit, "junit", "", "")
	flags.StringVar(&o.html, "html", "", "")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil, err
		}
		return nil, command.UsageError{Err: err}
	}
	if flags.NArg() > 0 {
		return nil, usageErrorf("unexpected argument %q", flags.Arg(0))
	}
	return o, o.check(getenv)
}

func (o *options) setEndpoint(value string) error {
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return errors.New("must be a URL such as http://localhost:4567, without a path")
	}
	o.endpoint = u
	return nil
}

func (o *options) setMarks(value string) error {
	o.marks = strings.Split(value, ",")
	for _, mark := range o.marks {
		if !slices.Contains(marks, mark) {
			return fmt.Errorf("%q is not one of %s", mark, strings.Join(marks, ", "))
		}
	}
	return nil
}

func (o *options) setLevels(value string) error {
	o.levels = nil
	for name := range strings.SplitSeq(value, ",") {
		if !slices.Contains(vector.Levels, vector.Level(name)) {
			return fmt.Errorf("%q is not one of code, members, text, numbers", name)
		}
		o.levels = append(o.levels, vector.Level(name))
	}
	return nil
}

// check returns an error if flags are missing or contradict each other.
func (o *options) check(getenv func(string) string) error {
	switch {
	case o.list:
		return nil
	case o.endpoint == nil:
		return usageErrorf("-endpoint is missing")
	case o.shared() != "":
		return usageErrorf("%s; give each its own", o.shared())
	case o.baseline != "" && o.baseline == o.json:
		return usageErrorf("-baseline and -json are both %s, so a regression would replace what it is compared with", o.json)
	case o.timeout < time.Millisecond || o.timeout > 10*time.Minute:
		return usageErrorf("-timeout is %v and must be from 1ms to 10m", o.timeout)
	case o.control && o.stream != "":
		return usageErrorf("-control and -stream cannot be used together")
	case !isAWS(o.endpoint.Hostname()):
		return nil
	case o.endpoint.Scheme != "https":
		return usageErrorf("-endpoint %s is AWS's own and must be https: a session token is readable over http", o.endpoint)
	case !o.live:
		return usageErrorf("-endpoint %s is AWS's own; a run there costs money and writes to a stream: allow it with -live and -stream", o.endpoint)
	case o.stream == "":
		return usageErrorf("-live needs -stream, the name of a stream to write to")
	case getenv("AWS_ACCESS_KEY_ID") == "" || getenv("AWS_SECRET_ACCESS_KEY") == "":
		return usageErrorf("-live needs credentials in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	}
	return nil
}

// An output is a flag that names a file to write, and the file.
type output struct{ flag, name string }

func (o *options) outputs() []output {
	return []output{{"-json", o.json}, {"-junit", o.junit}, {"-html", o.html}}
}

// shared says which two reports would go to the same place, or returns "".
func (o *options) shared() string {
	flags := make(map[string]string)
	for _, output := range o.outputs() {
		if other := flags[output.name]; other != "" && output.name != "" {
			return fmt.Sprintf("%s and %s are both %s", other, output.flag, output.name)
		}
		flags[output.name] = output.flag
	}
	return ""
}

// printsTable reports whether standard output is free for the table.
func (o *options) printsTable() bool {
	return !slices.ContainsFunc(o.outputs(), func(output output) bool { return output.name == "-" })
}

// isAWS reports whether a host is one of AWS's.
func isAWS(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if net.ParseIP(host) != nil {
		return false
	}
	for _, domain := range []string{"amazonaws.com", "amazonaws.com.cn", "amazonaws.eu", "aws", "aws.dev", "ic.gov", "sgov.gov", "adc-e.uk"} {
		if host == domain || strings.HasSuffix(host, "."+domain) {
			return true
		}
	}
	return false
}
