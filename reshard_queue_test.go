package putrecords_test

import (
	"testing"
	"time"

	"github.com/putrecords/putrecords"
)

// The reshards of one stream as production was recorded on 2026-09-19, at our fixed delay of 25 s:
// the stream is ACTIVE about 6 s after each call, long before the parents close, and takes another
// reshard.
func TestReshardsQueue(t *testing.T) {
	c := newClock()
	c.now = time.Date(2026, 9, 19, 1, 6, 30, 0, time.UTC)
	s := putrecords.MustNew(putrecords.Config{Name: "S", AccountID: "123456789012", Now: c.Now, ReshardDelay: 25 * time.Second})
	at := func(second int) { c.now = time.Date(2026, 9, 19, 1, 6, second, 0, time.UTC) }
	status := func(want putrecords.StreamStatus) {
		t.Helper()
		if got := s.Status(); got != want {
			t.Errorf("status %s at %v, want %s", got, c.now, want)
		}
	}
	put := func(want string) {
		t.Helper()
		if got := shardsOf(mustPut(t, s, hashed("0"), hashed(lastHashKey))); got != want {
			t.Errorf("at %v shards %s, want %s", c.now, got, want)
		}
	}
	const (
		updating = "Stream S under account 123456789012 not ACTIVE, instead in state UPDATING"
		merged   = "Shard shardId-000000000000 in stream S under account 123456789012 has already been merged or split, " +
			"and thus is not eligible for merging or splitting."
	)

	mustSplit(t, s, shard0, "1000")
	status(putrecords.StreamUpdating)
	at(35)
	c.advance(time.Second - 1)
	status(putrecords.StreamUpdating)
	wantError(t, s.SplitShard(shard1, parseHashKey(t, "500")), putrecords.ResourceInUseException, updating)
	at(36)
	status(putrecords.StreamActive)
	wantError(t, s.SplitShard(shard0, parseHashKey(t, "500")), putrecords.InvalidArgumentException, merged)

	// The children take no records yet, but can be merged.
	put("00")
	at(40)
	mustMerge(t, s, shard1, shard2)
	status(putrecords.StreamUpdating)
	put("00")
	at(55)
	c.advance(time.Second - 1)
	status(putrecords.StreamActive)
	put("00")
	at(56)
	put("12")
	at(65)
	c.advance(time.Second - 1)
	put("12")
	at(66)
	put("33")

	created := func(second int64) int64 { return time.Date(2026, 9, 19, 1, 6, 0, 0, time.UTC).Unix() + second }
	want := []struct {
		id               string
		created, closing int64
	}{
		{shard0, created(30), created(55)}, {shard1, created(56), created(65)}, {shard2, created(56), created(65)}, {shard3, created(66), 0},
	}
	shards := s.Shards()
	for i, shard := range shards {
		numbers := shard.SequenceNumberRange
		got := want[i]
		got.created, got.closing = numbers.StartingSequenceNumber.ShardCreated, numbers.EndingSequenceNumber.Arrived
		if got != want[i] || shard.ShardID != want[i].id {
			t.Errorf("%s: created and closing %+v, want %+v", shard.ShardID, got, want[i])
		}
	}
	if len(shards) != 4 {
		t.Errorf("%d shards", len(shards))
	}
}

// One call after a long silence completes all reshards that are due, parents before children.
func TestPendingReshardsCompleteTogether(t *testing.T) {
	c := newClock()
	s := putrecords.MustNew(putrecords.Config{Now: c.Now, ReshardDelay: 25 * time.Second, UpdatingDelay: time.Nanosecond})
	mustSplit(t, s, shard0, "1000")
	c.advance(time.Second)
	mustSplit(t, s, shard1, "500")
	c.advance(time.Second)
	mustSplit(t, s, shard2, "5000")
	c.advance(time.Hour)
	if got := shardsOf(mustPut(t, s, hashed("0"), hashed("500"), hashed("1000"), hashed("5000"))); got != "3456" {
		t.Errorf("shards %s, want 3456", got)
	}
}

// A stream is UPDATING for UpdatingDelay, or 6/25 of ReshardDelay in whole seconds, and never after
// the children have taken over.
func TestUpdatingDelay(t *testing.T) {
	for _, test := range []struct {
		delay, updating, want time.Duration
	}{
		{0, 0, 0},
		{25 * time.Second, 0, 6 * time.Second},
		{26 * time.Second, 0, 7 * time.Second},
		{10 * time.Second, 0, 3 * time.Second},
		{2_500_000 * time.Hour, 0, 600_000 * time.Hour}, // 6 times the delay overflows
		{25 * time.Second, 1500 * time.Millisecond, 1500 * time.Millisecond},
		{time.Second, time.Minute, 2*time.Second - 800*time.Millisecond}, // until the children take over
	} {
		c := newClock()
		s := putrecords.MustNew(putrecords.Config{Now: c.Now, ReshardDelay: test.delay, UpdatingDelay: test.updating})
		mustSplit(t, s, shard0, "1000")
		if test.want > 0 {
			c.advance(test.want - 1)
			if got := s.Status(); got != putrecords.StreamUpdating {
				t.Errorf("%+v: status %s just before", test, got)
			}
			c.advance(1)
		}
		if got := s.Status(); got != putrecords.StreamActive {
			t.Errorf("%+v: status %s", test, got)
		}
	}
}
