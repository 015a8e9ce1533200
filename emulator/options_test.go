package main

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/putrecords/putrecords"
)

func TestParseArgs(t *testing.T) {
	const account, region = "000000000000", "us-east-1"
	type stream struct {
		arn     string
		shards  int
		records int // per second and shard
		bytes   int64
	}
	long := strings.Repeat("n", 128)
	arn := func(region, account, name string) string {
		return "arn:aws:kinesis:" + region + ":" + account + ":stream/" + name
	}
	for _, test := range []struct {
		args []string
		addr string
		want []stream
	}{
		{nil, "127.0.0.1:4567", []stream{{arn(region, account, "orders"), 4, 1000, 1 << 20}}},
		{[]string{"-addr", "[::1]:65535"}, "[::1]:65535", []stream{{arn(region, account, "orders"), 4, 1000, 1 << 20}}},
		{[]string{"-addr", ":0"}, ":0", []stream{{arn(region, account, "orders"), 4, 1000, 1 << 20}}},
		{[]string{"-stream", "a", "-stream", "b.c_d-E:1", "-stream", long + ":10000"}, "127.0.0.1:4567", []stream{
			{arn(region, account, "a"), 1, 1000, 1 << 20},
			{arn(region, account, "b.c_d-E"), 1, 1000, 1 << 20},
			{arn(region, account, long), 10000, 1000, 1 << 20},
		}},
		{[]string{"-unlimited=false"}, "127.0.0.1:4567", []stream{{arn(region, account, "orders"), 4, 1000, 1 << 20}}},
		{
			[]string{"-account", "123456789012", "-region", "eu-west-1", "-unlimited", "-stream", "a:2", "-stream", "b"},
			"127.0.0.1:4567",
			[]stream{
				{arn("eu-west-1", "123456789012", "a"), 2, -1, -1},
				{arn("eu-west-1", "123456789012", "b"), 1, -1, -1},
			},
		},
	} {
		opts, err := parseArgs(test.args)
		if err != nil {
			t.Errorf("%q: %v", test.args, err)
			continue
		}
		service, err := opts.newService(slog.New(slog.DiscardHandler), time.Now)
		if err != nil {
			t.Errorf("%q: %v", test.args, err)
			continue
		}
		streams := service.Streams()
		if opts.addr != test.addr || len(streams) != len(test.want) {
			t.Errorf("%q: address %s, %d streams", test.args, opts.addr, len(streams))
			continue
		}
		for i, want := range test.want {
			limits := streams[i].Limits()
			got := stream{streams[i].ARN(), len(streams[i].Shards()), limits.RecordsPerSecond, limits.BytesPerSecond}
			if got != want || limits.RecordsPerRequest != 500 {
				t.Errorf("%q: %d records a request, %+v, want %+v", test.args, limits.RecordsPerRequest, got, want)
			}
		}
	}
}

func TestLatencyFlag(t *testing.T) {
	for value, want := range map[string]time.Duration{"0s": 0, "1ms": time.Millisecond, "5s": 5 * time.Second} {
		if opts, err := parseArgs([]string{"-latency", value}); err != nil || opts.latency != want {
			t.Errorf("%s: %v, error %v", value, opts.latency, err)
		}
	}
	if opts, err := parseArgs(nil); err != nil || opts.latency != time.Millisecond {
		t.Errorf("by default: %v, error %v", opts.latency, err)
	}
}

