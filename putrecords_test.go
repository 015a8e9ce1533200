package putrecords_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/putrecords/putrecords"
)

func TestZeroConfig(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		created := time.Now()
		s := putrecords.MustNew(putrecords.Config{})
		if s.Name() != "stream" || s.ARN() != "arn:aws:kinesis:us-east-1:000000000000:stream/stream" {
			t.Errorf("name %q, ARN %q", s.Name(), s.ARN())
		}
		want := []putrecords.Shard{{
			ShardID:      shard0,
			HashKeyRange: putrecords.HashKeyRange{EndingHashKey: parseHashKey(t, lastHashKey)},
			SequenceNumberRange: putrecords.SequenceNumberRange{
				StartingSequenceNumber: putrecords.SequenceNumber{ShardCreated: created.Unix(), Arrived: created.Unix()},
			},
		}}
		if diff := cmp.Diff(want, s.Shards()); diff != "" {
			t.Errorf("shards differ (-want +got):\n%s", diff)
		}

		// The stream accepts one second's records at once, and one more each millisecond. Its clock
		// is time.Now, which is virtual in a synctest bubble.
		for range 2 {
			mustPut(t, s, repeat(500, keyed("k"))...)
		}
		if out := mustPut(t, s, keyed("k")); out.FailedRecordCount != 1 {
			t.Errorf("record 1001 of a second is not throttled: %+v", out)
		}
		time.Sleep(3 * time.Millisecond)
		if out := mustPut(t, s, repeat(4, keyed("k"))...); shardsOf(out) != "000-" {
			t.Errorf("of four records after 3 ms, not exactly three are stored: %+v", out)
		}
		time.Sleep(25 * time.Hour)
		mustPut(t, s, keyed("k"))
		if n := len(recordsOf(t, s, shard0)); n != 1 {
			t.Errorf("%d records are kept after 25 hours, want 1", n)
		}
	})
}

func TestARN(t *testing.T) {
	for region, want := range map[string]string{
		"eu-west-1":     "arn:aws:kinesis:eu-west-1:123456789012:stream/orders",
		"cn-north-1":    "arn:aws-cn:kinesis:cn-north-1:123456789012:stream/orders",
		"us-gov-west-1": "arn:aws-us-gov:kinesis:us-gov-west-1:123456789012:stream/orders",
	} {
		s := putrecords.MustNew(putrecords.Config{Name: "orders", AccountID: "123456789012", Region: region})
		if got := s.ARN(); got != want {
			t.Errorf("ARN in %s is %s, want %s", region, got, want)
		}
		for name, in := range map[string]putrecords.Input{
			"by ARN":  {StreamARN: &want},
			"by both": {StreamARN: &want, StreamName: ptr("orders")},
		} {
			in.Records = repeat(1, keyed("k"))
			if _, err := s.PutRecords(t.Context(), &in); err != nil {
				t.Errorf("%s %s: %v", name, want, err)
			}
		}
	}
}

// Keys go to the shards where production puts them.
func TestRouting(t *testing.T) {
	three := putrecords.MustNew(putrecords.Config{Shards: 3})
	out := mustPut(t, three, keyed("a"), keyed("b"), keyed("e"), keyed("f"),
		hashed("226854911280625642308916404954512140969"), hashed("226854911280625642308916404954512140970"),
		hashed("113427455640312821154458202477256070485"), hashed("113427455640312821154458202477256070484"),
		hashed(lastHashKey), hashed("0"))
	if got := shardsOf(out); got != "0121121020" {
		t.Errorf("shards of three are %s, want 0121121020", got)
	}
	two := putrecords.MustNew(putrecords.Config{Shards: 2})
	out = mustPut(t, two, keyed("sensor_1"), keyed("sensor_2"), keyed("sensor_3"), keyed("sensor_4"), keyed("sensor_5"))
	if got := shardsOf(out); got != "00001" {
		t.Errorf("shards of two are %s, want 00001", got)
	}
	for _, shard := range three.Shards() {
		for _, key := range []putrecords.HashKey{shard.HashKeyRange.StartingHashKey, shard.HashKeyRange.EndingHashKey} {
			if got := three.Route(key); got != shard {
				t.Errorf("Route(%v) = %v, want %v", key, got.ShardID, shard.ShardID)
			}
		}
	}
}

