package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/putrecords/putrecords"
)

// readAll reads a trace. Each record is its time, the partition key and its size with the key.
func readAll(t *testing.T, trace *Trace, data []byte) (records []string, bad []string, err error) {
	t.Helper()
	trace.Report = func(line string) { bad = append(bad, line) }
	var all []Arrival
	for chunk, readErr := range trace.source(bytes.NewReader(data)) {
		all, err = append(all, chunk...), readErr
	}
	names := make(map[putrecords.HashKey]string)
	for _, key := range trace.Traffic.keys.hottest(100) {
		names[putrecords.HashKeyOf(string(key.Name))] = string(key.Name)
	}
	for _, a := range all {
		records = append(records, fmt.Sprint(a.At, " ", names[a.HashKey], " ", a.Bytes))
	}
	return records, bad, err
}

func TestReadTrace(t *testing.T) {
	for _, test := range []struct {
		name, trace string
		want, bad   []string
		late        int64
	}{
		{
			name: "CSV",
			trace: "time,key,bytes\n2026-01-05T12:00:00Z,a,10\n2026-01-05T12:00:00.25Z,\"b,\"\"\",0\r\n" +
				"2026-01-05T13:00:01+01:00,c,3\n",
			want: []string{"0s a 11", "250ms b,\" 3", "1s c 4"},
		},
		{
			name:  "other columns and another order",
			trace: "\ufeffbytes,shop,key,time\n1,x,a,1700000000\n2,y,b,1700000000.5\n",
			want:  []string{"0s a 2", "500ms b 3"},
		},
		{
			name:  "bad lines of CSV",
			trace: "time,key,bytes\n1,a,1\nx,a,1\n1,a,-1\n1,a,1.5\n1,,1\n1,a\n1,a\"b,1\n1,a,1048575\n1,a,1048576\n2,b,1\n-1,a,1\n1e3,a,1\n",
			want:  []string{"0s a 2", "0s a 1048576", "1s b 2"},
			bad: []string{
				`line 3: the time is "x", neither like 2026-01-05T12:00:00.5Z nor seconds since 1970`,
				`line 4: -1 bytes`,
				`line 5: bytes are "1.5", not a whole number`,
				`line 6: the key has 0 characters, not 1 to 256`,
				`line 7: 2 columns, want at least 3`,
				`line 8: bare " in non-quoted-field`,
				`line 10: 1048577 bytes, with the key, are more than the 1048576 that a record may have`,
				`line 12: the time is "-1", neither like 2026-01-05T12:00:00.5Z nor seconds since 1970`,
				`line 13: the time is "1e3", neither like 2026-01-05T12:00:00.5Z nor seconds since 1970`,
			},
		},
		{
			name:  "records that are late",
			trace: "time,key,bytes\n10,a,1\n12,b,1\n11.5,c,1\n9,d,1\n13,e,1\n",
			want:  []string{"0s a 2", "2s b 2", "2s c 2", "2s d 2", "3s e 2"},
			late:  2,
		},
		{
			name:  "a record more than a year later",
			trace: "time,key,bytes\n10,a,1\n31622410,b,1\n31622411,c,1\n",
			want:  []string{"0s a 2", "8784h0m0s b 2"},
			bad:   []string{"line 4: 1971-01-02 00:00:11 +0000 UTC is over 366 days after the first record"},
		},
		{
			name: "NDJSON",
			trace: `{"time":"2026-01-05T12:00:00Z","key":"a","bytes":10}` + "\n\n" +
				` {"bytes":1,"key":"\u00e9","time":"2026-01-05T12:00:01Z","more":[1]}` + "\r\n" + `{"time":1767614402.5,"key":"c","bytes":0}`,
			want: []string{"0s a 11", "1s é 3", "2.5s c 1"},
		},
		{
			name: "bad lines of NDJSON",
			trace: `{"time":1,"key":"a","bytes":1}` + "\n" + `{"time":1,"key":"a"}` + "\n" + "[]\n{\n" + `{"time":true,"key":"a","bytes":1}` + "\n" +
				`{"key":"` + strings.Repeat("k", maxLine) + `"}` + "\n" + `{"time":2,"key":"` + strings.Repeat("é", 256) + `","bytes":1}` + "\n" +
				`{"time":2,"key":"` + strings.Repeat("é", 257) + `","bytes":1}`,
			want: []string{"0s a 2", "1s " + strings.Repeat("é", 256) + " 513"},
			bad: []string{
				"line 2: it needs the members time, key and bytes",
				"line 3: json: cannot unmarshal array into Go value of type struct { Time json.RawMessage; Key *string; Bytes *int }",
				"line 4: unexpected end of JSON input",
				`line 5: the time is "true", neither like 2026-01-05T12:00:00.5Z nor seconds since 1970`,
				"line 6: longer than 65536 bytes",
				"line 8: the key has 257 characters, not 1 to 256",
			},
		},
		{
			name: "get-records, twice",
			trace: `{
    "Records": [
        {"SequenceNumber": "1", "ApproximateArrivalTimestamp": "2026-01-05T12:00:00.123000+00:00", "Data": "aGVsbG8=", "PartitionKey": "a"},
        {"SequenceNumber": "2", "ApproximateArrivalTimestamp": 1767614401.123, "Data": "", "PartitionKey": "b"},
        {"SequenceNumber": "3", "ApproximateArrivalTimestamp": 1767614401.123, "Data": "?", "PartitionKey": "b"},
        {"SequenceNumber": "4"}, 5
    ],
    "NextShardIterator": "x", "MillisBehindLatest": 0, "ChildShards": [{"Records": []}]
}
{"MillisBehindLatest": 0, "Records": [{"ApproximateArrivalTimestamp": 1767614402.123, "Data": "aGVsbG8=", "PartitionKey": "c"}]}`,
			want: []string{"0s a 6", "1s b 1", "2s c 6"},
			bad: []string{
				"record 3: illegal base64 data at input byte 0",
				"record 4: it needs the members ApproximateArrivalTimestamp, Data and PartitionKey",
				"record 5: json: cannot unmarshal number into Go value of type struct { ApproximateArrivalTimestamp json.RawMessage; " +
					"Data *string; PartitionKey *string }",
			},
		},
	} {
		for packing, data := range packed(t, test.trace) {
			trace := &Trace{}
			got, bad, err := readAll(t, trace, data)
			if err != nil || trace.Late != test.late || trace.Bad != int64(len(bad)) || trace.StoredOnly != strings.HasPrefix(test.name, "get-records") {
				t.Errorf("%s, %s: error %v, %d late, %d bad, stored only: %t", test.name, packing, err, trace.Late, trace.Bad, trace.StoredOnly)
			}
			if diff := cmp.Diff(test.want, got) + cmp.Diff(test.bad, bad); diff != "" {
				t.Errorf("%s, %s: records and bad lines differ (-want +got):\n%s", test.name, packing, diff)
			}
		}
	}
}

