package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/putrecords/putrecords"
)

// A buffer is safe for concurrent use.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(data []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(data)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// An emulator is the program, running in this process and ready for requests.
type emulator struct {
	addr   string
	stop   func()
	stdout *bufio.Reader
	stderr *buffer
	status chan int
}

func start(t *testing.T, args ...string) *emulator {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	r, w := io.Pipe()
	e := &emulator{stop: stop, stdout: bufio.NewReader(r), stderr: &buffer{}, status: make(chan int, 1)}
	go func() {
		e.status <- run(ctx, append([]string{"-addr", "127.0.0.1:0"}, args...), w, e.stderr)
		w.Close()
	}()
	scheme := "http"
	if slices.Contains(args, "-tls-cert") {
		scheme = "https"
	}
	e.addr = readAddr(t, e.stdout, scheme)
	return e
}

// readAddr reads the line that says the program is ready.
func readAddr(t *testing.T, stdout *bufio.Reader, scheme string) string {
	t.Helper()
	line, err := stdout.ReadString('\n')
	addr, found := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "listening on "+scheme+"://")
	if err != nil || !found {
		t.Fatalf("the first line is %q, error %v", line, err)
	}
	return addr
}

// finish stops the program and returns its exit status and the rest of its output.
func (e *emulator) finish(t *testing.T) (status int, summary string) {
	t.Helper()
	e.stop()
	rest, err := io.ReadAll(e.stdout)
	if err != nil {
		t.Fatal(err)
	}
	return <-e.status, string(rest)
}

// stopped returns a context that makes the program stop immediately.
func stopped() context.Context {
	ctx, stop := context.WithCancel(context.Background())
	stop()
	return ctx
}

func newRequest(addr, operation string, body io.Reader) *http.Request {
	request, err := http.NewRequest(http.MethodPost, "http://"+addr+"/", body)
	if err != nil {
		panic(err)
	}
	request.Header.Set("Content-Type", "application/x-amz-json-1.1")
	request.Header.Set("X-Amz-Target", "Kinesis_20131202."+operation)
	request.Header.Set("X-Amz-Date", "20260101T000000Z")
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/kinesis/aws4_request, "+
		"SignedHeaders=host;x-amz-date;x-amz-target, Signature="+strings.Repeat("0", 64))
	return request
}

// do sends a request and returns the status and body of the answer.
func do(client *http.Client, request *http.Request) (status int, body string, err error) {
	response, err := client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	return response.StatusCode, string(data), err
}

// putRecords puts copies of a record over HTTP and returns the answer.
func putRecords(t *testing.T, addr, stream string, record putrecords.RequestEntry, copies int) putrecords.Output {
	t.Helper()
	body, err := json.Marshal(putrecords.Input{StreamName: &stream, Records: slices.Repeat([]putrecords.RequestEntry{record}, copies)})
	if err != nil {
		t.Fatal(err)
	}
	status, answer, err := do(http.DefaultClient, newRequest(addr, "PutRecords", bytes.NewReader(body)))
	var out putrecords.Output
	if err != nil || status != http.StatusOK || json.Unmarshal([]byte(answer), &out) != nil {
		t.Fatalf("status %d, body %s, error %v", status, answer, err)
	}
	return out
}

func TestEmulator(t *testing.T) {
	e := start(t, "-stream", "orders:2", "-stream", "clicks")
	if out := putRecords(t, e.addr, "orders", inShard(1), 3); out.FailedRecordCount != 0 || len(out.Records) != 3 {
		t.Errorf("%+v", out)
	}
	putRecords(t, e.addr, "clicks", putrecords.Entry("k", nil), 1)
	status, summary := e.finish(t)
	const want = `
orders: 3 records stored, 1 of them distinct
  shard                 stored  bytes  throttled  bytes  failed  bytes
  shardId-000000000000       0      0          0      0       0      0
  shardId-000000000001       3     30          0      0       0      0

clicks: 1 records stored, 1 of them distinct
  shard                 stored  bytes  throttled  bytes  failed  bytes
  shardId-000000000000       1      1          0      0       0      0
`
	if status != 0 || summary != want {
		t.Errorf("status %d, summary %s", status, summary)
	}
	for _, line := range []string{
		"level=INFO msg=stream name=orders shards=2 arn=arn:aws:kinesis:us-east-1:000000000000:stream/orders\n",
		"level=INFO msg=stopping grace=10s\n",
		"level=INFO msg=stopped\n",
	} {
		if !strings.Contains(e.stderr.String(), line) {
			t.Errorf("stderr lacks %q: %s", line, e.stderr)
		}
	}
	if strings.Contains(e.stderr.String(), "level=WARN") {
		t.Errorf("stderr has a warning: %s", e.stderr)
	}
}