// The output has an entry for each record, in order, with AWS's sequence numbers. The log holds
// what was sent.
func TestOutput(t *testing.T) {
	c := newClock()
	s := putrecords.MustNew(putrecords.Config{Shards: 3, Now: c.Now})
	created := c.now.Unix()
	c.advance(10*time.Second + time.Millisecond)
	records := []putrecords.RequestEntry{
		keyed("f"), keyed("a"), putrecords.Entry("b", []byte("data")), hashed("113427455640312821154458202477256070485"), keyed("e"),
	}
	out := mustPut(t, s, records...)

	number := func(shard uint32, position uint64) putrecords.SequenceNumber {
		return putrecords.SequenceNumber{ShardCreated: created, Position: position, Arrived: created + 10, ShardIndex: shard}
	}
	entry := func(shard uint32, position uint64) putrecords.ResultEntry {
		return putrecords.ResultEntry{ShardID: s.Shards()[shard].ShardID, SequenceNumber: number(shard, position).String()}
	}
	want := &putrecords.Output{Records: []putrecords.ResultEntry{entry(1, 1), entry(0, 1), entry(1, 2), entry(1, 3), entry(2, 1)}}
	if diff := cmp.Diff(want, out); diff != "" {
		t.Errorf("output differs (-want +got):\n%s", diff)
	}
	stored := []putrecords.Record{
		{SequenceNumber: number(1, 1), PartitionKey: "f", Data: []byte{}, Arrived: c.now},
		{SequenceNumber: number(1, 2), PartitionKey: "b", Data: []byte("data"), Arrived: c.now},
		{
			SequenceNumber: number(1, 3), PartitionKey: "k", Data: []byte{}, Arrived: c.now,
			ExplicitHashKey: "113427455640312821154458202477256070485",
		},
	}
	if diff := cmp.Diff(stored, recordsOf(t, s, shard1)); diff != "" {
		t.Errorf("records differ (-want +got):\n%s", diff)
	}
	stats := []putrecords.ShardStats{
		{ShardID: shard0, Stored: putrecords.Count{Records: 1, Bytes: 1}},
		{ShardID: shard1, Stored: putrecords.Count{Records: 3, Bytes: 7}},
		{ShardID: shard2, Stored: putrecords.Count{Records: 1, Bytes: 1}},
	}
	if diff := cmp.Diff(stats, s.Stats()); diff != "" {
		t.Errorf("statistics differ (-want +got):\n%s", diff)
	}
}

// Arrived is in UTC without a monotonic reading, even if the clock is not.
func TestArrivedIsPlain(t *testing.T) {
	s := putrecords.MustNew(putrecords.Config{Now: func() time.Time { return time.Now().In(time.FixedZone("zone", 3600)) }})
	mustPut(t, s, keyed("k"))
	arrived := recordsOf(t, s, shard0)[0].Arrived
	if arrived.Location() != time.UTC || arrived != arrived.Round(0) {
		t.Errorf("Arrived is %#v", arrived)
	}
}

func TestRecordsOfNoShard(t *testing.T) {
	s := putrecords.MustNew(putrecords.Config{})
	n := 0
	for _, err := range s.Records("shardId-000000000005") {
		n++
		wantError(t, err, putrecords.ResourceNotFoundException, "Could not find shard shardId-000000000005 in stream stream under account 000000000000.")
	}
	if n != 1 {
		t.Errorf("%d errors, want 1", n)
	}
}

