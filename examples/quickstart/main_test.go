package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"html"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

var update = flag.Bool("update", false, "write the golden file and its picture again")

// runWith runs the program and returns its exit status and output.
func runWith(args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	status = run(args, &out, &errs)
	return status, out.String(), errs.String()
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

// The golden file is the output, and the README's picture shows it.
func TestSample(t *testing.T) {
	status, stdout, stderr := runWith()
	if status != 0 || stderr != "" {
		t.Fatalf("status %d, stderr %q", status, stderr)
	}
	for path, got := range map[string]string{
		"testdata/sample.txt":       stdout,
		"../../docs/quickstart.svg": picture("$ go run ./examples/quickstart\n" + stdout),
	} {
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
			t.Errorf("%s is out of date: run go test ./examples/quickstart -update. The output is\n%s", path, stdout)
		}
	}
}

// picture draws text as an SVG of a terminal.
func picture(text string) string {
	const fontSize, charWidth, lineHeight, margin = 13, 7.85, 18, 16
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	columns := 0
	for _, line := range lines {
		columns = max(columns, utf8.RuneCountInString(line))
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%d" font-size="%d"`,
		charWidth*float64(columns)+2*margin, lineHeight*len(lines)+2*margin, fontSize)
	b.WriteString(` font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, DejaVu Sans Mono, monospace" fill="#e6edf3">` + "\n")
	b.WriteString(`<rect width="100%" height="100%" rx="8" fill="#161b22"/>` + "\n")
	for i, line := range lines {
		fmt.Fprintf(&b, `<text x="%d" y="%d" xml:space="preserve">%s</text>`+"\n",
			margin, margin+lineHeight*i+fontSize, html.EscapeString(line))
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// The sample shows one throttled shard among four, which holds the hottest key.
func TestSampleHasOneHotShard(t *testing.T) {
	lines, err := parseLog(sample, 1)
	if err != nil {
		t.Fatal(err)
	}
	p := newProducer(4)
	if err := p.putAll(t.Context(), lines); err != nil {
		t.Fatal(err)
	}
	retries := int64(0)
	for _, l := range lines {
		retries += int64(l.attempts - 1)
	}
	var throttled, stored int64
	var hot []string
	for _, s := range p.stream.Stats() {
		stored += s.Stored.Records
		throttled += s.Throttled.Records
		if s.Throttled.Records > 0 {
			hot = append(hot, s.ShardID)
		}
	}
	if len(hot) != 1 || stored != 4000 || throttled != retries {
		t.Errorf("throttled shards %q; %d records stored, %d throttled, %d retried", hot, stored, throttled, retries)
	}
}

func TestSampleAddressesAreForDocumentation(t *testing.T) {
	ranges := []netip.Prefix{
		netip.MustParsePrefix("192.0.2.0/24"),
		netip.MustParsePrefix("198.51.100.0/24"),
		netip.MustParsePrefix("203.0.113.0/24"),
		netip.MustParsePrefix("2001:db8::/32"),
	}
	lines, err := parseLog(sample, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lines {
		address, err := netip.ParseAddr(l.key)
		if err != nil {
			t.Fatal(err)
		}
		documented := false
		for _, r := range ranges {
			documented = documented || r.Contains(address)
		}
		if !documented {
			t.Errorf("line %d: %v is a real address", l.number, address)
		}
	}
}

func TestHelp(t *testing.T) {
	if status, stdout, stderr := runWith("-h"); status != 0 || stdout != usage || stderr != "" {
		t.Errorf("status %d, stdout %q, stderr %q", status, stdout, stderr)
	}
}

func TestRejected(t *testing.T) {
	file := writeFile(t, "a b\n\na\n")
	for _, test := range []struct {
		args   []string
		status int
		want   string // part of the line on stderr
	}{
		{[]string{"-shards", "0"}, 2, `"0" for flag -shards: must be a whole number from 1 to 10000`},
		{[]string{"-shards", "10001"}, 2, `"10001" for flag -shards: must be a whole number from 1 to 10000`},
		{[]string{"-key", "0"}, 2, `"0" for flag -key: must be a whole number from 1 to 524288`},
		{[]string{"-key", "524289"}, 2, `"524289" for flag -key: must be a whole number from 1 to 524288`},
		{[]string{"-key"}, 2, "flag needs an argument: -key"},
		{[]string{"-no\nsuch"}, 2, `flag provided but not defined: -no\nsuch`},
		{[]string{"a", "-key"}, 2, `expected at most one FILE, after all flags, but got ["a" "-key"]`},
		{[]string{"no\nsuch"}, 2, `open no\nsuch: `},
		{[]string{""}, 2, "open : "},
		{[]string{filepath.Dir(file)}, 2, filepath.Dir(file)},
		{[]string{"-key", "2", file}, 2, file + ": line 3 has no field 2 to use as its partition key"},
		{[]string{writeFile(t, "\n \t\r\n")}, 2, "x.log: every line is blank"},
		{[]string{writeFile(t, strings.Repeat("k", 257))}, 1, "x.log: ValidationException: 1 validation error detected: "},
	} {
		status, stdout, stderr := runWith(test.args...)
		if status != test.status || stdout != "" {
			t.Errorf("%q: status %d, stdout %q", test.args, status, stdout)
		}
		if !strings.HasPrefix(stderr, "quickstart: ") || !strings.Contains(stderr, test.want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%q: stderr %q is not one line with %q", test.args, stderr, test.want)
		}
	}
}

func TestStandardOutputFails(t *testing.T) {
	r, w := io.Pipe()
	r.CloseWithError(errors.New("broken"))
	var stderr bytes.Buffer
	if status := run(nil, w, &stderr); status != 1 || stderr.String() != "quickstart: broken\n" {
		t.Errorf("status %d, stderr %q", status, &stderr)
	}
}

func TestParseLog(t *testing.T) {
	for _, test := range []struct {
		log  string
		key  int
		want string // the number, key and data of each line
	}{
		{"a 1\nb 2\n", 1, `[1 "a" "a 1"] [2 "b" "b 2"]`},
		{"a 1\nb 2", 2, `[1 "1" "a 1"] [2 "2" "b 2"]`},
		{"a\r\n\r\nb\r\n", 1, `[1 "a" "a"] [3 "b" "b"]`},
		{"a\r\r\n \t\n", 1, `[1 "a" "a\r"]`},
		{"  a \t b  \n", 2, `[1 "b" "  a \t b  "]`},
		{"\xff \x00\n", 1, `[1 "\xff" "\xff \x00"]`},
	} {
		lines, err := parseLog([]byte(test.log), test.key)
		var got []string
		for _, l := range lines {
			got = append(got, fmt.Sprintf("[%d %q %q]", l.number, l.key, l.data))
		}
		if err != nil || strings.Join(got, " ") != test.want {
			t.Errorf("%q: got %s, %v, want %s", test.log, got, err, test.want)
		}
	}
}

func TestReport(t *testing.T) {
	file := writeFile(t, "a x\nb x\n \t\nc \x1b[31m"+strings.Repeat("y", 100)+"\n")
	status, stdout, stderr := runWith("-key", "2", "-shards", "3", file)
	if status != 0 || stderr != "" {
		t.Fatalf("status %d, stderr %q", status, stderr)
	}
	for _, want := range []string{
		file + ": 3 lines, 3 shards, 1 calls, 0.005 s of virtual time\n",
		"Hottest of 2 partition keys\n",
		"        2  66.7 %  shardId-00000000000",
		`"\x1b[31m` + strings.Repeat("y", 35) + "\"\n", // escaped and cut off
		"Retried after throttling: 0 lines, 0 retries in all.\n",
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("the report lacks %q:\n%s", want, stdout)
		}
	}
}
