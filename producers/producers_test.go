package main

import (
	"context"
	"crypto/md5"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// fake is the environment variable that makes this test's program one that the driver runs. It says
// what the program does.
const fake = "PRODUCERS_TEST_PROGRAM"

func TestMain(m *testing.M) {
	switch does := os.Getenv(fake); does {
	case "":
		os.Exit(m.Run())
	case "fails":
		fmt.Fprintln(os.Stderr, "no such\ncredentials")
		os.Exit(3)
	case "waits":
		select {}
	case "sends", "sends twice":
		send(os.Getenv("PUTRECORDS_ENDPOINT"), os.Getenv("PUTRECORDS_STREAM"), does == "sends twice")
	default:
		fmt.Print(does)
	}
}

// sent is how many records the fake program sends.
const sent = 3000

// send sends its records in calls of 500, and believes that they are stored because no call returns
// an error.
func send(endpoint, stream string, twice bool) {
	client := kinesis.New(newServer(endpoint, false).client.Options(), func(o *kinesis.Options) {
		o.HTTPClient = &http.Client{Transport: readsOnly{}}
	})
	for i := 0; i < sent; {
		var batch []types.PutRecordsRequestEntry
		for len(batch) < 500 {
			batch = append(batch, types.PutRecordsRequestEntry{PartitionKey: aws.String(strconv.Itoa(i)), Data: fmt.Appendf(nil, "record-%06d.", i)})
			i++
		}
		for _, again := range []bool{false, true} {
			if again && !twice {
				continue
			}
			if _, err := client.PutRecords(context.Background(), &kinesis.PutRecordsInput{StreamName: &stream, Records: batch}); err != nil {
				panic(err)
			}
		}
	}
	fmt.Println("a line of a log")
	fmt.Printf(`{"Version":"v1.0.0","Sent":%d,"Believed":%d}`, sent, sent)
}

// A readsOnly transport hides the WriteTo method of request bodies. That of smithy-go fails if the
// answer comes before the request is seen to be complete, and then the SDK sends the request again.
type readsOnly struct{}

func (readsOnly) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Body = struct{ io.ReadCloser }{r.Body}
	return http.DefaultTransport.RoundTrip(r)
}

// thisProgram is the fake program as one that the driver runs.
func thisProgram(t *testing.T, does string) *child {
	t.Helper()
	t.Setenv(fake, does)
	return &child{command: []string{os.Args[0]}}
}

// startWithTimeStopped starts an emulator whose shards take what they can hold at once, and no
// more.
func startWithTimeStopped(t *testing.T) string {
	t.Helper()
	e, err := startEmulator(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.stop)
	if err := newServer(e.url, false).control(t.Context(), http.MethodPut, "/control/clock", `{"Running": false}`); err != nil {
		t.Fatal(err)
	}
	return e.url
}

// hot is how many of the fake program's records belong to the hot shard: those whose hash keys are
// in the first half of the hash space.
func hot() int {
	n := 0
	for i := range sent {
		if md5.Sum([]byte(strconv.Itoa(i)))[0] < 0x80 {
			n++
		}
	}
	return n
}

// A run counts what the stream holds, with and without copies, whatever the program believes.
func TestRun(t *testing.T) {
	url := startWithTimeStopped(t)
	for _, test := range []struct {
		does, layout     string
		lenient          bool
		stored, distinct int
	}{
		{"sends", "even", false, sent, sent},
		{"sends", "hot", false, 1000 + sent - hot(), 1000 + sent - hot()},
		{"sends", "one", false, 1000, 1000},
		{"sends", "one", true, sent, sent},
		{"sends twice", "even", false, 2 * sent, sent},
		{"sends twice", "one", true, 5000, 2500},
	} {
		t.Run(fmt.Sprint(test.does, ", ", test.layout, ", lenient ", test.lenient), func(t *testing.T) {
			r, err := measure(t.Context(), newServer(url, test.lenient), thisProgram(t, test.does), named(t, layouts, test.layout), sent)
			if err != nil {
				t.Fatal(err)
			}
			want := claim{Version: "v1.0.0", Sent: sent, Believed: sent}
			if r.claim != want || r.stored != test.stored || r.distinct != test.distinct || r.lost() != sent-test.distinct {
				t.Errorf("%+v with %d lost, want %+v, %d stored, %d distinct", r, r.lost(), want, test.stored, test.distinct)
			}
		})
	}
}