func TestContextDone(t *testing.T) {
	s := putrecords.MustNew(putrecords.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if out, err := s.PutRecords(ctx, nil); out != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, %v; want context.Canceled before validation", out, err)
	}
	if out, err := s.Put(ctx, keyed("k")); out != nil || !errors.Is(err, context.Canceled) || s.Stats()[0].Stored.Records != 0 {
		t.Errorf("got %v, %v; want context.Canceled", out, err)
	}
}

func TestEncryptionType(t *testing.T) {
	for config, want := range map[putrecords.EncryptionType]string{
		"":                        `{"FailedRecordCount":0,"Records":`,
		putrecords.EncryptionNone: `{"FailedRecordCount":0,"Records":`,
		putrecords.EncryptionKMS:  `{"EncryptionType":"KMS","FailedRecordCount":0,"Records":`,
	} {
		s := putrecords.MustNew(putrecords.Config{EncryptionType: config})
		if got := s.EncryptionType(); got != config && (config != "" || got != putrecords.EncryptionNone) {
			t.Errorf("EncryptionType %q: the stream has %q", config, got)
		}
		out := mustPut(t, s, keyed("k"))
		if text, err := json.Marshal(out); !strings.HasPrefix(string(text), want) || err != nil {
			t.Errorf("EncryptionType %q: %s, %v; want %s", config, text, err, want)
		}
	}
}

// Requests and outputs encode as AWS's JSON, and decode to the same values.
func TestJSON(t *testing.T) {
	number := productionNumbers[0].number
	for _, test := range []struct {
		value any
		into  any
		want  string
	}{
		{
			&putrecords.Input{Records: []putrecords.RequestEntry{putrecords.Entry("k", []byte("x"))}, StreamName: ptr("")},
			new(putrecords.Input), `{"Records":[{"Data":"eA==","PartitionKey":"k"}],"StreamName":""}`,
		},
		{
			&putrecords.Input{Records: []putrecords.RequestEntry{hashed("7"), {}}, StreamARN: ptr("arn"), DryRun: ptr(false)},
			new(putrecords.Input),
			`{"Records":[{"Data":"","PartitionKey":"k","ExplicitHashKey":"7"},{"Data":null,"PartitionKey":null}],"StreamARN":"arn","DryRun":false}`,
		},
		{
			&putrecords.Output{
				EncryptionType: putrecords.EncryptionKMS, FailedRecordCount: 1,
				Records: []putrecords.ResultEntry{
					{SequenceNumber: "1", ShardID: shard1},
					{ErrorCode: putrecords.InternalFailure, ErrorMessage: "Internal service failure."},
				},
			},
			new(putrecords.Output),
			`{"EncryptionType":"KMS","FailedRecordCount":1,"Records":[{"SequenceNumber":"1","ShardId":"shardId-000000000001"},` +
				`{"ErrorCode":"InternalFailure","ErrorMessage":"Internal service failure."}]}`,
		},
		{
			&putrecords.Shard{ShardID: shard0, SequenceNumberRange: putrecords.SequenceNumberRange{StartingSequenceNumber: number}},
			new(putrecords.Shard),
			`{"ShardId":"shardId-000000000000","HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"0"},` +
				`"SequenceNumberRange":{"StartingSequenceNumber":"` + number.String() + `"}}`,
		},
		{
			&putrecords.Shard{
				ShardID: shard2, ParentShardID: shard0, AdjacentParentShardID: shard1,
				SequenceNumberRange: putrecords.SequenceNumberRange{EndingSequenceNumber: number},
			},
			new(putrecords.Shard),
			`{"ShardId":"shardId-000000000002","ParentShardId":"shardId-000000000000","AdjacentParentShardId":"shardId-000000000001",` +
				`"HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"0"},` +
				`"SequenceNumberRange":{"StartingSequenceNumber":"","EndingSequenceNumber":"` + number.String() + `"}}`,
		},
		{
			&putrecords.Error{Code: putrecords.ResourceNotFoundException, Message: "m"}, new(putrecords.Error),
			`{"__type":"ResourceNotFoundException","message":"m"}`,
		},
		{
			&putrecords.Error{Code: putrecords.AccessDeniedException, Message: "m"}, new(putrecords.Error),
			`{"__type":"AccessDeniedException","Message":"m"}`,
		},
		{&putrecords.Error{Code: "SerializationException", Message: "m"}, new(putrecords.Error), `{"__type":"SerializationException","Message":"m"}`},
	} {
		text, err := json.Marshal(test.value)
		if string(text) != test.want || err != nil {
			t.Errorf("%+v encodes as\n%s, %v; want\n%s", test.value, text, err, test.want)
		}
		if err := json.Unmarshal(text, test.into); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if diff := cmp.Diff(test.value, test.into); diff != "" {
			t.Errorf("%s decodes differently (-want +got):\n%s", text, diff)
		}
	}
}

