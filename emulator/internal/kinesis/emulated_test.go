package kinesis

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/putrecords/putrecords"
	"pgregory.net/rapid"

	"github.com/putrecords/putrecords/emulator/internal/store"
	"github.com/putrecords/putrecords/kinesishttp"
)

// A tester is a *testing.T, a *testing.B or a *rapid.T.
type tester interface {
	rapid.TB
	Context() context.Context
}

// An emulated is a service whose streams are written and read through its handler, at a time that
// only the test moves.
type emulated struct {
	t       tester
	service *Service
	handler *kinesishttp.Handler
	now     time.Time
}

// newEmulated returns a service with the stream "orders". It limits neither puts nor reads, and
// changes take no time, unless config says so.
func newEmulated(t tester, shards int, config Config) *emulated {
	t.Helper()
	c := &emulated{t: t, now: time.Date(2026, 3, 4, 5, 6, 7, 800_000_000, time.UTC)}
	unlimited := putrecords.Limits{RecordsPerSecond: -1, BytesPerSecond: -1}
	config.Store, config.Limits = store.NewMemory([32]byte{1}), unlimited
	c.start(config)
	c.create("orders", shards)
	return c
}

// start starts a service with config. If it has run before, it goes on with what is stored.
func (c *emulated) start(config Config) {
	c.t.Helper()
	config.AccountID, config.Region = "000000000000", "us-east-1"
	config.Now = func() time.Time { return c.now }
	config.Logger = slog.New(slog.DiscardHandler)
	var err error
	if c.service, err = New(config); err != nil {
		c.t.Fatal(err)
	}
	c.handler = c.service.Handler()
}

func (c *emulated) create(name string, shards int) {
	c.t.Helper()
	if _, err := c.service.Create(NewStream{Name: name, Shards: shards, Limits: c.service.Limits}); err != nil {
		c.t.Fatal(err)
	}
}

// stream returns the stream "orders".
func (c *emulated) stream() *stream {
	c.t.Helper()
	account := c.service.findAccount("", "")
	found, err := account.Stream(ptr("orders"), nil)
	if err != nil {
		c.t.Fatal(err)
	}
	return c.service.streams[found]
}

// send makes a request and returns the status and the body of its answer.
func (c *emulated) send(contentType, operation string, body []byte) (int, []byte) {
	c.t.Helper()
	return send(c.t, c.handler, "AKID", contentType, operation, body)
}

// call makes a request in JSON and returns the status and the body of its answer.
func (c *emulated) call(operation, body string) (int, string) {
	c.t.Helper()
	status, answer := c.send(jsonType, operation, []byte(body))
	return status, string(answer)
}

// wantAnswer checks an answer with status 200, byte by byte.
func (c *emulated) wantAnswer(operation, body, want string) {
	c.t.Helper()
	if status, got := c.call(operation, body); status != 200 || got != want {
		c.t.Errorf("%s %.200s\ngot  %d %s\nwant 200 %s", operation, body, status, got, want)
	}
}

// wantAnswerOK checks that an answer has status 200.
func (c *emulated) wantAnswerOK(operation, body string) {
	c.t.Helper()
	if status, got := c.call(operation, body); status != 200 {
		c.t.Errorf("%s %s: %d %s", operation, body, status, got)
	}
}

// wantRefused checks an answer with status 400: the code and the message.
func (c *emulated) wantRefused(operation, body, want string) {
	c.t.Helper()
	status, answer := c.call(operation, body)
	var refused struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	if err := json.Unmarshal([]byte(answer), &refused); err != nil {
		c.t.Errorf("%s %.200s: %s: %v", operation, body, answer, err)
	}
	if got := refused.Type + ": " + refused.Message; status != 400 || got != want {
		c.t.Errorf("%s %.200s\ngot  %d %s\nwant 400 %s", operation, body, status, got, want)
	}
}

// put puts a record and returns its sequence number.
func (c *emulated) put(key, data string) string {
	c.t.Helper()
	out, err := c.stream().Put(c.t.Context(), putrecords.Entry(key, []byte(data)))
	if err != nil || out.FailedRecordCount > 0 {
		c.t.Fatal(out, err)
	}
	return out.Records[0].SequenceNumber
}

func ptr[T any](v T) *T { return &v }

const shard0, shard1, shard2, shard3 = "shardId-000000000000", "shardId-000000000001", "shardId-000000000002", "shardId-000000000003"
