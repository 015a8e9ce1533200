package kinesis

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/putrecords/putrecords/emulator/internal/store"
	"github.com/putrecords/putrecords/kinesishttp"
)

// start is the time on a test's clock at first.
var start = time.Date(2026, 3, 4, 5, 6, 7, 800_000_000, time.UTC)

// createdAt is how answers show the creation time of a stream that is created at start.
const createdAt = "1.772600767E9"

// A testClock is a clock that a test sets.
type testClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *testClock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *testClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// newService returns a service without streams. change may change its configuration.
func newService(t testing.TB, clock *testClock, change func(*Config)) *Service {
	t.Helper()
	config := Config{
		AccountID:  "000000000000",
		Region:     "us-east-1",
		Now:        clock.read,
		Store:      store.NewMemory([32]byte{1}),
		Logger:     slog.New(slog.DiscardHandler),
		StateDelay: time.Second,
	}
	if change != nil {
		change(&config)
	}
	s, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A twin is two services that get the same requests, one in JSON and the other in CBOR.
type twin struct {
	testing.TB
	*testClock
	json, cbor *Service
	handlers   [2]http.Handler
	accountID  string // of the requests; "" is the default one
}

func newTwin(t testing.TB, change func(*Config)) *twin {
	t.Helper()
	w := &twin{TB: t, testClock: &testClock{now: start}}
	w.json, w.cbor = newService(t, w.testClock, change), newService(t, w.testClock, change)
	w.handlers = [2]http.Handler{w.json.Handler(), w.cbor.Handler()}
	return w
}

const (
	jsonType = "application/x-amz-json-1.1"
	cborType = "application/x-amz-cbor-1.1"
)

// send makes a request and returns the status and the body of the response.
func send(t tester, handler http.Handler, accountID, contentType, operation string, body []byte) (int, []byte) {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", bytes.NewReader(body))
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("X-Amz-Date", "20260304T050607Z")
	request.Header.Set("X-Amz-Target", "Kinesis_20131202."+operation)
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+accountID+
		"/20260304/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=0")
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, request)
	return answer.Code, answer.Body.Bytes()
}

// call makes a request of both services, and returns the status and the body that the one gives in
// JSON. It is an error if the other one answers something else.
func (w *twin) call(operation, body string) (int, string) {
	w.Helper()
	encoded := must(cbor.Marshal(whole(decode(json.Unmarshal, []byte(body)))))
	status, answer := send(w, w.handlers[0], w.accountID, jsonType, operation, []byte(body))
	cborStatus, cborAnswer := send(w, w.handlers[1], w.accountID, cborType, operation, encoded)
	want, got := decode(json.Unmarshal, answer), asJSON(decode(cbor.Unmarshal, cborAnswer))
	if diff := cmp.Diff(want, got); diff != "" || status != cborStatus {
		w.Errorf("%s %s: CBOR (+) has another answer than JSON (-), or status %d instead of %d\n%s", operation, body, cborStatus, status, diff)
	}
	return status, string(answer)
}

// decode decodes a body. An empty one is nil.
func decode(unmarshal func([]byte, any) error, body []byte) (v any) {
	if len(body) > 0 {
		must(0, unmarshal(body, &v))
	}
	return v
}

// must returns v. It panics if there is an error.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// whole returns what encoding/json decoded, with integers and blobs as CBOR has them.
func whole(v any) any {
	switch v := v.(type) {
	case float64:
		if v == math.Trunc(v) {
			return int64(v)
		}
	case []any:
		for i := range v {
			v[i] = whole(v[i])
		}
	case map[string]any:
		for name, member := range v {
			v[name] = whole(member)
			if data, ok := member.(string); ok && name == "Data" {
				v[name] = must(base64.StdEncoding.DecodeString(data))
			}
		}
	}
	return v
}

