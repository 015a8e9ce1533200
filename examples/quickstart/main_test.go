package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// runWith runs the program and returns its exit status and what it wrote.
func runWith(stdin string, args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	status = run(args, strings.NewReader(stdin), &out, &errs)
	return status, out.String(), errs.String()
}

// runJSON runs the program on standard input, which it must accept, and returns the report.
func runJSON(t *testing.T, stdin string, args ...string) report {
	t.Helper()
	status, stdout, stderr := runWith(stdin, append(args, "-json", "-")...)
	if status != 0 || stderr != "" {
		t.Fatalf("status %d, stderr %q", status, stderr)
	}
	var r report
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// writeFile returns the path of a new file.
func writeFile(t *testing.T, data string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.log")
	if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSample(t *testing.T) {
	for _, test := range []struct {
		golden string
		args   []string
	}{
		{"sample.txt", nil},
		{"sample.json", []string{"-json"}},
	} {
		status, stdout, stderr := runWith("", test.args...)
		if status != 0 || stderr != "" {
			t.Fatalf("%s: status %d, stderr %q", test.golden, status, stderr)
		}
		golden := filepath.Join("testdata", test.golden)
		if *update {
			if err := os.WriteFile(golden, []byte(stdout), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if stdout != string(want) {
			t.Errorf("not what %s holds, which -update writes anew:\n%s", golden, stdout)
		}
	}
}

// The sample is there to show a shard that is throttled, and three that are not.
func TestSampleIsThrottled(t *testing.T) {
	r := runJSON(t, string(sample))
	throttled, records, refused := 0, int64(0), int64(0)
	for _, s := range r.Shards {
		records += s.Records
		refused += s.Throttled
		if s.Throttled > 0 {
			throttled++
		}
	}
	if len(r.Shards) != 4 || throttled != 1 {
		t.Errorf("%d of %d shards were throttled", throttled, len(r.Shards))
	}
	if records != int64(r.Lines) || refused != int64(r.Retries) || r.Retries < r.RetriedRecords {
		t.Errorf("shards stored %d records and throttled %d; %d lines, %d retries of %d records",
			records, refused, r.Lines, r.Retries, r.RetriedRecords)
	}
	if r.FirstFailure == nil || r.FirstFailure.Entry.ErrorCode == "" || r.HottestKeys[0].ShardID == "" {
		t.Errorf("report lacks the failure or the hot key's shard: %+v", r)
	}
}

func TestHelp(t *testing.T) {
	for _, arg := range []string{"-h", "-help", "--help"} {
		if status, stdout, stderr := runWith("", arg); status != 0 || stdout != usage || stderr != "" {
			t.Errorf("%s: status %d, stdout %q, stderr %q", arg, status, stdout, stderr)
		}
	}
}

func TestRefused(t *testing.T) {
	longKey := strings.Repeat("é", 257)
	longLine := "k " + strings.Repeat("x", 1<<20)
	file := writeFile(t, "a b\n\na\n")
	for _, test := range []struct {
		stdin string
		args  []string
		want  string // part of the line on stderr
	}{
		{"", []string{"-shards", "0"}, `"0" for flag -shards: it is not a whole number from 1 to 10000`},
		{"", []string{"-shards", "-1"}, `"-1" for flag -shards: it is not a whole number from 1 to 10000`},
		{"", []string{"-shards", "10001"}, `"10001" for flag -shards: it is not a whole number from 1 to 10000`},
		{"", []string{"-shards", "four"}, `"four" for flag -shards: it is not a whole number from 1 to 10000`},
		{"", []string{"-key", "0"}, `"0" for flag -key: it is not a whole number from 1 to 524288`},
		{"", []string{"-key", "1.5"}, `"1.5" for flag -key: it is not a whole number from 1 to 524288`},
		{"", []string{"-key", "99999999999999999999"}, `"99999999999999999999" for flag -key: it is not a whole number`},
		{"", []string{"-key"}, "flag needs an argument: -key"},
		{"", []string{"-json=maybe"}, `"maybe" for -json`},
		{"", []string{"-no\nsuch"}, `flag provided but not defined: -no\nsuch`},
		{"", []string{"a", "b"}, `at most one FILE is taken, and flags go before it, but there are ["a" "b"]`},
		{"", []string{"a", "-json"}, `at most one FILE is taken, and flags go before it, but there are ["a" "-json"]`},
		{"", []string{file + "/missing"}, "open " + file + "/missing: "},
		{"", []string{"no\nsuch"}, `open no\nsuch: `},
		{"", []string{""}, "the name of the FILE is empty"},
		{"", []string{filepath.Dir(file)}, filepath.Dir(file)},
		{"", []string{"-key", "2", file}, file + ":3: the line has 1 field, but -key asks for field 2"},
		{"a\n" + longKey + "\n", []string{"-"}, "standard input:2: the partition key has 257 characters, and AWS takes at most 256"},
		{longLine, []string{"-"}, "standard input:1: the line and its partition key are 1048579 bytes together, and AWS takes at most 1048576"},
	} {
		status, stdout, stderr := runWith(test.stdin, test.args...)
		if status != 2 || stdout != "" {
			t.Errorf("%q: status %d, stdout %q", test.args, status, stdout)
		}
		if !strings.HasPrefix(stderr, "quickstart: ") || !strings.Contains(stderr, test.want) {
			t.Errorf("%q: stderr %q lacks %q", test.args, stderr, test.want)
		}
		if strings.Count(stderr, "\n") != 1 || !strings.HasSuffix(stderr, "\n") {
			t.Errorf("%q: stderr %q is not one line", test.args, stderr)
		}
	}
}

func TestStandardInputFails(t *testing.T) {
	var stdout, stderr bytes.Buffer
	status := run([]string{"-"}, iotest.ErrReader(errors.New("broken")), &stdout, &stderr)
	if status != 2 || stdout.Len() != 0 || stderr.String() != "quickstart: standard input: broken\n" {
		t.Errorf("status %d, stdout %q, stderr %q", status, &stdout, &stderr)
	}
}

func TestStandardOutputFails(t *testing.T) {
	for _, args := range [][]string{{"-"}, {"-json", "-"}} {
		r, w := io.Pipe()
		r.CloseWithError(errors.New("broken"))
		var stderr bytes.Buffer
		if status := run(args, strings.NewReader("a\n"), w, &stderr); status != 1 || stderr.String() != "quickstart: broken\n" {
			t.Errorf("%q: status %d, stderr %q", args, status, &stderr)
		}
	}
}

func TestEmptyInput(t *testing.T) {
	status, stdout, stderr := runWith("", "-")
	const want = "standard input: 0 lines put into 4 shards, 0 blank lines skipped.\n"
	if status != 0 || stderr != "" || !strings.HasPrefix(stdout, want) {
		t.Errorf("status %d, stdout %q, stderr %q", status, stdout, stderr)
	}
	if r := runJSON(t, ""); r.Lines != 0 || r.Calls != 0 || r.FirstAnswer != nil || r.PartitionKeys != 0 {
		t.Errorf("%+v", r)
	}
}

func TestFileAndStandardInputAgree(t *testing.T) {
	const log = "a 1\nb 2\n\na 3\n"
	file := writeFile(t, log)
	_, fromFile, _ := runWith("", "-shards", "2", "-key", "2", file)
	_, fromStdin, _ := runWith(log, "-shards", "2", "-key", "2", "-")
	fromFile, found := strings.CutPrefix(fromFile, file)
	if !found || "standard input"+fromFile != fromStdin {
		t.Errorf("%s\n%s", fromFile, fromStdin)
	}
}

func TestFlags(t *testing.T) {
	r := runJSON(t, "a x\nb x\nc y\n \t\n", "-key", "2", "-shards", "3")
	if len(r.Shards) != 3 || r.Lines != 3 || r.BlankLines != 1 || r.PartitionKeys != 2 {
		t.Errorf("%+v", r)
	}
	if hot := r.HottestKeys[0]; hot.PartitionKey != "x" || hot.Records != 2 || hot.Share != 2.0/3 {
		t.Errorf("%+v", hot)
	}
}

// A record of AWS's largest size goes in, though a shard takes only one of them a second.
func TestLargestLines(t *testing.T) {
	line := "k " + strings.Repeat("x", 1<<20-3) + "\n"
	r := runJSON(t, strings.Repeat(line, 7), "-shards", "1")
	if r.Shards[0].Records != 7 || r.Shards[0].Bytes != 7<<20 || r.VirtualSeconds < 6 {
		t.Errorf("%+v", r)
	}
}

func TestUnprintableKey(t *testing.T) {
	_, stdout, _ := runWith("\x1b[31m"+strings.Repeat("k", 100)+"\n", "-")
	if strings.Contains(stdout, "\x1b") || !strings.Contains(stdout, "\ufffd[31m"+strings.Repeat("k", 34)+"…") {
		t.Errorf("%q", stdout)
	}
}
