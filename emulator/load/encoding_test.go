package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/kinesishttp"
)

const (
	jsonType = "application/x-amz-json-1.1"
	cborType = "application/x-amz-cbor-1.1"
)

// A realServer puts records with the handler of kinesishttp. It has no stream until a client
// creates one.
type realServer struct {
	mu      sync.Mutex
	stream  *putrecords.Stream
	handler http.Handler
	calls   map[string]int // by operation and content type
}

func (s *realServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	operation := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "Kinesis_20131202.")
	s.mu.Lock()
	s.calls[operation+" "+r.Header.Get("Content-Type")]++
	handler := s.handler
	s.mu.Unlock()
	if operation != "CreateStream" {
		handler.ServeHTTP(w, r)
		return
	}
	decode := inJSON.decode
	if r.Header.Get("Content-Type") == cborType {
		decode = inCBOR.decode
	}
	var in struct {
		StreamName string
		ShardCount int
	}
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = decode(body, &in)
	}
	if err != nil {
		reject(w, http.StatusTeapot, err.Error())
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stream = putrecords.MustNew(putrecords.Config{
		Name: in.StreamName, Shards: in.ShardCount, Limits: putrecords.Limits{RecordsPerSecond: -1, BytesPerSecond: -1},
	})
	s.handler = kinesishttp.NewHandler(s.stream)
}

func TestRecordsArrive(t *testing.T) {
	for _, test := range []struct {
		args                   []string
		operation, contentType string
		records                int    // of a call
		header                 string // of the table
	}{
		{[]string{"-records", "5"}, "PutRecords", jsonType, 5, "PutRecords in JSON with 5 × 100 bytes "},
		{[]string{"-records", "5", "-cbor"}, "PutRecords", cborType, 5, "PutRecords in CBOR with 5 × 100 bytes "},
		{[]string{"-single"}, "PutRecord", jsonType, 1, "PutRecord in JSON with 1 × 100 bytes "},
		{[]string{"-single", "-cbor"}, "PutRecord", cborType, 1, "PutRecord in CBOR with 1 × 100 bytes "},
	} {
		server := &realServer{handler: kinesishttp.NewHandler(), calls: make(map[string]int)}
		listening := httptest.NewServer(server)
		status, stdout, stderr := runWith(append(test.args, "-calls", "64", "-rounds", "1", "-connections", "1", listening.URL)...)
		listening.Close()
		if status != 0 || stderr != "" || !strings.HasPrefix(stdout, test.header) {
			t.Fatalf("%q: status %d, stdout %q, stderr %q", test.args, status, stdout, stderr)
		}
		const puts = 1 + 7 + 64 // check the answer, warm up, measure
		want := map[string]int{
			"DescribeStreamSummary " + test.contentType: 2,
			"CreateStream " + test.contentType:          1,
			test.operation + " " + test.contentType:     puts,
		}
		if !reflect.DeepEqual(server.calls, want) {
			t.Errorf("%q: calls %v, want %v", test.args, server.calls, want)
		}
		records := 0
		keys := make(map[string]bool)
		for r, err := range server.stream.AllRecords() {
			if err != nil || len(r.Data) != 100 {
				t.Fatalf("%q: %+v, %v", test.args, r, err)
			}
			records++
			keys[r.PartitionKey] = true
		}
		shards := len(server.stream.Shards())
		if records != puts*test.records || len(keys) != 64*test.records || shards != 4 {
			t.Errorf("%q: %d records with %d keys in %d shards", test.args, records, len(keys), shards)
		}
	}
}

func TestBodiesAreTheSameEachTime(t *testing.T) {
	for _, o := range []options{
		{records: 2, bytes: 10, stream: "s"},
		{records: 2, bytes: 10, stream: "s", cbor: true},
		{records: 1, bytes: 10, stream: "s", single: true},
	} {
		if a, b := newBodies(o), newBodies(o); !reflect.DeepEqual(a, b) {
			t.Errorf("%+v: %q\n%q", o, a, b)
		}
	}
}

func TestBodiesAreTheSameInAllEncodings(t *testing.T) {
	o := options{records: 3, bytes: 300, stream: "s"}
	var got [2][]putInput
	for i := range got {
		o.cbor = i == 1
		for _, body := range newBodies(o) {
			var in putInput
			if err := o.encoding().decode(body, &in); err != nil {
				t.Fatal(err)
			}
			got[i] = append(got[i], in)
		}
	}
	if !reflect.DeepEqual(got[0], got[1]) || len(got[0]) != 64 {
		t.Errorf("%+v", got)
	}
	if in := got[0][63]; in.StreamName != "s" || len(in.Records) != 3 || len(in.Records[2].Data) != 300 {
		t.Errorf("%+v", in)
	}
}

// The AWS SDK for Java writes lists and structures of indefinite length, and strings of definite
// length.
func TestCBOR(t *testing.T) {
	got := encodeCBOR(map[string]any{"b": []any{map[string]any{"Data": []byte{1, 2}}, "é"}, "a": 24})
	if want := "\xbf\x61a\x18\x18\x61b\x9f\xbf\x64Data\x42\x01\x02\xff\x62é\xff\xff"; !bytes.Equal(got, []byte(want)) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestFailedRecordCount(t *testing.T) {
	const name = "\x71FailedRecordCount"
	for _, test := range []struct {
		encoding
		body   string
		failed int
		found  bool
	}{
		{inJSON, `{"FailedRecordCount":0,"Records":[]}`, 0, true},
		{inJSON, `{"Records":[{"SequenceNumber":"1"}],"FailedRecordCount":500}`, 500, true},
		{inJSON, "{ \"FailedRecordCount\" :\r\n\t 12 }", 12, true},
		{inJSON, `{"Records":[{"ErrorMessage":"for stream FailedRecordCount"}],"FailedRecordCount":3}`, 3, true},
		{inJSON, `{"Records":[{"ErrorMessage":"\"FailedRecordCount\":9"}],"FailedRecordCount":3}`, 3, true},
		{inJSON, `{"FailedRecordCount":""}`, 0, false},
		{inJSON, `{"FailedRecordCount":-1}`, 0, false},
		{inJSON, `{"FailedRecordCount":1234567890}`, 0, false},
		{inJSON, `{"FailedRecordCount"`, 0, false},
		{inJSON, `{"Records":[]}`, 0, false},
		{inJSON, ``, 0, false},

		{inCBOR, "\xa1" + name + "\x00", 0, true},
		{inCBOR, "\xbf" + name + "\x17\xff", 23, true},
		{inCBOR, "\xbf" + name + "\x18\x18\xff", 24, true},
		{inCBOR, "\xa2" + name + "\x19\x01\xf4\x67Records\x80", 500, true},
		{inCBOR, "\xbf" + name + "\x1a\x00\x00\x01\xf4\xff", 500, true},
		{inCBOR, "\xbf\x61m\x72" + name + "\x67Records\x80" + name + "\x03\xff", 3, true}, // the first is a message
		{inCBOR, "\xa1" + name + "\x20", 0, false},                                        // -1
		{inCBOR, "\xa1" + name + "\x60", 0, false},                                        // ""
		{inCBOR, "\xa1" + name + "\x19\x01", 0, false},
		{inCBOR, "\xa1" + name, 0, false},
		{inCBOR, "\xa1\x67Records\x80", 0, false},
		{inCBOR, "", 0, false},
	} {
		if failed, found := test.failedRecordCount([]byte(test.body)); failed != test.failed || found != test.found {
			t.Errorf("%s %q: got %d, %v, want %d, %v", test.name, test.body, failed, found, test.failed, test.found)
		}
	}
}
