package main

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const (
	badHost   = " and must be localhost, [::1] or an address in 127.0.0.0/8, with any port, because the emulator listens on loopback"
	badOrigin = " and must be http:// or https:// and localhost, [::1] or an address in 127.0.0.0/8, with any port"
)

// guarded sends a request to an emulator's guard and returns the answer and what was logged. A
// request that the guard passes on gets status 204.
func guarded(onLoopback bool, method, host string, header http.Header) (*http.Response, string) {
	var log bytes.Buffer
	next := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	request := httptest.NewRequest(method, "/", nil)
	request.Host, request.Header = host, header
	w := httptest.NewRecorder()
	guard(next, onLoopback, slog.New(slog.NewTextHandler(&log, nil))).ServeHTTP(w, request)
	return w.Result(), log.String()
}

// checkRefused checks that a request was refused for a reason or, if it is "", not refused.
func checkRefused(t *testing.T, response *http.Response, log, reason string) {
	t.Helper()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if reason == "" {
		if response.StatusCode != http.StatusNoContent || log != "" {
			t.Errorf("status %d, body %q, log %q", response.StatusCode, body, log)
		}
		return
	}
	if response.StatusCode != http.StatusForbidden || string(body) != reason+"\n" {
		t.Errorf("status %d, body %q, want 403, %q", response.StatusCode, body, reason)
	}
	if want := fmt.Sprintf(" level=WARN msg=\"refused a request\" reason=%q\n", reason); !strings.HasSuffix(log, want) {
		t.Errorf("logged %q, want %q", log, want)
	}
	for name := range response.Header {
		if strings.HasPrefix(name, "Access-Control-") {
			t.Errorf("a refused request got %s", name)
		}
	}
}

func TestHost(t *testing.T) {
	for host, ok := range map[string]bool{
		"localhost":                 true,
		"localhost:4567":            true,
		"LOCALHOST:1":               true,
		"127.0.0.1":                 true,
		"127.0.0.1:65535":           true,
		"127.0.0.2:4567":            true,
		"127.255.255.255:4567":      true,
		"[::1]":                     true,
		"[::1]:4567":                true,
		"[0:0:0:0:0:0:0:1]:4567":    true,
		"[::ffff:127.0.0.1]:4567":   true,
		"":                          false,
		":4567":                     false,
		"evil.example":              false,
		"evil.example:4567":         false,
		"127.0.0.1.evil.example":    false,
		"localhost.evil.example":    false,
		"evil-localhost":            false,
		"evil.localhost":            false,
		"localho\u017ft":            false, // Unicode folds this to localhost
		"127.0.0.1@evil.example":    false,
		"evil.example@127.0.0.1":    false,
		"127.0.0.1:4567:4567":       false,
		"127.0.0.1:evil.example":    false,
		"::1":                       false, // without brackets
		"[::2]:4567":                false,
		"0.0.0.0:4567":              false, // some systems take it for this machine
		"[::]:4567":                 false,
		"126.255.255.255":           false,
		"128.0.0.0":                 false,
		"192.168.1.1:4567":          false,
		"2130706433":                false, // 127.0.0.1, which browsers write out in full
		"evil.example, 127.0.0.1":   false,
		"localhost\"\nevil.example": false,
	} {
		t.Run(host, func(t *testing.T) {
			reason := ""
			if !ok {
				reason = fmt.Sprintf("Host is %q", host) + badHost
			}
			response, log := guarded(true, http.MethodPost, host, nil)
			checkRefused(t, response, log, reason)
		})
		t.Run(host+" away from loopback", func(t *testing.T) {
			response, log := guarded(false, http.MethodPost, host, nil)
			checkRefused(t, response, log, "")
		})
	}
}

func TestOrigin(t *testing.T) {
	for origin, ok := range map[string]bool{
		"":                              true, // not from a page
		"http://localhost":              true,
		"http://LOCALHOST:3000":         true,
		"https://127.0.0.1:8443":        true,
		"http://127.0.0.2:3000":         true,
		"http://[::1]:3000":             true,
		"null":                          false, // from a file or a sandbox
		"http://evil.example":           false,
		"http://evil.example:4567":      false,
		"http://127.0.0.1.evil.example": false,
		"http://localhost.evil.example": false,
		"http://localhost@evil.example": false,
		"http://localhost/evil.example": false,
		"http://192.168.1.1:4567":       false,
		"localhost":                     false,
		"//localhost":                   false,
		"http://":                       false,
		"ftp://localhost":               false,
		"chrome-extension://localhost":  false,
		"http://localhost, http://evil": false,
	} {
		for _, onLoopback := range []bool{true, false} {
			for _, method := range []string{http.MethodPost, http.MethodOptions} {
				if ok && method == http.MethodOptions {
					continue // TestPreflight
				}
				t.Run(fmt.Sprint(method, " ", origin, " ", onLoopback), func(t *testing.T) {
					reason := ""
					if !ok {
						reason = fmt.Sprintf("Origin is %q", origin) + badOrigin
					}
					response, log := guarded(onLoopback, method, "127.0.0.1:4567", http.Header{"Origin": {origin}})
					checkRefused(t, response, log, reason)
				})
			}
		}
	}
}

