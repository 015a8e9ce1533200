package main

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/emulator/internal/kinesis"
	"github.com/putrecords/putrecords/internal/command"
)

const usage = `Usage: emulator [-addr HOST:PORT] [-stream NAME[:SHARDS]]... [-account ID] [-region REGION] [-unlimited]
                [-reads N] [-read-bytes BYTES] [-latency D] [-state-delay D]
                [-data DIR [-sync] | -memory BYTES] [-control] [-tls-cert FILE -tls-key FILE]

Emulator answers Kinesis producers and consumers over HTTP/1.1 and HTTP/2 until it is interrupted.
Then it finishes the requests in flight and prints how many records each shard stored, throttled and
failed, and how many of a stream's records are distinct. A second interrupt ends it immediately.

  -addr HOST:PORT        where to listen: without HOST on all addresses, and port 0 picks a free port
                         (default 127.0.0.1:4567)
  -stream NAME[:SHARDS]  create a stream with SHARDS shards, 1 to 10000 (default 1); repeat the flag
                         for more streams (default orders:4, unless -data has streams)
  -account ID            the streams' account, 12 digits (default 000000000000)
  -region REGION         the streams' region (default us-east-1)
  -unlimited             never throttle puts and reads; the limits of a single request still apply
  -reads N               GetRecords calls a second that a shard serves (default 5)
  -read-bytes BYTES      bytes a second that they may return, such as 4MiB (default 2MiB)
  -latency D             how long each answer waits before it is sent, 0s to 5s (default 1ms, because
                         without it the AWS SDK for Go v2 sends some requests twice)
  -state-delay D         how long a stream is CREATING, UPDATING or DELETING; AWS takes about 5s
                         (default 200ms)
  -data DIR              keep streams and records in the directory DIR, which is created if it does
                         not exist, and go on with those that are there; -stream then creates only
                         streams that DIR does not have
  -sync                  with -data: what is stored also survives a power cut, not only the end of
                         the program; this is slower
  -memory BYTES          without -data: how many bytes the records in memory may take, such as
                         512MiB, at least 16MiB (default 1GiB); beyond that, the stream that takes
                         the most loses its oldest records, and the emulator logs how many; the
                         program itself may take twice as much and more
  -control               let tests create streams, inject faults and set the clock at /control/; the
                         emulator must listen on loopback
  -tls-cert FILE         serve HTTPS with the certificate in FILE, in PEM; intermediate certificates
                         may follow it
  -tls-key FILE          the private key of that certificate, in PEM

The emulator does not check signatures, so anyone who can reach the address can use it: listen on
loopback unless you trust the network. To keep web pages out, it refuses a request with status 403,
and logs why, if the request's Origin is not on loopback: localhost, [::1] or an address in
127.0.0.0/8, with any port. If the emulator itself listens on loopback, the request's Host must be
on loopback too; otherwise any Host will do. A page that is on loopback gets CORS headers, so the
AWS SDK works in it.

Open the address in a browser to watch the streams: a page shows the load and the throttling of each
shard, the last records and the last refused requests. GET /metrics answers Prometheus, and
GET /healthz answers 200.

An access key ID of 12 digits means the account with that ID, which has only the streams that are
created in it. Any other access key ID means -account. Clients may be set up for any region. STS's
GetCallerIdentity answers with the caller's account. Enhanced fan-out, such as SubscribeToShard, is
not supported.

The emulator logs each answer with throttled records and each refused request, up to 10 lines a
second for each of the two, and then how many it left out. If a client calls an operation that the
emulator does not have, it logs that once for each of the first 100 operations.

In the summary and on the page, stored records are distinct if their partition keys, explicit hash
keys or data differ. The emulator counts up to 1048576 distinct records for each stream.

Records are kept for 24 hours, or for as long as their stream's retention says. Only one emulator can
use a directory at a time. Streams in it keep the limits that they were created with. If the wall
clock is set back, the emulator logs it, and the streams' time goes on as if it had not been. With
-data, the time goes on from the latest record even if the clock is behind it.

The exit status is 2 if the arguments are invalid, and 1 if the emulator cannot use a file or the
directory, cannot listen on the address, had to cut off a request or cannot print.
`

type options struct {
	addr       string
	accountID  string
	region     string
	streams    []kinesis.NewStream
	limits     putrecords.Limits // of new streams
	latency    time.Duration
	stateDelay time.Duration
	data       string // a directory, or "" for memory
	sync       bool
	memory     int64 // bytes
	control    bool
	tlsCert    string // a file, or "" for no TLS
	tlsKey     string // a file
	reads      int    // per second and shard; -1 is unlimited
	readBytes  int64  // per second and shard; -1 is unlimited
}

const minMemory = 16 << 20

const maxShards = 10000 // a longer summary would help nobody

