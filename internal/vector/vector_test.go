package vector

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const example = `{
  "format": 2, "name": "N", "clause": "C", "section": 1, "mark": "S,P", "source": "AWS",
  "needs": ["clock", "faults", "limits"],
  "features": ["ListShards", "PutRecords", "PutRecords.DryRun", "StartStreamEncryption"],
  "stream": {
    "StreamCreationTimestamp": "2026-03-04T05:06:07.8Z", "ShardCount": 2, "EncryptionType": "KMS",
    "Limits": {"RecordsPerSecond": 1}
  },
  "steps": [
    {
      "at": "2026-03-04T05:06:07.8Z", "action": "PutRecords", "note": "a note", "mark": "S", "messageMark": "P",
      "attempts": 3, "fault": {"of": "records", "ErrorCode": "InternalFailure", "PartitionKey": "bad"},
      "request": {"StreamName": "${stream} ${account} ${region} ${arn}", "DryRun": false},
      "status": 200, "answer": {"FailedRecordCount": 0},
      "older": [{"until": "2024", "source": "a blog", "status": 500}]
    },
    {"at": "2026-03-04T05:06:08Z", "action": "ListShards", "mark": "P", "request": {}, "status": 400, "answer": {"__type": "X"}}
  ]
}
`

// change returns the example with replacements. Changes are pairs of a text that is there once and
// its replacement.
func change(t *testing.T, changes ...string) string {
	t.Helper()
	text := example
	for pair := range slices.Chunk(changes, 2) {
		if n := strings.Count(text, pair[0]); n != 1 {
			t.Fatalf("the example has %d times %s, want once", n, pair[0])
		}
		text = strings.Replace(text, pair[0], pair[1], 1)
	}
	return text
}

func TestParse(t *testing.T) {
	v, err := Parse([]byte(example))
	if err != nil {
		t.Fatal(err)
	}
	want := &Vector{
		Format: 2, Name: "N", Clause: "C", Section: 1, Mark: "S,P", Source: "AWS",
		Needs:    []Need{Clock, Faults, Limits},
		Features: []string{"ListShards", "PutRecords", "PutRecords.DryRun", "StartStreamEncryption"},
		Stream:   Stream{StreamCreationTimestamp: began, ShardCount: 2, EncryptionType: "KMS", Limits: map[string]int{"RecordsPerSecond": 1}},
		Steps: []Step{
			{
				At: began, Action: "PutRecords", Note: "a note", Mark: "S", MessageMark: "P", Attempts: 3,
				Fault:   &Fault{Of: "records", ErrorCode: "InternalFailure", PartitionKey: "bad"},
				Request: map[string]any{"StreamName": "${stream} ${account} ${region} ${arn}", "DryRun": false},
				Status:  200, Answer: map[string]any{"FailedRecordCount": 0.0},
				Older: []Older{{Until: "2024", Source: "a blog", Status: 500}},
			},
			{
				At: began.Add(200 * time.Millisecond), Action: "ListShards", Mark: "P", Request: map[string]any{},
				Status: 400, Answer: map[string]any{"__type": "X"},
			},
		},
	}
	if diff := cmp.Diff(want, v); diff != "" {
		t.Errorf("the vector differs (-want +got):\n%s", diff)
	}
}

const (
	fault    = `{"of": "records", "ErrorCode": "InternalFailure", "PartitionKey": "bad"}`
	needs    = `["clock", "faults", "limits"]`
	lastStep = `{"at": "2026-03-04T05:06:08Z", "action": "ListShards", "mark": "P", "request": {}, "status": 400, "answer": {"__type": "X"}}`
)

