package control_test

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/putrecords/putrecords"

	"github.com/putrecords/putrecords/emulator/internal/clock"
	"github.com/putrecords/putrecords/emulator/internal/control"
	"github.com/putrecords/putrecords/emulator/internal/kinesis"
	"github.com/putrecords/putrecords/emulator/internal/store"
)

// An api is the control API of a service whose clock runs but whose machine's clock stands still.
type api struct {
	service *kinesis.Service
	store   *flakyStore
	handler http.Handler
}

// A flakyStore fails while fails is set.
type flakyStore struct {
	store.Store
	fails bool
}

var errDisk = errors.New("the disk is full")

func (s *flakyStore) Update(kept store.Stream) error {
	if s.fails {
		return errDisk
	}
	return s.Store.Update(kept)
}

func (s *flakyStore) Remove(id uint64) error {
	if s.fails {
		return errDisk
	}
	return s.Store.Remove(id)
}

const account = "111122223333"

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func newAPI(t *testing.T) *api {
	t.Helper()
	streamClock := clock.New(func() (time.Time, time.Duration) { return noon, 0 })
	flaky := &flakyStore{Store: store.NewMemory([32]byte{})}
	service, err := kinesis.New(kinesis.Config{
		AccountID:          account,
		Region:             "us-east-1",
		Now:                streamClock.Now,
		Store:              flaky,
		Logger:             slog.New(slog.DiscardHandler),
		Limits:             putrecords.Limits{RecordsPerSecond: 7},
		ReadsPerSecond:     -1,
		ReadBytesPerSecond: -1,
	})
	if err != nil {
		t.Fatal(err)
	}
	next := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "Kinesis") })
	return &api{service, flaky, control.New(service, streamClock, next)}
}

