package main

import (
	"strings"
	"testing"
	"time"

	"github.com/putrecords/putrecords"
)

// newStream returns a stream whose clock stands still, so each shard accepts one second's worth and
// no more.
func newStream(name string, shards int, limits putrecords.Limits) *putrecords.Stream {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	return putrecords.MustNew(putrecords.Config{Name: name, Shards: shards, Limits: limits, Now: func() time.Time { return now }})
}

func put(t *testing.T, stream *putrecords.Stream, records ...putrecords.RequestEntry) *putrecords.Output {
	t.Helper()
	out, err := stream.Put(t.Context(), records...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// inShard returns a 10-byte record that goes to the given one of two shards.
func inShard(index int) putrecords.RequestEntry {
	key := []string{"0", "170141183460469231731687303715884105728"}[index]
	record := putrecords.Entry("k", []byte("nine byte"))
	record.ExplicitHashKey = &key
	return record
}

func TestWriteSummary(t *testing.T) {
	orders := newStream("orders", 2, putrecords.Limits{RecordsPerSecond: 2})
	orders.Inject(putrecords.Fault{})
	put(t, orders, inShard(1), inShard(1), inShard(1), inShard(1), inShard(1), inShard(0))
	var b strings.Builder
	distinct := func(stream *putrecords.Stream) (int, bool) {
		if stream == orders {
			return 2, false
		}
		return 7, true
	}
	if err := writeSummary(&b, []*putrecords.Stream{orders, newStream("clicks", 1, putrecords.Limits{})}, distinct); err != nil {
		t.Fatal(err)
	}
	const want = `
orders: 3 records stored, 2 of them distinct
  shard                 stored  bytes  throttled  bytes  failed  bytes
  shardId-000000000000       1     10          0      0       0      0
  shardId-000000000001       2     20          2     20       1     10

clicks: 0 records stored, more than 7 of them distinct
  shard                 stored  bytes  throttled  bytes  failed  bytes
  shardId-000000000000       0      0          0      0       0      0
`
	if b.String() != want {
		t.Errorf("got %s\nwant %s", &b, want)
	}
}
