// Package tests_test checks the test vectors with a JSON Schema.
package tests_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/putrecords/putrecords/conformance/vectors"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// The go command reruns these tests when a vector or the schema changes, because they are embedded.
func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := jsonschema.UnmarshalJSON(strings.NewReader(vectors.Schema))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("schema.json", text); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// validate returns why text does not fit the schema.
func validate(t *testing.T, schema *jsonschema.Schema, text string) error {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return schema.Validate(value)
}

func TestVectorsFitTheSchema(t *testing.T) {
	schema := compileSchema(t)
	for _, name := range vectorNames(t) {
		text, err := vectors.Files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := validate(t, schema, string(text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func vectorNames(t *testing.T) []string {
	t.Helper()
	names, err := fs.Glob(vectors.Files, "*")
	if err != nil || len(names) == 0 {
		t.Fatalf("no vectors: %v", err)
	}
	return names
}

// The example in the README is a vector, except for its comments.
func TestReadmeExampleFitsTheSchema(t *testing.T) {
	readme, err := os.ReadFile("../vectors/README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(readme), "```jsonc\n")
	example, _, found := strings.Cut(example, "```")
	if !found {
		t.Fatal("the README has no example")
	}
	var text bytes.Buffer
	for line := range strings.Lines(example) {
		line, _, _ = strings.Cut(line, " // ")
		fmt.Fprintln(&text, line)
	}
	if err := validate(t, compileSchema(t), text.String()); err != nil {
		t.Error(err)
	}
}

// Names of vectors are lower-case words after the number of a section.
func TestFileNames(t *testing.T) {
	want := regexp.MustCompile(`^(0[0-9]|10)(-[a-z0-9]+)+\.json$`)
	for _, name := range vectorNames(t) {
		if !want.MatchString(name) {
			t.Errorf("%s is not a vector's name", name)
		}
	}
}

// example is a vector with a bit of everything.
const example = `{
  "format": 2, "name": "N", "clause": "C", "section": 1, "mark": "S,P", "source": "AWS",
  "needs": ["clock", "faults"],
  "features": ["PutRecords", "PutRecords.DryRun"],
  "stream": {
    "StreamName": "orders", "Region": "us-east-1", "StreamCreationTimestamp": "2026-03-04T05:06:07.8Z",
    "ShardCount": 2, "EncryptionType": "KMS", "RecordDistributionStrategy": "AUTO", "MaxRecordSizeInKiB": 1024,
    "ReshardDelaySeconds": 24, "Limits": {"RecordsPerSecond": 1, "PartitionKeyLength": 2}
  },
  "steps": [
    {
      "at": "2026-03-04T05:06:07Z", "action": "PutRecords", "note": "a note", "mark": "D", "messageMark": "ours",
      "attempts": 3, "fault": {"of": "records", "ErrorCode": "InternalFailure", "PartitionKey": "bad"},
      "request": {"StreamName": "${stream}", "DryRun": null, "Records": [
        {"$repeat": {"Data": {"$zeros": 9}, "PartitionKey": {"$join": ["a", {"$repeat": "b", "$times": 3}]}}, "$times": 2},
        {"Data": {"$time": "2026-03-04T05:06:07.5Z"}, "PartitionKey": {"$answer": [1, "Records", 2, "SequenceNumber"]}}
      ]},
      "status": 200,
      "answer": {"FailedRecordCount": {"$atLeast": 0, "$atMost": 2}, "Records": {"$contains": [
        {"SequenceNumber": {"shard": 0, "created": "2026-03-04T05:06:07Z", "arrived": "2026-03-04T05:06:08Z"},
         "ShardId": "shardId-000000000000"},
        {"ErrorCode": {"$any": "string"}, "ErrorMessage": {"$absent": true}},
        {"$others": true, "Data": 5}
      ]}},
      "older": [{"until": "2024", "source": "a blog", "status": 400, "answer": {"__type": "X", "message": "M"}}]
    },
    {
      "at": "2026-03-04T05:06:08Z", "action": "decode", "request": {"SequenceNumber": "1"}, "status": 200,
      "answer": {"shard": 4294967295, "created": "2026-03-04T05:06:07Z", "position": "7fffffffffffffff",
        "arrived": "2026-03-04T05:06:07Z"}
    },
    {"at": "2026-03-04T05:06:08Z", "action": "decode", "request": {"SequenceNumber": "2"}, "status": 400},
    {"at": "2026-03-04T05:06:08Z", "action": "stored", "request": {"ShardId": "x"}, "status": 200, "answer": {"Records": []}},
    {"at": "2026-03-04T05:06:08Z", "action": "SplitShard", "request": {"ShardToSplit": "x"}, "status": 200},
    {
      "at": "2026-03-04T05:06:08Z", "action": "MergeShards", "request": {"ShardToMerge": "x"}, "status": 400,
      "answer": {"__type": "T", "Message": "M"}
    }
  ]
}`

const (
	layoutExample = `"Layout": [{
		"ShardId": "shardId-000000000001", "ParentShardId": "shardId-000000000000",
		"HashKeyRange": {"StartingHashKey": "0", "EndingHashKey": "340282366920938463463374607431768211455"},
		"SequenceNumberRange": {"StartingSequenceNumber":
			{"shard": 1, "created": "2026-03-04T05:06:07Z", "position": "0000000000000000", "arrived": "2026-03-04T05:06:07Z"}}
	}]`
	shardCount = `"ShardCount": 2`
	fault      = `{"of": "records", "ErrorCode": "InternalFailure", "PartitionKey": "bad"}`
	older      = `{"until": "2024", "source": "a blog", "status": 400, "answer": {"__type": "X", "message": "M"}}`
	lastStep   = `"action": "MergeShards", "request": {"ShardToMerge": "x"}, "status": 400,
      "answer": {"__type": "T", "Message": "M"}`
)

// change returns text with replacement for old, which must be there once.
func change(text, old, replacement string) string {
	if n := strings.Count(text, old); n != 1 {
		panic(fmt.Sprintf("%s occurs %d times, want once", old, n))
	}
	return strings.Replace(text, old, replacement, 1)
}

// layout returns the example of a layout with replacement for old.
func layout(old, replacement string) string { return change(layoutExample, old, replacement) }

// The schema accepts what vectors may have but those of today don't.
func TestSchemaAccepts(t *testing.T) {
	schema := compileSchema(t)
	if err := validate(t, schema, example); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, old, new string }{
		{"a layout", shardCount, layoutExample},
		{"a fault of the request", fault, `{"of": "request", "ErrorCode": "InternalFailure"}`},
		{"a fault of the storage", fault, `{"of": "storage", "ShardId": "shardId-000000000000"}`},
		{"no needs", `"needs": ["clock", "faults"],`, ``},
		{"nanoseconds", `05:06:07.8Z`, `05:06:07.123456789Z`},
		{"one bound", `{"$atLeast": 0, "$atMost": 2}`, `{"$atLeast": 0}`},
		{"the other bound", `{"$atLeast": 0, "$atMost": 2}`, `{"$atMost": 2}`},
		{"zero zeros", `{"$zeros": 9}`, `{"$zeros": 0}`},
		{"any number", `{"$any": "string"}`, `{"$any": "number"}`},
		{"any boolean", `{"$any": "string"}`, `{"$any": "boolean"}`},
		{"any array", `{"$any": "string"}`, `{"$any": "array"}`},
		{"any object", `{"$any": "string"}`, `{"$any": "object"}`},
		{"distribution by the partition key", `"AUTO"`, `"USER_PARTITION_KEY"`},
		{"a layout with an adjacent parent", shardCount, layout(`"Parent`, `"AdjacentParentShardId": "shardId-000000000009", "Parent`)},
		{"a number's position", `"shard": 0`, `"shard": 0, "position": "7fffffffffffffff"`},
	} {
		if err := validate(t, schema, change(example, test.old, test.new)); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestSchemaAcceptsOperations(t *testing.T) {
	schema := compileSchema(t)
	for _, step := range []string{
		`"action": "GetShardIterator", "status": 200, "request": {"StreamName": "${stream}", "ShardId": "shardId-000000000000",
			"ShardIteratorType": "AT_SEQUENCE_NUMBER", "StartingSequenceNumber": {"$answer": [1, "SequenceNumber"]}, "Timestamp": 1.5},
			"answer": {"ShardIterator": {"$any": "string"}}`,
		`"action": "GetRecords", "status": 200, "request": {"ShardIterator": {"$answer": [1, "ShardIterator"]}, "Limit": 1},
			"answer": {"MillisBehindLatest": {"$atLeast": 1}, "NextShardIterator": {"$absent": true}, "Records": [{
				"ApproximateArrivalTimestamp": {"$any": "number"}, "Data": {"$zeros": 9}, "PartitionKey": "k", "SequenceNumber": "1"}],
				"ChildShards": [{"HashKeyRange": {"StartingHashKey": "0", "EndingHashKey": "1"}, "ParentShards": ["a"], "ShardId": "b"}]}`,
		`"action": "ListShards", "status": 200, "request": {"StreamARN": "${arn}", "MaxResults": 1,
			"ShardFilter": {"Type": "AFTER_SHARD_ID", "ShardId": "a", "Timestamp": 1}},
			"answer": {"Shards": [], "NextToken": {"$any": "string"}}`,
		`"action": "CreateStream", "status": 200, "request": {"StreamName": "a", "ShardCount": 1, "MaxRecordSizeInKiB": 2048,
			"StreamModeDetails": {"StreamMode": "ON_DEMAND"}, "RecordDistributionStrategy": "AUTO", "WarmThroughputMiBps": 1,
			"Tags": {"any name": "v", "aws:x": {"$repeat": "v", "$times": 257}}}`,
		`"action": "CreateStream", "status": 200, "request": {"StreamName": "a", "Tags": null}`,
		`"action": "DescribeStreamSummary", "status": 200, "request": {"StreamARN": "${arn}"}, "answer": {"StreamDescriptionSummary": {
			"ChannelCount": 0, "ConsumerCount": 0, "EncryptionType": "NONE", "EnhancedMonitoring": [{"ShardLevelMetrics": []}],
			"MaxRecordSizeInKiB": 1024, "OpenShardCount": 1, "RetentionPeriodHours": 24, "StreamARN": "${arn}",
			"StreamCreationTimestamp": {"$any": "number"}, "StreamModeDetails": {"StreamMode": "PROVISIONED"},
			"StreamName": "${stream}", "StreamStatus": "ACTIVE"}}`,
		`"action": "UpdateMaxRecordSize", "status": 200, "request": {"StreamARN": "${arn}", "MaxRecordSizeInKiB": 1024}`,
		`"action": "AddTagsToStream", "status": 200, "request": {"StreamName": "${stream}", "Tags": {"shard": "v"}}`,
		`"action": "ListTagsForStream", "status": 200, "request": {"StreamName": "${stream}", "ExclusiveStartTagKey": "a"},
			"answer": {"HasMoreTags": false, "Tags": [{"Key": "b", "Value": ""}]}`,
	} {
		if err := validate(t, schema, change(example, lastStep, step)); err != nil {
			t.Errorf("%s: %v", step, err)
		}
	}
}

func TestSchemaRefuses(t *testing.T) {
	schema := compileSchema(t)
	for _, test := range []struct{ name, old, new string }{
		{"another format", `"format": 2`, `"format": 1`},
		{"no format", `"format": 2, `, ``},
		{"an empty name", `"name": "N"`, `"name": ""`},
		{"no clause", `"clause": "C", `, ``},
		{"an empty clause", `"clause": "C"`, `"clause": ""`},
		{"no name", `"name": "N", `, ``},
		{"a name that is a number", `"name": "N"`, `"name": 1`},
		{"no section", `"section": 1, `, ``},
		{"a section in quotes", `"section": 1`, `"section": "1"`},
		{"a section below zero", `"section": 1`, `"section": -1`},
		{"no mark", `"mark": "S,P", `, ``},
		{"no source", `, "source": "AWS"`, ``},
		{"an empty source", `"source": "AWS"`, `"source": ""`},
		{"no steps", `"steps"`, `"older"`},
		{"a bad time", `"$time": "2026-03-04T05:06:07.5Z"`, `"$time": "05:06:07"`},
		{"a time and more", `"$time": "2026-03-04T05:06:07.5Z"`, `"$time": "2026-03-04T05:06:07.5Z", "Data": ""`},
		{"no others", `"$others": true`, `"$others": false`},
		{"a mis-cased member beside others", `"$others": true`, `"$others": true, "shardId": "x"`},
		{"others in a request", `"DryRun": null`, `"$others": true`},
		{"another section", `"section": 1`, `"section": 11`},
		{"a mis-cased member of the vector", `"clause"`, `"Clause"`},
		{"an unknown member of the vector", `"format": 2`, `"format": 2, "since": 2024`},

		{"an unknown mark", `"mark": "S,P"`, `"mark": "X"`},
		{"marks without a comma", `"mark": "S,P"`, `"mark": "SP"`},
		{"marks and a space", `"mark": "S,P"`, `"mark": "S, P"`},
		{"a mis-cased mark", `"mark": "D"`, `"mark": "Ours"`},
		{"an unknown mark of messages", `"messageMark": "ours"`, `"messageMark": ""`},

		{"an unknown need", `["clock", "faults"]`, `["clock", "network"]`},
		{"a repeated need", `["clock", "faults"]`, `["clock", "clock"]`},
		{"empty needs", `["clock", "faults"]`, `[]`},
		{"needs that are no array", `["clock", "faults"]`, `"clock"`},
		{"features that are no array", `["PutRecords", "PutRecords.DryRun"]`, `"PutRecords"`},
		{"empty features", `["PutRecords", "PutRecords.DryRun"]`, `[]`},
		{"a repeated feature", `["PutRecords", "PutRecords.DryRun"]`, `["PutRecords", "PutRecords"]`},
		{"an unknown operation among the features", `["PutRecords", `, `["PutRecord", "Put", `},
		{"a mis-cased operation among the features", `["PutRecords", `, `["putRecords", `},
		{"a mis-cased member among the features", `"PutRecords.DryRun"`, `"PutRecords.dryRun"`},

		{"no stream", `"stream": {`, `"note": {`},
		{"no shards", shardCount + `, `, ``},
		{"zero shards", shardCount, `"ShardCount": 0`},
		{"shards in quotes", shardCount, `"ShardCount": "2"`},
		{"an unknown member of the stream", shardCount, shardCount + `, "Shards": 2`},
		{"shards and a layout", shardCount, shardCount + `, ` + layoutExample},
		{"a mis-cased member of the stream", shardCount, `"shardCount": 2`},
		{"a stream without a time", `"StreamCreationTimestamp": "2026-03-04T05:06:07.8Z",`, ``},
		{"a space in the stream's name", `"orders"`, `"or ders"`},
		{"a stream's name that is a number", `"orders"`, `1`},
		{"a region with a space", `"us-east-1"`, `"us east"`},
		{"a region that is a number", `"us-east-1"`, `1`},
		{"a delay of zero", `"ReshardDelaySeconds": 24`, `"ReshardDelaySeconds": 0`},
		{"a delay in quotes", `"ReshardDelaySeconds": 24`, `"ReshardDelaySeconds": "24"`},
		{"another encryption", `"KMS"`, `"AES"`},
		{"another distribution", `"AUTO"`, `"auto"`},
		{"a record size that is too small", `"MaxRecordSizeInKiB": 1024`, `"MaxRecordSizeInKiB": 1023`},
		{"a record size that is too large", `"MaxRecordSizeInKiB": 1024`, `"MaxRecordSizeInKiB": 10241`},
		{"a record size in quotes", `"MaxRecordSizeInKiB": 1024`, `"MaxRecordSizeInKiB": "1024"`},
		{"an unknown limit", `"RecordsPerSecond": 1`, `"RecordPerSecond": 1`},
		{"a limit of zero", `"RecordsPerSecond": 1`, `"RecordsPerSecond": 0`},
		{"a limit in quotes", `"RecordsPerSecond": 1`, `"RecordsPerSecond": "1"`},
		{"limits that are no object", `{"RecordsPerSecond": 1, "PartitionKeyLength": 2}`, `1`},
		{"no limits", `{"RecordsPerSecond": 1, "PartitionKeyLength": 2}`, `{}`},

		{"a date without a time", `"2026-03-04T05:06:07.8Z"`, `"2026-03-04"`},
		{"a time in another zone", `"2026-03-04T05:06:07.8Z"`, `"2026-03-04T05:06:07.8+01:00"`},
		{"month 13", `"2026-03-04T05:06:07.8Z"`, `"2026-13-04T05:06:07.8Z"`},
		{"February 30", `"2026-03-04T05:06:07.8Z"`, `"2026-02-30T05:06:07.8Z"`},
		{"hour 24", `"2026-03-04T05:06:07.8Z"`, `"2026-03-04T24:06:07.8Z"`},
		{"a bad time of a step", `"at": "2026-03-04T05:06:07Z"`, `"at": "now"`},
		{"no time of a step", `"at": "2026-03-04T05:06:07Z", `, ``},

		{"an unknown action", `"action": "PutRecords"`, `"action": "PutRecordz"`},
		{"a mis-cased action", `"action": "SplitShard"`, `"action": "splitShard"`},
		{"no action", `"action": "SplitShard", `, ``},
		{"no request", `"request": {"ShardToSplit": "x"}, `, ``},
		{"a request that is no object", `{"ShardToSplit": "x"}`, `"x"`},
		{"no status", `"status": 200,
      "answer": {"F`, `"answer": {"F`},
		{"a status in quotes", `"status": 200,
      "answer": {"F`, `"status": "200", "answer": {"F`},
		{"a status below 200", `"status": 200,
      "answer": {"F`, `"status": 199, "answer": {"F`},
		{"a status over 599", `"status": 400,
      "answer": {"__type": "T"`, `"status": 600, "answer": {"__type": "T"`},
		{"an empty note", `"a note"`, `""`},
		{"no attempts", `"attempts": 3`, `"attempts": 0`},
		{"too many attempts", `"attempts": 3`, `"attempts": 101`},
		{"attempts in quotes", `"attempts": 3`, `"attempts": "3"`},
		{"an unknown member of a step", `"attempts": 3`, `"attempt": 3`},
		{"stored without an answer", `, "answer": {"Records": []}`, ``},
		{"PutRecord without an answer", `"action": "SplitShard"`, `"action": "PutRecord"`},
		{"PutRecords without an answer", `"action": "SplitShard"`, `"action": "PutRecords"`},
		{"an error without an answer", `,
      "answer": {"__type": "T", "Message": "M"}`, ``},
		{"stored with another request", `{"ShardId": "x"}`, `{"StreamName": "x"}`},
		{"stored with more in its request", `{"ShardId": "x"}`, `{"ShardId": "x", "StreamName": "x"}`},
		{"decode with another request", `{"SequenceNumber": "2"}`, `{"ShardId": "2"}`},
		{"decode with more in its request", `{"SequenceNumber": "2"}`, `{"SequenceNumber": "2", "ShardId": "2"}`},
		{"decode without a position", `"position": "7fffffffffffffff",
        "arr`, `"arr`},

		{"a fault of something else", `"of": "records"`, `"of": "record"`},
		{"a fault of nothing", fault, `{"ErrorCode": "InternalFailure"}`},
		{"a fault that is a string", fault, `"request"`},
		{"a fault of the request without a code", fault, `{"of": "request"}`},
		{"a fault of the request with an empty code", fault, `{"of": "request", "ErrorCode": ""}`},
		{"a fault of records with an empty code", `"ErrorCode": "InternalFailure"`, `"ErrorCode": ""`},
		{"a fault of records with an empty key", `"PartitionKey": "bad"`, `"PartitionKey": ""`},
		{"a fault of records with a shard", `"PartitionKey": "bad"`, `"PartitionKey": "bad", "ShardId": "shardId-000000000000"`},
		{"a fault of the storage with another shard ID", fault, `{"of": "storage", "ShardId": "0"}`},
		{"a fault of the storage with a code", fault, `{"of": "storage", "ShardId": "shardId-000000000000", "ErrorCode": "X"}`},
		{"a fault of the whole storage", fault, `{"of": "disk", "ShardId": "shardId-000000000000"}`},
		{"a fault of the request with a key", `"of": "records"`, `"of": "request"`},
		{"a fault of records without a code", `"ErrorCode": "InternalFailure", `, ``},
		{"a fault of records without a key", `, "PartitionKey": "bad"`, ``},
		{"a fault of the storage without a shard", fault, `{"of": "storage"}`},
		{"a fault of SplitShard", `"action": "SplitShard"`, `"action": "SplitShard", "fault": ` + fault},

		{"a mis-cased member of a request", `"StreamName": "${stream}"`, `"streamName": "${stream}"`},
		{"a mis-cased member deep in a request", `"PartitionKey": {"$join"`, `"partitionKey": {"$join"`},
		{"a member in camel case", `"ShardToSplit": "x"`, `"shardToSplit": "x"`},
		{"another spelling of an ARN", `"StreamName": "${stream}"`, `"StreamArn": "${stream}"`},
		{"a member of answers in a request", `"DryRun": null`, `"FailedRecordCount": null`},
		{"a mis-cased member of an answer", `"FailedRecordCount"`, `"failedRecordCount"`},
		{"a mis-cased member deep in an answer", `"ShardId": "shardId-000000000000"`, `"ShardID": "shardId-000000000000"`},
		{"a mis-cased message", `"message": "M"`, `"MESSAGE": "M"`},
		{"an error code with another name", `{"__type": "T", `, `{"type": "T", `},
		{"a member of requests in an answer", `{"__type": "T", `, `{"DryRun": true, `},
		{"an answer that is no object", `{"Records": []}`, `[]`},
		{"an older answer with a mis-cased member", `{"__type": "X"`, `{"__Type": "X"`},
		{"an older answer without a year", `"until": "2024", `, ``},
		{"an older answer with a number as its year", `"until": "2024"`, `"until": 2024`},
		{"an older answer without a source", `"source": "a blog", `, ``},
		{"an older answer with an empty source", `"source": "a blog"`, `"source": ""`},
		{"an older answer with words as its year", `"until": "2024"`, `"until": "last year"`},
		{"an older answer with a mark", `"until": "2024"`, `"until": "2024", "mark": "P"`},
		{"an older answer with a bad status", `"status": 400, "answer": {"__type": "X"`, `"status": 0, "answer": {"__type": "X"`},
		{"empty older answers", `[` + older + `]`, `[]`},
		{"an older answer that is not in an array", `[` + older + `]`, older},
		{"an older answer that is a string", older, `"X"`},
		{"an older answer without a status", `"status": 400, "answer": {"__type": "X"`, `"answer": {"__type": "X"`},

		{"a number without a shard", `"shard": 0, `, ``},
		{"a number with only an arrival second", `"shard": 0, "created": "2026-03-04T05:06:07Z", `, ``},
		{"a number with only a creation second", `{"__type": "T"`, `{"created": "2026-03-04T05:06:07Z"`},
		{"a number with only a position", `{"__type": "T"`, `{"position": "0000000000000000"`},
		{"a number without a creation second", `"shard": 0, "created": "2026-03-04T05:06:07Z"`, `"shard": 0`},
		{"a number without an arrival second", `, "arrived": "2026-03-04T05:06:08Z"`, ``},
		{"a number with a mis-cased part", `"shard": 0`, `"Shard": 0`},
		{"a number with another part", `"shard": 0`, `"shard": 0, "version": 2`},
		{"a number with another member", `"shard": 0`, `"shard": 0, "ShardId": "x"`},
		{"a number with part of a second", `"arrived": "2026-03-04T05:06:08Z"`, `"arrived": "2026-03-04T05:06:08.5Z"`},
		{"a number with a bad second", `"arrived": "2026-03-04T05:06:08Z"`, `"arrived": "2026-03-04T05:06:60Z"`},
		{"a number with a bad creation second", `"shard": 0, "created": "2026-03-04T05:06:07Z"`, `"shard": 0, "created": "2026-03-04"`},
		{"a shard below zero", `"shard": 0`, `"shard": -1`},
		{"a shard that is no integer", `"shard": 0`, `"shard": 0.5`},
		{"a shard of more than 32 bits", `4294967295`, `4294967296`},
		{"a shard in quotes", `"shard": 0`, `"shard": "0"`},
		{"a position of 15 digits", `7fffffffffffffff`, `7ffffffffffffff`},
		{"a position of 17 digits", `7fffffffffffffff`, `7ffffffffffffffff`},
		{"a position of 2^63", `7fffffffffffffff`, `8000000000000000`},
		{"a position that is a number", `"7fffffffffffffff"`, `0`},
		{"a position in upper case", `7fffffffffffffff`, `7FFFFFFFFFFFFFFF`},
		{"the parts of a number in a request", `"SequenceNumber": "1"`, `"shard": 1`},
		{"a layout without a position", shardCount, layout(`"position": "0000000000000000", `, ``)},
		{"a layout without hash keys", shardCount, layout(`"HashKeyRange"`, `"HashKeys"`)},
		{"a layout with another shard ID", shardCount, layout(`shardId-000000000001`, `shard-1`)},
		{"a layout with an invalid hash key", shardCount, layout(`"0"`, `"01"`)},
		{"a layout with an invalid end", shardCount, layout(`"34`, `"a34`)},
		{"a layout with another parent", shardCount, layout(`shardId-000000000000`, `0`)},
		{"a layout with another adjacent parent", shardCount, layout(`"Parent`, `"AdjacentParentShardId": "0", "Parent`)},
		{"a layout with a mis-cased member", shardCount, layout(`"ParentShardId"`, `"parentShardId"`)},
		{"a layout with a mis-cased hash key", shardCount, layout(`"EndingHashKey"`, `"endingHashKey"`)},
		{"a layout without a first hash key", shardCount, layout(`"StartingHashKey": "0", `, ``)},
		{"a layout without a last hash key", shardCount, layout(`"EndingHashKey"`, `"ShardId"`)},
		{"a layout without numbers", shardCount, layout(`"SequenceNumberRange"`, `"Range"`)},
		{"a layout without a first number", shardCount, layout(`"StartingSequenceNumber"`, `"EndingSequenceNumber"`)},
		{"a layout with a mis-cased number", shardCount, layout(`"StartingS`, `"startingSequenceNumber": 1, "StartingS`)},
		{"a layout with an ending number in digits", shardCount, layout(`"StartingS`, `"EndingSequenceNumber": "1", "StartingS`)},
		{"a layout without a shard ID", shardCount, layout(`"ShardId": "shardId-000000000001", `, ``)},
		{"a layout without a shard", shardCount, layout(`"shard": 1, `, ``)},
		{"an empty layout", shardCount, `"Layout": []`},
		{"a layout that is no array", shardCount, `"Layout": {}`},

		{"an unknown abbreviation", `"$zeros"`, `"$ones"`},
		{"zeros below zero", `{"$zeros": 9}`, `{"$zeros": -1}`},
		{"zeros and more", `{"$zeros": 9}`, `{"$zeros": 9, "Data": ""}`},
		{"zeros in quotes", `{"$zeros": 9}`, `{"$zeros": "9"}`},
		{"a repeat without times", `{"$repeat": "b", "$times": 3}`, `{"$repeat": "b"}`},
		{"times without a repeat", `{"$repeat": "b", "$times": 3}`, `{"$times": 3}`},
		{"a repeat zero times", `"$times": 3`, `"$times": 0`},
		{"a repeat one and a half times", `"$times": 3`, `"$times": 1.5`},
		{"a repeat and more", `"$times": 3`, `"$times": 3, "Data": ""`},
		{"a mis-cased member in a repeat", `{"Data": {"$zeros": 9}`, `{"data": {"$zeros": 9}`},
		{"a join of a number", `"$join": ["a"`, `"$join": [1`},
		{"a join of a string", `"$join": ["a", {"$repeat": "b", "$times": 3}]`, `"$join": "a"`},
		{"a join and more", `"$join": ["a"`, `"Data": "", "$join": ["a"`},
		{"a join of nothing", `"$join": ["a", {"$repeat": "b", "$times": 3}]`, `"$join": []`},
		{"an answer of step 0", `[1, "Records", 2`, `[0, "Records", 2`},
		{"an answer without members", `[1, "Records", 2, "SequenceNumber"]`, `[1]`},
		{"an answer that is no array", `[1, "Records", 2, "SequenceNumber"]`, `1`},
		{"an answer and more", `{"$answer"`, `{"Data": "", "$answer"`},
		{"an answer of element 0", `[1, "Records", 2`, `[1, "Records", 0`},
		{"an answer without a step", `[1, "Records", 2`, `["Records", 2`},
		{"an answer with a mis-cased member", `[1, "Records", 2`, `[1, "records", 2`},
		{"any of an unknown type", `{"$any": "string"}`, `{"$any": "null"}`},
		{"any and more", `{"$any": "string"}`, `{"$any": "string", "$atLeast": 1}`},
		{"any and a member", `{"$any": "string"}`, `{"$any": "string", "Data": ""}`},
		{"a bound that is no number", `"$atLeast": 0`, `"$atLeast": "0"`},
		{"bounds and more", `"$atLeast": 0`, `"$atLeast": 0, "Records": []`},
		{"only a lower bound and more", `{"$atLeast": 0, "$atMost": 2}`, `{"$atLeast": 0, "Records": []}`},
		{"only an upper bound and more", `{"$atLeast": 0, "$atMost": 2}`, `{"$atMost": 0, "Records": []}`},
		{"an upper bound that is no number", `"$atMost": 2`, `"$atMost": null`},
		{"contains without an array", `{"$absent": true}`, `{"$contains": "x"}`},
		{"contains nothing", `{"$absent": true}`, `{"$contains": []}`},
		{"contains and more", `{"$absent": true}`, `{"$contains": ["x"], "Data": ""}`},
		{"absent and more", `{"$absent": true}`, `{"$absent": true, "Data": ""}`},
		{"a repeat without times in an answer", `{"$absent": true}`, `{"$repeat": "x"}`},
		{"not absent", `{"$absent": true}`, `{"$absent": false}`},
		{"any in a request", `"DryRun": null`, `"DryRun": {"$any": "boolean"}`},
		{"tags in an array", lastStep, `"action": "TagResource", "status": 200, "request": {"Tags": [{"Key": "a"}]}`},
		{"a tag without times", lastStep, `"action": "TagResource", "status": 200, "request": {"Tags": {"a": {"$repeat": "x"}}}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := validate(t, schema, change(example, test.old, test.new)); err == nil {
				t.Errorf("the schema accepts %s for %s", test.new, test.old)
			}
		})
	}
}
