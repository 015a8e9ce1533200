package main

import (
	"context"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/putrecords/putrecords"
)

// A simulation through PutRecords, with partition keys and data, comes to the same result.
func TestSameResultThroughPutRecords(t *testing.T) {
	g := Generator{Rate: 9000, Keys: 1000, Zipf: 1, Bytes: 300, Burst: 1, Duration: 3 * time.Second, Seed: 3}
	config := bigConfig()
	config.Shards, config.SplitHot, config.ReshardDelay = 5, true, time.Second
	want := mustSimulate(t, config, newGenerator(g).source(&Traffic{}))
	config.put = putByName(g.Keys)
	got := mustSimulate(t, config, newGenerator(g).source(&Traffic{}))
	if want.Throttled == 0 || len(want.Splits) == 0 {
		t.Errorf("%d throttled, %d splits: too easy", want.Throttled, len(want.Splits))
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%d stored and %d throttled, splits %+v\nwant %d and %d, splits %+v",
			got.Stored, got.Throttled, got.Splits, want.Stored, want.Throttled, want.Splits)
	}
}

// putByName returns a put that calls PutRecords with the partition keys.
func putByName(keys int) func(*putrecords.Stream, []putrecords.Admission) error {
	names := make(map[putrecords.HashKey]*string, keys)
	for i := range keys {
		name := string(appendKey(nil, i))
		names[putrecords.HashKeyOf(name)] = &name
	}
	return func(s *putrecords.Stream, records []putrecords.Admission) error {
		return putThrough(s, records, func(i int) *string { return names[records[i].HashKey] })
	}
}

// putAsCheaplyAsPossible calls PutRecords with the bytes of the hash keys as partition keys. That
// costs less than names, and spreads the keys over the shards as well, but differently.
func putAsCheaplyAsPossible(s *putrecords.Stream, records []putrecords.Admission) error {
	names := make([]string, len(records))
	return putThrough(s, records, func(i int) *string {
		names[i] = string(records[i].HashKey[:])
		return &names[i]
	})
}

var data [1 << 10]byte

func putThrough(s *putrecords.Stream, records []putrecords.Admission, name func(i int) *string) error {
	entries := make([]putrecords.RequestEntry, len(records))
	for i := range records {
		name := name(i)
		entries[i] = putrecords.RequestEntry{Data: data[:records[i].Bytes-len(*name)], PartitionKey: name}
	}
	out, err := s.Put(context.Background(), entries...)
	if err != nil {
		return err
	}
	for i, entry := range out.Records {
		records[i].Admitted = entry.ErrorCode == ""
		shard := entry.ShardID
		if !records[i].Admitted { // only the message names the shard
			shard, _, _ = strings.Cut(strings.TrimPrefix(entry.ErrorMessage, "Rate exceeded for shard "), " ")
		}
		index, err := strconv.Atoi(strings.TrimPrefix(shard, "shardId-"))
		if err != nil {
			return err
		}
		records[i].ShardIndex = uint32(index)
	}
	return nil
}
