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
	err     error
	updates int
}

func (s *failingStore) Add(stream *store.Stream) error {
	if s.err != nil {
		return s.err
	}
	return s.Store.Add(stream)
}

func (s *failingStore) Update(stream store.Stream) error {
	s.updates++
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

// A reshard whose layout cannot be stored happens, but the stream takes no records until the layout
// is stored. So a restart finds the shards of all records.
func TestALayoutThatCannotBeStored(t *testing.T) {
	for name, retry := range map[string]struct{ operation, body string }{
		"a put":            {"PutRecord", `{"StreamName":"a","PartitionKey":"k","Data":""}`},
		"another change":   {"AddTagsToStream", `{"StreamName":"a","Tags":{"a":"b"}}`},
		"another reshard":  {"SplitShard", `{"StreamName":"a","ShardToSplit":"1","NewStartingHashKey":"1000"}`},
		"a description":    {"DescribeStreamSummary", `{"StreamName":"a"}`},
		"a reader's calls": {"ListStreams", `{}`},
	} {
		failing := &failingStore{}
		clock := &testClock{now: start}
		s := newService(t, clock, func(c *Config) { failing.Store, c.Store = c.Store, failing; c.StateDelay = 0 })
		request := func(operation, body string, want int) {
			t.Helper()
			if status, answer := send(t, s.Handler(), "", jsonType, operation, []byte(body)); status != want {
				t.Errorf("%s: %s %s: %d %s", name, operation, body, status, answer)
			}
		}
		const put = `{"StreamName":"a","PartitionKey":"k","Data":""}`
		request("CreateStream", `{"StreamName":"a","ShardCount":1}`, 200)
		request("PutRecord", put, 200)
		failing.err = errors.New("the disk is full")
		request("SplitShard", `{"StreamName":"a","ShardToSplit":"0","NewStartingHashKey":"170141183460469231731687303715884105728"}`, 500)
		request("PutRecord", put, 500)
		request("ListShards", `{"StreamName":"a"}`, 200)
		failing.err = nil
		request(retry.operation, retry.body, 200)
		request("PutRecord", put, 200)
		shards := s.Streams()[0].Shards()
		if len(s.changing) != 0 {
			t.Errorf("%s: the stream is still changing", name)
		}

		restarted, err := New(s.Config)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(shards, restarted.Streams()[0].Shards()); diff != "" {
			t.Errorf("%s: the layout after a restart (-want +got):\n%s", name, diff)
		}
	}
}

// Storing the layout after each of its splits and merges would take minutes for thousands of
// shards.
func TestUpdateShardCountStoresTheLayoutOnce(t *testing.T) {
	for _, delay := range []time.Duration{0, time.Second} {
		failing := &failingStore{}
		clock := &testClock{now: start}
		s := newService(t, clock, func(c *Config) { failing.Store, c.Store = c.Store, failing; c.StateDelay = delay })
		stream, err := s.Create(NewStream{Name: "a", Shards: 6})
		if err != nil {
			t.Fatal(err)
		}
		for i, target := range []int{9, 5} {
			if err := stream.UpdateShardCount(target); err != nil {
				t.Fatal(err)
			}
			clock.advance(time.Hour)
			if _, err := stream.Put(t.Context(), putrecords.Entry("k", nil)); err != nil {
				t.Fatal(err)
			}
			kept, err := failing.Streams()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(stream.Shards(), kept[0].Shards); diff != "" || failing.updates != i+1 {
				t.Errorf("delay %v, %d shards: %d updates (-want +got):\n%s", delay, target, failing.updates, diff)
			}
		}
	}
}
