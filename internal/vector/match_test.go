package vector

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func decode(t *testing.T, text string) any {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return value
}

// began is when the streams of tests are created.
var began = time.Date(2026, 3, 4, 5, 6, 7, 800_000_000, time.UTC)

// newVector returns a vector with steps, which may lack what Parse requires.
func newVector(t *testing.T, steps ...string) *Vector {
	t.Helper()
	v := &Vector{Stream: Stream{StreamCreationTimestamp: began}}
	text := "[" + strings.Join(steps, ",") + "]"
	if err := json.Unmarshal([]byte(text), &v.Steps); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

var orders = Variables{Stream: "orders", Account: "123456789012", Region: "us-east-1", ARN: "arn:orders"}

// newRun returns a run on a server whose clock shows what the steps say.
func newRun(t *testing.T, steps ...string) *Run {
	t.Helper()
	return NewRun(newVector(t, steps...), orders, true, 0)
}

// check checks an answer to the next step.
func check(t *testing.T, r *Run, answer Answer) Result {
	t.Helper()
	result, err := r.Check(answer)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// wantDifferences fails unless the differences of a result are those wanted, and no older answer
// fits.
func wantDifferences(t *testing.T, result Result, want ...Difference) {
	t.Helper()
	if diff := cmp.Diff(Result{Differences: want}, result); diff != "" {
		t.Errorf("the result differs (-want +got):\n%s", diff)
	}
}

func TestDifferences(t *testing.T) {
	const (
		failed   = `{"__type": "X", "message": "M"}`
		failedUp = `{"__type": "X", "Message": "M"}`
		records  = `{"Records": [{"ShardId": "a"}, {"ShardId": "b"}]}`
	)
	for _, test := range []struct {
		name, want, got string
		differences     []Difference
	}{
		{"the same", `{"a": 1, "b": null}`, `{"b": null, "a": 1}`, nil},
		{"another value", `{"a": 1}`, `{"a": 2}`, []Difference{{Code, "a", "is 2, want 1"}}},
		{"another type", `{"a": "1"}`, `{"a": 1}`, []Difference{{Code, "a", `is 1, want "1"`}}},
		{"another case", `{"a": "x"}`, `{"a": "X"}`, []Difference{{Code, "a", `is "X", want "x"`}}},
		{"null for a value", `{"a": 1}`, `{"a": null}`, []Difference{{Code, "a", "is null, want 1"}}},
		{"a missing member", `{"a": 1}`, `{}`, []Difference{{Code, "a", "is missing, want 1"}}},
		{"a mis-cased member", `{"Aa": 1}`, `{"aa": 1}`, []Difference{
			{Code, "Aa", "is missing, want 1"},
			{Members, "aa", "is 1, want no such member"},
		}},
		{"an extra member", `{"a": 1}`, `{"a": 1, "b": 2}`, []Difference{{Members, "b", "is 2, want no such member"}}},
		{"a null member", `{"a": 1}`, `{"a": 1, "b": null}`, []Difference{{Members, "b", "is null, want no such member"}}},
		{"a null member deeper", records, `{"Records": [{"ShardId": "a", "ErrorCode": null}, {"ShardId": "b"}]}`, []Difference{
			{Members, "Records[1].ErrorCode", "is null, want no such member"},
		}},
		{"no encryption", records, `{"Records": [{"ShardId": "a"}, {"ShardId": "b"}], "EncryptionType": "NONE"}`, []Difference{
			{Members, "EncryptionType", `is "NONE", want no such member`},
		}},
		{"an element", records, `{"Records": [{"ShardId": "a"}, {"ShardId": "c"}]}`, []Difference{
			{Code, "Records[2].ShardId", `is "c", want "b"`},
		}},
		{"elements in another order", records, `{"Records": [{"ShardId": "b"}, {"ShardId": "a"}]}`, []Difference{
			{Code, "Records[1].ShardId", `is "b", want "a"`},
			{Code, "Records[2].ShardId", `is "a", want "b"`},
		}},
		{"one element less", records, `{"Records": [{"ShardId": "a"}]}`, []Difference{{Code, "Records", "has 1 elements, want 2"}}},
		{"one element more", `{"a": []}`, `{"a": [1]}`, []Difference{{Code, "a", "has 1 elements, want 0"}}},
		{"an object for an array", `{"a": []}`, `{"a": {}}`, []Difference{{Code, "a", "is an object with [], want an array"}}},
		{"null for an array", `{"a": []}`, `{"a": null}`, []Difference{{Code, "a", "is null, want an array"}}},
		{"an array for an object", `{"a": {"b": 1}}`, `{"a": [1]}`, []Difference{{Code, "a", `is an array of 1, want an object with ["b"]`}}},
		{"no body", `{"a": 1}`, `null`, []Difference{{Code, "", `is null, want an object with ["a"]`}}},
		{"a body", `null`, `{}`, []Difference{{Members, "body", "is an object with [], want none"}}},

		{"another code of an error", failed, `{"__type": "Y", "message": "M"}`, []Difference{{Code, "__type", `is "Y", want "X"`}}},
		{"a mis-cased code", failed, `{"__type": "x", "message": "M"}`, []Difference{{Code, "__type", `is "x", want "X"`}}},
		{"no code", failed, `{"message": "M"}`, []Difference{{Code, "__type", `is null, want "X"`}}},
		{"a namespace", failed, `{"__type": "com.amazonaws.kinesis#X", "message": "M"}`, []Difference{
			{Members, "__type", `has the namespace "com.amazonaws.kinesis"`},
		}},
		{"a namespace and another code", failed, `{"__type": "a#Y", "message": "M"}`, []Difference{
			{Members, "__type", `has the namespace "a"`},
			{Code, "__type", `is "a#Y", want "X"`},
		}},
		{"another text", failed, `{"__type": "X", "message": "m"}`, []Difference{{Text, "message", `is "m", want "M"`}}},
		{"no message", failed, `{"__type": "X"}`, []Difference{{Text, "message", `is missing, want "M"`}}},
		{"a null message", failed, `{"__type": "X", "message": null}`, []Difference{{Text, "message", `is null, want "M"`}}},
		{"Message for message", failed, failedUp, []Difference{{Members, "message", "is spelled Message"}}},
		{"message for Message", failedUp, failed, []Difference{{Members, "Message", "is spelled message"}}},
		{"Message with another text", failed, `{"__type": "X", "Message": "m"}`, []Difference{
			{Members, "message", "is spelled Message"},
			{Text, "message", `is "m", want "M"`},
		}},
		{"message in both spellings", failed, `{"__type": "X", "message": "M", "Message": "M"}`, []Difference{
			{Members, "Message", `is "M", want no such member`},
		}},
		{"a message in another spelling", failed, `{"__type": "X", "MESSAGE": "M"}`, []Difference{
			{Text, "message", `is missing, want "M"`},
			{Members, "MESSAGE", `is "M", want no such member`},
		}},
		{"another message of a record", `{"Records": [{"ErrorMessage": "M"}]}`, `{"Records": [{"ErrorMessage": "m"}]}`, []Difference{
			{Text, "Records[1].ErrorMessage", `is "m", want "M"`},
		}},
		{"no message of a record", `{"Records": [{"ErrorMessage": "M"}]}`, `{"Records": [{"message": "M"}]}`, []Difference{
			{Text, "Records[1].ErrorMessage", `is missing, want "M"`},
			{Members, "Records[1].message", `is "M", want no such member`},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRun(t, fmt.Sprintf(`{"action": "ListShards", "status": 200, "answer": %s}`, test.want))
			wantDifferences(t, check(t, r, Answer{Status: 200, Body: decode(t, test.got)}), test.differences...)
		})
	}
}

// With another status, nothing else of the answer is compared.
func TestStatusIsCode(t *testing.T) {
	for _, test := range []struct {
		status     int
		want, got  string
		difference string
	}{
		{400, `{"__type": "X", "message": "M"}`, `{"__type": "Y", "a": null}`, "is 500 Y, want 400 X"},
		{200, `{"a": 1}`, `{"__type": "Y"}`, "is 500 Y, want 200"},
		{200, `null`, `null`, "is 500, want 200"},
		{400, `{"__type": "X"}`, `"an error page"`, "is 500, want 400 X"},
	} {
		r := newRun(t, fmt.Sprintf(`{"status": %d, "answer": %s}`, test.status, test.want))
		wantDifferences(t, check(t, r, Answer{Status: 500, Body: decode(t, test.got)}), Difference{Code, "status", test.difference})
	}
}

func TestAny(t *testing.T) {
	values := map[string]string{
		"string": `""`, "number": `0`, "boolean": `false`, "array": `[]`, "object": `{}`, "null": `null`,
	}
	for want := range values {
		for kind, value := range values {
			r := newRun(t, fmt.Sprintf(`{"status": 200, "answer": {"a": {"$any": %q}}}`, want))
			result := check(t, r, Answer{Status: 200, Body: decode(t, fmt.Sprintf(`{"a": %s}`, value))})
			if fits := len(result.Differences) == 0; fits != (kind == want) || Has(result.Differences, Members, Text, Numbers) {
				t.Errorf("any %s and %s: %v", want, value, result.Differences)
			}
		}
	}
}

func TestSpecialValues(t *testing.T) {
	for _, test := range []struct {
		want, got   string
		differences []Difference
	}{
		{`{"$any": "string"}`, ``, []Difference{{Code, "a", "is missing, want any string"}}},
		{`{"$atLeast": 2}`, `1`, []Difference{{Code, "a", "is 1, want at least 2"}}},
		{`{"$atLeast": 2}`, `2`, nil},
		{`{"$atLeast": 2}`, `3`, nil},
		{`{"$atMost": 2}`, `1`, nil},
		{`{"$atMost": 2}`, `2`, nil},
		{`{"$atMost": 2}`, `3`, []Difference{{Code, "a", "is 3, want at most 2"}}},
		{`{"$atLeast": 2, "$atMost": 4}`, `1`, []Difference{{Code, "a", "is 1, want at least 2 and at most 4"}}},
		{`{"$atLeast": 2, "$atMost": 4}`, `2`, nil},
		{`{"$atLeast": 2, "$atMost": 4}`, `4`, nil},
		{`{"$atLeast": 2, "$atMost": 4}`, `5`, []Difference{{Code, "a", "is 5, want at least 2 and at most 4"}}},
		{`{"$atLeast": 0}`, `-1`, []Difference{{Code, "a", "is -1, want at least 0"}}},
		{`{"$atMost": 0}`, `1`, []Difference{{Code, "a", "is 1, want at most 0"}}},
		{`{"$atLeast": 2}`, `"3"`, []Difference{{Code, "a", `is "3", want at least 2`}}},
		{`{"$atLeast": 0}`, `null`, []Difference{{Code, "a", "is null, want at least 0"}}},
		{`{"$atLeast": 0}`, ``, []Difference{{Code, "a", "is missing, want at least 0"}}},

		{`{"$contains": ["x", "y"]}`, `["y", "z", "x"]`, nil},
		{`{"$contains": ["x", "y"]}`, `["x"]`, []Difference{{Code, "a", `has no element like "y"`}}},
		{`{"$contains": ["x"]}`, `[]`, []Difference{{Code, "a", `has no element like "x"`}}},
		{`{"$contains": ["x"]}`, `"x"`, []Difference{{Code, "a", `is "x", want an array`}}},
		{`{"$contains": ["x"]}`, ``, []Difference{{Code, "a", "is missing, want an array"}}},
		{`{"$contains": [{"b": 1}]}`, `[{"b": 2}, {"b": 1, "c": null}]`, []Difference{{Members, "a[2].c", "is null, want no such member"}}},
		{`{"$contains": [{"b": 1}]}`, `[{"b": 1, "c": null}, {"b": 1}]`, nil},
		{`{"$contains": [{"b": 1}]}`, `[{"b": 1, "c": null}, {"b": 1, "d": null}]`, []Difference{
			{Members, "a[1].c", "is null, want no such member"},
		}},
		{`{"$contains": [{"message": "x"}]}`, `[{"message": "y"}]`, []Difference{{Text, "a[1].message", `is "y", want "x"`}}},
		{`{"$contains": [{"b": {"$atLeast": 2}}]}`, `[{"b": 1}, {"b": 2}]`, nil},

		{`{"$absent": true}`, ``, nil},
		{`{"$absent": true}`, `null`, []Difference{{Members, "a", "is null, want no such member"}}},
		{`{"$absent": true}`, `"x"`, []Difference{{Code, "a", `is "x", want no such member`}}},

		{`{"$zeros": 2}`, `"AAA="`, nil},
		{`{"$zeros": 2}`, `"AAAA"`, []Difference{{Code, "a", `is "AAAA", want "AAA="`}}},
	} {
		t.Run(test.want+" "+test.got, func(t *testing.T) {
			body := `{}`
			if test.got != "" {
				body = fmt.Sprintf(`{"a": %s}`, test.got)
			}
			r := newRun(t, fmt.Sprintf(`{"status": 200, "answer": {"a": %s}}`, test.want))
			wantDifferences(t, check(t, r, Answer{Status: 200, Body: decode(t, body)}), test.differences...)
		})
	}
}

// A message is compared at the level text, even if any will do.
func TestAnyMessageIsText(t *testing.T) {
	for body, want := range map[string]Difference{
		`{}`:                {Text, "message", "is missing, want any string"},
		`{"message": null}`: {Text, "message", "is null, want any string"},
	} {
		r := newRun(t, `{"status": 200, "answer": {"message": {"$any": "string"}}}`)
		wantDifferences(t, check(t, r, Answer{Status: 200, Body: decode(t, body)}), want)
	}
}

func TestReportsShortenLongValues(t *testing.T) {
	for _, length := range []int{longest - 3, longest - 2, longest - 1, longest} {
		value := strings.Repeat("é", length/2) + strings.Repeat("x", length%2)
		shown := show(value)
		if !utf8.ValidString(shown) {
			t.Errorf("the report of %d bytes is not valid UTF-8", length)
		}
		if short, want := strings.HasSuffix(shown, "…"), length+len(`""`) > longest; short != want {
			t.Errorf("the report of %d bytes is shortened: %t, want %t", length, short, want)
		}
	}
}

func TestHas(t *testing.T) {
	differences := []Difference{{Level: Members}, {Level: Text}}
	for _, test := range []struct {
		levels []Level
		want   bool
	}{
		{nil, false},
		{[]Level{Code}, false},
		{[]Level{Text}, true},
		{[]Level{Code, Members}, true},
		{[]Level{Code, Numbers}, false},
	} {
		if got := Has(differences, test.levels...); got != test.want {
			t.Errorf("Has(%q) is %t, want %t", test.levels, got, test.want)
		}
	}
}

// A server may send rubbish without end. The report of it ends.
func TestDifferencesAreBounded(t *testing.T) {
	m := &matcher{times: &times{}}
	want, got := map[string]any{}, map[string]any{}
	for i := range mostDifferences + 1 {
		got[strings.Repeat("x", 2*longest)+strconv.Itoa(i)] = strings.Repeat("y", 2*longest)
	}
	m.match("", want, got)
	if len(m.differences) != mostDifferences {
		t.Errorf("%d differences, want %d", len(m.differences), mostDifferences)
	}
	for _, d := range m.differences {
		if len(d.Path) > longest+len("…") || len(d.Problem) > 3*longest+len("…") {
			t.Fatalf("a path of %d bytes and a problem of %d", len(d.Path), len(d.Problem))
		}
	}
}
