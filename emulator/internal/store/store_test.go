package store

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/putrecords/putrecords"
)

var start = time.Date(2026, 3, 4, 5, 6, 7, 89, time.UTC)

func shard(index int) putrecords.Shard {
	return putrecords.Shard{
		ShardID: fmt.Sprintf("shardId-%012d", index),
		SequenceNumberRange: putrecords.SequenceNumberRange{
			StartingSequenceNumber: putrecords.SequenceNumber{ShardCreated: start.Unix(), Arrived: start.Unix(), ShardIndex: uint32(index)},
		},
	}
}

// makeRecords returns records as a stream would stamp them.
func makeRecords(index, n, size int, arrived time.Time) []putrecords.Record {
	records := make([]putrecords.Record, n)
	for i := range records {
		number := putrecords.SequenceNumber{ShardCreated: start.Unix(), Arrived: arrived.Unix() + int64(i%2), ShardIndex: uint32(index)}
		records[i] = putrecords.Record{
			SequenceNumber: number,
			PartitionKey:   fmt.Sprint("key", i),
			Data:           make([]byte, size),
			Arrived:        arrived,
		}
		if i%3 == 0 {
			records[i].ExplicitHashKey = strconv.Itoa(i)
		}
		for k := range records[i].Data {
			records[i].Data[k] = byte(i + k)
		}
	}
	return records
}

// put appends records and waits for them.
func put(t rapid.TB, log Log, index int, records []putrecords.Record) {
	t.Helper()
	wait, err := log.Append(context.Background(), shard(index), records)
	if err == nil && wait != nil {
		err = wait()
	}
	if err != nil {
		t.Fatal(err)
	}
}

func read(t rapid.TB, log Log, index int, position uint64) (records []putrecords.Record) {
	t.Helper()
	for r, err := range log.Records(context.Background(), shard(index), position) {
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, r)
	}
	return records
}

