package putrecords_test

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/putrecords/putrecords"
)

// sized returns a record of n bytes with the partition key "k".
func sized(n int) putrecords.RequestEntry { return putrecords.Entry("k", make([]byte, n-1)) }

// stored puts records and returns how many of them were stored.
func stored(t testing.TB, s *putrecords.Stream, records ...putrecords.RequestEntry) int {
	t.Helper()
	return len(records) - mustPut(t, s, records...).FailedRecordCount
}

func TestShardByID(t *testing.T) {
	s := putrecords.MustNew(putrecords.Config{Shards: 2})
	if err := s.SplitShard(shard1, putrecords.HashKey{0xc0}); err != nil {
		t.Fatal(err)
	}
	for i, want := range s.Shards() {
		if got, ok := s.Shard(want.ShardID); !ok || got != want {
			t.Errorf("shard %d: %+v, %t; want %+v", i, got, ok, want)
		}
	}
	for _, shardID := range []string{
		"", "0", "shardId-", "shardId-0", "shardId-000000000004", "shardId-00000000001", "shardId-0000000000001", "shardid-000000000001",
		"shardId-+00000000001", "shardId--00000000001", "shardId- 00000000001", "shardId-0x0000000001", "shardId-0000000_0001",
		"shardId-004294967297", // 2^32 above shard 1
	} {
		if got, ok := s.Shard(shardID); ok || got != (putrecords.Shard{}) {
			t.Errorf("%q: %+v, %t; want none", shardID, got, ok)
		}
	}
}

func TestThrottledAnswer(t *testing.T) {
	c := newClock()
	s := putrecords.MustNew(putrecords.Config{
		Name: "exampleStreamName", AccountID: "111111111111", Shards: 2, Now: c.Now,
		Limits: putrecords.Limits{RecordsPerSecond: 2},
	})
	out := mustPut(t, s, hashed("0"), hashed("1"), hashed("2"), hashed(lastHashKey))
	if got := shardsOf(out); got != "00-1" {
		t.Fatalf("shards %s, want 00-1: a throttled record must not affect later ones", got)
	}
	want := putrecords.ResultEntry{
		ErrorCode:    putrecords.ProvisionedThroughputExceededException,
		ErrorMessage: "Rate exceeded for shard shardId-000000000000 in stream exampleStreamName under account 111111111111.",
	}
	if diff := cmp.Diff(want, out.Records[2]); diff != "" || out.FailedRecordCount != 1 {
		t.Errorf("entry differs (-want +got), FailedRecordCount %d:\n%s", out.FailedRecordCount, diff)
	}
	for i, entry := range out.Failed() {
		if i != 2 || entry != want {
			t.Errorf("Failed yields %d, %+v", i, entry)
		}
	}
	stats := []putrecords.ShardStats{
		{ShardID: shard0, Stored: putrecords.Count{Records: 2, Bytes: 2}, Throttled: putrecords.Count{Records: 1, Bytes: 1}},
		{ShardID: shard1, Stored: putrecords.Count{Records: 1, Bytes: 1}},
	}
	if diff := cmp.Diff(stats, s.Stats()); diff != "" {
		t.Errorf("statistics differ (-want +got):\n%s", diff)
	}
}

// At AWS's limits a shard accepts one second's worth at once, and then exactly as many records and
// bytes as the elapsed time allows.
func TestThroughput(t *testing.T) {
	t.Run("records", func(t *testing.T) {
		c := newClock()
		s := putrecords.MustNew(putrecords.Config{Now: c.Now})
		if n := stored(t, s, repeat(500, keyed("k"))...) + stored(t, s, repeat(499, keyed("k"))...); n != 999 {
			t.Errorf("%d of 999 stored", n)
		}
		if n := stored(t, s, repeat(2, keyed("k"))...); n != 1 {
			t.Errorf("%d of records 1000 and 1001 stored, want 1", n)
		}
		c.advance(time.Millisecond - 1)
		if n := stored(t, s, keyed("k")); n != 0 {
			t.Error("a record is stored a nanosecond early")
		}
		c.advance(1)
		if n := stored(t, s, repeat(2, keyed("k"))...); n != 1 {
			t.Errorf("%d stored after a millisecond, want 1", n)
		}
		c.advance(time.Hour)
		if n := stored(t, s, repeat(500, keyed("k"))...) + stored(t, s, repeat(500, keyed("k"))...) + stored(t, s, keyed("k")); n != 1000 {
			t.Errorf("%d stored at once after an hour, want 1000", n)
		}
	})
	t.Run("bytes", func(t *testing.T) {
		c := newClock()
		s := putrecords.MustNew(putrecords.Config{Now: c.Now})
		if n := stored(t, s, sized(1<<20-10), sized(11), sized(10), sized(1)); n != 2 {
			t.Errorf("%d stored, want the first and the third: a smaller record may fit after a larger one is throttled", n)
		}
		c.advance(time.Second / 2)
		if n := stored(t, s, sized(1<<19+1), sized(1<<19), sized(1)); n != 1 {
			t.Errorf("%d stored after half a second, want only the second", n)
		}
		c.advance(time.Second)
		if n := stored(t, s, sized(1<<20)); n != 1 {
			t.Error("the largest record is never accepted")
		}
	})
}

