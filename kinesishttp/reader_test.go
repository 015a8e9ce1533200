package kinesishttp_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/kinesishttp"
)

// A value of the wrong type is rejected with production's message.
func TestSerializationExceptions(t *testing.T) {
	const (
		boolean   = "class java.lang.Boolean can not be converted to "
		numeric   = "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to "
		list      = "Start of list found where not expected"
		structure = "Start of structure or map found where not expected."
	)
	for _, test := range []struct{ body, message string }{
		{`{"StreamName":true}`, boolean + "an String"},
		{`{"StreamName":false}`, boolean + "an String"},
		{`{"StreamName":23456}`, numeric + "an String"},
		{`{"StreamName":-1.5e300}`, numeric + "an String"},
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
		{`{"Records":[{"ExplicitHashKey":1}]}`, numeric + "an String"},
		{`{"Records":[{"Data":true}]}`, boolean + "a Blob"},
		{`{"Records":[{"Data":34}]}`, numeric + "a Blob"},
		{`{"Records":[{"Data":[]}]}`, list},
		{`{"Records":[{"Data":{}}]}`, structure},
		{`{"DryRun":34}`, numeric + "an Boolean"},
		{`{"DryRun":"hello"}`, "'HELLO' can not be converted to an Boolean"},
		{`{"DryRun":[]}`, list},
		{`{"DryRun":{}}`, structure},
		// The message is about the first such value. The reader still checks the rest of the body.
		{`{"Records":[{"Data":true},{"Data":34}],"StreamName":[]}`, boolean + "a Blob"},
		{`{"Records":[{"Data":34,"PartitionKey":true}],"StreamName":[]}`, numeric + "a Blob"},
	} {
		wantSerializationException(t, "PutRecords", test.body, test.message)
	}
	for _, test := range []struct{ operation, body, message string }{
		{"PutRecord", `{"Data":34}`, numeric + "a Blob"},
		{"PutRecord", `{"SequenceNumberForOrdering":34}`, numeric + "an String"},
		{"PutRecord", `{"ExplicitHashKey":[]}`, list},
		{"PutRecord", `{"PartitionKey":{}}`, structure},
		{"PutRecord", `{"DryRun":1}`, numeric + "an Boolean"},
		{"DescribeStream", `{"Limit":true}`, boolean + "an Integer"},
		{"DescribeStream", `{"Limit":"1"}`, "class java.lang.String can not be converted to an Integer"},
		{"DescribeStream", `{"Limit":[]}`, list},
		{"DescribeStream", `{"ExclusiveStartShardId":1}`, numeric + "an String"},
		{"DescribeStreamSummary", `{"StreamName":1}`, numeric + "an String"},
		{"ListShards", `{"MaxResults":{}}`, structure},
		{"ListShards", `{"NextToken":1}`, numeric + "an String"},
		{"ListShards", `{"ShardFilter":1}`, "Expected null"},
		{"ListShards", `{"ShardFilter":{"Type":1}}`, numeric + "an String"},
		{"ListShards", `{"StreamCreationTimestamp":true}`, boolean + "milliseconds since epoch"},
		{"ListShards", `{"StreamCreationTimestamp":"2026"}`, "class java.lang.String can not be converted to milliseconds since epoch"},
		{"ListShards", `{"ShardFilter":{"Timestamp":[]}}`, list},
	} {
		wantSerializationException(t, test.operation, test.body, test.message)
	}
}

// wantSerializationException makes a request in JSON and in CBOR and checks that both
// are rejected with message.
func wantSerializationException(t *testing.T, operation, body, message string) {
	t.Helper()
	handler := kinesishttp.NewHandler(newStream(putrecords.Config{}))
	want := map[string]any{"__type": "SerializationException", "Message": message}
	status, answer := call(t, handler, operation, body)
	if diff := cmp.Diff(want, decodeJSON(t, answer)); status != 400 || diff != "" {
		t.Errorf("%s %s: status %d (-want +got):\n%s", operation, body, status, diff)
	}
	// In CBOR, members with shorter names come first, so each body here has them in that order.
	status, got := callCBOR(t, handler, operation, decodeJSON(t, body))
	if diff := cmp.Diff(want, got); status != 400 || diff != "" {
		t.Errorf("CBOR of %s %s: status %d (-want +got):\n%s", operation, body, status, diff)
	}
}