// asJSON returns a decoded CBOR value as encoding/json decodes it.
func asJSON(v any) any {
	switch v := v.(type) {
	case uint64:
		return float64(v)
	case int64:
		return float64(v)
	case time.Time: // of milliseconds that are tagged as seconds
		return float64(v.Unix()) / 1000
	case []any:
		for i := range v {
			v[i] = asJSON(v[i])
		}
		return v
	case map[any]any:
		members := map[string]any{}
		for name, member := range v {
			members[fmt.Sprint(name)] = asJSON(member)
		}
		return members
	}
	return v
}

// want checks the response to a request, byte by byte. "" stands for an empty body, and an error is
// written as "Code: message".
func (w *twin) want(operation, body string, want string) {
	w.Helper()
	status, got := w.call(operation, body)
	wantStatus := 200
	if code, message, ok := strings.Cut(want, ": "); ok && !strings.HasPrefix(want, "{") {
		wantStatus = 400
		want = fmt.Sprintf(`{"__type":%q,"message":%s}`, code, quote(message))
	}
	if status != wantStatus {
		w.Errorf("%s %s: status %d, want %d", operation, body, status, wantStatus)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.Errorf("%s %s (-want +got):\n%s", operation, body, diff)
	}
}

// quote returns a JSON string, without the escapes that only HTML needs.
func quote(text string) string {
	var quoted strings.Builder
	encoder := json.NewEncoder(&quoted)
	encoder.SetEscapeHTML(false)
	must(0, encoder.Encode(text))
	return strings.TrimSpace(quoted.String())
}

// ok checks that requests succeed with an empty body.
func (w *twin) ok(operation string, bodies ...string) {
	w.Helper()
	for _, body := range bodies {
		w.want(operation, body, "")
	}
}

// settle lets the changes that are under way finish.
func (w *twin) settle() { w.advance(w.json.StateDelay) }

// create creates a stream with a shard, and waits until it is ACTIVE.
func (w *twin) create(names ...string) {
	w.Helper()
	for _, name := range names {
		w.ok("CreateStream", fmt.Sprintf(`{"StreamName":%q,"ShardCount":1}`, name))
		w.settle()
	}
}

// stream returns a stream of the default account.
func (w *twin) stream(name string) *stream {
	w.Helper()
	w.json.settle()
	found, err := w.json.findAccount("", "").Stream(&name, nil)
	if err != nil {
		w.Fatal(err)
	}
	return w.json.streams[found]
}

// wantStatus checks the status of a stream.
func (w *twin) wantStatus(name, want string) {
	w.Helper()
	if got := w.stream(name).Status(); string(got) != want {
		w.Errorf("%s is %s, want %s", name, got, want)
	}
}

// wantDetails checks what descriptions say about a stream.
func (w *twin) wantDetails(name string, change func(*kinesishttp.Details)) {
	w.Helper()
	want := kinesishttp.Details{
		CreationTimestamp:    start.Truncate(time.Second),
		StreamMode:           provisioned,
		RetentionPeriodHours: 24,
		TrimHorizon:          w.read().Add(-24 * time.Hour),
	}
	if change != nil {
		change(&want)
	}
	if diff := cmp.Diff(want, w.json.details(w.stream(name).Stream)); diff != "" {
		w.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func arn(name string) string { return "arn:aws:kinesis:us-east-1:000000000000:stream/" + name }

// invalid is the ValidationException with the given clauses.
func invalid(clauses ...string) string {
	if len(clauses) == 1 {
		return "ValidationException: 1 validation error detected: " + clauses[0]
	}
	return fmt.Sprintf("ValidationException: %d validation errors detected: %s", len(clauses), strings.Join(clauses, "; "))
}

// clause is a clause of a ValidationException. A value is quoted unless it is "null".
func clause(value, path, constraint string) string {
	if value != "null" {
		value = "'" + value + "'"
	}
	return fmt.Sprintf("Value %s at '%s' failed to satisfy constraint: Member must %s", value, path, constraint)
}

const (
	notNull     = "not be null"
	nonEmpty    = "have length greater than or equal to 1"
	namePattern = "satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
	arnPattern  = `satisfy regular expression pattern: arn:aws.*:kinesis:.*:\d{12}:stream/\S+`
	modes       = "satisfy enum value set: [ON_DEMAND, PROVISIONED]"
)
