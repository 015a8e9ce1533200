package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// A fake is a server that already has the stream and answers a PutRecords call with a result for
// each record.
type fake struct {
	*httptest.Server
	status func() string // of the stream; "" if it is missing
	create func() string // the error CreateStream returns; "" if it succeeds
	put    func(w http.ResponseWriter, r *http.Request, in putInput)

	mu         sync.Mutex
	operations []string
	headers    []http.Header
	puts       []putInput
}

type putInput struct {
	StreamName string
	Records    []struct {
		Data         []byte
		PartitionKey string
	}
}

func newFake(t *testing.T) *fake {
	f := &fake{
		status: func() string { return "ACTIVE" },
		create: func() string { return "" },
		put:    func(w http.ResponseWriter, _ *http.Request, in putInput) { fmt.Fprint(w, answer(len(in.Records), 0)) },
	}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

// answer returns the body of an answer.
func answer(records, failed int) string {
	results := strings.Repeat(`,{"SequenceNumber":"1","ShardId":"shardId-000000000000"}`, records-failed) +
		strings.Repeat(`,{"ErrorCode":"InternalFailure","ErrorMessage":"Internal service failure."}`, failed)
	return fmt.Sprintf(`{"Records":[%s],"FailedRecordCount":%d}`, results[1:], failed)
}

// reject answers with an error.
func reject(w http.ResponseWriter, status int, body string) {
	w.WriteHeader(status)
	fmt.Fprint(w, body)
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	operation := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "Kinesis_20131202.")
	body, err := io.ReadAll(r.Body)
	if err != nil {
		reject(w, http.StatusTeapot, err.Error())
		return
	}
	f.mu.Lock()
	f.operations = append(f.operations, operation)
	f.headers = append(f.headers, r.Header)
	f.mu.Unlock()
	switch operation {
	case "DescribeStreamSummary":
		if status := f.status(); status != "" {
			fmt.Fprintf(w, `{"StreamDescriptionSummary":{"StreamStatus":%q}}`, status)
		} else {
			reject(w, http.StatusBadRequest, `{"__type":"ResourceNotFoundException"}`)
		}
	case "CreateStream":
		if failure := f.create(); failure != "" || string(body) != `{"ShardCount":4,"StreamName":"load"}` {
			reject(w, http.StatusBadRequest, failure+string(body))
		}
	case "PutRecords":
		var in putInput
		if err := json.Unmarshal(body, &in); err != nil || r.Method != http.MethodPost || r.URL.Path != "/" {
			reject(w, http.StatusTeapot, fmt.Sprint(err))
			return
		}
		f.mu.Lock()
		f.puts = append(f.puts, in)
		f.mu.Unlock()
		f.put(w, r, in)
	default:
		reject(w, http.StatusTeapot, operation)
	}
}

// runWith runs the program and returns its exit status and what it wrote.
func runWith(args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	status = run(args, &out, &errs)
	return status, out.String(), errs.String()
}