// A list may be longer than AWS allows, but its length is bounded.
func TestLongLists(t *testing.T) {
	handler := kinesishttp.NewHandler(newStream(putrecords.Config{}))
	records := func(n int) string { return `{"StreamName":"stream","Records":[` + strings.Repeat(`1,`, n-1) + `1]}` }
	wantAnswer(t, handler, "PutRecords", records(1<<17), 400, `{"__type":"SerializationException","Message":"Expected null"}`)
	wantAnswer(t, handler, "PutRecords", records(1<<17+1), 400, `{"__type":"SerializationException"}`)
}

// A structure may have more members than AWS's, but their number is bounded. That holds for ignored
// structures too.
func TestManyMembers(t *testing.T) {
	handler := kinesishttp.NewHandler(newStream(putrecords.Config{}))
	for n, message := range map[int]any{1024: "Expected list or null", 1025: nil} {
		members := map[string]any{"Records": true}
		for i := len(members); i < n; i++ {
			members[fmt.Sprint("Member", i)] = i
		}
		for where, body := range map[string]map[string]any{
			"in the body":          members,
			"in a record":          {"StreamName": "stream", "Records": []any{members, true}},
			"in an ignored member": {"Records": true, "Other": []any{map[string]any{"Other": members}}},
		} {
			want := map[string]any{"__type": "SerializationException"}
			if message != nil {
				want["Message"] = message
			}
			if where == "in a record" && message != nil {
				want["Message"] = "Expected null"
			}
			encoded, err := json.Marshal(body)
			if err != nil {
				t.Fatal(err)
			}
			_, answer := call(t, handler, "PutRecords", string(encoded))
			if diff := cmp.Diff(want, decodeJSON(t, answer)); diff != "" {
				t.Errorf("%d members %s (-want +got):\n%s", n, where, diff)
			}
			_, got := callCBOR(t, handler, "PutRecords", body)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%d members %s, in CBOR (-want +got):\n%s", n, where, diff)
			}
		}
	}
}

// Members that an operation does not have are ignored, and null means that a member is absent.
func TestIgnoredMembers(t *testing.T) {
	stream := newStream(putrecords.Config{})
	wantAnswer(t, kinesishttp.NewHandler(stream), "PutRecords", ` {"Other":{"Records":[1,{"a":"b"}]},"StreamARN":null,"DryRun":null,"StreamId":"x",
		"Records":[{"PartitionKey":"a","Data":"","ExplicitHashKey":null,"other":[],"data":1}],"streamname":1,"StreamName":"stream"} `, 200,
		`{"FailedRecordCount":0,"Records":[{"SequenceNumber":"`+number(0, 1)+`","ShardId":"shardId-000000000000"}]}`)
	wantAnswer(t, kinesishttp.NewHandler(stream), "PutRecords", `{"StreamName":"stream","Records":null}`, 400,
		`{"__type":"ValidationException","message":"1 validation error detected: `+
			`Value null at 'records' failed to satisfy constraint: Member must not be null"}`)
	wantAnswer(t, kinesishttp.NewHandler(stream), "PutRecords", `{"StreamName":"stream","Records":[null]}`, 400,
		`{"__type":"ValidationException","message":"1 validation error detected: `+
			`Value null at 'records.1.member.data' failed to satisfy constraint: Member must not be null"}`)
}

// Like production, a handler accepts a few strings as booleans.
func TestBooleansFromStrings(t *testing.T) {
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
