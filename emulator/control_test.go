package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestControlIsOffByDefault(t *testing.T) {
	e := start(t)
	for _, call := range []string{"GET /control/clock", "POST /control/reset"} {
		method, path, _ := strings.Cut(call, " ")
		status, body, err := do(http.DefaultClient, controlRequest(e, method, path, "{}"))
		if err != nil || status == http.StatusOK || !strings.Contains(body, "Exception") {
			t.Errorf("%s: status %d, %s, error %v", call, status, body, err)
		}
	}
	if _, summary := e.finish(t); !strings.Contains(summary, "orders") {
		t.Errorf("the stream is gone: %s", summary)
	}
}

func controlRequest(e *emulator, method, path, body string) *http.Request {
	request, err := http.NewRequest(method, "http://"+e.addr+path, strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	request.Header.Set("Content-Type", "application/json")
	return request
}

// A page of another server on this machine gets an answer to its preflight, as in production, but
// its requests are refused. A page from elsewhere gets no answer.
func TestPagesCannotControl(t *testing.T) {
	e := start(t, "-control")
	defer e.finish(t)
	for _, origin := range []string{"http://localhost:3000", "https://evil.example", "null"} {
		request := controlRequest(e, http.MethodPost, "/control/reset", "{}")
		request.Header.Set("Origin", origin)
		status, body, err := do(http.DefaultClient, request)
		if err != nil || status != http.StatusForbidden || !strings.Contains(body, "Origin is ") {
			t.Errorf("%s: status %d, %s, error %v", origin, status, body, err)
		}
	}
	rebound := controlRequest(e, http.MethodPost, "/control/reset", "{}")
	rebound.Host = "evil.example"
	if status, body, err := do(http.DefaultClient, rebound); err != nil || status != http.StatusForbidden || !strings.Contains(body, "Host is ") {
		t.Errorf("status %d, %s, error %v", status, body, err)
	}
	own := controlRequest(e, http.MethodGet, "/control/streams", "")
	own.Header.Set("Origin", "http://"+e.addr)
	if status, body, err := do(http.DefaultClient, own); err != nil || status != http.StatusOK || !strings.Contains(body, `"Name":"orders"`) {
		t.Errorf("status %d, %s, error %v", status, body, err)
	}
}

// A stream keeps the settings that it was created with, even after a restart. The clock stands
// still, and the test advances it.
func TestCreatedStreamsKeepTheirSettings(t *testing.T) {
	dir := t.TempDir()
	for run, test := range []struct{ now, parent, child, key string }{
		{"2040-01-01T00:00:07.8Z", "shardId-000000000000", "shardId-000000000001", "1000"},
		{"2040-01-01T01:00:07.8Z", "shardId-000000000001", "shardId-000000000003", "100"}, // after the restart
	} {
		e := start(t, "-control", "-data", dir, "-stream", "other")
		want := func(request *http.Request, want string) {
			t.Helper()
			status, body, err := do(http.DefaultClient, request)
			if err != nil || status != http.StatusOK || !strings.Contains(body, want) {
				t.Errorf("run %d, %s %s: status %d, %s, error %v; want %s",
					run, request.URL.Path, request.Header.Get("X-Amz-Target"), status, body, err, want)
			}
		}
		control := func(method, path, body, answer string) {
			t.Helper()
			want(controlRequest(e, method, "/control/"+path, body), answer)
		}
		kinesis := func(operation, body, answer string) {
			t.Helper()
			want(newRequest(e.addr, operation, strings.NewReader(body)), answer)
		}
		wantStatus := func(stream, status string) {
			t.Helper()
			kinesis("DescribeStreamSummary", `{"StreamName":"`+stream+`"}`, `"StreamStatus":"`+status+`"`)
		}
		wantShard := func(stream, shard string) {
			t.Helper()
			kinesis("PutRecords", `{"StreamName":"`+stream+`","Records":[{"Data":"","PartitionKey":"k","ExplicitHashKey":"0"}]}`,
				`"ShardId":"`+shard+`"`)
		}
		control("PUT", "clock", `{"Now": "`+test.now+`", "Running": false}`, `"Now":"`+test.now+`"`)
		if run == 0 {
			control("POST", "streams", `{"Name": "secret", "EncryptionType": "KMS"}`, `"Status":"ACTIVE"`)
			control("POST", "streams", `{"Name": "spread", "RecordDistributionStrategy": "AUTO", "Shards": 2}`, `"Status":"ACTIVE"`)
			control("POST", "streams", `{"Name": "fast", "ReshardDelay": "0s"}`, `"Status":"ACTIVE"`)
			control("POST", "streams", `{"Name": "slow", "ReshardDelay": "25s"}`, `"Status":"ACTIVE"`)
		}

		kinesis("DescribeStreamSummary", `{"StreamName":"secret"}`, `"EncryptionType":"KMS"`)
		kinesis("PutRecords", `{"StreamName":"secret","Records":[{"Data":"","PartitionKey":"k"}]}`, `"EncryptionType":"KMS"`)
		kinesis("DescribeStreamSummary", `{"StreamName":"spread"}`, `"StreamModeDetails":{"StreamMode":"ON_DEMAND"}`)
		kinesis("PutRecords", `{"StreamName":"spread","Records":[{"Data":""},{"Data":""}]}`, `"FailedRecordCount":0`)

		for _, stream := range []string{"fast", "slow"} {
			wantShard(stream, test.parent)
			kinesis("SplitShard", `{"StreamName":"`+stream+`","ShardToSplit":"`+test.parent+`","NewStartingHashKey":"`+test.key+`"}`, "")
		}
		wantStatus("fast", "ACTIVE")
		wantShard("fast", test.child)
		for _, step := range []struct{ by, status, shard string }{
			{"0s", "UPDATING", test.parent},
			{"5.999999999s", "UPDATING", test.parent},
			{"1ns", "ACTIVE", test.parent},
			{"19.199999999s", "ACTIVE", test.parent}, // the last moment of the second in which the delay ends
			{"1ns", "ACTIVE", test.child},
		} {
			control("POST", "clock/advance", `{"By": "`+step.by+`"}`, "")
			wantStatus("slow", step.status)
			wantShard("slow", step.shard)
		}
		e.finish(t)
	}
}

// While the clock stands still, streams stay CREATING and DELETING, and AWS's limit on those is 5.
// A stream that the control API deletes does not count.
func TestStreamsComeAndGoWhileTheClockStandsStill(t *testing.T) {
	e := start(t, "-control")
	defer e.finish(t)
	want := func(request *http.Request, status int, text string) {
		t.Helper()
		got, body, err := do(http.DefaultClient, request)
		if err != nil || got != status || !strings.Contains(body, text) {
			t.Errorf("%s %s %s: status %d, %s, error %v", request.Method, request.URL.Path, request.Header.Get("X-Amz-Target"), got, body, err)
		}
	}
	kinesis := func(operation, body string) *http.Request {
		return newRequest(e.addr, operation, strings.NewReader(body))
	}
	control := func(method, path, body string) *http.Request {
		return controlRequest(e, method, "/control/"+path, body)
	}
	want(control("PUT", "clock", `{"Running": false}`), 200, "")
	for range 200 {
		want(control("POST", "streams", `{"Name": "a"}`), 200, `"Status":"ACTIVE"`)
		want(kinesis("DeleteStream", `{"StreamName":"a"}`), 200, "")
		want(kinesis("DescribeStreamSummary", `{"StreamName":"a"}`), 200, `"StreamStatus":"DELETING"`)
		want(control("DELETE", "streams/a", ""), 200, "{}")
		want(kinesis("CreateStream", `{"StreamName":"a","ShardCount":1}`), 200, "")
		want(control("DELETE", "streams/a", ""), 200, "{}")
	}
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		want(control("POST", "streams", `{"Name": "`+name+`"}`), 200, "")
		want(kinesis("DeleteStream", `{"StreamName":"`+name+`"}`), 200, "")
	}
	want(kinesis("CreateStream", `{"StreamName":"f","ShardCount":1}`), 400, "LimitExceededException")
	want(control("DELETE", "streams/a", ""), 200, "{}")
	want(kinesis("CreateStream", `{"StreamName":"f","ShardCount":1}`), 200, "")
}

