package metrics_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/putrecords/putrecords"

	"github.com/putrecords/putrecords/emulator/internal/metrics"
)

// read returns the metrics as Prometheus gets them.
func read(t *testing.T, m *metrics.Metrics) string {
	t.Helper()
	recorder := httptest.NewRecorder()
	m.Handler().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if recorder.Code != http.StatusOK || !strings.HasPrefix(recorder.Header().Get("Content-Type"), "text/plain; version=0.0.4") {
		t.Errorf("status %d, header %v", recorder.Code, recorder.Header())
	}
	return recorder.Body.String()
}

// The counters are those that the streams have when they are read, and each stream is told from
// those of the same name in other accounts.
func TestStreams(t *testing.T) {
	now := time.Date(2026, time.March, 4, 5, 6, 7, 0, time.UTC)
	config := putrecords.Config{
		Name: "orders", Shards: 2, Limits: putrecords.Limits{RecordsPerSecond: 2}, Now: func() time.Time { return now },
	}
	a := putrecords.MustNew(config)
	config.AccountID, config.Shards = "123456789012", 1
	b := putrecords.MustNew(config)
	streams := []*putrecords.Stream{a}
	m := metrics.New(func() []*putrecords.Stream { return streams })
	if body := read(t, m); !strings.Contains(body, `putrecords_records_total{account="000000000000",result="stored",shard="shardId-000000000000",stream="orders"} 0`) {
		t.Errorf("got %s", body)
	}
	a.Inject(putrecords.Fault{})
	entry := putrecords.Entry("a", []byte("nine byte")) // in shard 0
	if _, err := a.Put(t.Context(), entry, entry, entry, entry, entry, entry); err != nil {
		t.Fatal(err)
	}
	streams = append(streams, b)
	body := read(t, m)
	for labels, want := range map[string][2]string{
		`account="000000000000",result="stored",shard="shardId-000000000000",stream="orders"`:    {"2", "20"},
		`account="000000000000",result="throttled",shard="shardId-000000000000",stream="orders"`: {"3", "30"},
		`account="000000000000",result="failed",shard="shardId-000000000000",stream="orders"`:    {"1", "10"},
		`account="000000000000",result="stored",shard="shardId-000000000001",stream="orders"`:    {"0", "0"},
		`account="123456789012",result="stored",shard="shardId-000000000000",stream="orders"`:    {"0", "0"},
	} {
		for i, name := range []string{"putrecords_records_total", "putrecords_record_bytes_total"} {
			if line := name + "{" + labels + "} " + want[i] + "\n"; !strings.Contains(body, line) {
				t.Errorf("the metrics lack %s: %s", line, body)
			}
		}
	}
	if n := strings.Count(body, "\nputrecords_records_total{"); n != 9 {
		t.Errorf("%d counters of records, want 9", n)
	}
	for _, line := range []string{"# TYPE putrecords_records_total counter\n", "# TYPE putrecords_record_bytes_total counter\n"} {
		if !strings.Contains(body, line) {
			t.Errorf("the metrics lack %s", line)
		}
	}
}

// Requests are measured by operation and status. Names that Kinesis does not have count together.
func TestRequests(t *testing.T) {
	m := metrics.New(func() []*putrecords.Stream { return nil })
	handler := m.Measure(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Fail") != "" {
			w.WriteHeader(http.StatusBadRequest)
		}
		_ = http.NewResponseController(w).Flush() // needs Unwrap
	}))
	for _, test := range []struct{ target, fail string }{
		{"Kinesis_20131202.PutRecords", ""},
		{"Kinesis_20131202.PutRecords", ""},
		{"Kinesis_20131202.PutRecords", "x"},
		{"Kinesis_20131202.GetRecords", ""},
		{"Kinesis_20131202.NoSuch", "x"},
		{"Kinesis_20131202.", "x"},
		{"PutRecords", "x"},
		{"", "x"},
	} {
		request := httptest.NewRequest(http.MethodPost, "/", nil)
		request.Header.Set("X-Amz-Target", test.target)
		request.Header.Set("X-Fail", test.fail)
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		if !recorder.Flushed || (recorder.Code == http.StatusOK) != (test.fail == "") {
			t.Errorf("%s: status %d, flushed %t", test.target, recorder.Code, recorder.Flushed)
		}
	}
	counts := regexp.MustCompile(`(?m)^putrecords_request_duration_seconds_count.*$`).FindAllString(read(t, m), -1)
	want := []string{
		`putrecords_request_duration_seconds_count{code="200",operation="GetRecords"} 1`,
		`putrecords_request_duration_seconds_count{code="200",operation="PutRecords"} 2`,
		`putrecords_request_duration_seconds_count{code="400",operation="PutRecords"} 1`,
		`putrecords_request_duration_seconds_count{code="400",operation="other"} 4`,
	}
	if strings.Join(counts, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q", counts)
	}
}
