package vector

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func ok(body any) Answer { return Answer{Status: 200, Body: body} }

func TestRequestsAreExpanded(t *testing.T) {
	for _, test := range []struct {
		name, request string
		want          any
	}{
		{"variables", `"${stream} ${account} ${region} ${arn} ${stream}"`, "orders 123456789012 us-east-1 arn:orders orders"},
		{"null", `{"a": null}`, map[string]any{"a": nil}},
		{"an array", `{"a": [1, true, "x"]}`, map[string]any{"a": []any{1.0, true, "x"}}},
		{"an empty array", `[]`, []any{}},
		{
			"repeated elements", `[1, {"$repeat": {"a": "${stream}"}, "$times": 2}, 3]`,
			[]any{1.0, map[string]any{"a": "orders"}, map[string]any{"a": "orders"}, 3.0},
		},
		{"elements repeated zero times", `[{"$repeat": 1, "$times": 0}]`, []any{}},
		{"a repeated string", `{"a": {"$repeat": "xy", "$times": 3}}`, map[string]any{"a": "xyxyxy"}},
		{"a join", `{"$join": ["a", {"$repeat": "b", "$times": 2}, "${stream}"]}`, "abborders"},
		{"a repeated join", `{"$repeat": {"$join": ["a", "b"]}, "$times": 2}`, "abab"},
		{"zeros", `{"Data": {"$zeros": 5}}`, map[string]any{"Data": Zeros(5)}},
		{"repeated zeros", `[{"$repeat": {"$zeros": 1}, "$times": 2}]`, []any{Zeros(1), Zeros(1)}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := newRun(t, fmt.Sprintf(`{"request": %s}`, test.request)).Request()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("the request differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMalformedAbbreviationsAreErrors(t *testing.T) {
	for _, value := range []string{
		`[{"$repeat": "x"}]`,
		`[{"$repeat": "x", "$times": "2"}]`,
		`[{"$repeat": "x", "$times": 2, "a": 1}]`,
		`{"$repeat": "x"}`,
		`{"$repeat": 1, "$times": 2}`,
		`{"$join": ["x", 1]}`,
		`{"a": {"$join": [["x"]]}}`,
		`{"a": [{"$answer": [1]}]}`,
	} {
		if got, err := newRun(t, fmt.Sprintf(`{"request": %s}`, value)).Request(); err == nil {
			t.Errorf("%s becomes %v", value, got)
		}
		r := newRun(t, fmt.Sprintf(`{"status": 200, "answer": %s}`, value))
		if result, err := r.Check(ok(nil)); err == nil {
			t.Errorf("%s in an answer gives %v", value, result)
		}
		r = newRun(t, fmt.Sprintf(`{"status": 200, "answer": {}, "older": [{"status": 200, "answer": %s}]}`, value))
		if result, err := r.Check(ok(nil)); err == nil {
			t.Errorf("%s in an older answer gives %v", value, result)
		}
	}
}

func TestZerosEncodeAsBase64(t *testing.T) {
	for n, want := range []string{`""`, `"AA=="`, `"AAA="`, `"AAAA"`, `"AAAAAA=="`} {
		if got, err := Zeros(n).MarshalJSON(); err != nil || string(got) != want {
			t.Errorf("%d zeros are %s, %v, want %s", n, got, err, want)
		}
	}
}

// A request may have values of earlier answers.
func TestAnswersInRequests(t *testing.T) {
	earlier := []string{`{"Records": [{"N": "1"}, {"N": "2"}, {"N": null}], "Count": 0}`, `null`, `[["x"]]`}
	for _, test := range []struct {
		path string
		want any // nil is an error
	}{
		{`[1, "Records", 1, "N"]`, "1"},
		{`[1, "Records", 2, "N"]`, "2"},
		{`[1, "Records", 2]`, map[string]any{"N": "2"}},
		{`[1, "Count"]`, 0.0},
		{`[3, 1, 1]`, "x"},
		{`[1, "Records", 0, "N"]`, nil},
		{`[1, "Records", 4, "N"]`, nil},
		{`[1, "Records", 3, "N"]`, nil}, // null
		{`[1, "Records", "N"]`, nil},
		{`[1, 1]`, nil},
		{`[1, "records"]`, nil},
		{`[1, "Count", "N"]`, nil},
		{`[2]`, nil}, // no body
		{`[0]`, nil},
		{`[4]`, nil}, // the step itself
		{`[5]`, nil},
	} {
		r := newRun(t, `{}`, `{}`, `{}`, fmt.Sprintf(`{"request": {"$answer": %s}, "status": 200, "answer": {"a": {"$answer": %s}}}`, test.path, test.path))
		for _, body := range earlier {
			r.Next(ok(decode(t, body)))
		}
		got, err := r.Request()
		if diff := cmp.Diff(test.want, got); diff != "" || (err == nil) != (test.want != nil) {
			t.Errorf("$answer %s: %v (-want +got):\n%s", test.path, err, diff)
		}
		result, err := r.Check(ok(map[string]any{"a": test.want}))
		if (err == nil) != (test.want != nil) || len(result.Differences) > 0 {
			t.Errorf("$answer %s in an answer: %v, %v", test.path, result.Differences, err)
		}
	}
}

func TestVariablesInAnswers(t *testing.T) {
	r := newRun(t, `{"status": 200, "answer": {"a": "${arn} of ${stream}"}}`)
	wantDifferences(t, check(t, r, ok(decode(t, `{"a": "arn:orders of orders"}`))))
	wantDifferences(t, check(t, r, ok(decode(t, `{"a": "${arn} of ${stream}"}`))),
		Difference{Code, "a", `is "${arn} of ${stream}", want "arn:orders of orders"`})
}

// An older answer fits if its code and texts do. Today's answer is preferred.
func TestOlderAnswers(t *testing.T) {
	const step = `{"action": "ListShards", "status": 400, "answer": {"__type": "X", "message": "today"}, "older": [
		{"until": "2016", "source": "s", "status": 400, "answer": {"__type": "X", "message": "older"}},
		{"until": "2018", "source": "s", "status": 500}]}`
	today := []Difference{{Text, "message", `is "never", want "today"`}}
	for _, test := range []struct {
		name, body  string
		status      int
		until       string
		differences []Difference
	}{
		{"today's", `{"__type": "X", "message": "today"}`, 400, "", nil},
		{"today's with more", `{"__type": "X", "message": "today", "a": 1}`, 400, "", []Difference{{Members, "a", "is 1, want no such member"}}},
		{"an older one", `{"__type": "X", "message": "older"}`, 400, "2016", nil},
		{"an older one with more", `{"__type": "X", "message": "older", "a": 1}`, 400, "2016", []Difference{{Members, "a", "is 1, want no such member"}}},
		{"the next older one", `null`, 500, "2018", nil},
		{"a text that never was", `{"__type": "X", "message": "never"}`, 400, "", today},
		{"an older one with another status", `{"__type": "X", "message": "older"}`, 500, "2018", []Difference{
			{Members, "body", `is an object with ["__type" "message"], want none`},
		}},
		{"an older one with another code", `{"__type": "Y", "message": "older"}`, 400, "", []Difference{
			{Code, "__type", `is "Y", want "X"`},
			{Text, "message", `is "older", want "today"`},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRun(t, step)
			result := check(t, r, Answer{Status: test.status, Body: decode(t, test.body)})
			until := ""
			if result.Older != nil {
				until = result.Older.Until
			}
			if until != test.until {
				t.Errorf("the answer is that until %q, want %q", until, test.until)
			}
			if diff := cmp.Diff(test.differences, result.Differences); diff != "" {
				t.Errorf("the differences differ (-want +got):\n%s", diff)
			}
		})
	}
}

// stored returns a result of PutRecords for a record in a shard.
func stored(shard, number string) string {
	return fmt.Sprintf(`{"ShardId": %q, "SequenceNumber": %q}`, shard, number)
}

const failedRecord = `{"ErrorCode": "E", "ErrorMessage": "M"}`

// FailedRecordCount is the number of records with an error code, whatever the vector says.
func TestFailedRecordCount(t *testing.T) {
	wrong := func(count string, failed int) []Difference {
		return []Difference{{Code, "FailedRecordCount", fmt.Sprintf("is %s, but %d records have an error code", count, failed)}}
	}
	for _, test := range []struct {
		count       string
		records     []string
		differences []Difference
	}{
		{`0`, []string{stored("a", "1")}, nil},
		{`1`, []string{stored("a", "1")}, wrong("1", 0)},
		{`0`, []string{failedRecord}, wrong("0", 1)},
		{`1`, []string{failedRecord}, nil},
		{`2`, []string{failedRecord}, wrong("2", 1)},
		{`"1"`, []string{failedRecord}, wrong("1", 1)},
		{`2`, []string{failedRecord, stored("a", "1"), failedRecord}, nil},
		{`3`, []string{failedRecord, stored("a", "1"), failedRecord}, wrong("3", 2)},
		{`null`, []string{failedRecord}, nil}, // the vector says whether it may be
		{`0`, []string{`{"ErrorCode": null, "ShardId": "a", "SequenceNumber": "1"}`}, nil},
		{`1`, []string{`{"ErrorCode": "E", "ShardId": "a"}`}, []Difference{
			{Code, "Records[1]", "has an error code and a sequence number or a shard"},
		}},
		{`1`, []string{`{"ErrorCode": "E", "SequenceNumber": "1"}`}, []Difference{
			{Code, "Records[1]", "has an error code and a sequence number or a shard"},
		}},
		{`1`, []string{`{"ErrorCode": "E", "SequenceNumber": null, "ShardId": null}`}, nil},
	} {
		body := fmt.Sprintf(`{"FailedRecordCount": %s, "Records": [%s]}`, test.count, strings.Join(test.records, ", "))
		r := newRun(t, fmt.Sprintf(`{"action": "PutRecords", "status": 200, "answer": %s}`, body))
		t.Run(body, func(t *testing.T) {
			wantDifferences(t, check(t, r, ok(decode(t, body))), test.differences...)
		})
	}
}

// The numbers of each shard rise from call to call, and within a call.
func TestNumbersRise(t *testing.T) {
	falls := func(path, number, last, shard string) Difference {
		return Difference{Code, path, fmt.Sprintf("is %s, which is not above %s, the last one of %s", number, last, shard)}
	}
	r := newRun(t, strings.Split(strings.Repeat(`{"action": "PutRecords", "status": 200, "answer": {"Records": {"$any": "array"}}}|`, 8)+
		`{"action": "PutRecord", "status": 200, "answer": {"ShardId": "a", "SequenceNumber": {"$any": "string"}}}`, "|")...)
	for _, call := range []struct {
		body        string
		differences []Difference
	}{
		{`{"Records": [` + stored("a", "9") + `, ` + stored("b", "5") + `, ` + stored("a", "10") + `]}`, nil},
		{`{"Records": [` + stored("b", "6") + `]}`, nil},
		{`{"Records": [` + stored("a", "10") + `]}`, []Difference{falls("Records[1].SequenceNumber", "10", "10", "a")}},
		{`{"Records": [` + stored("a", "9") + `]}`, []Difference{falls("Records[1].SequenceNumber", "9", "10", "a")}},
		{`{"Records": [` + stored("a", "0012") + `]}`, nil},
		{`{"Records": [` + stored("a", "13") + `, ` + stored("a", "11") + `]}`, []Difference{falls("Records[2].SequenceNumber", "11", "13", "a")}},
		{`{"Records": [` + failedRecord + `, ` + stored("b", "7") + `]}`, nil},
		{`{"Records": [` + stored("a", "20") + `]}`, nil},
		{stored("a", "20"), []Difference{falls("SequenceNumber", "20", "20", "a")}},
	} {
		wantDifferences(t, check(t, r, ok(decode(t, call.body))), call.differences...)
		r.Next(ok(decode(t, call.body)))
	}
}

func TestNumbersOfStoredRecordsRise(t *testing.T) {
	for _, test := range []struct {
		numbers     []any
		differences []Difference
	}{
		{nil, nil},
		{[]any{"5"}, nil},
		{[]any{"9", "10", "11"}, nil},
		{[]any{"9", "9"}, []Difference{{Code, "Records[2].SequenceNumber", "is 9, which is not above 9"}}},
		{[]any{"1", "10", "9"}, []Difference{{Code, "Records[3].SequenceNumber", "is 9, which is not above 10"}}},
	} {
		records := []any{}
		for _, number := range test.numbers {
			records = append(records, map[string]any{"SequenceNumber": number})
		}
		r := newRun(t, `{"action": "stored", "status": 200, "answer": {"Records": {"$any": "array"}}}`)
		wantDifferences(t, check(t, r, ok(map[string]any{"Records": records})), test.differences...)
	}
}

// Errors and the answers of other operations do not follow the rules of PutRecords.
func TestOtherAnswersHaveNoRules(t *testing.T) {
	body := `{"FailedRecordCount": 5, "Records": []}`
	for _, step := range []string{
		`{"action": "PutRecords", "status": 400, "answer": ` + body + `}`,
		`{"action": "GetRecords", "status": 200, "answer": ` + body + `}`,
	} {
		r := newRun(t, step)
		wantDifferences(t, check(t, r, Answer{Status: r.vector.Steps[0].Status, Body: decode(t, body)}))
	}
}

// A step may be checked again with another answer.
func TestStepsCanBeCheckedAgain(t *testing.T) {
	r := newRun(t, `{"request": 1, "status": 200, "answer": {"a": 1}}`, `{"request": 2, "status": 200, "answer": {"a": {"$answer": [1, "a"]}}}`)
	wantDifferences(t, check(t, r, ok(decode(t, `{"a": 2}`))), Difference{Code, "a", "is 2, want 1"})
	if request, err := r.Request(); request != 1.0 || err != nil {
		t.Errorf("the request is %v, %v, want that of the first step", request, err)
	}
	wantDifferences(t, check(t, r, ok(decode(t, `{"a": 1}`))))
	r.Next(ok(decode(t, `{"a": 1}`)))
	if request, err := r.Request(); request != 2.0 || err != nil {
		t.Errorf("the request is %v, %v, want that of the second step", request, err)
	}
	wantDifferences(t, check(t, r, ok(decode(t, `{"a": 1}`))))
}

// A stream without a layout has even shards.
func TestLayoutOfEvenShards(t *testing.T) {
	v := newVector(t)
	v.Stream.ShardCount = 2
	got, err := NewRun(v, orders, true, time.Minute).Layout()
	if err != nil {
		t.Fatal(err)
	}
	shard := func(index uint32, first, last string) any {
		return map[string]any{
			"ShardId":             fmt.Sprintf("shardId-%012d", index),
			"HashKeyRange":        map[string]any{"StartingHashKey": first, "EndingHashKey": last},
			"SequenceNumberRange": map[string]any{"StartingSequenceNumber": digits(index, 60, firstPosition, 60)},
		}
	}
	want := []any{
		shard(0, "0", "170141183460469231731687303715884105727"),
		shard(1, "170141183460469231731687303715884105728", "340282366920938463463374607431768211455"),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the layout differs (-want +got):\n%s", diff)
	}
}

// The numbers in a layout are ahead of the vector's like the clock.
func TestLayoutIsShifted(t *testing.T) {
	v := newVector(t)
	v.Stream.Layout = []any{decode(t, fmt.Sprintf(`{"ShardId": "a", "SequenceNumberRange": {"StartingSequenceNumber": %s, "EndingSequenceNumber": %s}}`,
		parts(1, 0, firstPosition, 0), parts(1, 0, lastPosition, 5)))}
	for _, shift := range []int64{0, 1, 3600} {
		got, err := NewRun(v, orders, true, time.Duration(shift)*time.Second).Layout()
		if err != nil {
			t.Fatal(err)
		}
		want := []any{map[string]any{"ShardId": "a", "SequenceNumberRange": map[string]any{
			"StartingSequenceNumber": digits(1, shift, firstPosition, shift),
			"EndingSequenceNumber":   digits(1, shift, lastPosition, shift+5),
		}}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("shifted by %d seconds (-want +got):\n%s", shift, diff)
		}
	}
}

func TestMalformedLayoutsAreErrors(t *testing.T) {
	for _, number := range []string{
		parts(1, 0, "", 0),
		parts(1, 0, "8000000000000000", 0),
		parts(1, 0, "000000000000000", 0),
		parts(1, 0, "x", 0),
		parts(1, -1<<32, firstPosition, 0),
		`{"shard": "1"}`,
		`{"shard": 1, "created": "2026-03-04T05:06:07Z", "position": "0000000000000000"}`,
		`{"shard": 1, "created": "today", "position": "0000000000000000", "arrived": "2026-03-04T05:06:07Z"}`,
	} {
		v := newVector(t)
		v.Stream.Layout = []any{decode(t, fmt.Sprintf(`{"N": %s}`, number))}
		if got, err := NewRun(v, orders, true, 0).Layout(); err == nil {
			t.Errorf("the layout with %s is %v", number, got)
		}
	}
}