// A program that fails, or prints what makes no sense, is an error that shows what it printed.
func TestProgramFails(t *testing.T) {
	for does, want := range map[string]string{
		"fails":                         "exit status 3: no such credentials",
		"believes it":                   `the program's last line is "believes it"`,
		`{"Sent":3000,"Believed":3000}`: "the program printed no Version",
		`{"Version":"1","Sent":2999,"Believed":0}`:            "sent 2999 records instead of 3000",
		`{"Version":"1","Sent":3000,"Believed":3001}`:         "Believed 3001, which must be from 0 to 3000",
		`{"Version":"1","Sent":3000,"Believed":-2}`:           "Believed -2, which must be from 0 to 3000",
		`{"Version":"1","Sent":3000,"Believes":3000}`:         "must have Sent and Believed",
		`{"Version":"1","Believed":3000}`:                     "must have Sent and Believed",
		"{\"Version\":\"1\",\"Sent\":3000,\"Believed\":0}\nx": `the program's last line is "x"`,
	} {
		_, err := thisProgram(t, does).run(t.Context(), "http://127.0.0.1:1", "stream", sent)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", does, err, want)
		}
	}
	if _, err := parseClaim("", sent); err == nil {
		t.Error("no output is not an error")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := thisProgram(t, "waits").run(ctx, "http://127.0.0.1:1", "stream", sent); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: error %v", err)
	}
}

// The page says what the catalog does, of whatever version.
func TestPageSaysWhatTheCatalogSays(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range catalog {
		for _, part := range []string{p.title, p.does} {
			pattern := strings.ReplaceAll(regexp.QuoteMeta(part), "VERSION", `\S+`)
			if !regexp.MustCompile(`\| ` + pattern + ` \|`).Match(text) {
				t.Errorf("%s lacks %q", page, part)
			}
		}
	}
}

// A shard that is split hands over to its children only after a while, as on AWS.
func TestHotShardWithSlowSplits(t *testing.T) {
	e, err := startEmulator(t.Context(), "-state-delay", "20ms")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.stop)
	server := newServer(e.url, false)
	stream, err := server.create(t.Context(), named(t, layouts, "hot"))
	if err != nil {
		t.Fatal(err)
	}
	shards, err := server.shards(t.Context(), stream)
	if err != nil {
		t.Fatal(err)
	}
	for n := int64(4); n < 8; n++ {
		key := eighths(n)
		put, err := server.client.PutRecord(t.Context(), &kinesis.PutRecordInput{
			StreamName: &stream, PartitionKey: aws.String("key"), ExplicitHashKey: aws.String(key.String()), Data: []byte("data"),
		})
		if err != nil {
			t.Fatal(err)
		}
		if owner := ownerOf(shards, key); *put.ShardId != *owner {
			t.Errorf("a record at %d eighths went to %s, want %s", n, *put.ShardId, *owner)
		}
	}
}

