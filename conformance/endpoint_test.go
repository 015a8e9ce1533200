package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/putrecords/putrecords/internal/command"
)

// runAgainst runs the command against a server and returns what it prints, and its error.
func runAgainst(t *testing.T, handler http.HandlerFunc, args ...string) (string, error) {
	t.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	var stdout bytes.Buffer
	err := run(t.Context(), append([]string{"-endpoint", server.URL, "-timeout", "10s"}, args...), noEnvironment, &stdout, io.Discard)
	return stdout.String(), err
}

func answerWith(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// A wrong endpoint gets one clear line, and no wait without end.
func TestWrongEndpoints(t *testing.T) {
	const jsonType = "application/x-amz-json-1.1"
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"a web server":    {answerWith(200, "text/html", "<html>welcome"), `status 200, Content-Type "text/html", body "<html>welcome"`},
		"another API":     {answerWith(200, "application/json", `{"ok":true}`), "neither StreamNames nor __type"},
		"not found":       {answerWith(404, "text/plain", "404 page not found"), "status 404"},
		"an empty answer": {answerWith(200, jsonType, ""), "neither StreamNames nor __type"},
		"JSON of no use":  {answerWith(200, jsonType, "[]"), "neither StreamNames nor __type"},
		"half an answer":  {answerWith(200, jsonType, `{"StreamNames":[`), "is not Kinesis's"},
		"a redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://example.com/", http.StatusTemporaryRedirect)
		}, "status 307"},
		"bad credentials": {answerWith(400, jsonType, `{"__type":"UnrecognizedClientException","message":"no"}`), "refuses the credentials"},
		"a dead server":   {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "no answer from http://127.0.0.1"},
		"a silent server": {silent, "within 1s"},
		"an endless one":  {endless, "longer than 33554432 bytes"},
		"without streams": {answerWith(400, jsonType, `{"__type":"UnknownOperationException"}`), "neither DescribeStream nor DescribeStreamSummary"},
		"a server that refuses with escapes": {
			refusing(`{"__type":"\u001b[31mNo","message":"\u001b[2J\r\n` + strings.Repeat("x", 1<<20) + `"}`), `CreateStream: \x1b[31mNo: \x1b[2J\r\nxxx`,
		},
		"a server that refuses without a code": {refusing(`{}`), "CreateStream: status 400"},
		"of fixed streams":                     {onlyDescribes, "create a stream and name it with -stream"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			timeout := "1m"
			if name == "a silent server" {
				timeout = "1s"
			}
			out, err := runAgainst(t, test.handler, "-timeout", timeout)
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.ContainsAny(err.Error(), "\n\x1b") || len(err.Error()) > 1000 || out != "" {
				t.Errorf("the error is %v, want one line with %q; printed %q", err, test.want, out)
			}
		})
	}
}

// refusing is a server that creates no streams, and answers body instead.
func refusing(body string) http.HandlerFunc {
	healthy := fake(nil)
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Amz-Target") == "Kinesis_20131202.CreateStream" {
			answerWith(400, "application/x-amz-json-1.1", body)(w, r)
			return
		}
		healthy(w, r)
	}
}

// silent does not answer until the caller has gone.
func silent(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // or the server does not notice
	<-r.Context().Done()
}

// endless answers with more than any answer of Kinesis has.
func endless(w http.ResponseWriter, _ *http.Request) {
	page := bytes.Repeat([]byte(" "), 1<<20)
	for range 40 {
		if _, err := w.Write(page); err != nil {
			return
		}
	}
}

func onlyDescribes(w http.ResponseWriter, r *http.Request) {
	code := "UnknownOperationException"
	if strings.Contains(r.Header.Get("X-Amz-Target"), ".DescribeStream") {
		code = "ValidationException"
	}
	answerWith(400, "application/x-amz-json-1.1", `{"__type":"`+code+`"}`)(w, r)
}

