package kinesishttp_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/kinesishttp"
)

func TestPutRecords(t *testing.T) {
	stream := newStream(putrecords.Config{Name: "orders", Shards: 2, Limits: putrecords.Limits{RecordsPerSecond: 1}})
	handler := kinesishttp.NewHandler(stream)
	wantAnswer(t, handler, "PutRecords", `{"StreamName":"orders","Records":[
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
			t.Errorf("stored %q with key %q, error %v", record.Data, record.PartitionKey, err)
		}
	}
}

// The sample request on AWS's page has a third Data of 13 characters, which is not base64.
func TestSampleRequestOfThePage(t *testing.T) {
	stream := newStream(putrecords.Config{Name: "exampleStreamName"})
	handler := kinesishttp.NewHandler(stream)
	request := func(thirdData string) string {
		return `{
    "Records": [
        {
            "Data": "XzxkYXRhPl8x",
            "PartitionKey": "partitionKey1"
        },
        {
            "Data": "f1PxFQo92Afh",
            "PartitionKey": "partitionKey2"
        },
        {
            "Data": "` + thirdData + `",
            "PartitionKey": "partitionKey3"
        }
    ],
    "StreamName": "exampleStreamName"
}`
	}
	const printed = "Gi4sEdd08HypA"
	wantAnswer(t, handler, "PutRecords", request(printed), http.StatusBadRequest, `{"__type":"SerializationException",`+
		`"Message":"'Gi4sEdd08HypA' can not be converted to a Blob: Base64 encoded length is expected a multiple of 4 bytes but found: 13"}`)
	if n := stored(t, stream); n != 0 {
		t.Errorf("%d records are stored", n)
	}
	result := func(position uint64) string {
		return `{"SequenceNumber":"` + number(0, position) + `","ShardId":"shardId-000000000000"}`
	}
	wantAnswer(t, handler, "PutRecords", request(printed[:12]), http.StatusOK,
		`{"FailedRecordCount":0,"Records":[`+result(1)+`,`+result(2)+`,`+result(3)+`]}`)
	if record := recordsOf(t, stream, "shardId-000000000000")[0]; string(record.Data) != "_<data>_1" || record.PartitionKey != "partitionKey1" {
		t.Errorf("the first record is %+v", record)
	}
}

func TestPutRecord(t *testing.T) {
	stream := newStream(putrecords.Config{Name: "orders", Limits: putrecords.Limits{RecordsPerSecond: 3}})
	handler := kinesishttp.NewHandler(stream)
	const record = `"StreamName":"orders","Data":"aGVsbG8=","PartitionKey":"a"`
	answer := func(position uint64) string {
		return `{"SequenceNumber":"` + number(0, position) + `","ShardId":"shardId-000000000000"}`
	}
	wantAnswer(t, handler, "PutRecord", `{`+record+`}`, 200, answer(1))
	wantAnswer(t, handler, "PutRecord", `{`+record+`,"SequenceNumberForOrdering":"`+number(0, 1)+`"}`, 200, answer(2))
	wantAnswer(t, handler, "PutRecord", `{`+record+`,"ExplicitHashKey":"1","SequenceNumberForOrdering":"0"}`, 200, answer(3))
	wantAnswer(t, handler, "PutRecord", `{`+record+`}`, 400, `{"__type":"ProvisionedThroughputExceededException",`+
		`"message":"Rate exceeded for shard shardId-000000000000 in stream orders under account 000000000000."}`)
	wantAnswer(t, handler, "PutRecord", `{`+record+`,"SequenceNumberForOrdering":"1"}`, 400, `{"__type":"InvalidArgumentException",`+
		`"message":"ExclusiveMinimumSequenceNumber 1 used in PutRecord on stream orders under account 000000000000 is invalid."}`)
	wantAnswer(t, handler, "PutRecord", `{"StreamName":"orders","Data":""}`, 400, `{"__type":"ValidationException",`+
		`"message":"1 validation error detected: Value null at 'partitionKey' failed to satisfy constraint: Member must not be null"}`)
	if n := stored(t, stream); n != 3 {
		t.Errorf("%d records are stored, want 3", n)
	}
}

func TestErrorBodies(t *testing.T) {
	const put = `{"StreamName":"stream","Records":[{"Data":"","PartitionKey":"<&>"}]}`
	for _, test := range []struct {
		fault  putrecords.Fault
		status int
		body   string
	}{
		{
			putrecords.Fault{WholeRequest: true},
			500, `{"__type":"InternalFailure"}`,
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
		wantAnswer(t, kinesishttp.NewHandler(stream), "PutRecords", put, test.status, test.body)
	}
	stream := newStream(putrecords.Config{})
	stream.Inject(putrecords.Fault{Code: putrecords.AccessDeniedException, Message: "not UTF-8: \xff"})
	wantAnswer(t, kinesishttp.NewHandler(stream), "PutRecords", put, 400, `{"__type":"AccessDeniedException","Message":"not UTF-8: `+"\ufffd"+`"}`)
	stream.Inject(putrecords.Fault{Message: "<&>"})
	wantAnswer(t, kinesishttp.NewHandler(stream), "PutRecords", put, 200,
		`{"FailedRecordCount":1,"Records":[{"ErrorCode":"InternalFailure","ErrorMessage":"<&>"}]}`)
}

func TestEncryptionType(t *testing.T) {
	stream := newStream(putrecords.Config{EncryptionType: putrecords.EncryptionKMS})
	handler := kinesishttp.NewHandler(stream)
	wantAnswer(t, handler, "PutRecords", `{"StreamName":"stream","Records":[{"Data":"","PartitionKey":"a"}]}`, 200,
		`{"EncryptionType":"KMS","FailedRecordCount":0,"Records":[{"SequenceNumber":"`+number(0, 1)+`","ShardId":"shardId-000000000000"}]}`)
	wantAnswer(t, handler, "PutRecord", `{"StreamName":"stream","Data":"","PartitionKey":"a"}`, 200,
		`{"EncryptionType":"KMS","SequenceNumber":"`+number(0, 2)+`","ShardId":"shardId-000000000000"}`)
}

// A call allocates far less than once a record. Java's clients send CBOR of indefinite length.
func TestAllocationsOfPutRecords(t *testing.T) {
	const record = `{"Data":"aGk=","PartitionKey":"a"},`
	const inCBOR = "\xa2\x64Data\x42hi\x6cPartitionKey\x61a"
	const indefinite = "\xbf\x64Data\x42hi\x6cPartitionKey\x61a\xff"
	for name, test := range map[string]struct{ contentType, body string }{
		"JSON":            {jsonType, `{"Records":[` + strings.Repeat(record, 499) + record[:len(record)-1] + `],"StreamName":"stream"}`},
		"CBOR":            {cborType, "\xa2\x67Records\x99\x01\xf4" + strings.Repeat(inCBOR, 500) + "\x6aStreamName\x66stream"},
		"indefinite CBOR": {cborType, "\xbf\x67Records\x9f" + strings.Repeat(indefinite, 500) + "\xff\x6aStreamName\x66stream\xff"},
	} {
		handler := benchmarkedHandler()
		request := newRequest(t, test.contentType, "PutRecords", nil)
		allocations := testing.AllocsPerRun(20, func() {
			request.Body = io.NopCloser(strings.NewReader(test.body))
			handler.ServeHTTP(&nullWriter{http.Header{}}, request)
		})
		if allocations > 200 {
			t.Errorf("%s: %v allocations for 500 records", name, allocations)
		}
	}
}