func TestRun(t *testing.T) {
	f := newFake(t)
	args := []string{"-calls", "64", "-records", "3", "-bytes", "7", "-connections", "2", "-rounds", "3", "-time", "1h", "-stream", "s"}
	status, stdout, stderr := runWith(append(args, f.URL, f.URL+"/")...)
	if status != 0 || stderr != "" {
		t.Fatalf("status %d, stderr %q", status, stderr)
	}
	lines := strings.Split(strings.TrimSuffix(stdout, "\n"), "\n")
	if want := "PutRecords in JSON with 3 × 7 bytes and 36-byte keys on 2 connections; 3 rounds of 64 calls or 1h0m0s"; lines[0] != want {
		t.Errorf("got  %s\nwant %s", lines[0], want)
	}
	row := regexp.MustCompile(`^ +` + regexp.QuoteMeta(f.URL) + `( +\d+){3} +\d+\.\d\d +- +(\d+|-)$`)
	if len(lines) != 5 || !row.MatchString(lines[3]) || !row.MatchString(lines[4]) || !strings.Contains(lines[4], " 1.00 ") {
		t.Errorf("the table is\n%s", stdout)
	}
	if want := 2 * (1 + 7 + 3*64); len(f.puts) != want { // check the answer, warm up, measure
		t.Errorf("%d PutRecords calls, want %d", len(f.puts), want)
	}
	keys := make(map[string]bool)
	for _, in := range f.puts {
		if in.StreamName != "s" || len(in.Records) != 3 {
			t.Fatalf("%+v", in)
		}
		for _, r := range in.Records {
			if len(r.Data) != 7 || !regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`).MatchString(r.PartitionKey) {
				t.Fatalf("%+v", r)
			}
			keys[r.PartitionKey] = true
		}
	}
	if want := 3 * 64; len(keys) != want {
		t.Errorf("%d partition keys, want %d", len(keys), want)
	}
	authorization := regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=[^ ,]+, SignedHeaders=[^ ,]+, Signature=[0-9a-f]{64}$`)
	for _, h := range f.headers {
		_, err := time.Parse("20060102T150405Z", h.Get("X-Amz-Date"))
		if err != nil || !authorization.MatchString(h.Get("Authorization")) || h.Get("Content-Type") != "application/x-amz-json-1.1" {
			t.Fatalf("%v", h)
		}
	}
}

func TestRoundsAlternate(t *testing.T) {
	var got []byte // the test makes one call after another
	args := []string{"-calls", "2", "-records", "1", "-connections", "1", "-rounds", "3"}
	for _, name := range []byte("ABC") {
		f := newFake(t)
		f.put = func(w http.ResponseWriter, _ *http.Request, _ putInput) {
			got = append(got, name)
			fmt.Fprint(w, answer(1, 0))
		}
		args = append(args, f.URL)
	}
	status, _, stderr := runWith(args...)
	if want := "AABBCC" + strings.Repeat("AABBCC", 3); status != 0 || string(got) != want {
		t.Errorf("status %d, stderr %q, calls %s, want %s", status, stderr, got, want)
	}
}

func TestFailedRecords(t *testing.T) {
	f, good := newFake(t), newFake(t)
	f.put = func(w http.ResponseWriter, _ *http.Request, in putInput) { fmt.Fprint(w, answer(len(in.Records), 2)) }
	status, stdout, stderr := runWith("-calls", "10", "-records", "5", "-rounds", "2", f.URL, good.URL)
	want := "load: " + f.URL + ": 40 of 100 records failed (throttled?)\n"
	if status != 1 || !strings.Contains(stdout, f.URL) || stderr != want {
		t.Errorf("status %d, stdout %q, stderr %q, want %q", status, stdout, stderr, want)
	}
}

func TestAnswersThatStopTheProgram(t *testing.T) {
	for name, test := range map[string]struct {
		put  func(w http.ResponseWriter, r *http.Request, in putInput)
		want string // after the endpoint
	}{
		"400": {
			func(w http.ResponseWriter, _ *http.Request, _ putInput) {
				reject(w, http.StatusBadRequest, `{"__type":"ValidationException"}`)
			},
			`PutRecords returned 400 Bad Request: {"__type":"ValidationException"}`,
		},
		"500, long": {
			func(w http.ResponseWriter, _ *http.Request, _ putInput) {
				reject(w, http.StatusInternalServerError, "a\n"+strings.Repeat("é", 1000))
			},
			`PutRecords returned 500 Internal Server Error: a\n` + strings.Repeat("é", 499) + "…",
		},
		"no count": {
			func(w http.ResponseWriter, _ *http.Request, _ putInput) { fmt.Fprint(w, `{"Records":[]}`) },
			`PutRecords: the answer has no FailedRecordCount: {"Records":[]}`,
		},
		"too few results": {
			func(w http.ResponseWriter, _ *http.Request, in putInput) { fmt.Fprint(w, answer(len(in.Records)-1, 0)) },
			"PutRecords: the answer has 4 results for 5 records",
		},
		"empty results": {
			func(w http.ResponseWriter, _ *http.Request, _ putInput) {
				fmt.Fprint(w, `{"FailedRecordCount":0,"Records":[{},{},{},{},{}]}`)
			},
			"PutRecords: a result in the answer has neither ErrorCode nor SequenceNumber and ShardId",
		},
		"no JSON": {
			func(w http.ResponseWriter, _ *http.Request, _ putInput) { fmt.Fprint(w, `"FailedRecordCount":0`) },
			"PutRecords: cannot decode the answer: invalid character ':' after top-level value",
		},
		"connection lost": {
			func(http.ResponseWriter, *http.Request, putInput) { panic(http.ErrAbortHandler) },
			"PutRecords: reading the answer: unexpected EOF",
		},
	} {
		f := newFake(t)
		f.put = test.put
		status, stdout, stderr := runWith("-calls", "10", "-records", "5", f.URL)
		if want := "load: " + f.URL + ": " + test.want + "\n"; status != 1 || stdout != "" || stderr != want {
			t.Errorf("%s: status %d, stdout %q, stderr\n%s, want\n%s", name, status, stdout, stderr, want)
		}
	}
}

func TestPutRecordFails(t *testing.T) {
	throttled := `{"__type":"ProvisionedThroughputExceededException"}`
	for _, test := range []struct {
		status     int
		body, want string
	}{
		{http.StatusBadRequest, throttled, "PutRecord returned 400 Bad Request: " + throttled},
		{http.StatusOK, `{"ShardId":"s"}`, "PutRecord: a result in the answer has neither ErrorCode nor SequenceNumber and ShardId"},
		{http.StatusOK, `{"SequenceNumber":"1"}`, "PutRecord: a result in the answer has neither ErrorCode nor SequenceNumber and ShardId"},
		{http.StatusOK, "", "PutRecord: cannot decode the answer: unexpected end of JSON input"},
	} {
		f := newFake(t)
		f.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("X-Amz-Target") == "Kinesis_20131202.PutRecord" {
				reject(w, test.status, test.body)
				return
			}
			f.ServeHTTP(w, r)
		})
		status, stdout, stderr := runWith("-single", f.URL)
		if want := "load: " + f.URL + ": " + test.want + "\n"; status != 1 || stdout != "" || stderr != want {
			t.Errorf("status %d, stdout %q, stderr\n%s, want\n%s", status, stdout, stderr, want)
		}
	}
}