// A producer that fails is left out, and the error says how many were.
func TestRunAll(t *testing.T) {
	url := startWithTimeStopped(t)
	t.Setenv(fake, "sends")
	good := producer{name: "good", command: []string{os.Args[0]}}
	bad := producer{name: "bad", command: []string{"false"}}
	opts := options{streams: layouts, records: sent, runs: 2}
	for name, test := range map[string]struct {
		producers []producer
		rows      int
		err       string
	}{
		"all succeed": {[]producer{good, good}, 2, ""},
		"one fails":   {[]producer{bad, good}, 1, "1 of 2 producers failed"},
	} {
		t.Run(name, func(t *testing.T) {
			opts.producers = test.producers
			rows, err := runAll(t.Context(), newServer(url, false), opts, t.Output())
			if len(rows) != test.rows || test.err == "" && err != nil || test.err != "" && (err == nil || err.Error() != test.err) {
				t.Errorf("%d rows, error %v; want %d, %q", len(rows), err, test.rows, test.err)
			}
			for _, r := range rows {
				if len(r.results) != len(layouts) || r.results[0].distinct != 1000 || r.results[2].distinct != sent {
					t.Errorf("results %v", r.results)
				}
			}
		})
	}
	left, err := newServer(url, false).client.ListStreams(t.Context(), &kinesis.ListStreamsInput{})
	if err != nil || !slices.Equal(left.StreamNames, []string{"unused"}) {
		t.Errorf("streams are left: %v, error %v", left, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	opts.producers = []producer{good}
	if _, err := runAll(ctx, newServer(url, false), opts, t.Output()); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: error %v", err)
	}
}

func TestParseArgs(t *testing.T) {
	opts, err := parseArgs([]string{"-only", "a8m", "-streams", "even,hot", "-records", "1000000", "-runs", "3", "-lenient", "-endpoint", "http://127.0.0.1:1"})
	if err != nil || names(opts.producers) != "a8m" || names(opts.streams) != "hot,even" || opts.records != 1_000_000 || opts.runs != 3 ||
		!opts.lenient || opts.endpoint != "http://127.0.0.1:1" || opts.write {
		t.Errorf("%+v, error %v", opts, err)
	}
	if opts, err = parseArgs([]string{"-write"}); err != nil || len(opts.producers) != len(catalog) || len(opts.streams) != len(layouts) || opts.records != 5000 || opts.runs != 1 || !opts.write {
		t.Errorf("%+v, error %v", opts, err)
	}
	if opts, err = parseArgs([]string{"-program", "node mine.mjs"}); err != nil || len(opts.producers) != 1 || !slices.Equal(opts.producers[0].command, []string{"node", "mine.mjs"}) {
		t.Errorf("%+v, error %v", opts, err)
	}
	for args, want := range map[string]string{
		"x":                                   `"x" is not a flag`,
		"-only nobody":                        `-only is "nobody" and must be from telegraf,`,
		"-only a8m,a8m":                       "each once",
		"-streams one,two":                    `-streams is "one,two" and must be from one,hot,even, each once`,
		"-records 0":                          "-records is 0 and must be from 1 to 1000000",
		"-records 1000001":                    "-records is 1000001 and must be from 1 to 1000000",
		"-runs 0":                             "-runs is 0 and must be positive",
		"-endpoint 127.0.0.1:4567":            `-endpoint is "127.0.0.1:4567" and must be a URL such as http://127.0.0.1:4567`,
		"-endpoint localhost":                 `-endpoint is "localhost"`,
		"-program true -only a8m":             "-program and -only exclude each other",
		"-write -only a8m":                    "-write excludes",
		"-write -streams one":                 "-write excludes",
		"-write -program true":                "-write excludes",
		"-write -lenient":                     "-write excludes",
		"-write -endpoint http://127.0.0.1:1": "-write excludes",
	} {
		if _, err := parseArgs(strings.Fields(args)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", args, err, want)
		}
	}
}

func TestTables(t *testing.T) {
	of := func(believed, stored, distinct int) result {
		return result{claim: claim{Version: "v1.2.3", Sent: 5000, Believed: believed}, stored: stored, distinct: distinct}
	}
	got := tables(layouts[:2], []row{
		{producer{title: "[loser](x) VERSION", does: "[drops it](x/VERSION/y.go#L1)"}, []result{of(5000, 1100, 1100), of(5000, 3500, 3500)}},
		{producer{title: "keeper VERSION", does: "retries it"}, []result{of(5000, 5001, 5000), of(900, 1000, 999)}},
	})
	const want = `| Producer | Lost on one shard | Lost on five shards, one of them hot | What it does with a throttled record |
|---|--:|--:|---|
| [loser](x) 1.2.3 | 3,900 | 1,500 | [drops it](x/v1.2.3/y.go#L1) |
| keeper 1.2.3 | 0 | 0 | retries it |

On one shard:

| Producer | Sent | Believed | Stored | Distinct | Lost |
|---|--:|--:|--:|--:|--:|
| [loser](x) 1.2.3 | 5,000 | 5,000 | 1,100 | 1,100 | 3,900 |
| keeper 1.2.3 | 5,000 | 5,000 | 5,001 | 5,000 | 0 |

On five shards, one of them hot:

| Producer | Sent | Believed | Stored | Distinct | Lost |
|---|--:|--:|--:|--:|--:|
| [loser](x) 1.2.3 | 5,000 | 5,000 | 3,500 | 3,500 | 1,500 |
| keeper 1.2.3 | 5,000 | 900 | 1,000 | 999 | 0 |
`
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestTitle(t *testing.T) {
	for version, want := range map[string]string{
		"v1.2.3":                               "name 1.2.3",
		"1.2.3":                                "name 1.2.3",
		"v0.0.0-20171128231115-08b17f58cb1b":   "name 08b17f58cb1b",
		"v1.0.1-0.20171128231115-08b17f58cb1b": "name 1.0.1-0.20171128231115-08b17f58cb1b",
	} {
		r := row{producer: producer{title: "name VERSION"}, results: []result{{claim: claim{Version: version}}}}
		if got := r.title(); got != want {
			t.Errorf("%s: %q, want %q", version, got, want)
		}
	}
}

func TestThousands(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 999999: "999,999", 1000000: "1,000,000"} {
		if got := thousands(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}

func TestReplaceTables(t *testing.T) {
	got, err := replaceTables("a\n"+begin+"old\n"+end+"b\n", "new\n")
	if want := "a\n" + begin + "\nnew\n\n" + end + "b\n"; got != want || err != nil {
		t.Errorf("%q, error %v, want %q", got, err, want)
	}
	for _, text := range []string{"", begin, end, end + begin} {
		if _, err := replaceTables(text, "new\n"); err == nil {
			t.Errorf("%q is not an error", text)
		}
	}
}

// The page is rewritten by a program, so its two lines must be there.
func TestPageCanBeWritten(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := replaceTables(string(text), "new\n"); err != nil {
		t.Error(err)
	}
}

// link is a link in Markdown.
var link = regexp.MustCompile(`\[([^]]*)\]\([^)]*\)`)

// rows returns the cells of the table after a line of Markdown, with the text of links alone.
func rows(t *testing.T, file, line string) [][]string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(text), "\n"+line+"\n")
	if !found {
		t.Fatalf("%s has no line %q", file, line)
	}
	var rows [][]string
	for row := range strings.Lines(strings.TrimLeft(table, "\n")) {
		if !strings.HasPrefix(row, "|") {
			break
		}
		row = link.ReplaceAllString(strings.Trim(row, "|\n "), "$1")
		rows = append(rows, strings.Split(row, " | "))
	}
	return rows
}

// The README's story is four rows of the page's table.
func TestREADMEShowsThePagesFigures(t *testing.T) {
	const stored = 3 // the column
	page := rows(t, page, "On one shard:")
	story := rows(t, "../README.md", "| | Stored |")[1:]
	if len(story) != 4 {
		t.Errorf("the README has %d rows, want 4", len(story))
	}
	for _, row := range story {
		found := slices.ContainsFunc(page, func(cells []string) bool {
			return strings.HasPrefix(cells[0]+",", row[0]+",") && cells[1] == "5,000" && cells[2] == "5,000" && cells[stored] == row[1]
		})
		if !found {
			t.Errorf("the page has no row of %q on one shard, with 5,000 sent and believed, and %s stored", row[0], row[1])
		}
	}
}

func TestMiddle(t *testing.T) {
	for _, test := range []struct {
		distinct []int
		want     int
	}{{[]int{7}, 7}, {[]int{3, 1}, 3}, {[]int{5, 1, 9}, 5}} {
		var runs []result
		for _, n := range test.distinct {
			runs = append(runs, result{distinct: n})
		}
		if got := middle(runs).distinct; got != test.want {
			t.Errorf("of %v: %d, want %d", test.distinct, got, test.want)
		}
	}
}