func open(t rapid.TB, dir string) *Disk {
	t.Helper()
	d, err := Open(dir, DiskOptions{Failed: func(err error) { t.Error(err) }})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// A kept stream is what a store should keep of a stream.
type kept struct {
	Stream
	records [2][]putrecords.Record // by shard
	horizon time.Time              // what arrived before it may be gone
}

// check checks what a store has of a stream.
func (k *kept) check(t *rapid.T, s Store) {
	log := s.Log(k.ID)
	for index, want := range k.records {
		if got := log.LatestPosition(shard(index).ShardID); got != uint64(len(want)) {
			t.Fatalf("%T: the latest position of %d is %d, want %d", s, index, got, len(want))
		}
		all := read(t, log, index, 1)
		gone := len(want) - len(all)
		if gone < 0 || !slices.EqualFunc(want[gone:], all, same) {
			t.Fatalf("%T: shard %d has %d records, not the last ones of %d", s, index, len(all), len(want))
		}
		if gone > 0 && !want[gone-1].Arrived.Before(k.horizon) {
			t.Fatalf("%T: a record that arrived at %v is gone, and only those before %v may be", s, want[gone-1].Arrived, k.horizon)
		}
		position := rapid.IntRange(1, len(want)+2).Draw(t, "position")
		from := read(t, log, index, uint64(position))
		if want := want[min(max(gone, position-1), len(want)):]; !slices.EqualFunc(want, from, same) {
			t.Fatalf("%T: shard %d from position %d: %d records, want %d", s, index, position, len(from), len(want))
		}
	}
}

func same(a, b putrecords.Record) bool {
	return a.SequenceNumber == b.SequenceNumber && a.PartitionKey == b.PartitionKey && a.ExplicitHashKey == b.ExplicitHashKey &&
		bytes.Equal(a.Data, b.Data) && a.Arrived.Equal(b.Arrived) && a.Arrived.Location() == time.UTC
}

// What is done to a store can be read back from it, from a Disk after a restart too.
func TestStoresKeepWhatTheyAreGiven(t *testing.T) {
	dirs := 0
	top := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		dirs++
		dir := fmt.Sprint(top, "/", dirs)
		disk := open(t, dir)
		defer func() { disk.Close() }()
		memory := NewMemory([32]byte{1})
		stores := func() []Store { return []Store{memory, disk} }
		key := disk.Key()
		now := start
		streams := map[uint64]*kept{}
		var removed []Log
		some := func(t *rapid.T) *kept {
			if len(streams) == 0 {
				t.Skip("no streams")
			}
			ids := make([]uint64, 0, len(streams))
			for id := range streams {
				ids = append(ids, id)
			}
			slices.Sort(ids)
			return streams[rapid.SampledFrom(ids).Draw(t, "stream")]
		}
		draw := func(t *rapid.T) Stream {
			return Stream{
				AccountID: "123456789012",
				Region:    "us-east-1",
				Name:      rapid.StringMatching(`[a-z]{1,5}`).Draw(t, "name"),
				Created:   now.Truncate(time.Second),
				Shards:    []putrecords.Shard{shard(0), shard(1)},
				Tags:      rapid.MapOf(rapid.String(), rapid.String()).Draw(t, "tags"),

				ReshardDelay: rapid.Ptr(rapid.SampledFrom([]time.Duration{0, 1, time.Hour}), true).Draw(t, "delay"),
				Settings:     Settings{RetentionHours: rapid.Int().Draw(t, "retention"), ShardLevelMetrics: []string{"ALL"}},
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				k := &kept{Stream: draw(t)}
				for _, s := range stores() {
					if err := s.Add(&k.Stream); err != nil {
						t.Fatal(err)
					}
				}
				if streams[k.ID] != nil {
					t.Fatalf("ID %d was given twice", k.ID)
				}
				streams[k.ID] = k
			},
			"append": func(t *rapid.T) {
				k := some(t)
				now = now.Add(time.Duration(rapid.Int64Range(0, 2e9).Draw(t, "elapsed")))
				index, n := rapid.IntRange(0, 1).Draw(t, "shard"), rapid.IntRange(1, 40).Draw(t, "records")
				size := rapid.OneOf(rapid.IntRange(0, 3), rapid.IntRange(0, 1000), rapid.Just(20000)).Draw(t, "size")
				records := makeRecords(index, n, size, now)
				for _, s := range stores() {
					put(t, s.Log(k.ID), index, records)
				}
				k.records[index] = append(k.records[index], records...)
			},
			"update": func(t *rapid.T) {
				k := some(t)
				id := k.ID
				k.Stream = draw(t)
				k.ID = id
				for _, s := range stores() {
					if err := s.Update(k.Stream); err != nil {
						t.Fatal(err)
					}
				}
			},
			"drop": func(t *rapid.T) {
				k := some(t)
				at := now.Add(-time.Duration(rapid.Int64Range(-1, int64(now.Sub(start))).Draw(t, "age")))
				if at.After(k.horizon) {
					k.horizon = at
				}
				for _, s := range stores() {
					if err := s.Log(k.ID).DropBefore(at); err != nil {
						t.Fatal(err)
					}
				}
			},
			"remove": func(t *rapid.T) {
				k := some(t)
				delete(streams, k.ID)
				for _, s := range stores() {
					removed = append(removed, s.Log(k.ID))
					if err := s.Remove(k.ID); err != nil {
						t.Fatal(err)
					}
					if err := s.Update(k.Stream); err == nil {
						t.Fatalf("%T updated a stream that was removed", s)
					}
				}
			},
			"reopen": func(t *rapid.T) {
				if err := disk.Close(); err != nil {
					t.Fatal(err)
				}
				disk = open(t, dir)
			},
			"": func(t *rapid.T) {
				for _, s := range stores() {
					got, err := s.Streams()
					if err != nil || len(got) != len(streams) {
						t.Fatalf("%T has %d streams, want %d, error %v", s, len(got), len(streams), err)
					}
					for _, g := range got {
						want := streams[g.ID]
						if !reflect.DeepEqual(want.Stream, g) { // faster than cmp
							t.Fatalf("%T, stream %d (-want +got):\n%s", s, g.ID, cmp.Diff(want.Stream, g))
						}
						want.check(t, s)
					}
				}
				for _, log := range removed {
					wantUnusable(t, log)
				}
				if disk.Key() != key {
					t.Fatal("the key changed")
				}
			},
		})
	})
}

// wantUnusable checks that nothing can be done with a log.
func wantUnusable(t rapid.TB, log Log) {
	t.Helper()
	if _, err := log.Append(context.Background(), shard(0), makeRecords(0, 1, 1, start)); err == nil {
		t.Errorf("%T: Append returned no error", log)
	}
	var last error
	for _, err := range log.Records(context.Background(), shard(0), 1) {
		last = err
	}
	if last == nil {
		t.Errorf("%T: Records yielded no error", log)
	}
	if err := log.DropBefore(start); err == nil {
		t.Errorf("%T: DropBefore returned no error", log)
	}
}

// After Close, logs return errors.
func TestClosedStore(t *testing.T) {
	for _, s := range []Store{NewMemory([32]byte{}), open(t, t.TempDir())} {
		stream := Stream{Name: "a"}
		if err := s.Add(&stream); err != nil {
			t.Fatal(err)
		}
		log := s.Log(stream.ID)
		put(t, log, 0, makeRecords(0, 1, 1, start))
		for range 2 {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		wantUnusable(t, log)
	}
}
