package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files again")

// runWith runs the program and returns its exit status and output.
func runWith(stdin string, args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	status = run(args, strings.NewReader(stdin), &out, &errs)
	return status, out.String(), errs.String()
}

// golden compares with a file in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is out of date: run go test ./examples/hotshard -update. The output is\n%s", path, got)
	}
}

func TestSampleReport(t *testing.T) {
	status, stdout, stderr := runWith("", "-shards", "4,8,16")
	if status != 0 || stderr != "" {
		t.Fatalf("status %d, stderr %q", status, stderr)
	}
	golden(t, "sample.txt", stdout)
}

func TestSampleReportWithSplits(t *testing.T) {
	status, stdout, stderr := runWith("", "-shards", "8", "-split-hot", "-stream", "orders", "-anonymous")
	if status != 0 || stderr != "" {
		t.Fatalf("status %d, stderr %q", status, stderr)
	}
	golden(t, "splits.txt", stdout)
}

// The trace of a file, of standard input and of an uncompressed file give the same report.
func TestInputsAreAlike(t *testing.T) {
	plain := "time,key,bytes\n1,a,1\n2,b,1\n"
	path := filepath.Join(t.TempDir(), "x.csv")
	if err := os.WriteFile(path, []byte(plain), 0o600); err != nil {
		t.Fatal(err)
	}
	status, fromFile, stderr := runWith("", "-shards", "1", path)
	if status != 0 || stderr != "" {
		t.Fatalf("status %d, stderr %q", status, stderr)
	}
	status, fromStdin, stderr := runWith(plain, "-shards", "1", "-")
	if status != 0 || stderr != "" {
		t.Fatalf("status %d, stderr %q", status, stderr)
	}
	if want := strings.Replace(fromFile, path, "standard input", 1); fromStdin != want {
		t.Errorf("standard input gives\n%s, want\n%s", fromStdin, want)
	}
}

func TestMadeUpTraffic(t *testing.T) {
	args := []string{"-rate", "3000", "-keys", "20", "-zipf", "1.5", "-size", "500", "-burst", "2", "-duration", "6s", "-seed", "7", "-shards", "2,4"}
	status, first, stderr := runWith("", args...)
	if status != 0 || stderr != "" || !strings.HasPrefix(first, "made-up traffic: ") {
		t.Fatalf("status %d, stdout %q, stderr %q", status, first, stderr)
	}
	if _, again, _ := runWith("", args...); again != first {
		t.Errorf("the same seed gives\n%s and\n%s", first, again)
	}
}

// Bad lines are reported with their numbers, the first ten of them, and then counted.
func TestBadLinesAreSkipped(t *testing.T) {
	trace := "time,key,bytes\n1,a,1\n" + strings.Repeat("2,b,x\n", 12)
	status, stdout, stderr := runWith(trace, "-")
	if status != 0 || !strings.Contains(stdout, "standard input: 1 record and") || !strings.Contains(stdout, "\nWarning: 12 bad lines skipped.\n") {
		t.Errorf("status %d, stdout\n%s", status, stdout)
	}
	if lines := strings.Split(stderr, "\n"); len(lines) != 11 ||
		lines[9] != `hotshard: standard input: skipped line 12: bytes are "x", not a whole number` {
		t.Errorf("stderr\n%s", stderr)
	}
	status, stdout, stderr = runWith(trace, "-strict", "-")
	if status != 2 || stdout != "" || stderr != "hotshard: standard input: line 3: bytes are \"x\", not a whole number\n" {
		t.Errorf("-strict: status %d, stdout %q, stderr %q", status, stdout, stderr)
	}
}

func TestNotes(t *testing.T) {
	_, stdout, _ := runWith(`{"Records": [{"ApproximateArrivalTimestamp": 2, "Data": "", "PartitionKey": "a"},
		{"ApproximateArrivalTimestamp": 1, "Data": "", "PartitionKey": "a"}]}`, "-")
	for _, want := range []string{
		"\nWarning: get-records shows only records that were stored. What was throttled and lost is missing.\n",
		"\nWarning: 1 record not in the order of time. They count as of the time before.\n",
		"0.00 %          0          0 ", "        -\n", // too short for a price
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("the report lacks %q:\n%s", want, stdout)
		}
	}
}

