package page_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/putrecords/putrecords"

	"github.com/putrecords/putrecords/emulator/internal/page"
)

// The environment variable PUTRECORDS_CLIENTS names the clients to test, separated by spaces. If
// chromium is one, it must be installed. If PUTRECORDS_SCREENSHOTS names a directory, the tests
// also write what the pages look like there.
func findChromium(t *testing.T) string {
	t.Helper()
	if !slices.Contains(strings.Fields(os.Getenv("PUTRECORDS_CLIENTS")), "chromium") {
		t.Skip("skipped: PUTRECORDS_CLIENTS does not name chromium")
	}
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatalf("%v; on Debian, install the package chromium", err)
	}
	return path
}

// browse runs Chromium on a page for some seconds of its virtual time and returns what it prints.
func browse(t *testing.T, chromium, url string, arguments ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	arguments = append([]string{
		"--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
		"--user-data-dir=" + t.TempDir(), "--virtual-time-budget=3500",
	}, append(arguments, url)...)
	command := exec.CommandContext(ctx, chromium, arguments...)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", command, err, &stderr)
	}
	return stdout.String()
}

// dump returns what a page consists of in the end, without its script, style and template.
func dump(t *testing.T, chromium, url string) string {
	t.Helper()
	dom := browse(t, chromium, url, "--dump-dom")
	return regexp.MustCompile(`(?s)<(script|style|template)[^>]*>.*?</(script|style|template)>`).ReplaceAllString(dom, "")
}

// screenshots writes what a page looks like in light, in dark and on a phone, if asked to.
func screenshots(t *testing.T, chromium, url, name string) {
	t.Helper()
	directory := os.Getenv("PUTRECORDS_SCREENSHOTS")
	if directory == "" {
		return
	}
	for suffix, arguments := range map[string][]string{
		"light": {"--window-size=1200,1000", "--blink-settings=preferredColorScheme=1"},
		"dark":  {"--window-size=1200,1000", "--blink-settings=preferredColorScheme=0"},
		"phone": {"--window-size=500,1100", "--force-device-scale-factor=1"}, // Chromium's narrowest window
	} {
		browse(t, chromium, url, append(arguments, "--screenshot="+filepath.Join(directory, name+"-"+suffix+".png"))...)
	}
}

