package kinesishttp_test

import (
	"strings"
	"testing"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/kinesishttp"
)

// A string that is not base64 is rejected with production's message. Any other is stored.
func TestBlobs(t *testing.T) {
	const (
		length = "Base64 encoded length is expected a multiple of 4 bytes but found: "
		char   = "Invalid Base64 character: "
		last   = "Invalid last non-pad Base64 character dectected"
	)
	long := strings.Repeat("abcd", 100)
	for _, test := range []struct{ data, shown, reason string }{
		{`23456`, `23456`, length + "5"},
		{`1`, `1`, length + "1"},
		{`ab=`, `ab=`, length + "3"},
		{`=+/=`, `=+/=`, char + "'='"},
		{`+/+=`, `+/+=`, last},
		{`ab==`, `ab==`, last},
		{`A===`, `A===`, last},
		{`====`, `====`, last},
		{`a=b=`, `a=b=`, char + "'='"},
		{`abc=abcd`, `abc=abcd`, char + "'='"},
		{`ab-_`, `ab-_`, char + "'-'"},
		{`abc\n`, "abc\n", char + "'\n'"},
		{`\nabc`, "\nabc", char + "'\n'"},
		{`\nabcd`, "\nabcd", length + "5"},
		{`\rabcd`, "\rabcd", length + "5"},
		{`\rabc`, "\rabc", char + "'\r'"},
		{`abcd\r\n\r\n`, "abcd\r\n\r\n", char + "'\r'"},
		{`abc `, `abc `, char + "' '"},
		{`abcé`, `abcé`, char + "'é'"},
		{`abcdé`, `abcdé`, length + "5"},
		{`ab😀`, `ab😀`, char + "'😀'"},
		{long + `abc\u0000`, long + "abc\x00", char + "'\x00'"},
		{long + `*` + long + `abc`, long + `*` + long + `abc`, char + "'*'"},
	} {
		stream := newStream(putrecords.Config{})
		status, got := call(t, kinesishttp.NewHandler(stream), "PutRecords",
			`{"StreamName":"stream","Records":[{"Data":"`+test.data+`","PartitionKey":"a"}]}`)
		answer := decodeJSON(t, got)
		want := "'" + test.shown + "' can not be converted to a Blob: " + test.reason
		if status != 400 || answer["__type"] != "SerializationException" || answer["Message"] != want {
			t.Errorf("%q: %d %s, want %q", test.data, status, got, want)
		}
	}
	for data, want := range map[string]string{
		"": "", "YQ==": "a", "YWI=": "ab", "YWJj": "abc", `YW\u004aj`: "abc", "+/+/": "\xfb\xff\xbf", `\/+\/+`: "\xff\xef\xfe",
	} {
		stream := newStream(putrecords.Config{})
		status, got := call(t, kinesishttp.NewHandler(stream), "PutRecords",
			`{"StreamName":"stream","Records":[{"Data":"`+data+`","PartitionKey":"a"}]}`)
		if status != 200 {
			t.Errorf("%q: %d %s", data, status, got)
		}
		for record, err := range stream.Records("shardId-000000000000") {
			if string(record.Data) != want || err != nil {
				t.Errorf("%q is stored as %q, error %v", data, record.Data, err)
			}
		}
	}
}