func TestParseAccepts(t *testing.T) {
	for _, test := range []struct {
		name    string
		changes []string
	}{
		{"steps at the same time", []string{`"at": "2026-03-04T05:06:08Z"`, `"at": "2026-03-04T05:06:07.8Z"`}},
		{"no attempts", []string{`"attempts": 3, `, ``}},
		{"one attempt", []string{`"attempts": 3`, `"attempts": 1`}},
		{"100 attempts", []string{`"attempts": 3`, `"attempts": 100`}},
		{"no mark of a step", []string{`"mark": "S", `, ``}},
		{"no mark of messages", []string{`"mark": "S", "messageMark": "P"`, `"mark": "S"`}},
		{"a fault of the request", []string{fault, `{"of": "request", "ErrorCode": "X"}`}},
		{"a fault of the storage", []string{
			fault, `{"of": "storage", "ShardId": "s"}`,
			needs, `["clock", "limits", "storage faults"]`,
		}},
		{"a layout", []string{`"ShardCount": 2`, `"Layout": [{}]`, needs, `["clock", "faults", "layout", "limits"]`}},
		{"an operation without output", []string{`"status": 400, "answer": {"__type": "X"}`, `"status": 200`}},
		{"a number that cannot be decoded", []string{
			lastStep, `{"at": "2026-03-04T05:06:08Z", "action": "decode", "request": {}, "status": 400}`,
			`"ListShards", `, ``,
			needs, `["clock", "decode", "faults", "limits"]`,
		}},
	} {
		if _, err := Parse([]byte(change(t, test.changes...))); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, test := range []struct{ name, old, new, problem string }{
		{"what is not JSON", `"format"`, `format`, "invalid character"},
		{"more after the vector", "  ]\n}\n", "  ]\n}\n{}", "more after the JSON value"},
		{"a member of the wrong type", `"section": 1`, `"section": "1"`, "cannot unmarshal"},
		{"an unknown member of the vector", `"section": 1`, `"chapter": 1`, `unknown field "chapter"`},
		{"an unknown member of the stream", `"ShardCount"`, `"Shards"`, `unknown field "Shards"`},
		{"an unknown member of a step", `"note"`, `"comment"`, `unknown field "comment"`},
		{"an unknown member of a fault", `"PartitionKey"`, `"Key"`, `unknown field "Key"`},
		{"an unknown member of an older answer", `"until"`, `"since"`, `unknown field "since"`},
		{"a limit that is no number", `"RecordsPerSecond": 1`, `"RecordsPerSecond": "1"`, "cannot unmarshal"},
		{"another format", `"format": 2`, `"format": 1`, "format is 1"},
		{"no format", `"format": 2, `, ``, "format is 0"},
		{"an unknown variable", `${arn}`, `${ARN}`, "unknown variable ${ARN}"},
		{"an empty variable", `${arn}`, `${}`, "unknown variable ${}"},

		{"no name", `"name": "N", `, ``, "name"},
		{"no clause", `"clause": "C", `, ``, "clause"},
		{"no source", `, "source": "AWS"`, ``, "source"},
		{"no mark", `"mark": "S,P", `, ``, "mark is missing"},
		{"an unknown mark", `"mark": "S,P"`, `"mark": "S,X"`, "invalid"},
		{"a mark without a comma", `"mark": "S,P"`, `"mark": "SP"`, "invalid"},
		{"a mark that no step has", `"mark": "S,P"`, `"mark": "S,P,D"`, "no step has the vector's mark D"},
		{"a step's mark that the vector lacks", `"mark": "S",`, `"mark": "S,D",`, "a step has the mark D"},
		{"a mark of messages that the vector lacks", `"messageMark": "P"`, `"messageMark": "ours"`, "a step has the mark ours"},
		{"an invalid mark of a step", `"mark": "S",`, `"mark": "X",`, "step 1: a mark is invalid"},
		{"an invalid mark of messages", `"messageMark": "P"`, `"messageMark": "p"`, "step 1: a mark is invalid"},

		{"an invalid date", `"2026-03-04T05:06:08Z"`, `"2026-02-30T05:06:08Z"`, "parsing time"},
		{"no time of the stream", `"StreamCreationTimestamp": "2026-03-04T05:06:07.8Z", `, ``, "step 1: its time"},
		{"no time of a step", `"at": "2026-03-04T05:06:08Z", `, ``, "step 2: its time"},
		{"a step before the stream", `"at": "2026-03-04T05:06:07.8Z"`, `"at": "2026-03-04T05:06:07.7Z"`, "step 1: its time"},
		{"a step before the previous one", `"at": "2026-03-04T05:06:08Z"`, `"at": "2026-03-04T05:06:07.7Z"`, "step 2: its time"},

		{"no shards", `"ShardCount": 2, `, ``, "shard count or a layout"},
		{"zero shards", `"ShardCount": 2`, `"ShardCount": 0`, "shard count or a layout"},
		{"fewer than zero shards", `"ShardCount": 2`, `"ShardCount": -1`, "shard count or a layout"},
		{"shards and a layout", `"ShardCount": 2`, `"ShardCount": 2, "Layout": [{}]`, "shard count or a layout"},
		{"an empty layout", `"ShardCount": 2`, `"Layout": []`, "shard count or a layout"},
		{"a layout and fewer than zero shards", `"ShardCount": 2`, `"ShardCount": -1, "Layout": [{}]`, "shard count or a layout"},

		{"no action", `"action": "ListShards", `, ``, "step 2: action"},
		{"no request", `"request": {}, `, ``, "step 2: action, request"},
		{"a null request", `"request": {}`, `"request": null`, "step 2: action, request"},
		{"no status", `"status": 400, `, ``, "step 2: action, request or status"},
		{"an error without an answer", `, "answer": {"__type": "X"}`, ``, "step 2: the answer is missing"},
		{"PutRecords without an answer", `"answer": {"FailedRecordCount": 0},`, ``, "step 1: the answer is missing"},
		{
			"PutRecord without an answer", lastStep, `{"at": "2026-03-04T05:06:08Z", "action": "PutRecord", "request": {}, "status": 200}`,
			"step 2: the answer is missing",
		},
		{
			"stored without an answer", lastStep, `{"at": "2026-03-04T05:06:08Z", "action": "stored", "request": {}, "status": 200}`,
			"step 2: the answer is missing",
		},
		{"attempts below zero", `"attempts": 3`, `"attempts": -1`, "attempts is -1"},
		{"101 attempts", `"attempts": 3`, `"attempts": 101`, "attempts is 101"},
		{"an older answer without a year", `"until": "2024", `, ``, "an older answer has no until"},
		{"an older answer without a source", `"source": "a blog", `, ``, "an older answer has no until, source"},
		{"an older answer without a status", `, "status": 500`, ``, "an older answer has no until, source or status"},

		{"a fault of ListShards", lastStep, `{"fault": ` + fault + `, ` + lastStep[1:], "only PutRecords may have a fault"},
		{"a fault of something else", fault, `{"of": "disk", "ErrorCode": "X"}`, "is not a valid fault"},
		{"a fault of nothing", fault, `{"ErrorCode": "X"}`, "is not a valid fault"},
		{"a fault of the request without a code", fault, `{"of": "request"}`, "is not a valid fault"},
		{"a fault of the request with a key", fault, `{"of": "request", "ErrorCode": "X", "PartitionKey": "k"}`, "is not a valid fault"},
		{"a fault of the request with a shard", fault, `{"of": "request", "ErrorCode": "X", "ShardId": "s"}`, "is not a valid fault"},
		{"a fault of records without a code", fault, `{"of": "records", "PartitionKey": "k"}`, "is not a valid fault"},
		{"a fault of records without a key", fault, `{"of": "records", "ErrorCode": "X"}`, "is not a valid fault"},
		{"a fault of records with a shard", fault, `{"of": "records", "ErrorCode": "X", "PartitionKey": "k", "ShardId": "s"}`, "is not a valid fault"},
		{"a fault of the storage without a shard", fault, `{"of": "storage"}`, "is not a valid fault"},
		{"a fault of the storage with a code", fault, `{"of": "storage", "ShardId": "s", "ErrorCode": "X"}`, "is not a valid fault"},
		{"a fault of the storage with a key", fault, `{"of": "storage", "ShardId": "s", "PartitionKey": "k"}`, "is not a valid fault"},

		{"a need too few", needs, `["clock", "faults"]`, "the vector uses"},
		{"a need too many", needs, `["clock", "decode", "faults", "limits"]`, "the vector uses"},
		{"an unknown need", needs, `["clock", "faults", "limits", "network"]`, "the vector uses"},
		{"a repeated need", needs, `["clock", "clock", "faults", "limits"]`, "the vector uses"},
		{"needs in another order", needs, `["faults", "clock", "limits"]`, "the vector uses"},
		{"a feature too few", `"ListShards", "PutRecords", `, `"PutRecords", `, "the vector uses"},
		{"a feature too many", `"ListShards", "PutRecords", `, `"ListShards", "PutRecord", "PutRecords", `, "the vector uses"},
		{"a repeated feature", `"ListShards", "PutRecords", `, `"ListShards", "ListShards", "PutRecords", `, "the vector uses"},
		{"features in another order", `"ListShards", "PutRecords", `, `"PutRecords", "ListShards", `, "the vector uses"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Parse([]byte(change(t, test.old, test.new)))
			if err == nil || !strings.Contains(err.Error(), test.problem) {
				t.Errorf("the error is %v, want one with %q", err, test.problem)
			}
		})
	}
	for _, steps := range []string{`[]`, `null`} {
		before, _, _ := strings.Cut(example, `"steps"`)
		text := before + `"steps": ` + steps + `}`
		if _, err := Parse([]byte(text)); err == nil || err.Error() != "there are no steps" {
			t.Errorf("with the steps %s: %v", steps, err)
		}
	}
}