func TestEntry(t *testing.T) {
	if e := putrecords.Entry("k", nil); e.Data == nil || len(e.Data) != 0 || *e.PartitionKey != "k" || e.ExplicitHashKey != nil {
		t.Errorf("Entry with nil data is %+v, want empty data", e)
	}
}

func TestErrors(t *testing.T) {
	var err error = &putrecords.Error{Code: putrecords.InvalidArgumentException, Message: "text"}
	if err.Error() != "InvalidArgumentException: text" {
		t.Errorf("prints as %q", err)
	}
	if !errors.Is(err, putrecords.InvalidArgumentException) || errors.Is(err, putrecords.ValidationException) {
		t.Error("errors.Is does not compare the code")
	}
	if putrecords.InvalidArgumentException.Error() != "InvalidArgumentException" {
		t.Errorf("the code prints as %q", putrecords.InvalidArgumentException.Error())
	}
	var api interface {
		ErrorCode() string
		ErrorMessage() string
		HTTPStatusCode() int
	}
	if !errors.As(err, &api) || api.ErrorCode() != "InvalidArgumentException" || api.ErrorMessage() != "text" || api.HTTPStatusCode() != 400 {
		t.Errorf("the SDK's methods return: %+v", api)
	}
	if got := (&putrecords.Error{Code: putrecords.InternalFailure}).HTTPStatusCode(); got != 500 {
		t.Errorf("status of InternalFailure is %d", got)
	}
}

