package program

import (
	"bytes"
	"strings"
	"testing"
)

// A record's data is 100 bytes and has its token once. No token is part of another, or of a key.
func TestRecords(t *testing.T) {
	var traffic Traffic
	for _, i := range []int{0, 1, 10, 499, 500, 999_999} {
		data, token := traffic.Data(i), traffic.Token(i)
		if len(data) != 100 || bytes.Count(data, []byte(token)) != 1 {
			t.Errorf("record %d has %d bytes, and its token %s not once: %s", i, len(data), token, data)
		}
		for _, other := range []int{0, 1, 10, 499, 500, 999_999} {
			if other != i && (bytes.Contains(data, []byte(traffic.Token(other))) || traffic.Key(other) == traffic.Key(i)) {
				t.Errorf("records %d and %d are mistaken for each other", i, other)
			}
		}
		if strings.Contains(traffic.Key(i), token) {
			t.Errorf("the key of record %d contains its token", i)
		}
	}
}

func TestFromEnvironment(t *testing.T) {
	for _, test := range []struct {
		endpoint, stream, records string
		want                      Traffic
		err                       string
	}{
		{"http://127.0.0.1:1", "orders", "1", Traffic{"http://127.0.0.1:1", "orders", 1}, ""},
		{"http://127.0.0.1:1", "orders", "5000", Traffic{"http://127.0.0.1:1", "orders", 5000}, ""},
		{"", "orders", "1", Traffic{}, "PUTRECORDS_ENDPOINT and PUTRECORDS_STREAM must be set"},
		{"http://127.0.0.1:1", "", "1", Traffic{}, "PUTRECORDS_ENDPOINT and PUTRECORDS_STREAM must be set"},
		{"http://127.0.0.1:1", "orders", "", Traffic{}, `PUTRECORDS_RECORDS is "" and must be a positive number`},
		{"http://127.0.0.1:1", "orders", "0", Traffic{}, `PUTRECORDS_RECORDS is "0" and must be a positive number`},
		{"http://127.0.0.1:1", "orders", "many", Traffic{}, `PUTRECORDS_RECORDS is "many" and must be a positive number`},
	} {
		t.Setenv("PUTRECORDS_ENDPOINT", test.endpoint)
		t.Setenv("PUTRECORDS_STREAM", test.stream)
		t.Setenv("PUTRECORDS_RECORDS", test.records)
		got, err := fromEnvironment()
		if test.err == "" && (err != nil || got != test.want) {
			t.Errorf("%+v: %+v, error %v", test, got, err)
		}
		if test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)) {
			t.Errorf("%+v: error %v", test, err)
		}
	}
}