// packed returns data as it is, with gzip and with zstd.
func packed(t *testing.T, data string) map[string][]byte {
	t.Helper()
	var zipped, zstandard bytes.Buffer
	g := gzip.NewWriter(&zipped)
	z, err := zstd.NewWriter(&zstandard)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.Write([]byte(data)); err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write([]byte(data)); err != nil {
		t.Fatal(err)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{"plain": []byte(data), "gzip": zipped.Bytes(), "zstd": zstandard.Bytes()}
}

// Traces that cannot be read on are errors. What was read before is yielded.
func TestUnreadableTrace(t *testing.T) {
	long := strings.Repeat("1,a,1\n", 3*chunkSize)
	zipped := packed(t, "time,key,bytes\n"+long)["gzip"]
	for _, test := range []struct {
		name, trace, want string
		strict            bool
		records           int
	}{
		{name: "empty", want: "the trace is empty"},
		{name: "header", trace: "time,bytes\n", want: `the first line is "time,bytes", but must name the columns time, key and bytes`},
		{name: "cut gzip", trace: string(zipped[:len(zipped)-12]), want: "unexpected EOF", records: -1},
		{name: "cut JSON", trace: `{"Records": [{"ApproximateArrivalTimestamp": 1, "Data": "", "PartitionKey": "a"}`, want: "unexpected EOF", records: 1},
		{name: "no list", trace: `{"Records": {}}`, want: "{, where [ must be"},
		{name: "no object", trace: `{"Records": []} []`, want: "[, where { must be"},
		{name: "strict", trace: "time,key,bytes\n1,a,1\n2,b,x\n3,c,1\n", strict: true, want: `line 3: bytes are "x", not a whole number`, records: 1},
	} {
		got, bad, err := readAll(t, &Trace{Strict: test.strict}, []byte(test.trace))
		if err == nil || err.Error() != test.want || len(bad) > 0 || test.records >= 0 && len(got) != test.records {
			t.Errorf("%s: error %v, want %s; %d records, bad lines %q", test.name, err, test.want, len(got), bad)
		}
	}
}

// Nothing is read after the loop has ended.
func TestReadingStops(t *testing.T) {
	trace := &Trace{Report: func(string) {}}
	for chunk, err := range trace.source(strings.NewReader("time,key,bytes\n" + strings.Repeat("1,a,1\n", 3*chunkSize))) {
		if len(chunk) != chunkSize || err != nil {
			t.Errorf("%d records, error %v", len(chunk), err)
		}
		break
	}
	if trace.Traffic.Records != chunkSize || trace.Traffic.Length != 0*time.Second {
		t.Errorf("%d records were read", trace.Traffic.Records)
	}
}