// serve serves the page on loopback. before is called before the page gets a state.
func (e *emulator) serve(t *testing.T, control bool, before func()) (url string, mux *http.ServeMux) {
	t.Helper()
	mux = http.NewServeMux()
	mux.HandleFunc("GET /{$}", page.Serve)
	state := page.State{Streams: e.streams, Activity: e.activity, Control: control}
	mux.HandleFunc("GET /page/state", func(w http.ResponseWriter, r *http.Request) {
		before()
		state.ServeHTTP(w, r)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL, mux
}

var tags = regexp.MustCompile(`<[^>]*>`)

// textOf returns the text of the element with a class, and of those inside it.
func textOf(t *testing.T, dom, class string) string {
	t.Helper()
	found := regexp.MustCompile(`(?s)<(\w+)[^>]* class="` + class + `( \w+)*"[^>]*>.*?</\w+>`).FindString(dom)
	if found == "" {
		t.Errorf("the page has no %s", class)
	}
	return tags.ReplaceAllString(found, " ")
}

// The page shows streams, shards, figures, throttling, records and refusals.
func TestPageInChromium(t *testing.T) {
	chromium := findChromium(t)
	e := newEmulator()
	url, _ := e.serve(t, false, func() { // each time, one shard is throttled and another is half busy
		e.advance(time.Second)
		e.put(t, inShard(2, 50)...)
		e.put(t, inShard(1, 120)...)
	})
	e.activity.Refused(t.Context(), "GetRecords", &putrecords.Error{Code: "ExpiredIteratorException", Message: "too late"})
	dom := dump(t, chromium, url)
	for _, want := range []string{
		`<h2 class="name">orders</h2>`, `<h2 class="name">clicks</h2>`, `<span class="status active">ACTIVE</span>`,
		"arn:aws:kinesis:us-east-1:000000000000:stream/orders", `<dd class="distinct">150</dd>`,
		`<div class="shard throttled"`, "ProvisionedThroughputExceededException", "customer-119",
		"<td class=\"\">GetRecords</td><td class=\"\">ExpiredIteratorException</td><td class=\"text\">too late</td>",
		"shardId-000000000003", "85070591730234615865843651857942052864",
	} {
		if !strings.Contains(dom, want) {
			t.Errorf("the page lacks %s: %s", want, dom)
		}
	}
	for class, want := range map[string]string{
		"stored": `^ [1-9][0-9,]* [0-9.]+ KiB, [1-9][0-9]* records/s $`, "throttled-records": `^ [1-9][0-9]* [0-9.]+ (bytes|KiB) $`, "failed": `^ 0 0 bytes $`,
	} {
		if text := textOf(t, dom, class); !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("%s is %q", class, text)
		}
	}
	if n := strings.Count(dom, `<div class="shard`); n != 4+1 {
		t.Errorf("the page has %d segments, want 5", n)
	}
	screenshots(t, chromium, url, "page")
}

// Text that clients choose is shown, and does not run.
func TestHostileTextInChromium(t *testing.T) {
	chromium := findChromium(t)
	e := newEmulator()
	e.put(t, putrecords.Entry(hostile[:64], nil), putrecords.Entry(hostile[len(hostile)-64:], nil))
	e.activity.Refused(t.Context(), hostile[:64], &putrecords.Error{Code: "Code", Message: hostile})
	url, _ := e.serve(t, false, func() {})
	dom := dump(t, chromium, url)
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace
	for _, want := range []string{
		"<title>Kinesis emulator</title>", escape(hostile[:64]) + "</td>", escape(hostile[len(hostile)-64:]) + "</td>",
		`<td class="text">` + escape(hostile) + "</td>",
	} {
		if !strings.Contains(dom, want) {
			t.Errorf("the page lacks %s: %s", want, dom)
		}
	}
	if strings.Contains(dom, "<img") {
		t.Errorf("the page took a partition key for HTML: %s", dom)
	}
}

// A stream of many shards has few segments and few rows.
func TestManyShardsInChromium(t *testing.T) {
	chromium := findChromium(t)
	e := newEmulator()
	e.clicks = putrecords.MustNew(putrecords.Config{Name: "clicks", Shards: 10_000, Now: e.read})
	url, _ := e.serve(t, false, func() {})
	dom := dump(t, chromium, url)
	for _, want := range []string{
		"10,000 open shards, 79 in each segment over the hash space", "There are 9,800 more shards.",
		`title="shardId-000000009954 to shardId-000000009999: 0/s`,
	} {
		if !strings.Contains(dom, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if n := strings.Count(dom, `<div class="shard`); n != 4+127 {
		t.Errorf("the page has %d segments, want %d", n, 4+127)
	}
	screenshots(t, chromium, url, "many")
}

// With the control API the page shows the clock and the faults.
func TestControlInChromium(t *testing.T) {
	chromium := findChromium(t)
	e := newEmulator()
	url, mux := e.serve(t, true, func() {})
	for path, answer := range map[string]any{
		"/control/clock": map[string]any{"Now": e.read(), "Running": false},
		"/control/faults": map[string]any{"Faults": []any{
			map[string]any{"ID": 7, "Stream": "orders", "Code": "InternalFailure", "Count": 1, "Match": map[string]any{"PartitionKey": "<b>"}},
		}},
	} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(answer) })
	}
	dom := dump(t, chromium, url)
	for _, want := range []string{
		`<section class="card" id="control">`, `<strong id="clock">2026-03-04 05:06:07.000 UTC, stopped</strong>`,
		`{"Code":"InternalFailure","Count":1,"Match":{"PartitionKey":"&lt;b&gt;"}}`, `>Remove</button>`,
	} {
		if !strings.Contains(dom, want) {
			t.Errorf("the page lacks %s: %s", want, dom)
		}
	}
	screenshots(t, chromium, url, "control")
}