// An endpoint that fails in a later round, on one of several connections, also stops the program.
func TestLaterCallFails(t *testing.T) {
	f := newFake(t)
	calls := 0
	f.put = func(w http.ResponseWriter, _ *http.Request, in putInput) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if calls++; calls == 50 {
			reject(w, http.StatusBadRequest, "enough")
			return
		}
		fmt.Fprint(w, answer(len(in.Records), 0))
	}
	status, stdout, stderr := runWith("-calls", "20", "-records", "5", f.URL)
	if status != 1 || stdout != "" || stderr != "load: "+f.URL+": PutRecords returned 400 Bad Request: enough\n" {
		t.Errorf("status %d, stdout %q, stderr %q", status, stdout, stderr)
	}
}

// The server answers only when the client has left.
func TestServerHangs(t *testing.T) {
	f := newFake(t)
	f.put = func(_ http.ResponseWriter, r *http.Request, _ putInput) { <-r.Context().Done() }
	c := &conn{address: f.Listener.Addr().String(), timeout: 10 * time.Millisecond}
	defer c.close()
	r := newRequest(target{url: f.URL}, time.Now(), inJSON, "PutRecords", newBodies(options{records: 1})[0])
	if _, _, err := c.call(r); err == nil || err.Error() != "no answer within 10ms" {
		t.Errorf("got %v", err)
	}
	if c.conn != nil {
		t.Error("the connection is still open, and the answer may still arrive on it")
	}
}

// A server may reject a call before reading all of it.
func TestServerRejectsBeforeReading(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		server, err := listener.Accept()
		if err != nil {
			return
		}
		fmt.Fprint(server, "HTTP/1.1 413 Request Entity Too Large\r\nContent-Length: 2\r\n\r\nno")
		server.Close() // with unread data, this resets the connection
	}()
	c := &conn{address: listener.Addr().String(), timeout: time.Minute}
	defer c.close()
	status, body, err := c.call(newRequest(target{}, time.Now(), inJSON, "PutRecords", make([]byte, 32<<20)))
	if status != http.StatusRequestEntityTooLarge || string(body) != "no" || err != nil {
		t.Errorf("got %d, %q, %v", status, body, err)
	}
	if c.conn != nil {
		t.Error("the connection is still open")
	}
}

// Some servers close the connection after each answer, and announce it.
func TestServerClosesConnections(t *testing.T) {
	f := newFake(t)
	f.Config.SetKeepAlivesEnabled(false)
	if status, _, stderr := runWith("-calls", "10", "-records", "1", "-rounds", "2", f.URL); status != 0 {
		t.Errorf("status %d, stderr %q", status, stderr)
	}
}

