package kinesis

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/kinesishttp"

	"github.com/putrecords/putrecords/emulator/internal/store"
)

// A restarting is a service that is sometimes opened again on its store, and one that never is.
// Both get the same requests.
type restarting struct {
	*rapid.T
	*testClock
	config    Config // of the one that restarts
	lasting   *Service
	restarted *Service
	handlers  [2]http.Handler // of the two
}

// Streams "a" and "b" come and go. The mode of "mode" changes, so it stays: a service that restarts
// forgets the mode switches of deleted streams.
var restartingNames = []string{"a", "b", "mode"}

func (r *restarting) open() {
	var err error
	if r.restarted, err = New(r.config); err != nil {
		r.Fatal(err)
	}
	r.handlers = [2]http.Handler{r.lasting.Handler(), r.restarted.Handler()}
}

// both makes a request of both services, which must give the same answer.
func (r *restarting) both(operation, body string) {
	status, answer := send(r.T, r.handlers[0], "", jsonType, operation, []byte(body))
	gotStatus, got := send(r.T, r.handlers[1], "", jsonType, operation, []byte(body))
	if status == 500 || status != gotStatus || string(answer) != string(got) {
		r.Fatalf("%s %s: status %d, after a restart %d (+)\n%s", operation, body, status, gotStatus, cmp.Diff(string(answer), string(got)))
	}
}

// compare checks that both services describe everything in the same way.
func (r *restarting) compare() {
	for _, operation := range []string{"ListStreams", "DescribeLimits"} {
		r.both(operation, `{}`)
	}
	r.both("ListStreams", `{"Limit":1}`) // the tokens are the same too
	for _, name := range restartingNames {
		for _, operation := range []string{"DescribeStream", "DescribeStreamSummary", "ListShards", "ListTagsForStream"} {
			r.both(operation, fmt.Sprintf(`{"StreamName":%q}`, name))
		}
	}
	details := func(s *Service) (all []kinesishttp.Details) {
		for _, stream := range s.Streams() {
			all = append(all, s.details(stream))
		}
		return all
	}
	if diff := cmp.Diff(details(r.lasting), details(r.restarted)); diff != "" {
		r.Fatalf("details (-lasting +restarted):\n%s", diff)
	}
}

// reshard splits or merges shards of a stream in both services.
func (r *restarting) reshard(name string) {
	seed := rapid.Uint64().Draw(r.T, "seed")
	answers := make([]string, 2)
	for i, s := range []*Service{r.lasting, r.restarted} {
		s.settle()
		stream, err := s.findAccount("", "").Stream(&name, nil)
		if err != nil {
			return
		}
		shards := slices.DeleteFunc(stream.Shards(), func(sh putrecords.Shard) bool { return !sh.SequenceNumberRange.EndingSequenceNumber.IsZero() })
		shard := shards[seed%uint64(len(shards))]
		if seed%3 > 0 {
			answers[i] = fmt.Sprint(stream.SplitShard(shard.ShardID, shard.HashKeyRange.Midpoint()))
		} else {
			answers[i] = fmt.Sprint(stream.MergeShards(shard.ShardID, shards[(seed+1)%uint64(len(shards))].ShardID))
		}
	}
	if answers[0] != answers[1] {
		r.Fatalf("a reshard gives %s, after a restart %s", answers[0], answers[1])
	}
}

