package kinesis

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/putrecords/putrecords/emulator/internal/store"
)

func TestListStreamsChecksItsMembers(t *testing.T) {
	w := newTwin(t, nil)
	long := strings.Repeat("a", 129)
	atLeastOne, atMost := "have value greater than or equal to 1", "have value less than or equal to 10000"
	for body, want := range map[string]string{
		`{"Limit":0}`:     invalid(clause("0", "limit", atLeastOne)),
		`{"Limit":10001}`: invalid(clause("10001", "limit", atMost)),
		`{"ExclusiveStartStreamName":"","Limit":0,"NextToken":""}`: invalid(
			clause("0", "limit", atLeastOne), clause("", "exclusiveStartStreamName", namePattern),
			clause("", "exclusiveStartStreamName", nonEmpty), clause("", "nextToken", nonEmpty)),
		`{"ExclusiveStartStreamName":"` + long + `"}`: invalid(
			clause(long, "exclusiveStartStreamName", "have length less than or equal to 128")),
		`{"ExclusiveStartStreamName":"a","NextToken":"a"}`: "InvalidArgumentException: " +
			"ExclusiveStartStreamName and NextToken cannot be provided together.",
		`{"NextToken":"a"}`:    "InvalidArgumentException: Invalid NextToken.",
		`{"NextToken":"AAAA"}`: "InvalidArgumentException: Invalid NextToken.",
	} {
		w.want("ListStreams", body, want)
	}
	w.want("ListStreams", `{"Limit":10000}`, `{"HasMoreStreams":false,"StreamNames":[],"StreamSummaries":[]}`)
}

func TestListStreamsSortsAndSummarizesStreams(t *testing.T) {
	w := newTwin(t, nil)
	w.create("b")
	w.ok("CreateStream", `{"StreamName":"a"}`)
	summary := func(name, created, mode, status string) string {
		return fmt.Sprintf(`{"StreamARN":%q,"StreamCreationTimestamp":%s,"StreamModeDetails":{"StreamMode":%q},"StreamName":%q,"StreamStatus":%q}`,
			arn(name), created, mode, name, status)
	}
	w.want("ListStreams", `{}`, `{"HasMoreStreams":false,"StreamNames":["a","b"],"StreamSummaries":[`+
		summary("a", "1.772600768E9", "ON_DEMAND", "CREATING")+","+summary("b", createdAt, "PROVISIONED", "ACTIVE")+"]}")
	w.settle()
	w.ok("UpdateStreamMode", `{"StreamARN":"`+arn("b")+`","StreamModeDetails":{"StreamMode":"ON_DEMAND"}}`)
	w.ok("DeleteStream", `{"StreamName":"a"}`)
	w.want("ListStreams", `{}`, `{"HasMoreStreams":false,"StreamNames":["a","b"],"StreamSummaries":[`+
		summary("a", "1.772600768E9", "ON_DEMAND", "DELETING")+","+summary("b", createdAt, "PROVISIONED", "UPDATING")+"]}")
	w.settle()
	w.want("ListStreams", `{}`, `{"HasMoreStreams":false,"StreamNames":["b"],"StreamSummaries":[`+
		summary("b", createdAt, "ON_DEMAND", "ACTIVE")+"]}")
}

// A streamPage is the answer of ListStreams without the summaries.
type streamPage struct {
	HasMoreStreams bool
	NextToken      *string
	StreamNames    []string
}

func (w *twin) list(body string) (p streamPage) {
	w.Helper()
	status, answer := w.call("ListStreams", body)
	if err := json.Unmarshal([]byte(answer), &p); err != nil || status != 200 || p.HasMoreStreams != (p.NextToken != nil) {
		w.Fatal(status, answer, err)
	}
	return p
}

func TestListStreamsPages(t *testing.T) {
	w := newTwin(t, func(c *Config) { c.StateDelay = 0 })
	var names []string
	for i := range 101 {
		names = append(names, fmt.Sprintf("stream-%03d", i))
	}
	w.create(names...)
	for _, test := range []struct {
		body     string
		from, to int // of names
	}{
		{`{}`, 0, 100},
		{`{"Limit":1}`, 0, 1},
		{`{"Limit":99}`, 0, 99},
		{`{"Limit":100}`, 0, 100},
		{`{"Limit":101}`, 0, 100},
		{`{"ExclusiveStartStreamName":"stream-000"}`, 1, 101},
		{`{"ExclusiveStartStreamName":"stream-000","Limit":99}`, 1, 100},
		{`{"ExclusiveStartStreamName":"stream-000","Limit":100}`, 1, 101},
		{`{"ExclusiveStartStreamName":"stream"}`, 0, 100},
		{`{"ExclusiveStartStreamName":"stream-0985"}`, 99, 101},
		{`{"ExclusiveStartStreamName":"stream-100"}`, 101, 101},
	} {
		p := w.list(test.body)
		if !slices.Equal(p.StreamNames, names[test.from:test.to]) || p.HasMoreStreams != (test.to < len(names)) {
			t.Errorf("%s lists %v, more: %t", test.body, p.StreamNames, p.HasMoreStreams)
		}
	}

	// A token goes on behind the last name, whether or not it is still there, and keeps no limit.
	token := quote(*w.list(`{"Limit":3}`).NextToken)
	w.ok("DeleteStream", `{"StreamName":"stream-002"}`)
	w.advance(1000 * time.Hour)
	p := w.list(`{"NextToken":` + token + `}`)
	if !slices.Equal(p.StreamNames, names[3:]) {
		t.Errorf("the rest is %v", p.StreamNames)
	}
	p = w.list(`{"NextToken":` + token + `,"Limit":1}`)
	if !slices.Equal(p.StreamNames, names[3:4]) {
		t.Errorf("one of the rest is %v", p.StreamNames)
	}

	// A service with the same key takes it, but no other one.
	for key, want := range map[byte]int{1: 200, 2: 400} {
		other := newService(t, w.testClock, func(c *Config) { c.Store = store.NewMemory([32]byte{key}) })
		if status, answer := send(t, other.Handler(), "", jsonType, "ListStreams", []byte(`{"NextToken":`+token+`}`)); status != want {
			t.Errorf("with the key %d: %d %s", key, status, answer)
		}
	}

	// It is good for the account that got it, and for nothing else.
	w.accountID = "111111111111"
	w.want("ListStreams", `{"NextToken":`+token+`}`, "InvalidArgumentException: Invalid NextToken.")
}