// Needs and features are what the stream and the steps use.
func TestNeedsAndFeatures(t *testing.T) {
	for _, test := range []struct {
		name     string
		change   func(*Vector)
		needs    []Need
		features []string
	}{
		{"nothing", func(*Vector) {}, nil, nil},
		{"limits", func(v *Vector) { v.Stream.Limits = map[string]int{} }, []Need{Limits}, nil},
		{"a layout", func(v *Vector) { v.Stream.Layout = []any{} }, []Need{Layout}, nil},
		{"a region", func(v *Vector) { v.Stream.Region = "r" }, []Need{Region}, nil},
		{"a delay", func(v *Vector) { v.Stream.ReshardDelaySeconds = 1 }, []Need{ReshardDelay}, nil},
		{"encryption", func(v *Vector) { v.Stream.EncryptionType = "KMS" }, nil, []string{"StartStreamEncryption"}},
		{"no encryption", func(v *Vector) { v.Stream.EncryptionType = "NONE" }, nil, nil},
		{
			"a distribution", func(v *Vector) { v.Stream.RecordDistributionStrategy = "AUTO" }, nil,
			[]string{"CreateStream.RecordDistributionStrategy"},
		},
		{"large records", func(v *Vector) { v.Stream.MaxRecordSizeInKiB = 1025 }, nil, []string{"CreateStream.MaxRecordSizeInKiB"}},
		{"decode", func(v *Vector) { v.Steps = []Step{{Action: "decode"}} }, []Need{Decode}, nil},
		{"stored", func(v *Vector) { v.Steps = []Step{{Action: "stored"}} }, nil, []string{"GetRecords", "GetShardIterator"}},
		{"faults", func(v *Vector) {
			v.Steps = []Step{
				{Action: "PutRecords", Fault: &Fault{Of: "storage"}},
				{Action: "PutRecords", Fault: &Fault{Of: "request"}},
				{Action: "PutRecords", Fault: &Fault{Of: "records"}},
			}
		}, []Need{Faults, StorageFaults}, []string{"PutRecords"}},
		{"later members", func(v *Vector) {
			v.Steps = []Step{
				{Action: "PutRecords", Request: map[string]any{"DryRun": false, "StreamARN": "a", "Records": []any{}}},
				{Action: "ListShards", Request: map[string]any{"ShardFilter": map[string]any{}, "StreamARN": nil}},
				{Action: "CreateStream", Request: map[string]any{"MaxRecordSizeInKiB": 1.0, "StreamModeDetails": "", "RecordDistributionStrategy": ""}},
			}
		}, nil, []string{
			"CreateStream", "CreateStream.MaxRecordSizeInKiB", "CreateStream.RecordDistributionStrategy", "CreateStream.StreamModeDetails",
			"ListShards", "ListShards.ShardFilter", "PutRecords", "PutRecords.DryRun", "PutRecords.StreamARN",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := &Vector{}
			test.change(v)
			if diff := cmp.Diff(test.needs, v.needs()); diff != "" {
				t.Errorf("the needs differ (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.features, v.features()); diff != "" {
				t.Errorf("the features differ (-want +got):\n%s", diff)
			}
		})
	}
}

// Nothing in a vector shows whether it needs a clock or another caller.
func TestSomeNeedsAreInvisible(t *testing.T) {
	for _, list := range []string{
		`["clock", "faults", "limits"]`, `["faults", "limits"]`, `["authorization", "faults", "limits"]`,
		`["authorization", "clock", "faults", "limits"]`,
	} {
		if _, err := Parse([]byte(change(t, needs, list))); err != nil {
			t.Errorf("needs %s: %v", list, err)
		}
	}
}

// A step has the vector's mark, and its messages have the step's.
func TestStepMarks(t *testing.T) {
	v := &Vector{Mark: "S,P"}
	for _, test := range []struct{ mark, messageMark, wantMark, wantMessageMark string }{
		{"", "", "S,P", "S,P"},
		{"D", "", "D", "D"},
		{"", "ours", "S,P", "ours"},
		{"D", "ours", "D", "ours"},
	} {
		mark, messageMark := v.StepMarks(&Step{Mark: test.mark, MessageMark: test.messageMark})
		if mark != test.wantMark || messageMark != test.wantMessageMark {
			t.Errorf("the marks of a step with %q, %q are %q, %q, want %q, %q",
				test.mark, test.messageMark, mark, messageMark, test.wantMark, test.wantMessageMark)
		}
	}
}