// fake is a server that makes streams and answers every put with answer.
func fake(answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var request struct {
			StreamName string
			StreamARN  any
			DryRun     any
		}
		body, _ := io.ReadAll(r.Body)
		_ = json.Unmarshal(body, &request)
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		switch {
		case operation == "ListStreams":
			_, _ = io.WriteString(w, `{"StreamNames":[],"HasMoreStreams":false}`)
		case request.StreamName == "":
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"__type":"ValidationException"}`)
		case strings.HasSuffix(request.StreamName, "-probe"):
			fallthrough
		case operation != "PutRecords":
			_, _ = io.WriteString(w, active(request.StreamName))
		default:
			answer(w, r)
		}
	}
}

// A server that dies during the run ends it. What was not run is not reported as failed.
func TestServerThatDies(t *testing.T) {
	var dead atomic.Bool
	healthy := fake(func(http.ResponseWriter, *http.Request) {
		dead.Store(true)
		panic(http.ErrAbortHandler)
	})
	out, err := runAgainst(t, func(w http.ResponseWriter, r *http.Request) {
		if dead.Load() {
			panic(http.ErrAbortHandler)
		}
		healthy(w, r)
	})
	if err == nil || !strings.Contains(err.Error(), "stopped answering while 0") || !strings.Contains(err.Error(), "no answer from") || out != "" {
		t.Errorf("the error is %v, printed %q", err, out)
	}
}

// A server that fails on one call and lives has failed one vector. Rubbish in an answer is reported
// as it is.
func TestAnswersThatAreNotKinesis(t *testing.T) {
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"no answer": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "no answer from"},
		"rubbish":   {answerWith(500, "text/html", "<b>\x1b[31moops"), "status is 500, want 200"},
		"no object": {answerWith(200, "application/json", "[1]"), "is an array of 1, want an object"},
	} {
		out, err := runAgainst(t, fake(test.answer), "-run", "^04-status-200$|^00-data-is")
		if !errors.Is(err, errFailed) || !strings.Contains(out, test.want) || strings.Contains(out, "\x1b") {
			t.Errorf("%s: error %v, want %q in\n%s", name, err, test.want, out)
		}
	}
}

// Rubbish while the run finds out what a server has does not end it: the vectors show what is
// wrong.
func TestRubbishDuringProbes(t *testing.T) {
	rubbish := answerWith(500, "text/html", "oops")
	healthy := fake(rubbish)
	_, err := runAgainst(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".PutRecords") && string(body) != "{}" {
			rubbish(w, r)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		healthy(w, r)
	}, "-run", "^00-data-is|^04-status-200$|^03-rate-exceeded-by-records$|^01-dry-run$")
	if !errors.Is(err, errFailed) {
		t.Errorf("the error is %v, want %v", err, errFailed)
	}
}

// A canceled run says so, and not that the server is at fault.
func TestCanceledRun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(fake(func(http.ResponseWriter, *http.Request) {
		cancel()
		panic(http.ErrAbortHandler)
	}))
	defer server.Close()
	err := run(ctx, []string{"-endpoint", server.URL}, noEnvironment, io.Discard, io.Discard)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}

// A run deletes every stream that it has created, even when it is interrupted while one is
// CREATING, when a server's streams never become ACTIVE, and when a step has created one that it
// should not.
func TestRunDeletesItsStreams(t *testing.T) {
	const refusal = `{"__type":"ValidationException","message":"no"}`
	for name, describe := range map[string]func(stream string, cancel func()) string{
		"interrupted": func(stream string, cancel func()) string {
			if strings.HasSuffix(stream, "-probe") {
				return active(stream)
			}
			cancel()
			return strings.Replace(active(stream), "ACTIVE", "CREATING", 1)
		},
		"without a status":           func(string, func()) string { return "{}" },
		"of another name":            func(string, func()) string { return active("other") },
		"refused":                    func(string, func()) string { return refusal },
		"accepting whatever is sent": func(stream string, _ func()) string { return active(stream) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var mutex sync.Mutex
			streams := make(map[string]bool)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mutex.Lock()
				defer mutex.Unlock()
				var request struct{ StreamName string }
				_ = json.NewDecoder(r.Body).Decode(&request)
				_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
				status, answer := http.StatusOK, ""
				switch {
				case operation == "ListStreams":
					answer = `{"StreamNames":[]}`
				case request.StreamName == "":
					status, answer = http.StatusBadRequest, refusal
				case operation == "CreateStream":
					streams[request.StreamName] = true
				case operation == "DeleteStream":
					delete(streams, request.StreamName)
				case operation == "DescribeStreamSummary":
					if answer = describe(request.StreamName, cancel); answer == refusal {
						status = http.StatusBadRequest
					}
				}
				answerWith(status, "application/x-amz-json-1.1", answer)(w, r)
			}))
			defer server.Close()
			err := run(ctx, []string{"-endpoint", server.URL, "-run", "^10-create-stream-(exists|shard-limit)$"}, noEnvironment, io.Discard, io.Discard)
			mutex.Lock()
			defer mutex.Unlock()
			if err == nil || len(streams) > 0 {
				t.Errorf("the error is %v, and these streams remain: %v", err, streams)
			}
		})
	}
}

// active is the description of a stream.
func active(stream string) string {
	return `{"StreamDescriptionSummary":{"StreamStatus":"ACTIVE","StreamARN":"arn:aws:kinesis:us-east-1:123456789012:stream/` + stream + `"}}`
}

// A report that cannot be written is an error before the run, which leaves the other files alone.
func TestOutputsAreCheckedBeforeTheRun(t *testing.T) {
	dir := t.TempDir()
	kept, fresh := filepath.Join(dir, "kept"), filepath.Join(dir, "fresh")
	if err := os.WriteFile(kept, []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	called := func(http.ResponseWriter, *http.Request) { t.Error("the server was called") }
	for _, unwritable := range []string{dir, filepath.Join(dir, "none", "file"), filepath.Join(kept, "file")} {
		_, err := runAgainst(t, called, "-json", kept, "-junit", fresh, "-html", unwritable)
		if !errors.As(err, &command.UsageError{}) || !strings.Contains(err.Error(), "-html: open "+unwritable) {
			t.Errorf("-html %s: the error is %v", unwritable, err)
		}
	}
	if text, err := os.ReadFile(kept); string(text) != "kept" {
		t.Errorf("the file is now %q, error %v", text, err)
	}
	if _, err := os.Stat(fresh); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("there is a new file, error %v", err)
	}
}

// A report on standard output is alone there.
func TestStandardOutputHasOneReport(t *testing.T) {
	for flag, first := range map[string]string{"-json": "{", "-junit": "<?xml", "-html": "<!DOCTYPE"} {
		out, err := runAgainst(t, fake(answerWith(200, "application/json", "{}")), "-run", "^04-status-200$", flag, "-")
		if err != nil || !strings.HasPrefix(out, first) {
			t.Errorf("%s: the error is %v, printed %.100q", flag, err, out)
		}
	}
}

func TestList(t *testing.T) {
	var stdout bytes.Buffer
	if err := run(t.Context(), []string{"-list", "-run", "^04-status-200$"}, noEnvironment, &stdout, io.Discard); err != nil {
		t.Fatal(err)
	}
	if out := stdout.String(); !strings.HasPrefix(out, "04-status-200 ") || strings.Count(out, "\n") != 1 {
		t.Errorf("printed %q", out)
	}
	err := run(t.Context(), []string{"-endpoint", "http://localhost", "-run", "^nothing$"}, noEnvironment, &stdout, io.Discard)
	if !errors.As(err, &command.UsageError{}) || !strings.Contains(err.Error(), "no vector has such a name") {
		t.Errorf("the error is %v", err)
	}
}

// Some servers fail in the same way on an operation that they lack, and on a request that lacks
// members.
func TestProbeOfAServerThatFailsWithoutMembers(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var request struct{ StreamName string }
		_ = json.NewDecoder(r.Body).Decode(&request)
		if r.Header.Get("X-Amz-Target") == "Kinesis_20131202.ListStreams" {
			_, _ = io.WriteString(w, `{"StreamNames":[]}`)
			return
		}
		if request.StreamName == "" || r.Header.Get("X-Amz-Target") == "Kinesis_20131202.TagResource" {
			http.Error(w, "<h1>Internal Server Error</h1>", http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type":"ResourceNotFoundException"}`)
	}))
	defer server.Close()
	o, err := parseOptions([]string{"-endpoint", server.URL}, noEnvironment)
	if err != nil {
		t.Fatal(err)
	}
	s, err := probeOperations(t.Context(), newClient(o), []string{"CreateStream", "PutRecords", "SplitShard", "TagResource"})
	if err != nil || !s["CreateStream"] || !s["PutRecords"] || !s["SplitShard"] || s["TagResource"] {
		t.Errorf("found %v, error %v", s, err)
	}
}
