package jetstreamlog_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/examples/jetstream/jetstreamlog"
)

// half is the hash key in the middle of all.
var half = putrecords.EvenRanges(2)[1].StartingHashKey

func split(t testing.TB, log *jetstreamlog.Log) {
	t.Helper()
	if err := log.Reshard(t.Context(), func(s *putrecords.Stream) error { return s.SplitShard(shard0, half) }); err != nil {
		t.Fatal(err)
	}
}

// After a reshard, a front end that has not heard of it cannot write to the closed shard. It fails
// its records, hears of the reshard because of that, and writes to the children.
func TestClosedShardStaysClosed(t *testing.T) {
	url := startCluster(t, 1).URL()
	log := newLog(t, url, jetstreamlog.Options{Replicas: 1})
	for lane := range jetstreamlog.Lanes {
		stale := newLog(t, url, jetstreamlog.Options{Lane: lane})
		stream := newStream(t, stale)
		if lane == 0 {
			mustPut(t, stream, putrecords.Entry("before", nil))
			split(t, log)
			continue
		}
		if err := log.Reshard(t.Context(), func(*putrecords.Stream) error { return nil }); err != nil {
			t.Errorf("a reshard that changes nothing: %v", err)
		}
	}
	layout, err := log.Layout(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for lane := range jetstreamlog.Lanes {
		stale := newLog(t, url, jetstreamlog.Options{Lane: lane})
		stream := putrecords.MustNew(putrecords.Config{Name: "orders", Layout: open(layout[0]), Log: stale})
		out, err := stream.Put(t.Context(), putrecords.Entry("a", nil))
		if err != nil || out.Records[0].ErrorCode != putrecords.InternalFailure {
			t.Fatalf("lane %d: put to a closed shard: %+v, %v", lane, out, err)
		}
		if err := stream.Adopt(layout); err != nil {
			t.Fatal(err)
		}
		mustPut(t, stream, putrecords.Entry("a", nil), putrecords.Entry("e", nil))
	}
	stream := newStream(t, log)
	if got := len(readAll(t, stream)); got != 1+2*jetstreamlog.Lanes {
		t.Errorf("%d records, want %d", got, 1+2*jetstreamlog.Lanes)
	}
	// Without the fence, the record would be stored.
	unfenced := newLog(t, url, jetstreamlog.Options{})
	unfenced.Unfence()
	mustPut(t, putrecords.MustNew(putrecords.Config{Layout: open(layout[0]), Log: unfenced}), putrecords.Entry("a", nil))
}

// open returns the layout of only this shard, before it was closed.
func open(shard putrecords.Shard) []putrecords.Shard {
	shard.SequenceNumberRange.EndingSequenceNumber = putrecords.SequenceNumber{}
	return []putrecords.Shard{shard}
}

// Watch adopts the reshards of another front end, even those between two looks, until its context
// is done.
func TestWatch(t *testing.T) {
	url := startCluster(t, 1).URL()
	log := newLog(t, url, jetstreamlog.Options{Replicas: 1})
	follower := newLog(t, url, jetstreamlog.Options{Lane: 1})
	stream := newStream(t, follower)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	split(t, log)
	err := log.Reshard(t.Context(), func(s *putrecords.Stream) error {
		return errors.Join(s.UpdateShardCount(4), s.UpdateShardCount(2), s.MergeShards("shardId-000000000007", "shardId-000000000008"))
	})
	if err != nil {
		t.Fatal(err)
	}
	want, err := log.Layout(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = follower.Watch(ctx, func(shards []putrecords.Shard) error {
		if err := stream.Adopt(shards); err != nil {
			return err
		}
		if len(shards) == len(want) {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Watch returned %v", err)
	}
	if diff := cmp.Diff(want, stream.Shards()); diff != "" {
		t.Errorf("shards differ (-log +stream):\n%s", diff)
	}
	mustPut(t, stream, putrecords.Entry("a", nil), putrecords.Entry("e", nil))
}

// A front end that hears of a reshard too late, because it was cut off or its clock is ahead, needs
// a new stream.
func TestLateFrontEnd(t *testing.T) {
	url := startCluster(t, 1).URL()
	log := newLog(t, url, jetstreamlog.Options{Replicas: 1})
	ahead := putrecords.Config{Name: "orders", Now: func() time.Time { return time.Now().Add(time.Minute) }}
	stream, err := log.NewStream(t.Context(), ahead)
	if err != nil {
		t.Fatal(err)
	}
	mustPut(t, stream, putrecords.Entry("before", nil))
	split(t, log)
	err = log.Watch(t.Context(), stream.Adopt)
	var config *putrecords.ConfigError
	if !errors.As(err, &config) {
		t.Fatalf("Watch returned %v, want the ConfigError of Adopt", err)
	}
	stream, err = log.NewStream(t.Context(), ahead)
	if err != nil {
		t.Fatal(err)
	}
	mustPut(t, stream, putrecords.Entry("after", nil))
	if got := withoutPositions(t, readAll(t, stream)); len(got) != 2 || got[0].PartitionKey != "before" {
		t.Errorf("the log has %+v", got)
	}
}

// Front ends may reshard at the same time. One comes after the other.
func TestReshardAtOnce(t *testing.T) {
	const frontEnds, each = 4, 5
	url := startCluster(t, 1).URL()
	var group sync.WaitGroup
	for lane := range frontEnds {
		group.Go(func() {
			log := newLog(t, url, jetstreamlog.Options{Replicas: 1, Lane: lane})
			for range each {
				err := log.Reshard(t.Context(), func(s *putrecords.Stream) error {
					last := s.Route(putrecords.EvenRanges(1)[0].EndingHashKey)
					return s.SplitShard(last.ShardID, last.HashKeyRange.Midpoint())
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	layout, err := newLog(t, url, jetstreamlog.Options{}).Layout(t.Context())
	if err != nil || len(layout) != 1+2*frontEnds*each {
		t.Errorf("%d shards, %v, want %d", len(layout), err, 1+2*frontEnds*each)
	}
}

// A reshard that cannot be made changes nothing.
func TestImpossibleReshard(t *testing.T) {
	log := newLog(t, startCluster(t, 1).URL(), jetstreamlog.Options{Replicas: 1, Shards: 125})
	before, err := log.Layout(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	closeFirst := func(n int) func(*putrecords.Stream) error {
		return func(s *putrecords.Stream) error {
			var errs error
			for _, shard := range s.Shards()[:n] {
				errs = errors.Join(errs, s.SplitShard(shard.ShardID, shard.HashKeyRange.Midpoint()))
			}
			return errs
		}
	}
	broken := errors.New("broken")
	err = log.Reshard(t.Context(), func(s *putrecords.Stream) error { return errors.Join(closeFirst(1)(s), broken) })
	if !errors.Is(err, broken) {
		t.Errorf("the error is %v, want that of change", err)
	}
	err = log.Reshard(t.Context(), closeFirst(125))
	if err == nil || !strings.Contains(err.Error(), "125 shards close at once; at most 124 can") {
		t.Errorf("125 shards at once: %v", err)
	}
	after, err := log.Layout(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("the layout has changed:\n%s", diff)
	}
	if err := log.Reshard(t.Context(), closeFirst(124)); err != nil {
		t.Errorf("124 shards at once: %v", err)
	}
}

// Closed shards leave the layout when their records have expired, so it does not grow forever. They
// stay closed.
func TestExpiredShardsLeaveTheLayout(t *testing.T) {
	url := startCluster(t, 1).URL()
	log := newLog(t, url, jetstreamlog.Options{Replicas: 1, Retention: time.Second})
	log.SetClosingDelay(0)
	before, err := log.Layout(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	split(t, log)
	deadline := time.Now().Add(patience)
	for {
		if time.Now().After(deadline) {
			t.Fatal("the closed shard stays in the layout")
		}
		if err := log.Reshard(t.Context(), func(*putrecords.Stream) error { return nil }); err != nil {
			t.Fatal(err)
		}
		layout, err := log.Layout(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if layout[0].ShardID == shard1 {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	stale := putrecords.MustNew(putrecords.Config{Layout: before, Log: log})
	out, err := stale.Put(t.Context(), putrecords.Entry("a", nil))
	if err != nil || out.Records[0].ErrorCode != putrecords.InternalFailure {
		t.Errorf("put to a closed shard: %+v, %v", out, err)
	}
	mustPut(t, newStream(t, log), putrecords.Entry("a", nil), putrecords.Entry("e", nil))
}
