package kinesis

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/putrecords/putrecords"

	"github.com/putrecords/putrecords/emulator/internal/store"
)

// Requests of all kinds run at once, for a few names, while the time goes on and shards are split.
// The race detector watches. Every answer is one that AWS could give.
func TestRequestsRunAtOnce(t *testing.T) {
	for _, delay := range []time.Duration{0, time.Second} {
		clock := &testClock{now: start}
		s := newService(t, clock, func(c *Config) { c.StateDelay = delay })
		handler := s.Handler()
		requests := []struct{ operation, body string }{
			{"CreateStream", `{"StreamName":"%[1]s","ShardCount":2,"Tags":{"a":"b"}}`},
			{"CreateStream", `{"StreamName":"%[1]s","ShardCount":1}`},
			{"DeleteStream", `{"StreamName":"%[1]s"}`},
			{"ListStreams", `{"Limit":2}`},
			{"DescribeLimits", `{}`},
			{"DescribeStream", `{"StreamName":"%[1]s"}`},
			{"DescribeStreamSummary", `{"StreamName":"%[1]s"}`},
			{"PutRecord", `{"StreamName":"%[1]s","PartitionKey":"k","Data":""}`},
			{"PutRecord", `{"StreamName":"%[1]s","PartitionKey":"l","Data":""}`},
			{"IncreaseStreamRetentionPeriod", `{"StreamName":"%[1]s","RetentionPeriodHours":25}`},
			{"DecreaseStreamRetentionPeriod", `{"StreamName":"%[1]s","RetentionPeriodHours":24}`},
			{"StartStreamEncryption", `{"StreamName":"%[1]s","EncryptionType":"KMS","KeyId":"k"}`},
			{"UpdateMaxRecordSize", `{"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/%[1]s","MaxRecordSizeInKiB":2048}`},
			{"UpdateStreamMode", `{"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/%[1]s","StreamModeDetails":{"StreamMode":"ON_DEMAND"}}`},
			{"EnableEnhancedMonitoring", `{"StreamName":"%[1]s","ShardLevelMetrics":["ALL"]}`},
			{"TagResource", `{"ResourceARN":"arn:aws:kinesis:us-east-1:000000000000:stream/%[1]s","Tags":{"a":"c"}}`},
			{"UntagResource", `{"ResourceARN":"arn:aws:kinesis:us-east-1:000000000000:stream/%[1]s","TagKeys":["a"]}`},
			{"ListTagsForStream", `{"StreamName":"%[1]s"}`},
			{"ListShards", `{"StreamName":"%[1]s"}`},
			{"UpdateShardCount", `{"StreamName":"%[1]s","ScalingType":"UNIFORM_SCALING","TargetShardCount":3}`},
			{"MergeShards", `{"StreamName":"%[1]s","ShardToMerge":"0","AdjacentShardToMerge":"1"}`},
			{"GetShardIterator", `{"StreamName":"%[1]s","ShardId":"0","ShardIteratorType":"AT_TIMESTAMP","Timestamp":0}`},
		}
		var all sync.WaitGroup
		for worker := range 8 {
			random := rand.New(rand.NewPCG(uint64(worker), 0))
			all.Go(func() {
				for range 300 {
					name := fmt.Sprint("stream-", random.IntN(3))
					switch request := requests[random.IntN(len(requests))]; random.IntN(10) {
					case 0:
						clock.advance(delay / 2)
					case 1:
						splitOne(s, name, random)
					case 2:
						for _, stream := range s.Streams() {
							s.details(stream)
						}
					case 3:
						readOne(t, handler, name)
					default:
						body := []byte(request.body)
						if slices.Contains(body, '%') {
							body = fmt.Appendf(nil, request.body, name)
						}
						status, answer := send(t, handler, "", jsonType, request.operation, body)
						deleted := strings.HasPrefix(request.operation, "Put") && status == http.StatusInternalServerError // during the put
						if status != http.StatusOK && status != http.StatusBadRequest && !deleted {
							t.Errorf("%s %s: %d %s", request.operation, body, status, answer)
						}
					}
				}
			})
		}
		all.Wait()

		// In the end nothing is under way, and the service and its store agree.
		clock.advance(30 * delay)
		var names, kept []string
		for _, stream := range s.Streams() {
			names = append(names, fmt.Sprint(stream.Name(), stream.Shards()))
			if status := stream.Status(); status != putrecords.StreamActive {
				t.Errorf("%s is %s", stream.Name(), status)
			}
		}
		streams, err := s.Store.Streams()
		if err != nil {
			t.Fatal(err)
		}
		for _, stream := range streams {
			kept = append(kept, fmt.Sprint(stream.Name, stream.Shards))
		}
		if !slices.Equal(names, kept) {
			t.Errorf("the service has %v, but its store has %v", names, kept)
		}
		if len(s.changing) > 0 {
			t.Errorf("%d changes are still under way", len(s.changing))
		}
	}
}

