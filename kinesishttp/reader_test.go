package kinesishttp_test

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/kinesishttp"
)

// Values of the wrong type, and production's texts about them.
func TestSerializationExceptions(t *testing.T) {
	const (
		boolean   = "class java.lang.Boolean can not be converted to "
		number    = "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to "
		list      = "Start of list found where not expected"
		structure = "Start of structure or map found where not expected."
	)
	for _, test := range []struct{ body, text string }{
		{`{"StreamName":true}`, boolean + "an String"},
		{`{"StreamName":false}`, boolean + "an String"},
		{`{"StreamName":23456}`, number + "an String"},
		{`{"StreamName":-1.5e300}`, number + "an String"},
		{`{"StreamName":[]}`, list},
		{`{"StreamName":{}}`, structure},
		{`{"StreamARN":true}`, boolean + "an String"},
		{`{"Records":true}`, "Expected list or null"},
		{`{"Records":34}`, "Expected list or null"},
		{`{"Records":"hi"}`, "Expected list or null"},
		{`{"Records":{}}`, structure},
		{`{"Records":[true]}`, "Expected null"},
		{`{"Records":[34]}`, "Expected null"},
		{`{"Records":["hi"]}`, "Expected null"},
		{`{"Records":[[]]}`, list},
		{`{"Records":[{"PartitionKey":true}]}`, boolean + "an String"},
		{`{"Records":[{"PartitionKey":{"a":[1,{"b":[]}]}}]}`, structure},
		{`{"Records":[{"ExplicitHashKey":1}]}`, number + "an String"},
		{`{"Records":[{"Data":true}]}`, boolean + "a Blob"},
		{`{"Records":[{"Data":34}]}`, number + "a Blob"},
		{`{"Records":[{"Data":[]}]}`, list},
		{`{"Records":[{"Data":{}}]}`, structure},
		{`{"DryRun":34}`, number + "an Boolean"},
		{`{"DryRun":"hello"}`, "'HELLO' can not be converted to an Boolean"},
		{`{"DryRun":[]}`, list},
		{`{"DryRun":{}}`, structure},
		// The first is told of, and what is behind it is read all the same.
		{`{"Records":[{"Data":true},{"Data":34}],"StreamName":[]}`, boolean + "a Blob"},
		{`{"Records":[{"Data":34,"PartitionKey":true}],"StreamName":[]}`, number + "a Blob"},
	} {
		wantSerializationException(t, "PutRecords", test.body, test.text)
	}
	for _, test := range []struct{ operation, body, text string }{
		{"PutRecord", `{"Data":34}`, number + "a Blob"},
		{"PutRecord", `{"SequenceNumberForOrdering":34}`, number + "an String"},
		{"PutRecord", `{"ExplicitHashKey":[]}`, list},
		{"PutRecord", `{"PartitionKey":{}}`, structure},
		{"PutRecord", `{"DryRun":1}`, number + "an Boolean"},
		{"DescribeStream", `{"Limit":true}`, boolean + "an Integer"},
		{"DescribeStream", `{"Limit":"1"}`, "class java.lang.String can not be converted to an Integer"},
		{"DescribeStream", `{"Limit":[]}`, list},
		{"DescribeStream", `{"ExclusiveStartShardId":1}`, number + "an String"},
		{"DescribeStreamSummary", `{"StreamName":1}`, number + "an String"},
		{"ListShards", `{"MaxResults":{}}`, structure},
		{"ListShards", `{"NextToken":1}`, number + "an String"},
		{"ListShards", `{"ShardFilter":1}`, "Expected null"},
		{"ListShards", `{"ShardFilter":{"Type":1}}`, number + "an String"},
		{"ListShards", `{"StreamCreationTimestamp":true}`, boolean + "milliseconds since epoch"},
		{"ListShards", `{"StreamCreationTimestamp":"2026"}`, "class java.lang.String can not be converted to milliseconds since epoch"},
		{"ListShards", `{"ShardFilter":{"Timestamp":[]}}`, list},
	} {
		wantSerializationException(t, test.operation, test.body, test.text)
	}
}