func TestStandardOutputFails(t *testing.T) {
	f := newFake(t)
	r, w := io.Pipe()
	r.Close()
	var stderr bytes.Buffer
	status := run([]string{"-calls", "1", "-records", "1", "-rounds", "1", f.URL}, w, &stderr)
	if status != 1 || stderr.String() != "load: io: read/write on closed pipe\n" {
		t.Errorf("status %d, stderr %q", status, &stderr)
	}
}

func TestHelp(t *testing.T) {
	for _, arg := range []string{"-h", "-help", "--help"} {
		if status, stdout, stderr := runWith(arg); status != 0 || stdout != usage || stderr != "" {
			t.Errorf("%s: status %d, stdout %q, stderr %q", arg, status, stdout, stderr)
		}
	}
}

func TestParseArgs(t *testing.T) {
	defaults := options{
		calls: 500, records: 500, bytes: 100, connections: 8, rounds: 5,
		time: 5 * time.Second, stream: "load",
	}
	with := func(change func(*options), targets ...target) options {
		o := defaults
		change(&o)
		o.targets = targets
		return o
	}
	same := func(*options) {}
	for _, test := range []struct {
		args string
		want options
	}{
		{"http://127.0.0.1:4567", with(same, target{"http://127.0.0.1:4567", "127.0.0.1:4567", 0})},
		{"http://127.255.255.254", with(same, target{"http://127.255.255.254", "127.255.255.254:80", 0})},
		{"http://localhost:1/,12", with(same, target{"http://localhost:1", "localhost:1", 12})},
		{
			"http://[::1]:1 http://[::1],4194304",
			with(same, target{"http://[::1]:1", "[::1]:1", 0}, target{"http://[::1]", "[::1]:80", 4194304}),
		},
		{
			"-calls 1000000 -records 1 -bytes 1048540 -connections 1000 -rounds 1000 -time 1h -stream a-Z_0.9 http://[::1]:1",
			with(func(o *options) {
				o.calls, o.records, o.bytes, o.connections, o.rounds = 1_000_000, 1, 1<<20-36, 1000, 1000
				o.time, o.stream = time.Hour, "a-Z_0.9"
			}, target{"http://[::1]:1", "[::1]:1", 0}),
		},
		{
			"-records 500 -bytes 10449 http://[::1]:1", // 5,242,500 bytes
			with(func(o *options) { o.bytes = 10449 }, target{"http://[::1]:1", "[::1]:1", 0}),
		},
		{"-cbor http://[::1]:1", with(func(o *options) { o.cbor = true }, target{"http://[::1]:1", "[::1]:1", 0})},
		{
			"-single -records 1 -bytes 1048540 http://[::1]:1",
			with(func(o *options) { o.single, o.records, o.bytes = true, 1, 1<<20-36 }, target{"http://[::1]:1", "[::1]:1", 0}),
		},
		{
			"-single http://[::1]:1",
			with(func(o *options) { o.single, o.records = true, 1 }, target{"http://[::1]:1", "[::1]:1", 0}),
		},
	} {
		got, err := parseArgs(strings.Fields(test.args))
		if err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: got %+v, %v, want %+v", test.args, got, err, test.want)
		}
	}
}

