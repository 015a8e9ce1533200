package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/putrecords/putrecords"
)

const usage = `Usage: emulator [-addr HOST:PORT] [-stream NAME[:SHARDS]]... [-account ID] [-region REGION] [-unlimited]

Emulator answers the requests of Kinesis producers over HTTP/1.1 and HTTP/2, without TLS, until it is interrupted. Then it
answers the requests in flight, and shows what became of the records that were sent to each shard. A second interrupt ends it at
once.

  -addr HOST:PORT        where to listen (default 127.0.0.1:4567); port 0 is any that is free
  -stream NAME[:SHARDS]  a stream, and how many shards it has, 1 to 10000, or one; there may be several (default orders:4)
  -account ID            the account of the streams, 12 digits (default 000000000000)
  -region REGION         the region of the streams (default us-east-1)
  -unlimited             let shards take any number of records and bytes a second; requests keep AWS's limits

Signatures are not checked: whoever reaches the address is let in, so keep to a loopback address unless the network is yours.
Records are numbered and not kept, for no operation here reads them. GET /healthz answers 200.

The exit status is 1 if the address cannot be listened on or a request had to be cut off, and 2 if the arguments are invalid.
`

type options struct {
	addr    string
	streams []putrecords.Config
}

const maxShards = 10000 // a longer summary is of no use

func parseArgs(args []string) (options, error) {
	opts := options{addr: "127.0.0.1:4567"}
	flags := flag.NewFlagSet("emulator", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Func("addr", "", opts.setAddr)
	flags.Func("stream", "", opts.addStream)
	account := flags.String("account", "", "")
	region := flags.String("region", "", "")
	unlimited := flags.Bool("unlimited", false, "")
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	if flags.NArg() > 0 {
		return options{}, fmt.Errorf("flags alone are taken, but there are %q", flags.Args())
	}
	if opts.streams == nil {
		opts.streams = []putrecords.Config{{Name: "orders", Shards: 4}}
	}
	for i := range opts.streams {
		opts.streams[i].AccountID = *account
		opts.streams[i].Region = *region
		opts.streams[i].Log = putrecords.Discard() // nobody could read a log, and it would grow
		if *unlimited {
			opts.streams[i].Limits = putrecords.Limits{RecordsPerSecond: -1, BytesPerSecond: -1}
		}
	}
	return opts, nil
}

func (o *options) setAddr(value string) error {
	_, port, err := net.SplitHostPort(value)
	if err != nil {
		return errors.New("it is not HOST:PORT")
	}
	if _, err := net.LookupPort("tcp", port); err != nil {
		return fmt.Errorf("its port %q is neither a number from 0 to 65535 nor the name of a port", port)
	}
	o.addr = value
	return nil
}

func (o *options) addStream(value string) error {
	name, count, counted := strings.Cut(value, ":")
	if name == "" {
		return errors.New("it has no NAME")
	}
	if slices.ContainsFunc(o.streams, func(c putrecords.Config) bool { return c.Name == name }) {
		return fmt.Errorf("there is a stream %q already", name)
	}
	shards := 1
	if counted {
		var err error
		if shards, err = strconv.Atoi(count); err != nil || shards < 1 || shards > maxShards {
			return fmt.Errorf("its SHARDS %q is not a whole number from 1 to %d", count, maxShards)
		}
	}
	o.streams = append(o.streams, putrecords.Config{Name: name, Shards: shards})
	return nil
}

// newStreams returns the streams that the options describe.
func (o options) newStreams() ([]*putrecords.Stream, error) {
	streams := make([]*putrecords.Stream, len(o.streams))
	for i, config := range o.streams {
		var err error
		if streams[i], err = putrecords.New(config); err != nil {
			return nil, inFlags(err)
		}
	}
	return streams, nil
}

// inFlags names the flag that set an invalid field of a Config.
func inFlags(err error) error {
	var invalid *putrecords.ConfigError
	flags := map[string]string{"Name": "-stream", "AccountID": "-account", "Region": "-region"}
	if errors.As(err, &invalid) && flags[invalid.Field] != "" {
		return fmt.Errorf("%s: %s", flags[invalid.Field], invalid.Reason)
	}
	return err
}
