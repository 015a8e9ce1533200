package kinesishttp

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/putrecords/putrecords"
)

// readQuickly reads a body with a quickJSON. If that does not step aside, a jsonReader must read
// the same.
func readQuickly[In any](t rapid.TB, body []byte, read func(r reader, size int) In) (in In, ok bool) {
	t.Helper()
	quick := quickJSONs.New().(*quickJSON)
	quick.reset(body)
	in = read(quick, len(body))
	if err := quick.end(); err != nil {
		if !errors.Is(err, errUnusual) {
			t.Fatalf("%q: error %v, want %v", body, err, errUnusual)
		}
		return in, false
	}
	careful := jsonReaders.New().(*jsonReader)
	careful.reset(body)
	want := read(careful, len(body))
	if err := careful.end(); err != nil {
		t.Fatalf("%q: accepted, but the careful reader's error is %v", body, err)
	}
	if !reflect.DeepEqual(want, in) {
		t.Fatalf("%q (-careful +quick):\n%s", body, cmp.Diff(want, in))
	}
	return in, true
}

// usualBodies have the usual shape, for PutRecords or for PutRecord.
var usualBodies = []string{
	`{}`,
	`{"Records":[]}`,
	`{"Records":[{}]}`,
	`{"StreamName":"stream","Records":[{"Data":"aGk=","PartitionKey":"a"}]}`,
	`{"Records":[{"Data":"","PartitionKey":""},{"PartitionKey":"b","ExplicitHashKey":"0","Data":"YWJj"}],"StreamARN":"arn:aws:kinesis"}`,
	"\t{ \"StreamName\" : \"stream\" ,\r\n\"Records\" : [ { \"Data\" : \"aGk=\" , \"PartitionKey\" : \"é\u2028\x7f😀\" } , { } ] }\n ",
	`{"StreamName":"stream","StreamARN":"a","Data":"aGk=","PartitionKey":"a","ExplicitHashKey":"0","SequenceNumberForOrdering":"1"}`,
	` { "PartitionKey" : "/+<&>'" , "Data" : "+/+/" } `,
}

func TestQuickJSONReadsTheUsualShape(t *testing.T) {
	for _, body := range usualBodies {
		_, many := readQuickly(t, []byte(body), readPutRecords)
		_, one := readQuickly(t, []byte(body), readPutRecord)
		if !many && !one {
			t.Errorf("%s: stepped aside", body)
		}
	}
}