func parseArgs(args []string) (options, error) {
	opts := options{addr: "127.0.0.1:4567", reads: 5, readBytes: 2 << 20}
	flags := command.NewFlags()
	flags.Func("addr", "", opts.setAddr)
	flags.Func("stream", "", opts.addStream)
	flags.StringVar(&opts.accountID, "account", "000000000000", "")
	flags.StringVar(&opts.region, "region", "us-east-1", "")
	flags.DurationVar(&opts.latency, "latency", time.Millisecond, "")
	flags.DurationVar(&opts.stateDelay, "state-delay", 200*time.Millisecond, "")
	flags.StringVar(&opts.data, "data", "", "")
	flags.BoolFunc("sync", "", setBool(&opts.sync))
	flags.Func("memory", "", setBytes(&opts.memory, minMemory, "16MiB"))
	flags.Func("reads", "", command.WholeNumber(&opts.reads, 1_000_000))
	flags.Func("read-bytes", "", setBytes(&opts.readBytes, 1, "1"))
	unlimited := false
	flags.BoolFunc("unlimited", "", setBool(&unlimited))
	flags.BoolFunc("control", "", setBool(&opts.control))
	flags.StringVar(&opts.tlsCert, "tls-cert", "", "")
	flags.StringVar(&opts.tlsKey, "tls-key", "", "")
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	if flags.NArg() > 0 {
		return options{}, fmt.Errorf("expected only flags, but got %q", flags.Args())
	}
	if opts.latency < 0 || opts.latency > 5*time.Second {
		return options{}, fmt.Errorf("-latency is %v and must be from 0s to 5s", opts.latency)
	}
	if opts.stateDelay < 0 || opts.stateDelay > time.Hour {
		return options{}, fmt.Errorf("-state-delay is %v and must be from 0s to 1h", opts.stateDelay)
	}
	if opts.sync && opts.data == "" {
		return options{}, errors.New("-sync needs -data")
	}
	if opts.memory != 0 && opts.data != "" {
		return options{}, errors.New("-memory and -data exclude each other")
	}
	if (opts.tlsCert == "") != (opts.tlsKey == "") {
		return options{}, errors.New("-tls-cert and -tls-key need each other")
	}
	opts.memory = cmp.Or(opts.memory, 1<<30)
	if _, err := putrecords.NewAccount(opts.accountID, opts.region); err != nil {
		return options{}, inFlags(err)
	}
	if unlimited {
		opts.limits = putrecords.Limits{RecordsPerSecond: -1, BytesPerSecond: -1}
		opts.reads, opts.readBytes = -1, -1
	}
	return opts, nil
}

func (o *options) setAddr(value string) error {
	_, port, err := net.SplitHostPort(value)
	if err != nil {
		return errors.New("must be HOST:PORT")
	}
	if _, err := net.LookupPort("tcp", port); err != nil {
		return fmt.Errorf("port %q must be a number from 0 to 65535 or the name of a service", port)
	}
	o.addr = value
	return nil
}

func (o *options) addStream(value string) error {
	name, count, counted := strings.Cut(value, ":")
	if name == "" {
		return errors.New("must be NAME or NAME:SHARDS")
	}
	if slices.ContainsFunc(o.streams, func(n kinesis.NewStream) bool { return n.Name == name }) {
		return fmt.Errorf("stream %q already exists", name)
	}
	shards := 1
	if counted {
		var err error
		if shards, err = strconv.Atoi(count); err != nil || shards < 1 || shards > maxShards {
			return fmt.Errorf("SHARDS is %q and must be a whole number from 1 to %d", count, maxShards)
		}
	}
	o.streams = append(o.streams, kinesis.NewStream{Name: name, Shards: shards})
	return nil
}

// setBytes returns a function that sets a number of bytes, which must be at least least.
func setBytes(to *int64, least int64, leastText string) func(string) error {
	return func(value string) error {
		digits, unit := value, int64(1)
		for i, suffix := range []string{"KiB", "MiB", "GiB"} {
			if number, found := strings.CutSuffix(value, suffix); found {
				digits, unit = number, 1024<<(10*i)
			}
		}
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil || n > math.MaxInt64/unit || n*unit < least {
			return errors.New("must be a number of bytes, such as 512MiB, and at least " + leastText)
		}
		*to = n * unit
		return nil
	}
}

func setBool(to *bool) func(string) error {
	return func(value string) (err error) {
		if *to, err = strconv.ParseBool(value); err != nil {
			return errors.New("must be true or false")
		}
		return nil
	}
}

// inFlags rewrites an error about a Config field to name the flag that set it.
func inFlags(err error) error {
	var invalid *putrecords.ConfigError
	flags := map[string]string{"Name": "-stream", "AccountID": "-account", "Region": "-region"}
	if errors.As(err, &invalid) && flags[invalid.Field] != "" {
		return fmt.Errorf("%s: %s", flags[invalid.Field], invalid.Reason)
	}
	return err
}