// A shard accepts 1 MiB in a single call, regardless of the clock.
func TestThrottled(t *testing.T) {
	fourKiB := putrecords.Entry("k", make([]byte, 4<<10-1))
	const line = "level=WARN msg=throttled stream=orders throttled=1 records=257 shards=[shardId-000000000000]\n"
	for _, test := range []struct {
		args          []string
		copies, fails int
	}{
		{nil, 256, 0},
		{nil, 257, 1},
		{[]string{"-unlimited"}, 257, 0},
	} {
		e := start(t, append(test.args, "-stream", "orders")...)
		out := putRecords(t, e.addr, "orders", fourKiB, test.copies)
		logged := strings.Count(e.stderr.String(), line) // before the program stops
		if out.FailedRecordCount != test.fails || logged != test.fails {
			t.Errorf("%q: %d of %d records failed, want %d; stderr %s", test.args, out.FailedRecordCount, test.copies, test.fails, e.stderr)
		}
		_, summary := e.finish(t)
		want := fmt.Sprintf("shardId-000000000000     %d", test.copies-test.fails)
		if !strings.Contains(summary, want) {
			t.Errorf("%q: the summary lacks %q: %s", test.args, want, summary)
		}
	}
}

func TestHealth(t *testing.T) {
	e := start(t)
	defer e.finish(t)
	for target, want := range map[string]string{"GET /healthz": "200 ok", "GET /healthz/": "", "POST /healthz": ""} {
		method, path, _ := strings.Cut(target, " ")
		request, err := http.NewRequest(method, "http://"+e.addr+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		status, body, err := do(http.DefaultClient, request)
		got := fmt.Sprint(status, " ", body)
		if err != nil || want != "" && got != want || want == "" && status == http.StatusOK {
			t.Errorf("%s: got %s, error %v", target, got, err)
		}
	}
}

// A browser gets the page and its state, and Prometheus the metrics. The page is only at its own
// address, and Kinesis has the other methods there.
func TestPages(t *testing.T) {
	e := start(t)
	defer e.finish(t)
	out := putRecords(t, e.addr, "orders", putrecords.Entry("k", nil), 2)
	if status, _, err := do(http.DefaultClient, newRequest(e.addr, "GetRecords", strings.NewReader("?"))); err != nil || status != 400 {
		t.Errorf("status %d, error %v", status, err)
	}
	for target, want := range map[string][]string{
		"GET /": {"<title>Kinesis emulator</title>"},
		"GET /page/state": {
			`"Distinct":1,`, `"ShardID":"` + out.Records[0].ShardID + `"`, `"Operation":"GetRecords"`, `"Control":false`,
		},
		"GET /metrics": {
			`putrecords_records_total{account="000000000000",result="stored",shard="` + out.Records[0].ShardID + `",stream="orders"} 2`,
			`putrecords_request_duration_seconds_count{code="200",operation="PutRecords"} 1`,
		},
		"GET /page":        nil,
		"GET /page/":       nil,
		"PUT /":            nil,
		"POST /page/state": nil,
		"POST /metrics":    nil,
	} {
		method, path, _ := strings.Cut(target, " ")
		request, err := http.NewRequest(method, "http://"+e.addr+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		status, body, err := do(http.DefaultClient, request)
		if err != nil || (status == http.StatusOK) != (want != nil) {
			t.Errorf("%s: status %d, error %v", target, status, err)
		}
		for _, part := range want {
			if !strings.Contains(body, part) {
				t.Errorf("%s: the answer lacks %s: %s", target, part, body)
			}
		}
	}
}

// Pages of other servers and other names of this one do not get the page.
func TestPagesAreGuarded(t *testing.T) {
	e := start(t)
	defer e.finish(t)
	for _, path := range []string{"/", "/page/state", "/metrics"} {
		for name, value := range map[string]string{"Host": "example.com", "Origin": "https://example.com"} {
			request, err := http.NewRequest(http.MethodGet, "http://"+e.addr+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set(name, value)
			if name == "Host" {
				request.Host = value
			}
			if status, _, err := do(http.DefaultClient, request); err != nil || status != http.StatusForbidden {
				t.Errorf("%s of %s: status %d, error %v", path, value, status, err)
			}
		}
	}
}

// A pending request has been sent except for its body.
type pending struct {
	body   *io.PipeWriter
	status chan int // 0 if there is no answer
}

const pendingBody = `{"StreamName":"orders","Records":[{"Data":"","PartitionKey":"k"}]}`

// begin sends a request up to its body and returns when the emulator is waiting for the body.
func begin(t *testing.T, addr string, protocols *http.Protocols) pending {
	t.Helper()
	r, w := io.Pipe()
	p := pending{w, make(chan int, 1)}
	request := newRequest(addr, "PutRecords", r)
	request.ContentLength = int64(len(pendingBody))
	request.Header.Set("Expect", "100-continue") // answered once the handler reads the body
	reading := make(chan struct{})
	trace := &httptrace.ClientTrace{Got100Continue: func() { close(reading) }}
	request = request.WithContext(httptrace.WithClientTrace(t.Context(), trace))
	client := &http.Client{Transport: &http.Transport{Protocols: protocols, ExpectContinueTimeout: time.Hour}}
	go func() {
		status, _, _ := do(client, request)
		p.status <- status
	}()
	select {
	case <-reading:
	case status := <-p.status:
		t.Fatalf("the request was answered with status %d before its body was read", status)
	}
	return p
}

// awaitRefusal returns when nothing listens on the address anymore.
func awaitRefusal(t *testing.T, addr string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			return
		}
		conn.Close()
	}
	t.Fatal("the emulator still listens after a minute")
}

func TestRequestInFlightIsAnswered(t *testing.T) {
	http1, http2 := &http.Protocols{}, &http.Protocols{}
	http1.SetHTTP1(true)
	http2.SetUnencryptedHTTP2(true)
	for _, protocols := range []*http.Protocols{http1, http2} {
		e := start(t, "-stream", "orders")
		p := begin(t, e.addr, protocols)
		e.stop()
		awaitRefusal(t, e.addr)
		if _, err := io.WriteString(p.body, pendingBody); err != nil {
			t.Errorf("%v: %v", protocols, err)
		}
		p.body.Close()
		if status := <-p.status; status != http.StatusOK {
			t.Errorf("%v: the request was answered with status %d", protocols, status)
		}
		status, summary := e.finish(t)
		if status != 0 || !strings.Contains(summary, "shardId-000000000000       1      1") {
			t.Errorf("%v: status %d, summary %s, stderr %s", protocols, status, summary, e.stderr)
		}
	}
}

func TestAddressInUse(t *testing.T) {
	addr := listen(t).Addr().String()
	var stdout, stderr bytes.Buffer
	status := run(stopped(), []string{"-addr", addr}, &stdout, &stderr)
	if status != 1 || stdout.Len() != 0 || !strings.HasPrefix(stderr.String(), "emulator: listen tcp "+addr+": bind: ") {
		t.Errorf("status %d, stdout %q, stderr %q", status, &stdout, &stderr)
	}
}

func TestWarningUnlessLoopback(t *testing.T) {
	for addr, want := range map[string]bool{":0": true, "127.0.0.1:0": false} {
		var stdout, stderr bytes.Buffer
		status := run(stopped(), []string{"-addr", addr}, &stdout, &stderr)
		if warned := strings.Contains(stderr.String(), "level=WARN msg=\"anyone who can reach this address can use it: signatures are not checked"); status != 0 || warned != want {
			t.Errorf("%s: status %d, stderr %s", addr, status, &stderr)
		}
	}
}

func TestStandardOutputFails(t *testing.T) {
	r, w := io.Pipe()
	r.CloseWithError(errors.New("broken"))
	var stderr bytes.Buffer
	status := run(stopped(), []string{"-addr", "127.0.0.1:0"}, w, &stderr)
	if status != 1 || !strings.HasSuffix(stderr.String(), "\nemulator: broken\n") {
		t.Errorf("status %d, stderr %q", status, &stderr)
	}
}

// build compiles the program and returns its path.
func build(t *testing.T) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be interrupted on Windows")
	}
	file := filepath.Join(t.TempDir(), "emulator")
	if out, err := exec.Command("go", "build", "-o", file, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return file
}