var (
	pageBlocks = regexp.MustCompile("(?ms)^```(sh|json)\n(.*?)^```\n")
	pageAddr   = regexp.MustCompile(`(localhost|127\.0\.0\.1):4567`)
	pageCalls  = regexp.MustCompile("(?m)^\\| `([A-Z]+ /control/[^`]*)` ")
)

func TestControlPage(t *testing.T) {
	page := readPage(t, "control.md")
	if err := exec.Command("curl", "--json", "{}", "--version").Run(); err != nil {
		t.Skip("skipped: the page's commands need curl 7.82")
	}
	wantPageTrue(t, page, "-control")
}

// The commands of a page, run in one shell, print the answers that follow them. One of them starts
// the emulator with args.
func wantPageTrue(t *testing.T, page string, args ...string) {
	t.Helper()
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("skipped: the page's commands need bash")
	}
	e := start(t, args...)
	defer e.finish(t)
	const mark = "\n--- the next block ---\n"
	var script strings.Builder
	var commands, want []string
	started := false
	script.WriteString("set -euo pipefail\n")
	for _, block := range pageBlocks.FindAllStringSubmatch(page, -1) {
		switch kind, text := block[1], block[2]; {
		case kind == "json":
			want = append(want, text)
		case text == "go run ./emulator "+strings.Join(args, " ")+"\n":
			started = true // e is that
		default:
			commands = append(commands, text)
			text = pageAddr.ReplaceAllString(text, e.addr)
			fmt.Fprintf(&script, "%s\nprintf '%s'\n", text, strings.ReplaceAll(mark, "\n", `\n`))
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, "bash", "-c", script.String())
	command.Env = append(os.Environ(), "HOME="+t.TempDir(), "no_proxy=*", // no .curlrc
		"AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull)
	output, err := command.Output()
	got := strings.Split(strings.TrimSuffix(string(output), mark), mark)
	if err != nil || !started || len(got) != len(commands) || len(want) != len(commands) || len(want) < 5 {
		t.Fatalf("%d commands, %d answers on the page, %d from the emulator, the page starts it: %t, error %v:\n%s",
			len(commands), len(want), len(got), started, err, output)
	}
	for i := range want {
		if !answers(t, want[i], got[i]) {
			t.Errorf("%s\nprints %s\nbut the page says %s", commands[i], got[i], want[i])
		}
	}
}

// The page's table lists the calls that exist, and shows each of them with curl.
func TestControlPageListsAllCalls(t *testing.T) {
	page := readPage(t, "control.md")
	e := start(t, "-control")
	defer e.finish(t)
	calls := pageCalls.FindAllStringSubmatch(page, -1)
	if len(calls) != 11 {
		t.Fatalf("the page lists %d calls, want 11", len(calls))
	}
	for _, call := range calls {
		method, path, _ := strings.Cut(call[1], " ")
		_, body, err := do(http.DefaultClient, controlRequest(e, method, path, ""))
		if err != nil || strings.Contains(body, "there is no "+method) {
			t.Errorf("%s: %s, error %v", call[1], body, err)
		}
	}
}

// readPage reads a page of docs.
func readPage(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../docs/" + name)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("skipped: this module is not in a clone of its repository")
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// answers reports whether got is the JSON that the page shows. "…" on the page is any text.
func answers(t *testing.T, page, got string) bool {
	t.Helper()
	var want, have any
	if err := json.Unmarshal([]byte(page), &want); err != nil {
		t.Errorf("the page shows %s: %v", page, err)
	}
	decoder := json.NewDecoder(strings.NewReader(got))
	if decoder.Decode(&have) != nil {
		return false
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return false
	}
	return matches(want, have)
}

func matches(want, got any) bool {
	switch want := want.(type) {
	case map[string]any:
		got, ok := got.(map[string]any)
		if !ok || len(got) != len(want) {
			return false
		}
		for name := range want {
			if member, ok := got[name]; !ok || !matches(want[name], member) {
				return false
			}
		}
		return true
	case []any:
		got, ok := got.([]any)
		if !ok || len(got) != len(want) {
			return false
		}
		for i := range want {
			if !matches(want[i], got[i]) {
				return false
			}
		}
		return true
	case string:
		got, ok := got.(string)
		before, after, changes := strings.Cut(want, "…")
		return ok && (got == want ||
			changes && len(got) > len(before)+len(after) && strings.HasPrefix(got, before) && strings.HasSuffix(got, after))
	}
	return reflect.DeepEqual(want, got)
}
