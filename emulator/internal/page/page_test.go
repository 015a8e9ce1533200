package page_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/putrecords/putrecords"

	"github.com/putrecords/putrecords/emulator/internal/activity"
	"github.com/putrecords/putrecords/emulator/internal/page"
)

// hostile is a partition key that would run scripts if a page took it for HTML.
const hostile = `<script>document.title="ran"</script><img src=x onerror='document.title="ran"'>"'&amp;`

// An emulator has two streams and a clock that the test sets.
type emulator struct {
	orders, clicks *putrecords.Stream
	activity       *activity.Activity

	mu  sync.Mutex
	now time.Time
}

func newEmulator() *emulator {
	e := &emulator{now: time.Date(2026, time.March, 4, 5, 6, 7, 0, time.UTC)}
	limits := putrecords.Limits{RecordsPerSecond: 100, BytesPerSecond: 1 << 20}
	e.orders = putrecords.MustNew(putrecords.Config{Name: "orders", Shards: 4, Limits: limits, Now: e.read})
	e.clicks = putrecords.MustNew(putrecords.Config{Name: "clicks", Now: e.read})
	e.activity = activity.New(e.read, e.streams)
	return e
}

func (e *emulator) read() time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.now
}

func (e *emulator) advance(by time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.now = e.now.Add(by)
}

func (e *emulator) streams() []*putrecords.Stream { return []*putrecords.Stream{e.orders, e.clicks} }

// put puts records into the stream orders.
func (e *emulator) put(t *testing.T, records ...putrecords.RequestEntry) {
	t.Helper()
	out, err := e.orders.Put(t.Context(), records...)
	if err != nil {
		t.Error(err)
		return
	}
	e.activity.Answered(t.Context(), e.orders, &putrecords.Input{Records: records}, out)
}

// inShard returns n different records that go to one of the four shards of orders.
func inShard(index byte, n int) []putrecords.RequestEntry {
	records := make([]putrecords.RequestEntry, n)
	hashKey := putrecords.HashKey{index << 6}.String()
	for i := range records {
		records[i] = putrecords.Entry(fmt.Sprint("customer-", i), []byte("an order"))
		records[i].ExplicitHashKey = &hashKey
	}
	return records
}

// The page has no other resources, and its policy allows only what it contains.
func TestPageIsSelfContained(t *testing.T) {
	recorder := httptest.NewRecorder()
	page.Serve(recorder, httptest.NewRequest(http.MethodGet, "/", nil))
	body := recorder.Body.String()
	for _, tag := range []string{"<script>", "</script>", "<style>", "</style>"} {
		if n := strings.Count(body, tag); n != 1 {
			t.Errorf("the page has %d %s", n, tag)
		}
	}
	for _, pattern := range []string{`https?:`, `src=`, `style=`, ` on[a-z]+=`, `@import`, `url\(`, `innerHTML`, `insertAdjacentHTML`, `document\.write`} {
		if found := regexp.MustCompile(pattern).FindString(body); found != "" {
			t.Errorf("the page has %q", found)
		}
	}
	policy := regexp.MustCompile(`^default-src 'none'; script-src 'sha256-[A-Za-z0-9+/]{43}='; style-src 'sha256-[A-Za-z0-9+/]{43}='; ` +
		`img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$`)
	header := recorder.Header()
	if got := header.Get("Content-Security-Policy"); !policy.MatchString(got) {
		t.Errorf("the policy is %q", got)
	}
	if header.Get("Content-Type") != "text/html; charset=utf-8" || header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("the header is %v", header)
	}
}

// state returns what a page gets, decoded.
func (e *emulator) state(t *testing.T) (state struct {
	Streams []struct {
		Name, ARN, Status                string
		RecordsPerSecond, BytesPerSecond int
		Distinct                         int
		MoreDistinct                     bool
		Shards                           []map[string]any
		Records                          []map[string]any
	}
	Refusals []map[string]any
	Control  bool
},
) {
	t.Helper()
	recorder := httptest.NewRecorder()
	page.State{Streams: e.streams, Activity: e.activity}.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/page/state", nil))
	if recorder.Header().Get("Content-Type") != "application/json" || recorder.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("the header is %v", recorder.Header())
	}
	if err := json.Unmarshal(recorder.Body.Bytes(), &state); err != nil {
		t.Fatal(err)
	}
	return state
}

func TestState(t *testing.T) {
	e := newEmulator()
	e.put(t, inShard(1, 3)...)
	e.put(t, inShard(1, 2)...)
	e.activity.Refused(t.Context(), "GetRecords", &putrecords.Error{Code: "ValidationException", Message: "no"})
	if err := e.orders.SplitShard("shardId-000000000003", putrecords.HashKey{0xe0}); err != nil {
		t.Fatal(err)
	}
	state := e.state(t)
	orders := state.Streams[0]
	if len(state.Streams) != 2 || orders.Name != "orders" || orders.ARN != e.orders.ARN() || orders.Status != "ACTIVE" ||
		orders.RecordsPerSecond != 100 || orders.BytesPerSecond != 1<<20 || orders.Distinct != 3 || orders.MoreDistinct || state.Control {
		t.Errorf("got %+v", state)
	}
	for i, want := range []struct {
		from, share float64
		open        bool
		records     float64
	}{{0, .25, true, 0}, {.25, .25, true, 5}, {.5, .25, true, 0}, {.75, .25, false, 0}, {.75, .125, true, 0}, {.875, .125, true, 0}} {
		shard := orders.Shards[i]
		if shard["ID"] != fmt.Sprintf("shardId-%012d", i) || shard["From"] != want.from || shard["Share"] != want.share ||
			shard["Open"] != want.open || shard["Stored"].(map[string]any)["Records"] != want.records {
			t.Errorf("shard %d is %v, want %+v", i, shard, want)
		}
	}
	if len(orders.Shards) != 6 || len(orders.Records) != 5 || len(state.Refusals) != 1 {
		t.Errorf("got %+v", state)
	}
	members := slices.Sorted(maps.Keys(orders.Records[0]))
	if orders.Records[0]["PartitionKey"] != "customer-1" || fmt.Sprint(members) != "[Bytes PartitionKey Result ShardID Time]" {
		t.Errorf("the latest record is %v", orders.Records[0])
	}
}

// Lists that hold nothing are empty lists in JSON, so the page need not expect null.
func TestStateHasNoNulls(t *testing.T) {
	e := newEmulator()
	recorder := httptest.NewRecorder()
	page.State{Streams: e.streams, Activity: e.activity}.ServeHTTP(recorder, nil)
	if body := recorder.Body.String(); strings.Contains(body, "null") {
		t.Errorf("got %s", body)
	}
}