func TestBadConfig(t *testing.T) {
	shards := putrecords.MustNew(putrecords.Config{}).Shards()
	at := func(second int64) func() time.Time { return func() time.Time { return time.Unix(second, 0) } }
	for _, test := range []struct {
		config putrecords.Config
		field  string
		reason string // part of the reason
	}{
		{putrecords.Config{Name: "a b"}, "Name", `"a b"`},
		{putrecords.Config{Name: strings.Repeat("n", 129)}, "Name", "1 to 128"},
		{putrecords.Config{AccountID: "12345678901"}, "AccountID", `"12345678901" is not 12 digits`},
		{putrecords.Config{AccountID: "1234567890123"}, "AccountID", "12 digits"},
		{putrecords.Config{AccountID: "12345678901x"}, "AccountID", "12 digits"},
		{putrecords.Config{Region: "us east"}, "Region", `"us east"`},
		{putrecords.Config{Region: "us:east"}, "Region", `"us:east"`},
		{putrecords.Config{Shards: -1}, "Shards", "-1 is not between 0 and 1000000"},
		{putrecords.Config{Shards: 1_000_001}, "Shards", "1000001"},
		{putrecords.Config{Shards: 2, Layout: shards}, "Shards", "Layout"},
		{putrecords.Config{Layout: []putrecords.Shard{}}, "Layout", "no shard is open"},
		{putrecords.Config{Shards: 1, Layout: []putrecords.Shard{}}, "Shards", "Layout"},
		{putrecords.Config{EncryptionType: "kms"}, "EncryptionType", `"kms"`},
		{putrecords.Config{ReshardDelay: -time.Second}, "ReshardDelay", "-1s is negative"},
		{putrecords.Config{UpdatingDelay: -1}, "UpdatingDelay", "-1ns is negative"},
		{putrecords.Config{RecordDistributionStrategy: "auto"}, "RecordDistributionStrategy", `"auto" is neither "USER_PARTITION_KEY" nor "AUTO"`},
		{putrecords.Config{Now: func() time.Time { return time.Time{} }}, "Now", "0001-01-01"},
		{putrecords.Config{Now: at(0)}, "Now", "1970-01-01 00:00:00"},
		{putrecords.Config{Now: at(1 << 36)}, "Now", "4147"},
		{putrecords.Config{Log: (*putrecords.MemoryLog)(nil)}, "Log", "nil"},
		{putrecords.Config{Log: &putrecords.MemoryLog{Retention: -2}}, "Log", "-2ns"},
		{putrecords.Config{Limits: putrecords.Limits{RecordsPerRequest: -2}}, "Limits.RecordsPerRequest", "-2"},
		{putrecords.Config{Limits: putrecords.Limits{BytesPerRecord: -2}}, "Limits.BytesPerRecord", "-2"},
		{putrecords.Config{Limits: putrecords.Limits{BytesPerRequest: -2}}, "Limits.BytesPerRequest", "-2"},
		{putrecords.Config{Limits: putrecords.Limits{PartitionKeyLength: -2}}, "Limits.PartitionKeyLength", "-2"},
		{putrecords.Config{Limits: putrecords.Limits{RecordsPerSecond: -2}}, "Limits.RecordsPerSecond", "-2"},
		{putrecords.Config{Limits: putrecords.Limits{BytesPerSecond: -2}}, "Limits.BytesPerSecond", "-2"},
		{putrecords.Config{Limits: putrecords.Limits{RecordBurst: -2}}, "Limits.RecordBurst", "-2"},
		{putrecords.Config{Limits: putrecords.Limits{ByteBurst: -2}}, "Limits.ByteBurst", "-2"},
		{putrecords.Config{Limits: putrecords.Limits{ByteBurst: 1<<20 - 1}}, "Limits.ByteBurst", "1048575 is less than the 1048576 bytes"},
		{putrecords.Config{Limits: putrecords.Limits{ByteBurst: 1 << 20, BytesPerRecord: -1}}, "Limits.ByteBurst", "5242880"},
		{putrecords.Config{Limits: putrecords.Limits{ByteBurst: 9, BytesPerRecord: 11, BytesPerRequest: 10}}, "Limits.ByteBurst", "the 10 bytes"},
		{putrecords.Config{Limits: putrecords.Limits{BytesPerRecord: -1, BytesPerRequest: -1}}, "Limits.ByteBurst", "unlimited"},
	} {
		s, err := putrecords.New(test.config)
		var config *putrecords.ConfigError
		if s != nil || !errors.As(err, &config) || config.Field != test.field || !strings.Contains(config.Reason, test.reason) {
			t.Errorf("New(%+v) = %v, %v; want an error for %s containing %q", test.config, s, err, test.field, test.reason)
			continue
		}
		if want := "putrecords: Config." + test.field + ": " + config.Reason; err.Error() != want {
			t.Errorf("prints as %q, want %q", err, want)
		}
	}
}