func TestQuickJSONStepsAside(t *testing.T) {
	record := `{"Data":"aGk=","PartitionKey":"a"}`
	for reason, bodies := range map[string][]string{
		"malformed": {
			``, ` `, `x`, `[]`, `""`, `{`, `}`, `{"`, `{"StreamName`, `{"StreamName"`, `{"StreamName":`, `{"StreamName":"`, `{"StreamName":"a`,
			`{"StreamName":"a"`, `{"StreamName":"a",`, `{"StreamName":"a",}`, `{,"StreamName":"a"}`, `{"StreamName" "a"}`, `{"StreamName","a"}`,
			`{"StreamName":"a" "StreamARN":"a"}`, `{"StreamName":"a";"StreamARN":"a"}`, `{StreamName:"a"}`, `{'StreamName':"a"}`, `{"StreamName":'a'}`,
			`{"StreamName":"a"]`, `{"Records"}`, `{"Records":}`, `{"Records":[}`, `{"Records":[`, `{"Records":[` + record, `{"Records":[` + record + `,`,
			`{"Records":[` + record + `,]}`, `{"Records":[,` + record + `]}`, `{"Records":[` + record + record + `]}`, `{"Records":[` + record + `}}`,
			`{"Records":[` + record + `}`, `{"Records":` + record + `]}`, `{"Records":]}`, `{"Records":["Data":""}]}`,
			`"StreamName":"a"}`, `{"StreamName":a"}`, `{StreamName":"a"}`, `{"Records":[{"Data":aGk="}]}`,
			`{"Records":[` + record + `]`, `{"Records":` + record + `}`, `{"Records":[{]}`, `{"Records":[{"Data":""]}`,
		},
		"more after the end": {`{}{}`, `{} x`, `{},`, `{}}`, "{}\x00", "{}\v", "{}\u00a0", `{}"`, `{"StreamName":"a"}}`},
		"not white space":    {"\ufeff{}", "\v{}", "{\f}", "{\u00a0}", "\x00{}", "{\x00\"StreamName\":\"a\"}", "{/**/}"},
		"a repeated member": {
			`{"StreamName":"a","StreamName":"a"}`, `{"StreamName":"a","Records":[],"StreamName":"b"}`, `{"Records":[],"Records":[]}`,
			`{"Records":[{"Data":"","Data":""}]}`, `{"Records":[{},{"PartitionKey":"a","Data":"","PartitionKey":"a"}]}`,
		},
		"a member that the operation does not have": {
			`{"Other":"a"}`, `{"Data":""}`, `{"":""}`, `{"streamName":"a"}`, `{"StreamName ":"a"}`, `{"Records":[{"StreamName":"a"}]}`, `{"Records":[{"Other":[]}]}`,
		},
		"a boolean or a number": {
			`{"DryRun":true}`, `{"DryRun":"true"}`, `{"DryRun":null}`, `{"StreamName":1}`, `{"Records":1}`, `{"Records":[1]}`, `{"Records":[{"Data":1}]}`,
		},
		"null": {
			`null`, `{"StreamName":null}`, `{"Records":null}`, `{"Records":[null]}`, `{"Records":[{"Data":null}]}`, `{"Records":[{"PartitionKey":null}]}`,
		},
		"a value of the wrong type": {
			`{"StreamName":[]}`, `{"StreamName":{}}`, `{"Records":{}}`, `{"Records":"a"}`, `{"Records":["a"]}`, `{"Records":[[]]}`,
			`{"Records":[{"Data":[]}]}`, `{"Records":[{"PartitionKey":{}}]}`,
		},
		"an escape": {
			`{"StreamName":"a\"b"}`, `{"StreamName":"a\\"}`, `{"StreamName":"\u0061"}`, `{"StreamName":"\/"}`, `{"Stream\u004eame":"a"}`,
			`{"Records":[{"Data":"\/\/\/\/"}]}`, `{"Records":[{"Data":"YW\u004aj"}]}`, `{"Records":[{"PartitionKey":"\n"}]}`,
		},
		"a control character": {
			"{\"StreamName\":\"\x00\"}", "{\"StreamName\":\"a\nb\"}", "{\"StreamName\":\"\x1f\"}", "{\"Records\":[{\"Data\":\"YW\nJj\"}]}",
			"{\"Records\":[{\"Data\":\"YWJj\r\"}]}", "{\"Records\":[{\"Data\":\"\n\"}]}", "{\"Stream\nName\":\"a\"}",
		},
		"not UTF-8": {
			"{\"StreamName\":\"\xff\"}", "{\"StreamName\":\"\xffa\"}", "{\"StreamName\":\"\xc3\"}", "{\"StreamName\":\"\xed\xa0\x80\"}", "{\"StreamName\":\"\xc0\x80\"}", "{\"\xff\":\"a\"}",
		},
		"not base64": {
			`{"Records":[{"Data":"a"}]}`, `{"Records":[{"Data":"aGk"}]}`, `{"Records":[{"Data":"aGl="}]}`, `{"Records":[{"Data":"a-k="}]}`,
			`{"Records":[{"Data":"aGk= "}]}`, `{"Records":[{"Data":"aGk=aGk="}]}`, "{\"Records\":[{\"Data\":\"aG\xff=\"}]}",
		},
	} {
		for _, body := range bodies {
			if _, ok := readQuickly(t, []byte(body), readPutRecords); ok {
				t.Errorf("%s: %q is accepted", reason, body)
			}
		}
	}
}

// The limits of a quickJSON are at most those of a jsonReader.
func TestQuickJSONLimits(t *testing.T) {
	for n, want := range map[int]bool{maxElements - 1: true, maxElements: true, maxElements + 1: false} {
		body := `{"Records":[` + strings.Repeat(`{},`, n-1) + `{}]}`
		if in, ok := readQuickly(t, []byte(body), readPutRecords); ok != want || ok && len(in.Records) != n {
			t.Errorf("%d elements: accepted %v, with %d", n, ok, len(in.Records))
		}
	}
	readMembers := func(r reader, _ int) (names []string) {
		r.structure(func(name []byte) {
			names = append(names, string(name), *r.text())
		})
		return names
	}
	for n, want := range map[int]bool{maxQuickMembers - 1: true, maxQuickMembers: true, maxQuickMembers + 1: false} {
		members := make([]string, n)
		for i := range members {
			members[i] = `"` + strings.Repeat("a", i) + `":""`
		}
		body := `{` + strings.Join(members, `,`) + `}`
		if _, ok := readQuickly(t, []byte(body), readMembers); ok != want {
			t.Errorf("%d members: accepted %v, want %v", n, ok, want)
		}
	}
}

