package kinesishttp_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/kinesishttp"
)

func TestCBOR(t *testing.T) {
	stream := newStream(putrecords.Config{Limits: putrecords.Limits{RecordsPerSecond: 2}})
	handler := kinesishttp.NewHandler(stream)
	data := []byte{0, 0xff, '\n'}
	status, got := callCBOR(t, handler, "PutRecords", map[string]any{
		"StreamName": "stream",
		"Other":      map[string]any{"a": []any{1, nil}},
		"Records": []any{
			map[string]any{"Data": data, "PartitionKey": "é"},
			map[string]any{"Data": []byte{}, "PartitionKey": "a", "ExplicitHashKey": "0"},
			map[string]any{"Data": []byte{}, "PartitionKey": "a"},
		},
	})
	want := map[string]any{
		"FailedRecordCount": uint64(1),
		"Records": []any{
			map[any]any{"SequenceNumber": number(0, 1), "ShardId": "shardId-000000000000"},
			map[any]any{"SequenceNumber": number(0, 2), "ShardId": "shardId-000000000000"},
			map[any]any{
				"ErrorCode":    "ProvisionedThroughputExceededException",
				"ErrorMessage": "Rate exceeded for shard shardId-000000000000 in stream stream under account 000000000000.",
			},
		},
	}
	if diff := cmp.Diff(want, got); status != 200 || diff != "" {
		t.Errorf("status %d (-want +got):\n%s", status, diff)
	}
	for record, err := range stream.Records("shardId-000000000000") {
		if err != nil {
			t.Fatal(err)
		}
		if record.SequenceNumber.Position == 1 && (string(record.Data) != string(data) || record.PartitionKey != "é") {
			t.Errorf("stored %+v", record)
		}
	}
	status, got = callCBOR(t, handler, "PutRecord", map[string]any{"StreamName": "stream", "Data": []byte{}, "PartitionKey": "a"})
	want = map[string]any{
		"__type":  "ProvisionedThroughputExceededException",
		"message": "Rate exceeded for shard shardId-000000000000 in stream stream under account 000000000000.",
	}
	if diff := cmp.Diff(want, got); status != 400 || diff != "" {
		t.Errorf("status %d (-want +got):\n%s", status, diff)
	}
}

// Java's clients send lists and structures, and sometimes strings, of indefinite length. The longer
// forms of lengths and tags count as the shorter ones do.
func TestCBORForms(t *testing.T) {
	record := "\xbf\x64Data\x5f\x42he\x43llo\xff\x7f\x69Partition\x63Key\xff\x78\x01a\xff"
	for name, body := range map[string]string{
		"indefinite": "\xbf\x67Records\x9f" + record + "\xff\x6aStreamName\x66stream\xff",
		"long":       "\xba\x00\x00\x00\x02\x79\x00\x07Records\x9b\x00\x00\x00\x00\x00\x00\x00\x01" + record + "\x6aStreamName\x78\x06stream",
		"ignored":    "\xa4\x61a\xf9\x3c\x00\x61b\xc6\x9f\x7f\xff\xbf\xff\xff\x67Records\x81" + record + "\x6aStreamName\x66stream",
	} {
		stream := newStream(putrecords.Config{})
		status, got := callCBORBytes(t, kinesishttp.NewHandler(stream), "PutRecords", []byte(body))
		if status != 200 {
			t.Errorf("%s: status %d, %v", name, status, got)
			continue
		}
		if record := recordsOf(t, stream, "shardId-000000000000")[0]; record.PartitionKey != "a" || string(record.Data) != "hello" {
			t.Errorf("%s: stored %+v", name, record)
		}
	}
	stream := newStream(putrecords.Config{})
	body := []byte("\xbf\x67Records\x81\xbf\x64Data\x5f\xff\x6cPartitionKey\x61a\xff\x6aStreamName\x66stream\xff")
	if status, got := callCBORBytes(t, kinesishttp.NewHandler(stream), "PutRecords", body); status != 200 {
		t.Errorf("no data: status %d, %v", status, got)
	}
	body = []byte("\xa2\x6bShardFilter\xa2\x64Type\x69AT_LATEST\x69Timestamp\xd8\x01\x01\x6aStreamName\x66stream")
	if status, got := callCBORBytes(t, kinesishttp.NewHandler(stream), "ListShards", body); status != 200 {
		t.Errorf("a long tag: status %d, %v", status, got)
	}
}

// A body is malformed if it is not CBOR, repeats a member, has data after its end, or holds a value
// that JSON cannot hold.
func TestMalformedCBOR(t *testing.T) {
	for name, body := range map[string][]byte{
		"empty":           {},
		"a list":          {0x80},
		"truncated":       {0xa1, 0x61, 'a'},
		"trailing data":   {0xa0, 0x00},
		"repeated member": append([]byte{0xa2}, "\x61a\x01\x61a\x01"...),
		"repeated later":  []byte("\xa3\x67Records\x80\x61a\x01\x67Records\x80"),
		"repeated deep":   []byte("\xa1\x67Records\x81\xa2\x61a\x01\x61a\x01"),
		"number as name":  {0xa1, 0x01, 0x01},
		"a name in bytes": []byte("\xa1\x41a\x01"),
		"name not UTF-8":  []byte("\xa1\x61\xff\x01"),
		"not UTF-8":       []byte("\xa1\x6aStreamName\x61\xff"),
		"bytes as name":   append(append([]byte{0xa1}, "\x6aStreamName"...), 0x41, 'a'),
		"tagged data":     append(append([]byte{0xa1}, "\x67Records"...), append([]byte{0x81, 0xa1}, "\x64Data\xc1\x01"...)...),
		"long list":       append([]byte("\xa1\x67Records\x9a\x00\x02\x00\x01"), bytes.Repeat([]byte{0xa0}, 1<<17+1)...),
		"deep nesting":    append([]byte("\xa1\x61a"), bytes.Repeat([]byte{0x81}, 100_000)...),
	} {
		stream := newStream(putrecords.Config{})
		status, got := callCBORBytes(t, kinesishttp.NewHandler(stream), "PutRecords", body)
		if diff := cmp.Diff(map[string]any{"__type": "SerializationException"}, got); status != 400 || diff != "" {
			t.Errorf("%s: status %d (-want +got):\n%s", name, status, diff)
		}
	}
}

// A repeated member is found among few members and among many, with other structures in between.
func TestRepeatedMemberInCBOR(t *testing.T) {
	for n := 2; n <= 18; n++ {
		for again := range n {
			body := []byte{0xbf}
			for i := range n {
				body = append(body, 0x61, 'a'+byte(i))
				body = append(body, "\xa2\x61a\xa0\x61b\xa0"...)
			}
			body = append(body, "\x67Records\x81\xbf\x61a\x01\xff"...)
			handler := kinesishttp.NewHandler(newStream(putrecords.Config{}))
			for _, test := range []struct{ name, code string }{{"other", "ValidationException"}, {string(rune('a' + again)), "SerializationException"}} {
				sent := append(slices.Clip(body), 0x60+byte(len(test.name)))
				sent = append(sent, test.name+"\x01\xff"...)
				if _, got := callCBORBytes(t, handler, "PutRecords", sent); got["__type"] != test.code {
					t.Errorf("%d members and %q: %v, want %s", n, test.name, got, test.code)
				}
			}
		}
	}
}