// launch starts the program as a separate process and returns when it is ready.
func launch(t *testing.T, file string) (process *exec.Cmd, addr string, stdout *bufio.Reader) {
	t.Helper()
	process = exec.CommandContext(t.Context(), file, "-addr", "127.0.0.1:0")
	pipe, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	stdout = bufio.NewReader(pipe)
	return process, readAddr(t, stdout, "http"), stdout
}

func interrupt(t *testing.T, process *exec.Cmd, with os.Signal) {
	t.Helper()
	if err := process.Process.Signal(with); err != nil {
		t.Fatal(err)
	}
}

func TestSignals(t *testing.T) {
	file := build(t)
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		process, addr, stdout := launch(t, file)
		putRecords(t, addr, "orders", putrecords.Entry("k", nil), 2)
		interrupt(t, process, s)
		summary, err := io.ReadAll(stdout)
		if err != nil || !strings.Contains(string(summary), "       2      2          0") {
			t.Errorf("%v: summary %s, error %v", s, summary, err)
		}
		if err := process.Wait(); err != nil {
			t.Errorf("%v: %v", s, err)
		}
	}
}

// A second signal ends the program even if a request is in flight.
func TestSecondSignal(t *testing.T) {
	process, addr, _ := launch(t, build(t))
	p := begin(t, addr, nil)
	interrupt(t, process, os.Interrupt)
	awaitRefusal(t, addr)
	ended := make(chan error, 1)
	go func() { ended <- process.Wait() }()
	deadline := time.Now().Add(time.Minute)
	for process.Process.Signal(syscall.SIGTERM) == nil { // again, until it is ready for the second
		if time.Now().After(deadline) {
			t.Fatal("the program still runs after a minute")
		}
		runtime.Gosched()
	}
	var exit *exec.ExitError
	if err := <-ended; !errors.As(err, &exit) || exit.Exited() {
		t.Errorf("the program was not ended by the signal: %v", err)
	}
	p.body.Close()
	if status := <-p.status; status != 0 {
		t.Errorf("the request was answered with status %d", status)
	}
}