// wantSerializationException makes a request in JSON, and in CBOR too, and expects the text.
func wantSerializationException(t *testing.T, operation, body, text string) {
	t.Helper()
	stream := newStream(putrecords.Config{})
	handler := kinesishttp.NewHandler(stream)
	wantJSON, err := json.Marshal(map[string]string{"__type": "SerializationException", "Message": text})
	if err != nil {
		t.Fatal(err)
	}
	if status, got := call(t, handler, operation, body); status != 400 || !sameJSON(t, got, string(wantJSON)) {
		t.Errorf("%s %s:\n%d %s, want\n400 %s", operation, body, status, got, wantJSON)
	}

	var decoded any
	if err := json.Unmarshal([]byte(body), &decoded); err != nil {
		t.Fatal(err)
	}
	encoded, err := cbor.Marshal(decoded)
	if err != nil {
		t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, newRequest(t, cborType, operation, encoded))
	var got struct {
		Type    string `cbor:"__type"`
		Message string
	}
	if err := cbor.Unmarshal(answer.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	// Where several are wrong, the first of them by name is told of in CBOR.
	if answer.Code != 400 || got.Type != "SerializationException" || got.Message != text {
		t.Errorf("CBOR of %s %s: %d %+v, want %s", operation, body, answer.Code, got, text)
	}
}

func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	var x, y map[string]string
	if err := json.Unmarshal([]byte(a), &x); err != nil {
		t.Fatalf("%s: %v", a, err)
	}
	if err := json.Unmarshal([]byte(b), &y); err != nil {
		t.Fatalf("%s: %v", b, err)
	}
	return len(x) == len(y) && x["__type"] == y["__type"] && x["Message"] == y["Message"]
}

// A list may be longer than AWS's, but not without end.
func TestLongLists(t *testing.T) {
	handler := kinesishttp.NewHandler(newStream(putrecords.Config{}))
	list := func(n int) string { return `{"StreamName":"stream","Records":[` + strings.Repeat(`1,`, n-1) + `1]}` }
	want(t, handler, "PutRecords", list(1<<17), 400, `{"__type":"SerializationException","Message":"Expected null"}`)
	want(t, handler, "PutRecords", list(1<<17+1), 400, `{"__type":"SerializationException"}`)
}

// Members that an operation does not have are ignored, and null is as good as absent.
func TestIgnoredMembers(t *testing.T) {
	stream := newStream(putrecords.Config{})
	want(t, kinesishttp.NewHandler(stream), "PutRecords", ` {"Other":{"Records":[1,{"a":"b"}]},"StreamARN":null,"DryRun":null,"StreamId":"x",
		"Records":[{"PartitionKey":"a","Data":"","ExplicitHashKey":null,"other":[],"data":1}],"streamname":1,"StreamName":"stream"} `, 200,
		`{"FailedRecordCount":0,"Records":[{"SequenceNumber":"`+number(0, 1)+`","ShardId":"shardId-000000000000"}]}`)
	want(t, kinesishttp.NewHandler(stream), "PutRecords", `{"StreamName":"stream","Records":null}`, 400,
		`{"__type":"ValidationException","message":"1 validation error detected: `+
			`Value null at 'records' failed to satisfy constraint: Member must not be null"}`)
	want(t, kinesishttp.NewHandler(stream), "PutRecords", `{"StreamName":"stream","Records":[null]}`, 400,
		`{"__type":"ValidationException","message":"2 validation errors detected: `+
			`Value null at 'records.1.member.partitionKey' failed to satisfy constraint: Member must not be null; `+
			`Value null at 'records.1.member.data' failed to satisfy constraint: Member must not be null"}`)
}

// Production reads a few strings as booleans.
func TestDryRunFromStrings(t *testing.T) {
	for value, dry := range map[string]bool{
		`true`: true, `"true"`: true, `"TRUE"`: true, `"yes"`: true, `"1"`: true, `false`: false, `"False"`: false, `"no"`: false, `"0"`: false,
	} {
		stream := newStream(putrecords.Config{})
		status, got := call(t, kinesishttp.NewHandler(stream), "PutRecord", `{"StreamName":"stream","Data":"","PartitionKey":"a","DryRun":`+value+`}`)
		if dry != (status == 400) || dry != strings.Contains(got, "DryRunOperationException") || dry != (stored(t, stream) == 0) {
			t.Errorf("DryRun %s: %d %s", value, status, got)
		}
	}
}