// Whatever a quickJSON accepts among bodies that are almost usual, a jsonReader reads too.
func TestQuickJSONReadsAsJSONReaderDoes(t *testing.T) {
	parts := []string{
		`{`, `}`, `[`, `]`, `,`, `:`, `"`, `\`, ` `, "\n", "\r", "\x00", "\xff", "é", `null`, `true`, `1`, `""`, `"a"`, `"Data"`, `"Records"`,
		`"StreamName":"b"`, `{}`, `=`, `A`,
	}
	accepted := 0
	rapid.Check(t, func(t *rapid.T) {
		body := []byte(rapid.SampledFrom(usualBodies).Draw(t, "body"))
		for range rapid.IntRange(0, 2).Draw(t, "edits") {
			at := rapid.IntRange(0, len(body)).Draw(t, "at")
			removed := rapid.IntRange(0, min(2, len(body)-at)).Draw(t, "removed")
			body = slices.Replace(body, at, at+removed, []byte(rapid.SampledFrom(parts).Draw(t, "part"))...)
		}
		if _, ok := readQuickly(t, body, readPutRecords); ok {
			accepted++
		}
		if _, ok := readQuickly(t, body, readPutRecord); ok {
			accepted++
		}
	})
	if accepted == 0 {
		t.Error("no body was accepted")
	}
}

// The bodies that encoding/json makes have the usual shape unless they need escapes.
func TestQuickJSONReadsWhatEncodersWrite(t *testing.T) {
	name := "stream"
	in := &putrecords.Input{StreamName: &name}
	for i := range 300 {
		in.Records = append(in.Records, putrecords.Entry(strings.Repeat("k", i%257), bytes.Repeat([]byte{byte(i)}, i)))
	}
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	got, ok := readQuickly(t, body, readPutRecords)
	if diff := cmp.Diff(in, got); !ok || diff != "" {
		t.Errorf("accepted %v (-want +got):\n%s", ok, diff)
	}
	for i, entry := range got.Records {
		if cap(entry.Data) != len(entry.Data) {
			t.Errorf("an append to the data of record %d overwrites that of the next one", i)
		}
	}
}

// A reader can read another body after any body. It does not keep the blobs of earlier ones.
func TestQuickJSONIsReusable(t *testing.T) {
	r := quickJSONs.New().(*quickJSON)
	for _, body := range []string{`"YWJj"`, `null`, `"YWJj"`, `"YWJj" `} {
		r.reset([]byte(body))
		blob := r.blob()
		if usual := body != `null`; (r.end() == nil) != usual || usual && (string(blob) != "abc" || len(r.blobs) != 3) {
			t.Errorf("%s: blob %q, %d bytes of blobs, error %v", body, blob, len(r.blobs), r.end())
		}
	}
}

// A reader that is used again must not change texts that it has read before.
func TestQuickJSONLeavesTextsAlone(t *testing.T) {
	r := quickJSONs.New().(*quickJSON)
	var got, want []string
	for i := range 3 * textStrings {
		want = append(want, strings.Repeat(string(rune('a'+i%26)), i*i%(textBytes+2)))
		r.reset([]byte(`"` + want[i] + `"`))
		got = append(got, *r.text())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if room, n := r.texts.room.Cap(), cap(r.texts.strings); room >= 2*textBytes || n > textStrings {
		t.Errorf("earlier texts are still there: room for %d texts and %d bytes", n, room)
	}
}

// Whatever a quickJSON accepts, a jsonReader reads in the same way.
func FuzzQuickJSON(f *testing.F) {
	for _, body := range usualBodies {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		readQuickly(t, body, readPutRecords)
		readQuickly(t, body, readPutRecord)
	})
}