// A key that no split helps is named, unless names are anonymous.
func TestOneHotKey(t *testing.T) {
	args := []string{"-rate", "3000", "-keys", "2", "-zipf", "3", "-size", "10", "-duration", "5s", "-shards", "1", "-split-hot"}
	_, stdout, _ := runWith("", args...)
	if want := ` times its limit, and the key "key-1" alone exceeds it: no split helps`; !strings.Contains(stdout, want) {
		t.Errorf("the report lacks %q:\n%s", want, stdout)
	}
	_, stdout, _ = runWith("", append(args, "-anonymous")...)
	if strings.Contains(stdout, "key-1") || !strings.Contains(stdout, `and the key "be2974546978" alone`) {
		t.Errorf("with -anonymous, the report is\n%s", stdout)
	}
}

// An interrupted run reports what is known.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout bytes.Buffer
	err := hotshard(ctx, []string{"-rate", "10"}, nil, &stdout, io.Discard)
	if err == nil || err.Error() != "interrupted: this is what is known so far" ||
		!strings.Contains(stdout.String(), "\nInterrupted: the report has what is known so far.\n") {
		t.Errorf("error %v, stdout\n%s", err, &stdout)
	}
}

func TestHelp(t *testing.T) {
	if status, stdout, stderr := runWith("", "-h"); status != 0 || stdout != usage || stderr != "" {
		t.Errorf("status %d, stdout %q, stderr %q", status, stdout, stderr)
	}
}

// Help names every flag.
func TestHelpIsComplete(t *testing.T) {
	for name, value := range map[string]string{
		"shards": "1", "split-hot": "true", "reshard-delay": "0s", "stream": "a", "lenient": "true", "producers": "1", "batch": "1",
		"linger": "0s", "latency": "0s", "backoff": "1ms", "max-backoff": "1ms", "jitter": "0", "attempts": "0", "rate": "1", "keys": "1",
		"zipf": "0", "size": "0", "burst": "1", "duration": "1ms", "seed": "0", "html": "", "anonymous": "true", "strict": "true",
		"price-shard": "0", "price-put": "0", "price-stream": "0", "price-gb": "0",
	} {
		if _, err := parseArguments([]string{"-" + name + "=" + value}); err != nil || !strings.Contains(usage, "  -"+name+" ") {
			t.Errorf("-%s: error %v; in the help: %t", name, err, strings.Contains(usage, "  -"+name+" "))
		}
	}
	if n := strings.Count(usage, "\n  -"); n != 27 {
		t.Errorf("the help has %d flags, and this test 27", n)
	}
}

