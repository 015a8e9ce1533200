package kinesishttp_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/kinesishttp"
)

func TestPutRecords(t *testing.T) {
	stream := newStream(putrecords.Config{Name: "orders", Shards: 2, Limits: putrecords.Limits{RecordsPerSecond: 1}})
	handler := kinesishttp.NewHandler(stream)
	want(t, handler, "PutRecords", `{"StreamName":"orders","Records":[
		{"Data":"aGVsbG8=","PartitionKey":"a"},
		{"Data":"","PartitionKey":"a","ExplicitHashKey":"340282366920938463463374607431768211455"},
		{"Data":"aGVsbG8=","PartitionKey":"a"}]}`,
		http.StatusOK, `{"FailedRecordCount":1,"Records":[`+
			`{"SequenceNumber":"`+number(0, 1)+`","ShardId":"shardId-000000000000"},`+
			`{"SequenceNumber":"`+number(1, 1)+`","ShardId":"shardId-000000000001"},`+
			`{"ErrorCode":"ProvisionedThroughputExceededException",`+
			`"ErrorMessage":"Rate exceeded for shard shardId-000000000000 in stream orders under account 000000000000."}]}`)
	for record, err := range stream.Records("shardId-000000000000") {
		if err != nil || string(record.Data) != "hello" || record.PartitionKey != "a" {
			t.Errorf("stored %q by key %q, %v", record.Data, record.PartitionKey, err)
		}
	}
}

func TestPutRecord(t *testing.T) {
	stream := newStream(putrecords.Config{Name: "orders", Limits: putrecords.Limits{RecordsPerSecond: 3}})
	handler := kinesishttp.NewHandler(stream)
	const record = `"StreamName":"orders","Data":"aGVsbG8=","PartitionKey":"a"`
	answer := func(position uint64) string {
		return `{"SequenceNumber":"` + number(0, position) + `","ShardId":"shardId-000000000000"}`
	}
	want(t, handler, "PutRecord", `{`+record+`}`, 200, answer(1))
	want(t, handler, "PutRecord", `{`+record+`,"SequenceNumberForOrdering":"`+number(0, 1)+`"}`, 200, answer(2))
	want(t, handler, "PutRecord", `{`+record+`,"ExplicitHashKey":"1","SequenceNumberForOrdering":"0"}`, 200, answer(3))
	want(t, handler, "PutRecord", `{`+record+`}`, 400, `{"__type":"ProvisionedThroughputExceededException",`+
		`"message":"Rate exceeded for shard shardId-000000000000 in stream orders under account 000000000000."}`)
	want(t, handler, "PutRecord", `{`+record+`,"SequenceNumberForOrdering":"1"}`, 400, `{"__type":"InvalidArgumentException",`+
		`"message":"ExclusiveMinimumSequenceNumber 1 used in PutRecord on stream orders under account 000000000000 is invalid."}`)
	want(t, handler, "PutRecord", `{"StreamName":"orders","Data":""}`, 400, `{"__type":"ValidationException",`+
		`"message":"1 validation error detected: Value null at 'partitionKey' failed to satisfy constraint: Member must not be null"}`)
	if n := stored(t, stream); n != 3 {
		t.Errorf("%d records are stored, want 3", n)
	}
}

// The members of errors, and their status.
func TestErrors(t *testing.T) {
	const put = `{"StreamName":"stream","Records":[{"Data":"","PartitionKey":"<&>"}]}`
	for _, test := range []struct {
		fault  putrecords.Fault
		status int
		body   string
	}{
		{
			putrecords.Fault{WholeRequest: true},
			500, `{"__type":"InternalFailure","message":"Internal service failure."}`,
		},
		{
			putrecords.Fault{Code: putrecords.AccessDeniedException, Message: "No."},
			400, `{"__type":"AccessDeniedException","Message":"No."}`,
		},
		{
			putrecords.Fault{Code: putrecords.KMSThrottlingException, Message: `<&> "é" ` + "\u2028"},
			400, `{"__type":"KMSThrottlingException","message":"<&> \"é\" ` + "\u2028" + `"}`,
		},
	} {
		stream := newStream(putrecords.Config{})
		stream.Inject(test.fault)
		want(t, kinesishttp.NewHandler(stream), "PutRecords", put, test.status, test.body)
	}
	stream := newStream(putrecords.Config{})
	stream.Inject(putrecords.Fault{Code: putrecords.AccessDeniedException, Message: "not UTF-8: \xff"})
	want(t, kinesishttp.NewHandler(stream), "PutRecords", put, 400, `{"__type":"AccessDeniedException","Message":"not UTF-8: `+"\ufffd"+`"}`)
	stream.Inject(putrecords.Fault{Message: "<&>"})
	want(t, kinesishttp.NewHandler(stream), "PutRecords", put, 200,
		`{"FailedRecordCount":1,"Records":[{"ErrorCode":"InternalFailure","ErrorMessage":"<&>"}]}`)
}