func TestARestartChangesNothing(t *testing.T) {
	bodies := map[string]func(name string, n int) string{
		"CreateStream": func(name string, n int) string {
			return fmt.Sprintf(`{"StreamName":%q,"ShardCount":%d,"Tags":{"n":"%d"},"MaxRecordSizeInKiB":%d}`, name, n%3+1, n, 1024+n)
		},
		"DeleteStream": func(name string, _ int) string { return fmt.Sprintf(`{"StreamName":%q}`, name) },
		"IncreaseStreamRetentionPeriod": func(name string, n int) string {
			return fmt.Sprintf(`{"StreamName":%q,"RetentionPeriodHours":%d}`, name, 20+n)
		},
		"DecreaseStreamRetentionPeriod": func(name string, n int) string {
			return fmt.Sprintf(`{"StreamName":%q,"RetentionPeriodHours":%d}`, name, 20+n)
		},
		"StartStreamEncryption": func(name string, n int) string {
			return fmt.Sprintf(`{"StreamName":%q,"EncryptionType":"KMS","KeyId":"key-%d"}`, name, n%3)
		},
		"StopStreamEncryption": func(name string, _ int) string {
			return fmt.Sprintf(`{"StreamName":%q,"EncryptionType":"KMS","KeyId":"k"}`, name)
		},
		"UpdateMaxRecordSize": func(name string, n int) string {
			return fmt.Sprintf(`{"StreamARN":%q,"MaxRecordSizeInKiB":%d}`, arn(name), 1024+n%3)
		},
		"UpdateStreamMode": func(_ string, n int) string {
			return fmt.Sprintf(`{"StreamARN":%q,"StreamModeDetails":{"StreamMode":%q}}`, arn("mode"), []string{provisioned, onDemand}[n%2])
		},
		"EnableEnhancedMonitoring": func(name string, n int) string {
			return fmt.Sprintf(`{"StreamName":%q,"ShardLevelMetrics":[%q]}`, name, shardLevelMetrics[n%7])
		},
		"DisableEnhancedMonitoring": func(name string, n int) string {
			return fmt.Sprintf(`{"StreamName":%q,"ShardLevelMetrics":[%q]}`, name, shardLevelMetrics[n%7])
		},
		"AddTagsToStream": func(name string, n int) string {
			return fmt.Sprintf(`{"StreamName":%q,"Tags":{"key-%d":"%d"}}`, name, n%4, n)
		},
		"RemoveTagsFromStream": func(name string, n int) string {
			return fmt.Sprintf(`{"StreamName":%q,"TagKeys":["key-%d"]}`, name, n%4)
		},
	}
	rapid.Check(t, func(rt *rapid.T) {
		clock := &testClock{now: start}
		delay := rapid.SampledFrom([]time.Duration{0, time.Second}).Draw(rt, "delay")
		change := func(c *Config) { c.StateDelay = delay }
		r := &restarting{T: rt, testClock: clock, lasting: newService(t, clock, change)}
		r.config = newService(t, clock, change).Config
		r.config.Store = store.NewMemory([32]byte{1})
		r.open()
		actions := map[string]func(*rapid.T){
			"compare": func(*rapid.T) { r.compare() },
			"advance": func(rt *rapid.T) {
				r.advance(rapid.SampledFrom([]time.Duration{time.Millisecond, delay, time.Hour, 13 * time.Hour}).Draw(rt, "by"))
			},
			"reshard": func(rt *rapid.T) { r.reshard(rapid.SampledFrom(restartingNames).Draw(rt, "name")) },
			"restart": func(*rapid.T) {
				r.advance(30 * delay) // a restart finishes what is under way, and so does this time
				r.compare()
				r.open()
			},
		}
		for operation, body := range bodies {
			actions[operation] = func(rt *rapid.T) {
				names := restartingNames
				if operation == "DeleteStream" {
					names = names[:2]
				}
				r.both(operation, body(rapid.SampledFrom(names).Draw(rt, "name"), rapid.IntRange(0, 10).Draw(rt, "n")))
			}
		}
		rt.Repeat(actions)
		r.compare()
	})
}

// Changes that are under way when the program ends are done when it starts again.
func TestARestartFinishesChanges(t *testing.T) {
	clock := &testClock{now: start}
	s := newService(t, clock, nil)
	request := func(operation, body string) {
		t.Helper()
		if status, answer := send(t, s.Handler(), "", jsonType, operation, []byte(body)); status != 200 {
			t.Fatalf("%s %s: %s", operation, body, answer)
		}
	}
	for _, name := range []string{"deleting", "updating", "splitting", "creating"} {
		clock.advance(s.StateDelay)
		request("CreateStream", fmt.Sprintf(`{"StreamName":%q,"ShardCount":1}`, name))
	}
	request("DeleteStream", `{"StreamName":"deleting"}`)
	request("IncreaseStreamRetentionPeriod", `{"StreamName":"updating","RetentionPeriodHours":25}`)
	if err := s.Streams()[2].SplitShard("shardId-000000000000", putrecords.HashKey{0x80}); err != nil {
		t.Fatal(err)
	}
	shards := s.Streams()[2].Shards()

	s, err := New(s.Config)
	if err != nil {
		t.Fatal(err)
	}
	retention := map[string]int{}
	for _, stream := range s.Streams() {
		if status := stream.Status(); status != putrecords.StreamActive {
			t.Errorf("%s is %s", stream.Name(), status)
		}
		retention[stream.Name()] = s.details(stream).RetentionPeriodHours
	}
	if want := map[string]int{"updating": 25, "splitting": 24, "creating": 24}; !maps.Equal(retention, want) {
		t.Errorf("the retention periods are %v, want %v", retention, want)
	}
	if diff := cmp.Diff(shards, s.Streams()[1].Shards()); diff != "" {
		t.Errorf("the layout (-want +got):\n%s", diff)
	}
	request("CreateStream", `{"StreamName":"deleting"}`) // the name is free
}
