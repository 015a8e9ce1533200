package kinesis

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/putrecords/putrecords"

	"github.com/putrecords/putrecords/emulator/internal/store"
)

// A failingStore returns its error, if it has one, from all that would change it.
type failingStore struct {
	store.Store
	err error
}

func (s *failingStore) Add(stream *store.Stream) error {
	if s.err != nil {
		return s.err
	}
	return s.Store.Add(stream)
}

func (s *failingStore) Update(stream store.Stream) error {
	if s.err != nil {
		return s.err
	}
	return s.Store.Update(stream)
}

func (s *failingStore) Remove(id uint64) error {
	if s.err != nil {
		return s.err
	}
	return s.Store.Remove(id)
}

// What the store cannot keep does not happen.
func TestAStoreThatFails(t *testing.T) {
	failing := &failingStore{}
	clock := &testClock{now: start}
	s := newService(t, clock, func(c *Config) { failing.Store, c.Store = c.Store, failing })
	handler := s.Handler()
	request := func(operation, body string, want int) string {
		t.Helper()
		status, answer := send(t, handler, "", jsonType, operation, []byte(body))
		if status != want {
			t.Errorf("%s %s: %d %s", operation, body, status, answer)
		}
		clock.advance(s.StateDelay)
		return string(answer)
	}
	request("CreateStream", `{"StreamName":"a","ShardCount":1,"Tags":{"a":"b"}}`, 200)
	mode := func(mode string) string {
		return fmt.Sprintf(`{"StreamARN":%q,"StreamModeDetails":{"StreamMode":%q}}`, arn("a"), mode)
	}
	request("UpdateStreamMode", mode(onDemand), 200)
	clock.advance(time.Hour)
	request("UpdateStreamMode", mode(provisioned), 200)
	clock.advance(23 * time.Hour) // the first switch no longer counts
	request("EnableEnhancedMonitoring", `{"StreamName":"a","ShardLevelMetrics":["ALL"]}`, 200)

	describe := func() []string {
		return []string{
			request("ListStreams", `{}`, 200),
			request("ListTagsForStream", `{"StreamName":"a"}`, 200),
			request("DescribeStreamSummary", `{"StreamName":"a"}`, 200),
			fmt.Sprint(s.streams[s.Streams()[0]].kept),
			fmt.Sprint(failing.Streams()),
		}
	}
	before := describe()
	failing.err = errors.New("the disk is full")
	for operation, body := range map[string]string{
		"CreateStream":                  `{"StreamName":"b"}`,
		"DeleteStream":                  `{"StreamName":"a"}`,
		"UpdateStreamMode":              mode(onDemand),
		"IncreaseStreamRetentionPeriod": `{"StreamName":"a","RetentionPeriodHours":25}`,
		"DisableEnhancedMonitoring":     `{"StreamName":"a","ShardLevelMetrics":["IncomingBytes"]}`,
		"AddTagsToStream":               `{"StreamName":"a","Tags":{"a":"c"}}`,
		"RemoveTagsFromStream":          `{"StreamName":"a","TagKeys":["a"]}`,
	} {
		const want = `{"__type":"InternalFailure","message":"the disk is full"}`
		if answer := request(operation, body, 500); answer != want {
			t.Errorf("%s: %s, want %s", operation, answer, want)
		}
		if diff := cmp.Diff(before, describe()); diff != "" {
			t.Errorf("%s has changed (-want +got):\n%s", operation, diff)
		}
	}
	failing.err = nil
	request("UpdateStreamMode", mode(onDemand), 200)
	if status := s.Streams()[0].Status(); status != putrecords.StreamActive {
		t.Errorf("the stream is %s", status)
	}
}