// A page of a rebound domain has the same origin as the emulator, as far as the browser knows.
func TestReboundDomain(t *testing.T) {
	origin := http.Header{"Origin": {"http://evil.example:4567"}}
	response, log := guarded(true, http.MethodPost, "evil.example:4567", origin)
	checkRefused(t, response, log, `Host is "evil.example:4567"`+badHost)
	response, log = guarded(false, http.MethodPost, "evil.example:4567", origin)
	checkRefused(t, response, log, `Origin is "http://evil.example:4567"`+badOrigin)
}

// cors returns the CORS headers of an answer.
func cors(header http.Header) map[string]string {
	found := map[string]string{}
	for name := range header {
		if short, ok := strings.CutPrefix(name, "Access-Control-"); ok {
			found[short] = strings.Join(header.Values(name), "|")
		}
	}
	return found
}

func checkCORS(t *testing.T, header http.Header, want map[string]string) {
	t.Helper()
	if got := cors(header); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestPreflight(t *testing.T) {
	const method, headers = "Access-Control-Request-Method", "Access-Control-Request-Headers"
	for name, test := range map[string]struct {
		asked, want map[string]string
	}{
		"asks for nothing": {nil, map[string]string{"Allow-Origin": "*", "Max-Age": "172800"}},
		"asks for a method": {
			map[string]string{method: "POST"},
			map[string]string{"Allow-Origin": "*", "Allow-Methods": "POST", "Max-Age": "172800"},
		},
		"asks for headers": {
			map[string]string{method: "POST", headers: "authorization,x-amz-target"},
			map[string]string{
				"Allow-Origin": "*", "Allow-Methods": "POST", "Allow-Headers": "authorization,x-amz-target", "Max-Age": "172800",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			asked := http.Header{"Origin": {"http://localhost:3000"}}
			for name, value := range test.asked {
				asked.Set(name, value)
			}
			response, log := guarded(true, http.MethodOptions, "localhost:4567", asked)
			body, err := io.ReadAll(response.Body)
			if err != nil || response.StatusCode != http.StatusOK || len(body) != 0 || log != "" {
				t.Errorf("status %d, body %q, error %v, log %q", response.StatusCode, body, err, log)
			}
			checkCORS(t, response.Header, test.want)
		})
	}
}

func TestOptionsWithoutOriginIsNoPreflight(t *testing.T) {
	response, log := guarded(true, http.MethodOptions, "localhost", http.Header{"Access-Control-Request-Method": {"POST"}})
	checkRefused(t, response, log, "")
	checkCORS(t, response.Header, nil)
}

// The emulator's answers to a page, good and bad, can be read by the page.
func TestAnswersToPage(t *testing.T) {
	e := start(t, "-stream", "orders:1")
	for _, test := range []struct {
		operation, origin string
		status            int
	}{
		{"PutRecords", "http://localhost:3000", http.StatusOK},
		{"PutRecords", "", http.StatusOK},
		{"NoSuch", "http://localhost:3000", http.StatusBadRequest},
	} {
		request := newRequest(e.addr, test.operation, strings.NewReader(pendingBody))
		want := map[string]string{}
		if test.origin != "" {
			request.Header.Set("Origin", test.origin)
			want = map[string]string{
				"Allow-Origin":   "*",
				"Expose-Headers": "x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,Date",
			}
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != test.status || response.Header.Get("X-Amzn-Requestid") == "" {
			t.Errorf("%+v: status %d, header %v", test, response.StatusCode, response.Header)
		}
		checkCORS(t, response.Header, want)
	}
	if _, summary := e.finish(t); !strings.Contains(summary, "shardId-000000000000       2 ") {
		t.Errorf("the summary lacks the two records: %s", summary)
	}
}

// The emulator checks Host before anything else, even before /healthz.
func TestEmulatorRefusesHost(t *testing.T) {
	e := start(t)
	defer e.finish(t)
	request, err := http.NewRequest(http.MethodGet, "http://"+e.addr+"/healthz", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = "evil.example:4567"
	status, body, err := do(http.DefaultClient, request)
	if err != nil || status != http.StatusForbidden || body != `Host is "evil.example:4567"`+badHost+"\n" {
		t.Errorf("status %d, body %q, error %v", status, body, err)
	}
}
