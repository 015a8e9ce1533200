package kinesis

import (
	"fmt"
	"strconv"
	"testing"
	"time"
)

// A reading is a call that reads some bytes at a time.
type reading struct {
	at       time.Duration
	bytes    int64
	admitted bool
}

func wantReadings(t *testing.T, limit *readLimit, readings []reading) {
	t.Helper()
	begin := time.Unix(1_000_000, 0)
	for _, r := range readings {
		now := begin.Add(r.at)
		admitted := limit.admit(now)
		if admitted != r.admitted {
			t.Errorf("at %v: admitted is %t", r.at, admitted)
		}
		if admitted {
			limit.count(now, r.bytes)
		}
	}
}

func TestShardIsReadFiveTimesASecond(t *testing.T) {
	const tick, early = 200 * time.Millisecond, time.Microsecond
	wantReadings(t, newReadLimit(5, -1), []reading{
		{0, 1 << 40, true},
		{0, 0, true},
		{0, 0, true},
		{0, 0, true},
		{0, 0, true},
		{0, 0, false},
		{tick - early, 0, false},
		{tick, 0, true},
		{tick, 0, false},
		{0, 0, false}, // the time does not go back
		{3*tick - early, 0, true},
		{3*tick - early, 0, false},
		{3 * tick, 0, true},
		{time.Minute, 0, true},
		{time.Minute, 0, true},
		{time.Minute, 0, true},
		{time.Minute, 0, true},
		{time.Minute, 0, true},
		{time.Minute, 0, false},
	})
}

func TestShardIsReadTwoMebibytesASecond(t *testing.T) {
	const mebibyte = 1 << 20
	const second = time.Second
	for name, readings := range map[string][]reading{
		"10 MiB take 5 seconds": {
			{0, 10 * mebibyte, true},
			{1, 0, false},
			{5*second - 1, 0, false},
			{0, 0, false}, // the time does not go back
			{5 * second, 10 * mebibyte, true},
			{10*second - 1, 0, false},
			{10 * second, 0, true},
		},
		"calls share a second's worth": {
			{0, mebibyte, true},
			{0, mebibyte / 2, true},
			{0, mebibyte / 2, true},
			{0, 0, false},
			{second - 1, 0, false},
			{second, 2 * mebibyte, true},
			{2*second - 1, 0, false},
			{2 * second, 0, true},
		},
		"a slow consumer is never refused": {
			{0, 2*mebibyte - 1, true},
			{second / 2, mebibyte - 1, true},
			{second, mebibyte, true},
			{3 * second / 2, mebibyte, true},
		},
		"the last call admitted may go over": {
			{0, 2*mebibyte - 1, true},
			{0, 10 * mebibyte, true},
			{6*second - 1000, 0, false},
			{6 * second, 0, true},
		},
	} {
		t.Run(name, func(t *testing.T) { wantReadings(t, newReadLimit(-1, 2*mebibyte), readings) })
	}
}

func TestEachShardHasItsOwnReadLimit(t *testing.T) {
	c := newEmulated(t, 2, Config{ReadsPerSecond: 1, ReadBytesPerSecond: 4})
	body := func(shardID string) string {
		return fmt.Sprintf(`{"ShardIterator":%q}`, c.iterator(shardID, trimHorizon, ""))
	}
	refusal := func(shardID string) string {
		return "ProvisionedThroughputExceededException: Rate exceeded for shard " + shardID + " in stream orders under account 000000000000."
	}
	for _, shardID := range []string{shard0, shard1} {
		c.wantAnswerOK("GetRecords", body(shardID))
		c.wantRefused("GetRecords", body(shardID), refusal(shardID))
	}
	c.now = c.now.Add(time.Second)
	c.put("b", "12345") // on shard 1, with the key 6 bytes
	c.wantAnswerOK("GetRecords", body(shard1))
	c.now = c.now.Add(1500*time.Millisecond - 1)
	c.wantRefused("GetRecords", body(shard1), refusal(shard1))
	c.wantAnswerOK("GetRecords", body(shard0))
	c.now = c.now.Add(1)
	c.wantAnswerOK("GetRecords", body(shard1))
}

// A consumer that polls five times a second sees each record with the poll after it.
func TestPollingFromLatest(t *testing.T) {
	c := newEmulated(t, 1, Config{ReadsPerSecond: 5, ReadBytesPerSecond: 2 << 20})
	iterator := c.iterator(shard0, latest, "")
	for i := range 20 {
		c.now = c.now.Add(200 * time.Millisecond)
		key := strconv.Itoa(i)
		c.put(key, "")
		page := c.get(iterator, "")
		if page.keys() != key {
			t.Fatalf("read %q, want %q", page.keys(), key)
		}
		iterator = page.NextShardIterator
	}
}