func TestEncryptionType(t *testing.T) {
	stream := newStream(putrecords.Config{EncryptionType: putrecords.EncryptionKMS})
	handler := kinesishttp.NewHandler(stream)
	want(t, handler, "PutRecords", `{"StreamName":"stream","Records":[{"Data":"","PartitionKey":"a"}]}`, 200,
		`{"EncryptionType":"KMS","FailedRecordCount":0,"Records":[{"SequenceNumber":"`+number(0, 1)+`","ShardId":"shardId-000000000000"}]}`)
	want(t, handler, "PutRecord", `{"StreamName":"stream","Data":"","PartitionKey":"a"}`, 200,
		`{"EncryptionType":"KMS","SequenceNumber":"`+number(0, 2)+`","ShardId":"shardId-000000000000"}`)
}

// callCBOR makes a request in CBOR and returns the status and the decoded answer.
func callCBOR(t *testing.T, handler http.Handler, operation string, body any) (int, map[string]any) {
	t.Helper()
	encoded, err := cbor.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, newRequest(t, cborType, operation, encoded))
	if got := answer.Header().Get("Content-Type"); got != cborType {
		t.Errorf("content type %q, want %q", got, cborType)
	}
	var decoded map[string]any
	if err := cbor.Unmarshal(answer.Body.Bytes(), &decoded); err != nil {
		t.Fatalf("%x: %v", answer.Body, err)
	}
	return answer.Code, decoded
}

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
	wantAnswer := map[string]any{
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
	if diff := cmp.Diff(wantAnswer, got); status != 200 || diff != "" {
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
	wantAnswer = map[string]any{
		"__type":  "ProvisionedThroughputExceededException",
		"message": "Rate exceeded for shard shardId-000000000000 in stream stream under account 000000000000.",
	}
	if diff := cmp.Diff(wantAnswer, got); status != 400 || diff != "" {
		t.Errorf("status %d (-want +got):\n%s", status, diff)
	}
}

// Bodies that are not CBOR, have a member twice or more behind their end, or hold what JSON has no name for.
func TestMalformedCBOR(t *testing.T) {
	for name, body := range map[string][]byte{
		"nothing":         {},
		"a list":          {0x80},
		"cut off":         {0xa1, 0x61, 'a'},
		"trailing":        {0xa0, 0x00},
		"a member twice":  append([]byte{0xa2}, "\x61a\x01\x61a\x01"...),
		"a number's name": {0xa1, 0x01, 0x01},
		"not UTF-8":       []byte("\xa1\x6aStreamName\x61\xff"),
		"bytes as name":   append(append([]byte{0xa1}, "\x6aStreamName"...), 0x41, 'a'),
		"text as data":    append(append([]byte{0xa1}, "\x67Records"...), append([]byte{0x81, 0xa1}, "\x64Data\xc1\x01"...)...),
		"many":            append([]byte("\xa1\x67Records\x9a\x00\x02\x00\x01"), bytes.Repeat([]byte{0xa0}, 1<<17+1)...),
		"deep":            append([]byte("\xa1\x61a"), bytes.Repeat([]byte{0x81}, 100_000)...),
	} {
		stream := newStream(putrecords.Config{})
		answer := httptest.NewRecorder()
		kinesishttp.NewHandler(stream).ServeHTTP(answer, newRequest(t, cborType, "PutRecords", body))
		var got map[string]string
		if err := cbor.Unmarshal(answer.Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]string{"__type": "SerializationException"}, got); answer.Code != 400 || diff != "" {
			t.Errorf("%s: status %d (-want +got):\n%s", name, answer.Code, diff)
		}
	}
}