func TestBursts(t *testing.T) {
	for _, test := range []struct {
		name    string
		limits  putrecords.Limits
		records []putrecords.RequestEntry
		want    int
	}{
		{"record burst", putrecords.Limits{RecordBurst: 3}, repeat(5, keyed("k")), 3},
		{"record burst follows the rate", putrecords.Limits{RecordsPerSecond: 4}, repeat(5, keyed("k")), 4},
		{"byte burst", putrecords.Limits{ByteBurst: 3 << 20}, repeat(5, sized(1<<20)), 3},
		{"byte burst follows the rate", putrecords.Limits{BytesPerSecond: 2 << 20}, repeat(5, sized(1<<20)), 2},
		{"byte burst follows the largest record", putrecords.Limits{BytesPerRecord: 3 << 20}, repeat(1, sized(3<<20)), 1},
		{"byte burst follows the largest request", putrecords.Limits{BytesPerRecord: -1}, repeat(1, sized(5<<20)), 1},
		{"unlimited record rate", putrecords.Limits{RecordsPerSecond: -1, RecordBurst: 1}, repeat(500, keyed("k")), 500},
		{"unlimited record burst", putrecords.Limits{RecordsPerSecond: 1, RecordBurst: -1}, repeat(500, keyed("k")), 500},
		{"unlimited byte rate", putrecords.Limits{BytesPerSecond: -1, ByteBurst: 1}, repeat(5, sized(1<<20)), 5},
		{"unlimited byte burst", putrecords.Limits{BytesPerSecond: 1, ByteBurst: -1}, repeat(5, sized(1<<20)), 5},
		{"the largest burst", putrecords.Limits{ByteBurst: math.MaxInt, RecordBurst: math.MaxInt - 1}, repeat(5, sized(1<<20)), 5},
	} {
		s := putrecords.MustNew(putrecords.Config{Limits: test.limits, Now: newClock().Now})
		if got := stored(t, s, test.records...); got != test.want {
			t.Errorf("%s: %d of %d stored, want %d", test.name, got, len(test.records), test.want)
		}
	}
}

// A shard treats an earlier time as the latest one it has seen: no token is added twice, and
// sequence numbers keep increasing.
func TestClockGoesBack(t *testing.T) {
	c := newClock()
	s := putrecords.MustNew(putrecords.Config{Now: c.Now, Limits: putrecords.Limits{RecordsPerSecond: 2}})
	latest := sequenceNumber(t, mustPut(t, s, keyed("k"), keyed("k"), keyed("k")).Records[1])
	for range 5 {
		c.advance(-time.Hour)
		if n := stored(t, s, keyed("k")); n != 0 {
			t.Fatal("tokens are added when the clock goes back")
		}
		c.advance(time.Hour)
		if n := stored(t, s, keyed("k")); n != 0 {
			t.Fatal("tokens are added twice when the clock catches up")
		}
	}
	c.advance(time.Second)
	mustPut(t, s, keyed("k"))
	c.advance(-24 * time.Hour)
	out := mustPut(t, s, keyed("k"))
	if got := sequenceNumber(t, out.Records[0]); got.Compare(latest) <= 0 || got.Arrived != start.Unix()+1 {
		t.Errorf("number %+v after %+v", got, latest)
	}
	records := recordsOf(t, s, shard0)
	if got := records[len(records)-1].Arrived; !got.Equal(start.Add(time.Second)) {
		t.Errorf("arrived at %v, want the latest time the shard has seen", got)
	}
}