func TestInvalidArguments(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string // part of the line on stderr
	}{
		{[]string{"-latency", "-1ns"}, "-latency is -1ns and must be from 0s to 5s"},
		{[]string{"-latency", "5.000000001s"}, "-latency is 5.000000001s and must be from 0s to 5s"},
		{[]string{"-addr", ""}, `"" for flag -addr: must be HOST:PORT`},
		{[]string{"-addr", "4567"}, `"4567" for flag -addr: must be HOST:PORT`},
		{[]string{"-addr", "127.0.0.1:-1"}, `port "-1" must be a number from 0 to 65535 or the name of a service`},
		{[]string{"-addr", "127.0.0.1:65536"}, `port "65536" must be a number from 0 to 65535 or the name of a service`},
		{[]string{"-addr", "127.0.0.1:no such"}, `port "no such" must be a number from 0 to 65535 or the name of a service`},
		{[]string{"-stream", ""}, `"" for flag -stream: must be NAME or NAME:SHARDS`},
		{[]string{"-stream", ":4"}, `":4" for flag -stream: must be NAME or NAME:SHARDS`},
		{[]string{"-stream", "a:"}, `"a:" for flag -stream: SHARDS is "" and must be a whole number from 1 to 10000`},
		{[]string{"-stream", "a:0"}, `SHARDS is "0" and must be a whole number from 1 to 10000`},
		{[]string{"-stream", "a:-1"}, `SHARDS is "-1" and must be a whole number from 1 to 10000`},
		{[]string{"-stream", "a:10001"}, `SHARDS is "10001" and must be a whole number from 1 to 10000`},
		{[]string{"-stream", "a:4:4"}, `SHARDS is "4:4" and must be a whole number from 1 to 10000`},
		{[]string{"-stream", "a:99999999999999999999"}, `SHARDS is "99999999999999999999" and must be a whole number from 1 to 10000`},
		{[]string{"-stream", "a", "-stream", "b", "-stream", "a:2"}, `"a:2" for flag -stream: stream "a" already exists`},
		{[]string{"-stream", "a b"}, `emulator: -stream: "a b" is not 1 to 128 letters`},
		{[]string{"-stream", "a\nb"}, `emulator: -stream: "a\nb" is not 1 to 128 letters`},
		{[]string{"-stream", strings.Repeat("n", 129)}, `n" is not 1 to 128 letters`},
		{[]string{"-account", "12345678901"}, `emulator: -account: "12345678901" is not 12 digits`},
		{[]string{"-account", "1234567890123"}, `emulator: -account: "1234567890123" is not 12 digits`},
		{[]string{"-region", "US"}, `emulator: -region: "US" is not lower-case letters`},
		{[]string{"-unlimited=maybe"}, `"maybe" for -unlimited: must be true or false`},
		{[]string{"-unlimited="}, `"" for -unlimited: must be true or false`},
		{[]string{"-sync"}, `emulator: -sync needs -data`},
		{[]string{"-sync=maybe"}, `"maybe" for -sync: must be true or false`},
		{[]string{"-memory", "1GiB", "-data", "d"}, `emulator: -memory and -data exclude each other`},
		{[]string{"-memory", ""}, `"" for flag -memory: must be a number of bytes, such as 512MiB, and at least 16MiB`},
		{[]string{"-memory", "MiB"}, `"MiB" for flag -memory: must be a number of bytes`},
		{[]string{"-memory", "-1"}, `"-1" for flag -memory: must be a number of bytes`},
		{[]string{"-memory", "16777215"}, `"16777215" for flag -memory: must be a number of bytes`},
		{[]string{"-memory", "16383KiB"}, `"16383KiB" for flag -memory: must be a number of bytes`},
		{[]string{"-memory", "15MiB"}, `"15MiB" for flag -memory: must be a number of bytes`},
		{[]string{"-memory", "0GiB"}, `"0GiB" for flag -memory: must be a number of bytes`},
		{[]string{"-memory", "1.5GiB"}, `"1.5GiB" for flag -memory: must be a number of bytes`},
		{[]string{"-memory", "16MB"}, `"16MB" for flag -memory: must be a number of bytes`},
		{[]string{"-memory", "9223372036854775808"}, `for flag -memory: must be a number of bytes`},
		{[]string{"-memory", "8589934592GiB"}, `for flag -memory: must be a number of bytes`},
		{[]string{"-tls-cert", "cert.pem"}, `emulator: -tls-cert and -tls-key need each other`},
		{[]string{"-tls-key", "key.pem"}, `emulator: -tls-cert and -tls-key need each other`},
		{[]string{"-control=maybe"}, `"maybe" for -control: must be true or false`},
		{[]string{"-control", "-addr", ":0"}, `-control: -addr is ":0" and must be on loopback, such as 127.0.0.1:4567`},
		{[]string{"-control", "-addr", "0.0.0.0:0"}, `-control: -addr is "0.0.0.0:0" and must be on loopback`},
		{[]string{"-no\nsuch"}, `flag provided but not defined: -no\nsuch`},
		{[]string{"orders"}, `expected only flags, but got ["orders"]`},
	} {
		var stdout, stderr bytes.Buffer
		status := run(stopped(), test.args, &stdout, &stderr)
		if status != 2 || stdout.Len() != 0 {
			t.Errorf("%q: status %d, stdout %q", test.args, status, &stdout)
		}
		line := stderr.String()
		if !strings.HasPrefix(line, "emulator: ") || !strings.Contains(line, test.want) {
			t.Errorf("%q: stderr %q lacks %q", test.args, line, test.want)
		}
		if strings.Count(line, "\n") != 1 || !strings.HasSuffix(line, "\n") {
			t.Errorf("%q: stderr %q is not one line", test.args, line)
		}
	}
}

func TestMemory(t *testing.T) {
	for value, want := range map[string]int64{
		"16777216":      16 << 20,
		"16384KiB":      16 << 20,
		"16MiB":         16 << 20,
		"512MiB":        512 << 20,
		"1GiB":          1 << 30,
		"8589934591GiB": 8589934591 << 30,
	} {
		if opts, err := parseArgs([]string{"-memory", value}); err != nil || opts.memory != want {
			t.Errorf("%s: %d bytes, want %d, error %v", value, opts.memory, want, err)
		}
	}
	if opts, err := parseArgs(nil); err != nil || opts.memory != 1<<30 {
		t.Errorf("the default is %d bytes, error %v", opts.memory, err)
	}
}

func TestHelp(t *testing.T) {
	for _, arg := range []string{"-h", "-help", "--help"} {
		var stdout, stderr bytes.Buffer
		if status := run(stopped(), []string{arg}, &stdout, &stderr); status != 0 || stdout.String() != usage || stderr.Len() != 0 {
			t.Errorf("%s: status %d, stdout %q, stderr %q", arg, status, &stdout, &stderr)
		}
	}
}

// An error about a field that no flag sets stays as it is.
func TestInFlags(t *testing.T) {
	_, err := putrecords.New(putrecords.Config{Shards: -1})
	if got := inFlags(err); !errors.Is(got, err) {
		t.Errorf("got %v, want %v", got, err)
	}
}