func TestRejected(t *testing.T) {
	directory := t.TempDir()
	for _, test := range []struct {
		args   []string
		status int
		want   string // part of the line on stderr
	}{
		{[]string{"-shards", "0"}, 2, `"0" for flag -shards: must be whole numbers from 1 to 10000, separated by commas`},
		{[]string{"-shards", "10001"}, 2, "must be whole numbers from 1 to 10000"},
		{[]string{"-shards", "1,"}, 2, "must be whole numbers from 1 to 10000"},
		{[]string{"-shards", strings.Repeat("1,", 20) + "1"}, 2, "must be at most 20 numbers"},
		{[]string{"-batch", "501"}, 2, "must be a whole number from 1 to 500"},
		{[]string{"-batch", "0"}, 2, "must be a whole number from 1 to 500"},
		{[]string{"-producers", "0"}, 2, "must be a whole number from 1 to 100000"},
		{[]string{"-attempts", "-1"}, 2, "must be a whole number from 0 to 1000000"},
		{[]string{"-keys", "0"}, 2, "must be a whole number from 1 to 100000000"},
		{[]string{"-size", "1048321"}, 2, "must be a whole number from 0 to 1048320"},
		{[]string{"-jitter", "1.1"}, 2, "must be a number from 0 to 1"},
		{[]string{"-jitter", "NaN"}, 2, "must be a number from 0 to 1"},
		{[]string{"-zipf", "-1"}, 2, "must be a number from 0 to 10"},
		{[]string{"-linger", "-1ns"}, 2, "must be a duration from 0s to 1h0m0s, like 1.5s"},
		{[]string{"-duration", "8784h1ns"}, 2, "must be a duration from 1ms to 8784h0m0s"},
		{[]string{"-backoff", "0"}, 2, "must be a duration from 1ms to 1h0m0s"},
		{[]string{"-max-backoff", "1h1ns"}, 2, "must be a duration from 1ms to 1h0m0s"},
		{[]string{"-seed", "-1"}, 2, `"-1" for flag -seed`},
		{[]string{"-stream", "a b"}, 2, "invalid value for flag -stream: "},
		{[]string{"-no\nsuch"}, 2, `flag provided but not defined: -no\nsuch`},
		{[]string{"a", "b"}, 2, `expected at most one FILE, after all flags, but got ["a" "b"]`},
		{[]string{"-rate", "1", "a"}, 2, "expected FILE or -rate, but not both"},
		{[]string{"no\nsuch"}, 2, `open no\nsuch: `},
		{[]string{directory}, 2, directory},
		{[]string{"-"}, 2, "standard input: the trace is empty"},
		{[]string{"-rate", "0.001", "-duration", "1ms"}, 2, "made-up traffic: no records"},
		{[]string{"-rate", "9", "-html", filepath.Join(directory, "no", "such")}, 1, "hotshard: open "},
	} {
		status, stdout, stderr := runWith("", test.args...)
		if status != test.status || stdout != "" {
			t.Errorf("%q: status %d, stdout %q", test.args, status, stdout)
		}
		if !strings.HasPrefix(stderr, "hotshard: ") || !strings.Contains(stderr, test.want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%q: stderr %q is not one line with %q", test.args, stderr, test.want)
		}
	}
}

func TestStandardOutputFails(t *testing.T) {
	r, w := io.Pipe()
	r.CloseWithError(errors.New("broken"))
	var stderr bytes.Buffer
	if status := run([]string{"-rate", "9", "-duration", "1s"}, nil, w, &stderr); status != 1 || stderr.String() != "hotshard: broken\n" {
		t.Errorf("status %d, stderr %q", status, &stderr)
	}
}

func TestPrices(t *testing.T) {
	p := Prices{ShardHour: 0.015, MillionPuts: 0.014, StreamHour: 0.04, GB: 0.08}
	r := Result{OpenShards: 4, PutUnits: 1_000_000, Length: month / 10}
	if dollars, ok := p.provisioned(&r); !ok || math.Abs(dollars-(4*730*0.015+10*0.014)) > 1e-9 {
		t.Errorf("provisioned: %v, %t", dollars, ok)
	}
	traffic := Traffic{BilledKB: 1 << 20, Length: month / 10}
	if dollars, ok := p.onDemand(&traffic); !ok || math.Abs(dollars-(730*0.04+10*0.08)) > 1e-9 {
		t.Errorf("on demand: %v, %t", dollars, ok)
	}
	r.Length, traffic.Length = shortest-1, shortest-1
	if _, ok := p.provisioned(&r); ok {
		t.Error("provisioned: less than a second is enough for a price")
	}
	if _, ok := p.onDemand(&traffic); ok {
		t.Error("on demand: less than a second is enough for a price")
	}
}

// A PUT payload unit is 25 KB, and an on-demand stream bills whole KB.
func TestBilledUnits(t *testing.T) {
	for _, test := range []struct {
		bytes     int
		units, kb int64
	}{{1, 1, 1}, {1024, 1, 1}, {1025, 1, 2}, {25 << 10, 1, 25}, {25<<10 + 1, 2, 26}, {1 << 20, 41, 1024}} {
		r := mustSimulate(t, Config{Shards: 1, Policy: once}, every(1, 1, test.bytes, quarters[0]))
		traffic := &Traffic{}
		traffic.add(&Arrival{Bytes: test.bytes}, func(b []byte) []byte { return b })
		if r.PutUnits != test.units || traffic.BilledKB != test.kb {
			t.Errorf("%d bytes: %d units, %d KB; want %d, %d", test.bytes, r.PutUnits, traffic.BilledKB, test.units, test.kb)
		}
	}
}