// readOne reads a shard of a stream, if it is there.
func readOne(t *testing.T, handler http.Handler, name string) {
	status, answer := send(t, handler, "", jsonType, "GetShardIterator",
		fmt.Appendf(nil, `{"StreamName":%q,"ShardId":"1","ShardIteratorType":"TRIM_HORIZON"}`, name))
	if status != http.StatusOK {
		return
	}
	status, read := send(t, handler, "", jsonType, "GetRecords", answer) // which has the one member that it needs
	recreated := string(read) == `{"__type":"InternalFailure"}`
	if status != http.StatusOK && status != http.StatusBadRequest && !recreated {
		t.Errorf("GetRecords: %d %s", status, read)
	}
}

// splitOne splits an open shard of a stream, if it can.
func splitOne(s *Service, name string, random *rand.Rand) {
	stream, err := s.findAccount("", "").Stream(&name, nil)
	if err != nil {
		return
	}
	shards := stream.Shards()
	shard := shards[random.IntN(len(shards))]
	_ = stream.SplitShard(shard.ShardID, shard.HashKeyRange.Midpoint()) // or it is not possible now
}

// Of many that create a stream with one name, one succeeds.
func TestANameIsTakenOnce(t *testing.T) {
	for _, delay := range []time.Duration{0, time.Second} {
		s := newService(t, &testClock{now: start}, func(c *Config) { c.StateDelay, c.Store = delay, yieldingStore{c.Store} })
		handler := s.Handler()
		var created, deleted counter
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				if i%2 == 0 {
					_, err := s.Create(NewStream{Name: "a"})
					created.count(err == nil)
					if err != nil && !errors.Is(err, putrecords.ResourceInUseException) {
						t.Error(err)
					}
					return
				}
				status, _ := send(t, handler, "", jsonType, "CreateStream", []byte(`{"StreamName":"a","ShardCount":1}`))
				created.count(status == 200)
			})
		}
		all.Wait()
		if kept, err := s.Store.Streams(); err != nil || len(kept) != 1 {
			t.Errorf("the store has %d streams, error %v", len(kept), err)
		}
		for range 8 {
			all.Go(func() {
				status, _ := send(t, handler, "", jsonType, "DeleteStream", []byte(`{"StreamName":"a"}`))
				deleted.count(status == 200)
			})
		}
		all.Wait()
		if created.n != 1 || deleted.n != 1 {
			t.Errorf("with a delay of %v, %d were created and %d deleted, want one", delay, created.n, deleted.n)
		}
	}
}

// A request may find a stream that is deleted before the request gets to it.
func TestAStreamMayBeDeletedWhileItIsLookedUp(t *testing.T) {
	s := newService(t, &testClock{now: start}, nil)
	made, err := s.Create(NewStream{Name: "a"})
	if err != nil {
		t.Fatal(err)
	}
	delete(s.streams, made)
	status, answer := send(t, s.Handler(), "", jsonType, "DeleteStream", []byte(`{"StreamName":"a"}`))
	const want = `{"__type":"ResourceNotFoundException","message":"Stream a under account 000000000000 not found."}`
	if status != 400 || string(answer) != want {
		t.Errorf("%d %s, want %s", status, answer, want)
	}
}

// A yieldingStore lets others run before it adds a stream.
type yieldingStore struct{ store.Store }

func (s yieldingStore) Add(stream *store.Stream) error {
	for range 10 {
		runtime.Gosched()
	}
	return s.Store.Add(stream)
}

// A counter counts what succeeded.
type counter struct {
	mu sync.Mutex
	n  int
}

func (c *counter) count(ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ok {
		c.n++
	}
}

// A stream that was deleted is not deleted again together with a new one of its name.
func TestForgettingAStreamTwiceKeepsItsSuccessor(t *testing.T) {
	s := newService(t, &testClock{now: start}, nil)
	old, err := s.Create(NewStream{Name: "orders"})
	if err != nil {
		t.Fatal(err)
	}
	st := s.find(old) // as another Remove may have done
	if err := s.Remove(old); err != nil {
		t.Fatal(err)
	}
	successor, err := s.Create(NewStream{Name: "orders"})
	if err != nil {
		t.Fatal(err)
	}
	st.mu.Lock()
	st.finish()
	st.mu.Unlock()
	if found, err := s.Find("", "orders"); found != successor {
		t.Errorf("found %v, error %v", found, err)
	}
}