func TestGoodConfig(t *testing.T) {
	at := func(second int64) func() time.Time { return func() time.Time { return time.Unix(second, 0) } }
	for _, config := range []putrecords.Config{
		{Name: strings.Repeat("n", 128), AccountID: "123456789012", Region: "ap-southeast-2", EncryptionType: "KMS", Shards: 1},
		{Name: "aZ09_.-", Layout: nil},
		{Now: at(1)},
		{Now: at(1<<36 - 1)},
		{Log: &putrecords.MemoryLog{Retention: -1}},
		{Limits: putrecords.Limits{-1, -1, -1, -1, -1, -1, -1, -1}},
		{Limits: putrecords.Limits{ByteBurst: 1 << 20}},
		{Limits: putrecords.Limits{BytesPerRecord: 10, BytesPerRequest: 11, ByteBurst: 10}},
		{Limits: putrecords.Limits{BytesPerRecord: -1, BytesPerRequest: 10, ByteBurst: 10}},
		{Limits: putrecords.Limits{BytesPerRecord: -1, BytesPerRequest: -1, BytesPerSecond: -1}},
		{Limits: putrecords.Limits{BytesPerRecord: -1, BytesPerRequest: -1, ByteBurst: -1}},
		{Limits: putrecords.Limits{BytesPerRecord: 10 << 20}}, // the burst is raised to match
	} {
		s, err := putrecords.New(config)
		if err != nil {
			t.Errorf("New(%+v): %v", config, err)
			continue
		}
		mustPut(t, s, keyed("k"))
	}
}

func TestMustNew(t *testing.T) {
	defer func() {
		var config *putrecords.ConfigError
		if err, ok := recover().(error); !ok || !errors.As(err, &config) {
			t.Errorf("panics with %v, want the error of New", err)
		}
	}()
	putrecords.MustNew(putrecords.Config{Shards: -1})
}

// If the clock passes the last second that sequence numbers can hold, the stream stores no more
// records.
func TestClockTooLate(t *testing.T) {
	c := newClock()
	s := putrecords.MustNew(putrecords.Config{Now: c.Now})
	c.now = time.Unix(1<<36, 0)
	for name, err := range map[string]error{
		"Put":        func() error { _, err := s.Put(t.Context(), keyed("k")); return err }(),
		"SplitShard": s.SplitShard(shard0, parseHashKey(t, "2")),
	} {
		if err == nil || !strings.Contains(err.Error(), "4147") {
			t.Errorf("%s: %v, want an error that names the last second", name, err)
		}
	}
	c.now = time.Unix(1<<36-1, 0)
	mustPut(t, s, keyed("k"))
	err := s.SplitShard(shard0, parseHashKey(t, "2"))
	if err == nil || !strings.Contains(err.Error(), "created 68719476736 seconds after 1970") || len(s.Shards()) != 1 {
		t.Errorf("a split that creates children in second 2^36 must fail: %v", err)
	}
	c.now = time.Unix(1<<36-2, 0) // the stream has seen a later time
	if err := s.SplitShard(shard0, parseHashKey(t, "2")); err == nil {
		t.Error("a split must not create children in second 2^36")
	}
}

// A time outside the range of sequence numbers does not complete a reshard either.
func TestClockTooLateForAReshard(t *testing.T) {
	c := newClock()
	s := putrecords.MustNew(putrecords.Config{Now: c.Now, ReshardDelay: time.Second})
	mustSplit(t, s, shard0, "1000")
	c.now = time.Unix(1<<36, 0)
	if got := s.Route(putrecords.HashKey{}).ShardID; got != shard0 {
		t.Errorf("Route returns %s, want %s", got, shard0)
	}
	c.now = start
	if got := shardsOf(mustPut(t, s, keyed("k"))); got != "0" {
		t.Errorf("shard %s, want 0", got)
	}
}

// Each call reads the clock once and without holding locks, so the clock may call the stream.
func TestClockIsReadOnce(t *testing.T) {
	var s *putrecords.Stream
	reads := 0
	s = putrecords.MustNew(putrecords.Config{Now: func() time.Time {
		reads++
		if s != nil {
			s.Shards()
			s.Stats()
		}
		return start
	}})
	for name, call := range map[string]func(){
		"Put":         func() { mustPut(t, s, keyed("a"), keyed("b")) },
		"Route":       func() { s.Route(putrecords.HashKey{}) },
		"SplitShard":  func() { _ = s.SplitShard(shard0, putrecords.HashKey{1}) },
		"MergeShards": func() { _ = s.MergeShards(shard1, shard2) },
	} {
		reads = 0
		if call(); reads != 1 {
			t.Errorf("%s reads the clock %d times", name, reads)
		}
	}
}