func newRequest(method, path, body string) *http.Request {
	r := httptest.NewRequest(method, "http://localhost:4567"+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

// do returns the answer to a request, without the line break at its end.
func (a *api) do(r *http.Request) (status int, body string) {
	w := httptest.NewRecorder()
	a.handler.ServeHTTP(w, r)
	return w.Code, strings.TrimSuffix(w.Body.String(), "\n")
}

// must decodes the answer to a request that must succeed.
func must[T any](t *testing.T, a *api, method, path, body string) (out T) {
	t.Helper()
	status, answer := a.do(newRequest(method, path, body))
	if status != http.StatusOK || json.Unmarshal([]byte(answer), &out) != nil {
		t.Fatalf("%s %s %s: status %d, %s", method, path, body, status, answer)
	}
	return out
}

func (a *api) wantRefusal(t *testing.T, r *http.Request, status int, text string) {
	t.Helper()
	got, body := a.do(r)
	var out map[string]string
	if err := json.Unmarshal([]byte(body), &out); err != nil || got != status || len(out) != 1 || !strings.Contains(out["error"], text) {
		t.Errorf("%s %s: status %d, %s\nwant %d, %s", r.Method, r.URL, got, body, status, text)
	}
}

type stream struct {
	Name, ARN, Status string
	Limits            putrecords.Limits
	Shards            []putrecords.ShardStats
}

type fault struct {
	ID, Count, Hits           int
	Stream, Code, Message     string
	WholeRequest, AfterAppend bool
	Match                     map[string]any
}

type reading struct {
	Now     time.Time
	Running bool
}

// put puts records with these partition keys into orders and returns the error codes, "" for a
// stored record.
func (a *api) put(t *testing.T, keys ...string) []string {
	t.Helper()
	s, err := a.service.Find("", "orders")
	if err != nil {
		t.Fatal(err)
	}
	records := make([]putrecords.RequestEntry, len(keys))
	for i, key := range keys {
		records[i] = putrecords.Entry(key, nil)
	}
	out, err := s.Put(t.Context(), records...)
	if err != nil {
		return []string{err.Error()}
	}
	codes := make([]string, len(keys))
	for i, result := range out.Records {
		codes[i] = string(result.ErrorCode)
	}
	return codes
}

func (a *api) wantPut(t *testing.T, keys []string, codes ...string) {
	t.Helper()
	if got := a.put(t, keys...); !slices.Equal(got, codes) {
		t.Errorf("putting %q: got %q, want %q", keys, got, codes)
	}
}

const (
	throttled = string(putrecords.ProvisionedThroughputExceededException)
	failed    = string(putrecords.InternalFailure)
)

func TestOtherRequestsPass(t *testing.T) {
	a := newAPI(t)
	for _, path := range []string{"/", "/control", "/controls/", "/x/control/"} {
		if status, body := a.do(newRequest(http.MethodPost, path, "{}")); status != http.StatusOK || body != "Kinesis" {
			t.Errorf("%s: status %d, %s", path, status, body)
		}
	}
}

func TestUnknownCalls(t *testing.T) {
	a := newAPI(t)
	for _, call := range []string{
		"GET /control/", "POST /control/clock", "DELETE /control/streams", "PATCH /control/streams/a/limits",
		"GET /control/faults/1", "GET /control/reset",
	} {
		method, path, _ := strings.Cut(call, " ")
		a.wantRefusal(t, newRequest(method, path, ""), http.StatusNotFound, "there is no "+call+"; docs/control.md lists all calls")
	}
}

func TestBodies(t *testing.T) {
	a := newAPI(t)
	large := `{"By": "` + strings.Repeat(" ", 16<<20) + `"}`
	for _, test := range []struct {
		body   string
		status int
		text   string
	}{
		{`null`, 400, "the body is null and must be a JSON object"},
		{`[]`, 400, "the body is a JSON array and must be an object"},
		{`"1s"`, 400, "the body is a JSON string and must be an object"},
		{`{"By": "1s"} {}`, 400, "the body must end after one JSON object"},
		{`{"By": "1s"`, 400, "unexpected EOF"},
		{`{"By": "1s", "To": 1}`, 400, `unknown field "To"`},
		{`{"By": 1}`, 400, "By is a JSON number"},
		{large, 413, "the body must have at most 16777216 bytes"},
	} {
		a.wantRefusal(t, newRequest(http.MethodPost, "/control/clock/advance", test.body), test.status, test.text)
	}
	empty := newRequest(http.MethodPost, "/control/clock/advance", "")
	empty.Header.Set("Content-Type", "application/json")
	a.wantRefusal(t, empty, 400, "the body is empty and must be a JSON object")
	if got := must[reading](t, a, http.MethodGet, "/control/clock", ""); got.Now != noon {
		t.Errorf("the clock is at %v", got.Now)
	}
}

// A page may send these content types to any server without a preflight.
func TestWritesMustBeJSON(t *testing.T) {
	a := newAPI(t)
	for _, contentType := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "text/plain; application/json"} {
		for _, call := range []string{
			"POST /control/streams", "PUT /control/streams/orders/limits", "POST /control/faults", "PUT /control/clock",
			"POST /control/clock/advance", "POST /control/reset",
		} {
			method, path, _ := strings.Cut(call, " ")
			r := newRequest(method, path, "{}")
			r.Header.Set("Content-Type", contentType)
			a.wantRefusal(t, r, http.StatusUnsupportedMediaType, `must be "application/json"`)
		}
	}
	r := newRequest(http.MethodPost, "/control/clock/advance", `{"By": "1s"}`)
	r.Header.Set("Content-Type", "Application/JSON; charset=utf-8")
	if status, body := a.do(r); status != http.StatusOK {
		t.Errorf("status %d, %s", status, body)
	}
}

func TestPagesOfOtherServersAreRefused(t *testing.T) {
	a := newAPI(t)
	for _, origin := range []string{"http://localhost:3000", "http://127.0.0.1:4567", "https://localhost:4567", "http://localhost", "null"} {
		for _, call := range []string{
			"GET /control/clock", "POST /control/reset", "DELETE /control/faults/1", "DELETE /control/streams/orders",
		} {
			method, path, _ := strings.Cut(call, " ")
			r := newRequest(method, path, "{}")
			r.Header.Set("Origin", origin)
			a.wantRefusal(t, r, http.StatusForbidden, `Origin is "`+origin+`" and must be "http://localhost:4567" or absent`)
		}
	}
	r := newRequest(http.MethodGet, "/control/clock", "")
	r.Header.Set("Origin", "http://localhost:4567")
	if status, body := a.do(r); status != http.StatusOK {
		t.Errorf("the emulator's own page: status %d, %s", status, body)
	}
	r = newRequest(http.MethodGet, "/control/clock", "")
	r.TLS = &tls.ConnectionState{}
	r.Header.Set("Origin", "https://localhost:4567")
	if status, body := a.do(r); status != http.StatusOK {
		t.Errorf("the emulator's own page with TLS: status %d, %s", status, body)
	}
}

func TestCreateStream(t *testing.T) {
	a := newAPI(t)
	got := must[stream](t, a, http.MethodPost, "/control/streams", `{"Name": "orders"}`)
	if got.Name != "orders" || got.ARN != "arn:aws:kinesis:us-east-1:"+account+":stream/orders" || got.Status != "ACTIVE" ||
		len(got.Shards) != 1 || got.Limits.RecordsPerSecond != 7 { // as the service's
		t.Errorf("got %+v", got)
	}
	got = must[stream](t, a, http.MethodPost, "/control/streams",
		`{"Name": "orders", "AccountID": "444455556666", "Shards": 3, "Limits": {"RecordsPerSecond": 1, "BytesPerSecond": -1}}`)
	if got.ARN != "arn:aws:kinesis:us-east-1:444455556666:stream/orders" || len(got.Shards) != 3 ||
		got.Limits.RecordsPerSecond != 1 || got.Limits.BytesPerSecond != -1 || got.Limits.RecordsPerRequest != 500 {
		t.Errorf("got %+v", got)
	}
	if got := must[stream](t, a, http.MethodPost, "/control/streams", `{"Name": "a", "Limits": {}}`); got.Limits.RecordsPerSecond != 1000 {
		t.Errorf("empty limits are %+v", got.Limits)
	}
	if got := must[stream](t, a, http.MethodPost, "/control/streams", `{"Name": "b", "Shards": 10000}`); len(got.Shards) != 10_000 {
		t.Errorf("%d shards", len(got.Shards))
	}
	list := must[struct{ Streams []stream }](t, a, http.MethodGet, "/control/streams", "")
	if len(list.Streams) != 4 || list.Streams[0].ARN != "arn:aws:kinesis:us-east-1:"+account+":stream/orders" {
		t.Errorf("%d streams, the first is %s", len(list.Streams), list.Streams[0].ARN)
	}
}

// A layout is what ListShards prints.
func TestCreateStreamWithLayout(t *testing.T) {
	a := newAPI(t)
	origin := putrecords.MustNew(putrecords.Config{Shards: 2, Now: func() time.Time { return noon.Add(-time.Hour) }})
	if err := origin.SplitShard("shardId-000000000001", putrecords.HashKey{0xc0}); err != nil {
		t.Fatal(err)
	}
	layout, err := json.Marshal(origin.Shards())
	if err != nil {
		t.Fatal(err)
	}
	must[stream](t, a, http.MethodPost, "/control/streams", `{"Name": "orders", "Layout": `+string(layout)+`}`)
	created, err := a.service.Find("", "orders")
	if err != nil {
		t.Fatal(err)
	}
	if got := created.Shards(); !slices.Equal(got, origin.Shards()) || len(got) != 4 {
		t.Errorf("got %v, want %v", got, origin.Shards())
	}
}

func TestRefusedStreams(t *testing.T) {
	a := newAPI(t)
	must[stream](t, a, http.MethodPost, "/control/streams", `{"Name": "orders"}`)
	for _, test := range []struct {
		body   string
		status int
		text   string
	}{
		{`{}`, 400, `Name is missing or ""`},
		{`{"Name": "a b"}`, 400, `Name: "a b" is not 1 to 128 letters`},
		{`{"Name": "a", "Shards": 0}`, 400, "Shards is 0 and must be from 1 to 10000"},
		{`{"Name": "a", "Shards": 10001}`, 400, "Shards is 10001 and must be from 1 to 10000"},
		{`{"Name": "a", "Shards": 1.5}`, 400, "Shards is a JSON number 1.5"},
		{`{"Name": "a", "Layout": []}`, 400, "Layout: no shard is open"},
		{`{"Name": "a", "Shards": 1, "Layout": []}`, 400, "Shards: 1 is set, but so is Layout"},
		{`{"Name": "a", "Layout": [{"ShardId": "x"}]}`, 400, `Layout[0].ShardID: "x" is not "shardId-" and 12 digits`},
		{`{"Name": "a", "Layout": [{"Shard": "x"}]}`, 400, `unknown field "Shard"`},
		{`{"Name": "a", "Limits": {"RecordsPerSecond": -2}}`, 400, "Limits.RecordsPerSecond: -2 is neither positive"},
		{`{"Name": "a", "Limits": {"RecordsPerSeconds": 1}}`, 400, `unknown field "RecordsPerSeconds"`},
		{`{"Name": "a", "AccountID": "1"}`, 400, `AccountID: "1" is not 12 digits`},
		{`{"Name": "a", "EncryptionType": "kms"}`, 400, `EncryptionType: "kms" is neither "NONE" nor "KMS"`},
		{`{"Name": "a", "EncryptionType": true}`, 400, "EncryptionType is a JSON bool"},
		{
			`{"Name": "a", "RecordDistributionStrategy": "auto"}`, 400,
			`RecordDistributionStrategy: "auto" is neither "USER_PARTITION_KEY" nor "AUTO"`,
		},
		{`{"Name": "a", "ReshardDelay": 25}`, 400, "ReshardDelay is a JSON number"},
		{`{"Name": "a", "ReshardDelay": ""}`, 400, `ReshardDelay is "" and must be a duration from "0s" to "24h"`},
		{`{"Name": "a", "ReshardDelay": "25"}`, 400, `ReshardDelay is "25" and must be a duration from "0s" to "24h"`},
		{`{"Name": "a", "ReshardDelay": "-1ns"}`, 400, `ReshardDelay is "-1ns" and must be a duration from "0s" to "24h"`},
		{`{"Name": "a", "ReshardDelay": "24h1ns"}`, 400, `ReshardDelay is "24h1ns" and must be a duration from "0s" to "24h"`},
		{`{"Name": "a", "ReshardDelay": "9999999h"}`, 400, `ReshardDelay is "9999999h" and must be a duration from "0s" to "24h"`},
		{`{"Name": "orders"}`, 409, "Stream orders under account " + account + " already exists."},
	} {
		a.wantRefusal(t, newRequest(http.MethodPost, "/control/streams", test.body), test.status, test.text)
	}
	if n := len(a.service.Streams()); n != 1 {
		t.Errorf("there are %d streams", n)
	}
}

func TestCreateStreamWithReshardDelay(t *testing.T) {
	for text, want := range map[string]time.Duration{
		`"0s"`:             0,
		`"0"`:              0,
		`"1ns"`:            1,
		`"25s"`:            25 * time.Second,
		`"23h59m59.9999s"`: 24*time.Hour - 100*time.Microsecond,
		`"24h"`:            24 * time.Hour,
	} {
		a := newAPI(t)
		must[stream](t, a, http.MethodPost, "/control/streams", `{"Name": "orders", "ReshardDelay": `+text+`}`)
		if kept, err := a.store.Streams(); err != nil || kept[0].ReshardDelay == nil || *kept[0].ReshardDelay != want {
			t.Errorf("%s: the store keeps %+v, error %v", text, kept, err)
		}
	}
	for _, members := range []string{``, `, "ReshardDelay": null`} {
		a := newAPI(t)
		must[stream](t, a, http.MethodPost, "/control/streams", `{"Name": "orders"`+members+`}`)
		if kept, err := a.store.Streams(); err != nil || kept[0].ReshardDelay != nil {
			t.Errorf("%s: the store keeps %+v, error %v", members, kept, err)
		}
	}
}

func TestCreateStreamWithEncryptionAndDistribution(t *testing.T) {
	a := newAPI(t)
	must[stream](t, a, http.MethodPost, "/control/streams",
		`{"Name": "orders", "Shards": 2, "EncryptionType": "KMS", "RecordDistributionStrategy": "AUTO"}`)
	created, err := a.service.Find("", "orders")
	if err != nil {
		t.Fatal(err)
	}
	if e, d := created.EncryptionType(), created.RecordDistributionStrategy(); e != putrecords.EncryptionKMS || d != putrecords.DistributionAuto {
		t.Errorf("the stream has %s and %s", e, d)
	}
}

func TestSetLimits(t *testing.T) {
	a := newAPI(t)
	must[stream](t, a, http.MethodPost, "/control/streams", `{"Name": "orders", "Limits": {"RecordsPerSecond": 1}}`)
	a.wantPut(t, []string{"a", "b"}, "", throttled)
	got := must[stream](t, a, http.MethodPut, "/control/streams/orders/limits?AccountID="+account, `{"RecordsPerSecond": -1}`)
	if got.Limits.RecordsPerSecond != -1 {
		t.Errorf("got %+v", got)
	}
	a.wantPut(t, []string{"a", "b"}, "", "")
	shard := must[struct{ Streams []stream }](t, a, http.MethodGet, "/control/streams", "").Streams[0].Shards[0]
	if shard.Stored.Records != 3 || shard.Throttled.Records != 1 || shard.Failed.Records != 0 {
		t.Errorf("got %+v", shard)
	}
	kept, err := a.store.Streams()
	if err != nil || kept[0].Settings.Limits != (putrecords.Limits{RecordsPerSecond: -1}) {
		t.Errorf("the store keeps %+v, error %v", kept, err)
	}
}

func TestRefusedLimits(t *testing.T) {
	a := newAPI(t)
	must[stream](t, a, http.MethodPost, "/control/streams", `{"Name": "orders", "Limits": {"RecordsPerSecond": 1}}`)
	const path = "/control/streams/orders/limits"
	for _, test := range []struct {
		path, body string
		status     int
		text       string
	}{
		{path, `{"RecordsPerSecond": -2}`, 400, "Limits.RecordsPerSecond: -2 is neither positive"},
		{path, `{"RecordsPerSecond": 5, "Records": 1}`, 400, `unknown field "Records"`},
		{path + "?AccountID=1", `{}`, 400, `AccountID is "1" and must be 12 digits`},
		{path + "?AccountID=444455556666", `{}`, 404, "Stream orders under account 444455556666 not found."},
		{path + "?AccountId=" + account, `{}`, 400, `the query has "AccountId", which this call does not take`},
		{"/control/streams/gone/limits", `{}`, 404, "Stream gone under account " + account + " not found."},
		{"/control/streams/a%20b/limits", `{}`, 400, "a b"},
	} {
		a.wantRefusal(t, newRequest(http.MethodPut, test.path, test.body), test.status, test.text)
	}
	a.store.fails = true
	a.wantRefusal(t, newRequest(http.MethodPut, path, `{"RecordsPerSecond": 5}`), 500, errDisk.Error())
	if got := a.service.Streams()[0].Limits().RecordsPerSecond; got != 1 {
		t.Errorf("%d records a second", got)
	}
}

// A stream is deleted at once, whatever its status, and another one may have its name.
func TestDeleteStream(t *testing.T) {
	a := newAPI(t)
	for _, status := range []putrecords.StreamStatus{putrecords.StreamActive, putrecords.StreamCreating, putrecords.StreamUpdating} {
		for _, query := range []string{"", "?AccountID=" + account} {
			must[stream](t, a, http.MethodPost, "/control/streams", `{"Name": "orders"}`)
			must[fault](t, a, http.MethodPost, "/control/faults", `{"Stream": "orders"}`)
			if err := a.service.Streams()[0].SetStatus(status); err != nil {
				t.Fatal(err)
			}
			must[struct{}](t, a, http.MethodDelete, "/control/streams/orders"+query, "")
			faults := must[struct{ Faults []fault }](t, a, http.MethodGet, "/control/faults", "").Faults
			if n := len(a.service.Streams()); n != 0 || len(faults) != 0 {
				t.Errorf("%s: there are %d streams, and the faults %+v", status, n, faults)
			}
		}
	}
}

func TestRefusedDeletions(t *testing.T) {
	a := newAPI(t)
	must[stream](t, a, http.MethodPost, "/control/streams", `{"Name": "orders"}`)
	for _, test := range []struct {
		path   string
		status int
		text   string
	}{
		{"gone", 404, "Stream gone under account " + account + " not found."},
		{"orders?AccountID=444455556666", 404, "Stream orders under account 444455556666 not found."},
		{"orders?AccountID=1", 400, `AccountID is "1" and must be 12 digits`},
		{"orders?Force=1", 400, `the query has "Force", which this call does not take`},
	} {
		a.wantRefusal(t, newRequest(http.MethodDelete, "/control/streams/"+test.path, ""), test.status, test.text)
	}
	a.store.fails = true
	a.wantRefusal(t, newRequest(http.MethodDelete, "/control/streams/orders", ""), 500, errDisk.Error())
	a.wantPut(t, []string{"a"}, "")
}

// A query that did nothing would mislead.
func TestQueriesAreRefused(t *testing.T) {
	a := newAPI(t)
	for _, call := range []string{"GET /control/streams", "POST /control/faults", "POST /control/reset", "DELETE /control/faults/1"} {
		method, path, _ := strings.Cut(call, " ")
		a.wantRefusal(t, newRequest(method, path+"?AccountID="+account, "{}"), 400, `the query has "AccountID", which this call does not take`)
	}
}

func TestFaultByKeyShardAndPlace(t *testing.T) {
	for match, codes := range map[string][]string{
		`{}`:                                  {failed, failed, failed, failed},
		`{"PartitionKey": "a"}`:               {failed, "", failed, ""},
		`{"PartitionKey": "A"}`:               {"", "", "", ""},
		`{"ShardId": "shardId-000000000001"}`: {"", failed, "", failed},
		`{"Index": 0}`:                        {failed, "", "", ""},
		`{"Index": 3}`:                        {"", "", "", failed},
		`{"Index": 4}`:                        {"", "", "", ""},
		`{"Index": 2, "PartitionKey": "a"}`:   {"", "", failed, ""},
		`{"Index": 1, "PartitionKey": "a"}`:   {"", "", "", ""},
	} {
		a := newAPI(t)
		must[stream](t, a, http.MethodPost, "/control/streams", `{"Name": "orders", "Shards": 2}`)
		must[fault](t, a, http.MethodPost, "/control/faults", `{"Stream": "orders", "Count": -1, "Match": `+match+`}`)
		t.Log(match)
		a.wantPut(t, []string{"a", "b", "a", "b"}, codes...) // a is in shard 0, b in shard 1
	}
}

func TestFault(t *testing.T) {
	a := newAPI(t)
	must[stream](t, a, http.MethodPost, "/control/streams", `{"Name": "orders", "AccountID": "`+account+`"}`)
	inject := func(body string) fault { return must[fault](t, a, http.MethodPost, "/control/faults", body) }
	if got := inject(`{"Stream": "orders"}`); got.ID != 1 || got.Code != failed || got.Count != 1 || got.Hits != 0 || got.Stream != "orders" {
		t.Errorf("the default fault is %+v", got)
	}
	a.wantPut(t, []string{"a", "a"}, failed, "")

	inject(`{"Stream": "orders", "Code": "ProvisionedThroughputExceededException", "Count": 2, "AfterAppend": true}`)
	a.wantPut(t, []string{"a", "a", "a"}, throttled, throttled, "")

	inject(`{"Stream": "orders", "Message": "Try again.", "WholeRequest": true}`)
	a.wantPut(t, []string{"a"}, "InternalFailure: Try again.")

	list := must[struct{ Faults []fault }](t, a, http.MethodGet, "/control/faults", "").Faults
	for i, hits := range []int{1, 2, 1} {
		if len(list) != 3 || list[i].ID != i+1 || list[i].Hits != hits {
			t.Fatalf("the faults are %+v", list)
		}
	}
	shard := must[struct{ Streams []stream }](t, a, http.MethodGet, "/control/streams", "").Streams[0].Shards[0]
	if shard.Stored.Records != 4 { // with the two that were reported as failed
		t.Errorf("got %+v", shard)
	}
}

// The records before and after the one that matches are stored only if AfterAppend says so.
func TestWholeRequestFaultByKey(t *testing.T) {
	for members, stored := range map[string]int64{``: 1, `, "AfterAppend": true`: 4} {
		a := newAPI(t)
		must[stream](t, a, http.MethodPost, "/control/streams", `{"Name": "orders"}`)
		must[fault](t, a, http.MethodPost, "/control/faults",
			`{"Stream": "orders", "Code": "ProvisionedThroughputExceededException", "Message": "Wait.", "WholeRequest": true,
			"Match": {"PartitionKey": "b"}`+members+`}`)
		a.wantPut(t, []string{"a"}, "")
		a.wantPut(t, []string{"a", "b", "a"}, throttled+": Wait.")
		if got := must[struct{ Streams []stream }](t, a, http.MethodGet, "/control/streams", "").Streams[0].Shards[0]; got.Stored.Records != stored {
			t.Errorf("%s: %d records are stored, want %d", members, got.Stored.Records, stored)
		}
		a.wantPut(t, []string{"b"}, "") // the fault is used up
	}
}

func TestRemoveFault(t *testing.T) {
	a := newAPI(t)
	must[stream](t, a, http.MethodPost, "/control/streams", `{"Name": "orders"}`)
	for range 2 {
		must[fault](t, a, http.MethodPost, "/control/faults", `{"Stream": "orders", "Count": -1, "Match": {"PartitionKey": "a"}}`)
	}
	a.wantPut(t, []string{"a"}, failed)
	if got := must[fault](t, a, http.MethodDelete, "/control/faults/1", ""); got.ID != 1 || got.Hits != 1 {
		t.Errorf("removed %+v", got)
	}
	a.wantPut(t, []string{"a"}, failed) // by the second fault
	must[fault](t, a, http.MethodDelete, "/control/faults/2", "")
	a.wantPut(t, []string{"a"}, "")
	for _, id := range []string{"1", "3", "-1", "x"} {
		a.wantRefusal(t, newRequest(http.MethodDelete, "/control/faults/"+id, ""), http.StatusNotFound, `there is no fault "`+id+`"`)
	}
	if status, body := a.do(newRequest(http.MethodGet, "/control/faults", "")); status != 200 || body != `{"Faults":[]}` {
		t.Errorf("status %d, %s", status, body)
	}
}

func TestRefusedFaults(t *testing.T) {
	a := newAPI(t)
	must[stream](t, a, http.MethodPost, "/control/streams", `{"Name": "orders"}`)
	for _, test := range []struct {
		body   string
		status int
		text   string
	}{
		{`{}`, 400, `Stream is missing or ""`},
		{`{"Stream": "gone"}`, 404, "Stream gone under account " + account + " not found."},
		{`{"Stream": "orders", "AccountID": "x"}`, 400, `AccountID is "x" and must be 12 digits`},
		{`{"Stream": "orders", "AccountID": "444455556666"}`, 404, "Stream orders under account 444455556666 not found."},
		{`{"Stream": "orders", "Match": {"Index": -1}}`, 400, "Match.Index is -1 and must be 0 or more"},
		{`{"Stream": "orders", "Match": {"ShardId": "x"}}`, 400, `Match.ShardId is "x", and stream orders has no such shard`},
		{`{"Stream": "orders", "Match": {"Key": "a"}}`, 400, `unknown field "Key"`},
		{`{"Stream": "orders", "Count": "1"}`, 400, "Count is a JSON string"},
	} {
		a.wantRefusal(t, newRequest(http.MethodPost, "/control/faults", test.body), test.status, test.text)
	}
	a.wantPut(t, []string{"a"}, "")
}

// A stream's faults go with it, even if another stream gets its name.
func TestFaultsGoWithTheirStream(t *testing.T) {
	a := newAPI(t)
	must[stream](t, a, http.MethodPost, "/control/streams", `{"Name": "orders"}`)
	must[fault](t, a, http.MethodPost, "/control/faults", `{"Stream": "orders"}`)
	if err := a.service.Remove(a.service.Streams()[0]); err != nil {
		t.Fatal(err)
	}
	must[stream](t, a, http.MethodPost, "/control/streams", `{"Name": "orders"}`)
	if list := must[struct{ Faults []fault }](t, a, http.MethodGet, "/control/faults", "").Faults; len(list) != 0 {
		t.Errorf("the faults are %+v", list)
	}
	a.wantPut(t, []string{"a"}, "")
}

func TestClock(t *testing.T) {
	a := newAPI(t)
	for _, test := range []struct {
		method, path, body string
		since              time.Duration // noon
		running            bool
	}{
		{"GET", "", "", 0, true},
		{"PUT", "", `{"Running": false}`, 0, false},
		{"PUT", "", `{"Now": "2026-01-01T12:00:01.000000001Z"}`, time.Second + 1, false},
		{"POST", "/advance", `{"By": "1.5s"}`, 2500*time.Millisecond + 1, false},
		{"POST", "/advance", `{"By": "0"}`, 2500*time.Millisecond + 1, false},
		{"PUT", "", `{"Now": "2026-01-01T12:00:07.8Z"}`, 7800 * time.Millisecond, false},
		{"POST", "/advance", `{"By": "999999ns"}`, 7800999999, false},
		{"PUT", "", `{"Now": "2026-01-01T14:00:00+01:00", "Running": true}`, time.Hour, true},
		{"PUT", "", `{}`, time.Hour, true},
		{"GET", "", "", time.Hour, true},
	} {
		got := must[reading](t, a, test.method, "/control/clock"+test.path, test.body)
		if got.Now != noon.Add(test.since) || got.Running != test.running {
			t.Errorf("%s %s: got %+v", test.method, test.body, got)
		}
	}
	if status, body := a.do(newRequest("GET", "/control/clock", "")); status != 200 || body != `{"Now":"2026-01-01T13:00:00Z","Running":true}` {
		t.Errorf("status %d, %s", status, body)
	}
}

func TestRefusedTimes(t *testing.T) {
	a := newAPI(t)
	for _, test := range []struct{ method, path, body, text string }{
		{
			"PUT", "", `{"Now": "2026-01-01T11:59:59Z", "Running": false}`,
			"Now is 2026-01-01T11:59:59Z, but the clock is at 2026-01-01T12:00:00Z and cannot go back",
		},
		{"PUT", "", `{"Now": "5000-01-01T00:00:00Z"}`, "Now is 5000-01-01T00:00:00Z, but sequence numbers hold times before 4147-"},
		{"PUT", "", `{"Now": "noon"}`, `"noon"`},
		{"PUT", "", `{"Now": 1}`, ""},
		{"PUT", "", `{"Stopped": true}`, `unknown field "Stopped"`},
		{"POST", "/advance", `{}`, `By is "" and must be a duration such as "1.5s" or "24h"`},
		{"POST", "/advance", `{"By": "1"}`, `By is "1" and must be a duration`},
		{"POST", "/advance", `{"By": "-1s"}`, `By is "-1s", but the clock cannot go back`},
	} {
		a.wantRefusal(t, newRequest(test.method, "/control/clock"+test.path, test.body), 400, test.text)
	}
	if got := must[reading](t, a, http.MethodGet, "/control/clock", ""); got.Now != noon || !got.Running {
		t.Errorf("got %+v", got)
	}
}

func TestTokensComeBackWhenTheClockAdvances(t *testing.T) {
	a := newAPI(t)
	must[stream](t, a, http.MethodPost, "/control/streams", `{"Name": "orders", "Limits": {"RecordsPerSecond": 1}}`)
	a.wantPut(t, []string{"a", "a"}, "", throttled)
	must[reading](t, a, http.MethodPost, "/control/clock/advance", `{"By": "999999999ns"}`)
	a.wantPut(t, []string{"a"}, throttled)
	must[reading](t, a, http.MethodPost, "/control/clock/advance", `{"By": "1ns"}`)
	a.wantPut(t, []string{"a", "a"}, "", throttled)
}

func TestReset(t *testing.T) {
	a := newAPI(t)
	for _, body := range []string{`{"Name": "orders"}`, `{"Name": "orders", "AccountID": "444455556666"}`} {
		must[stream](t, a, http.MethodPost, "/control/streams", body)
	}
	must[fault](t, a, http.MethodPost, "/control/faults", `{"Stream": "orders"}`)
	must[reading](t, a, http.MethodPut, "/control/clock", `{"Now": "2026-01-01T13:00:00Z", "Running": false}`)
	a.store.fails = true
	a.wantRefusal(t, newRequest(http.MethodPost, "/control/reset", "{}"), 500, errDisk.Error())
	a.store.fails = false
	for range 2 {
		must[struct{}](t, a, http.MethodPost, "/control/reset", "{}")
	}
	for path, want := range map[string]string{
		"streams": `{"Streams":[]}`,
		"faults":  `{"Faults":[]}`,
		"clock":   `{"Now":"2026-01-01T13:00:00Z","Running":true}`,
	} {
		if status, body := a.do(newRequest(http.MethodGet, "/control/"+path, "")); status != 200 || body != want {
			t.Errorf("%s: status %d, %s", path, status, body)
		}
	}
	if kept, err := a.store.Streams(); err != nil || len(kept) != 0 {
		t.Errorf("the store keeps %+v, error %v", kept, err)
	}
	must[stream](t, a, http.MethodPost, "/control/streams", `{"Name": "orders"}`)
}