func TestInvalidArguments(t *testing.T) {
	const (
		good     = "http://127.0.0.1:1"
		notHere  = "is not on this machine: its host must be localhost, [::1] or an address in 127.0.0.0/8"
		notAsURL = "is not an ENDPOINT such as http://127.0.0.1:4567, without a path (flags go before it)"
	)
	for _, test := range []struct {
		args []string
		want string // part of the line on stderr
	}{
		{nil, "an ENDPOINT is required, such as http://127.0.0.1:4567"},
		{[]string{"-calls", "0", good}, `"0" for flag -calls: must be a whole number from 1 to 1000000`},
		{[]string{"-calls", "1000001", good}, `"1000001" for flag -calls: must be a whole number from 1 to 1000000`},
		{[]string{"-records", "501", good}, `"501" for flag -records: must be a whole number from 1 to 500`},
		{[]string{"-bytes", "1048541", good}, `"1048541" for flag -bytes: must be a whole number from 1 to 1048540`},
		{[]string{"-bytes", "10450", good}, "500 records of 10450 bytes, plus 36 for each key, make 5243000 bytes; AWS accepts at most 5242880 per call"},
		{[]string{"-single", "-records", "2", good}, "-single makes calls of one record, but -records is 2"},
		{[]string{"-cbor=x", good}, `invalid boolean value "x" for -cbor`},
		{[]string{"-connections", "1001", good}, `"1001" for flag -connections: must be a whole number from 1 to 1000`},
		{[]string{"-rounds", "x", good}, `"x" for flag -rounds: must be a whole number from 1 to 1000`},
		{[]string{"-time", "0s", good}, `"0s" for flag -time: must be a duration above 0s and at most 1h0m0s, such as 500ms`},
		{[]string{"-time", "5", good}, `"5" for flag -time: must be a duration above 0s and at most 1h0m0s, such as 500ms`},
		{[]string{"-time", "61m", good}, `"61m" for flag -time: must be a duration above 0s and at most 1h0m0s, such as 500ms`},
		{[]string{"-stream", "", good}, `-stream is "" and must be 1 to 128 letters, digits, underscores, dots and hyphens`},
		{[]string{"-stream", "a b", good}, `-stream is "a b" and must be`},
		{[]string{"-stream", strings.Repeat("a", 129), good}, "and must be 1 to 128 letters"},
		{[]string{"-no\nsuch"}, `flag provided but not defined: -no\nsuch`},
		{[]string{good, "-calls", "1"}, `"-calls" ` + notAsURL},
		{[]string{"127.0.0.1:4567"}, `"127.0.0.1:4567" ` + notAsURL},
		{[]string{"https://127.0.0.1"}, `"https://127.0.0.1" ` + notAsURL},
		{[]string{good + "/x"}, `"http://127.0.0.1:1/x" ` + notAsURL},
		{[]string{good + "?x"}, `"http://127.0.0.1:1?x" ` + notAsURL},
		{[]string{"http://u@127.0.0.1"}, `"http://u@127.0.0.1" ` + notAsURL},
		{[]string{"http://:4567"}, `"http://:4567" ` + notAsURL},
		{[]string{"http://127.0.0.1:x"}, `"http://127.0.0.1:x" ` + notAsURL},
		{[]string{good, "http://kinesis.us-east-1.amazonaws.com"}, `"http://kinesis.us-east-1.amazonaws.com" ` + notHere},
		{[]string{"http://0.0.0.0:1"}, `"http://0.0.0.0:1" ` + notHere},
		{[]string{"http://128.0.0.1:1"}, `"http://128.0.0.1:1" ` + notHere},
		{[]string{"http://192.168.0.1:1"}, `"http://192.168.0.1:1" ` + notHere},
		{[]string{"http://[::]:1"}, `"http://[::]:1" ` + notHere},
		{[]string{"http://127.0.0.1.example.com:1"}, `"http://127.0.0.1.example.com:1" ` + notHere},
		{[]string{"http://localhost.example.com:1"}, `"http://localhost.example.com:1" ` + notHere},
		{[]string{good + ","}, `the PID in "http://127.0.0.1:1," must be a whole number from 1 to 4194304`},
		{[]string{good + ",self"}, `the PID in "http://127.0.0.1:1,self" must be a whole number from 1 to 4194304`},
		{[]string{good + ",4194305"}, `the PID in "http://127.0.0.1:1,4194305" must be a whole number from 1 to 4194304`},
	} {
		status, stdout, stderr := runWith(test.args...)
		if status != 2 || stdout != "" {
			t.Errorf("%q: status %d, stdout %q", test.args, status, stdout)
		}
		if !strings.HasPrefix(stderr, "load: ") || !strings.Contains(stderr, test.want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%q: stderr %q is not one line with %q", test.args, stderr, test.want)
		}
	}
}

func TestNoSuchProcess(t *testing.T) {
	f := newFake(t)
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip(err)
	}
	status, _, stderr := runWith("-records", "1", f.URL+",4194304") // above the highest PID
	want := "load: " + f.URL + ": reading the CPU time of process 4194304: open /proc/4194304/stat: no such file or directory\n"
	if status != 1 || stderr != want {
		t.Errorf("status %d, stderr %q", status, stderr)
	}
}
