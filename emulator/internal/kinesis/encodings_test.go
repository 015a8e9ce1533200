package kinesis

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// operationMembers are the members of the requests of all operations.
var operationMembers = map[string][]string{
	"AddTagsToStream":               {"StreamARN", "StreamName", "Tags"},
	"CreateStream":                  {"ShardCount", "StreamModeDetails", "StreamName", "Tags", "MaxRecordSizeInKiB"},
	"DecreaseStreamRetentionPeriod": {"RetentionPeriodHours", "StreamARN", "StreamName"},
	"DeleteStream":                  {"StreamARN", "StreamName", "EnforceConsumerDeletion"},
	"DescribeLimits":                {},
	"DescribeStream":                {"ExclusiveStartShardId", "Limit", "StreamARN", "StreamName"},
	"DescribeStreamSummary":         {"StreamARN", "StreamName"},
	"DisableEnhancedMonitoring":     {"ShardLevelMetrics", "StreamARN", "StreamName"},
	"EnableEnhancedMonitoring":      {"ShardLevelMetrics", "StreamARN", "StreamName"},
	"GetRecords":                    {"Limit", "ShardIterator", "StreamARN", "DryRun"},
	"GetShardIterator":              {"ShardId", "ShardIteratorType", "StartingSequenceNumber", "StreamARN", "StreamName", "Timestamp"},
	"IncreaseStreamRetentionPeriod": {"RetentionPeriodHours", "StreamARN", "StreamName"},
	"ListShards":                    {"ExclusiveStartShardId", "MaxResults", "NextToken", "ShardFilter", "StreamARN", "StreamName"},
	"ListStreams":                   {"ExclusiveStartStreamName", "Limit", "NextToken"},
	"ListTagsForResource":           {"ResourceARN"},
	"ListTagsForStream":             {"ExclusiveStartTagKey", "Limit", "StreamARN", "StreamName"},
	"MergeShards":                   {"AdjacentShardToMerge", "ShardToMerge", "StreamARN", "StreamName"},
	"PutRecord":                     {"Data", "ExplicitHashKey", "PartitionKey", "SequenceNumberForOrdering", "StreamARN", "StreamName"},
	"PutRecords":                    {"Records", "StreamARN", "StreamName"},
	"RemoveTagsFromStream":          {"StreamARN", "StreamName", "TagKeys"},
	"SplitShard":                    {"NewStartingHashKey", "ShardToSplit", "StreamARN", "StreamName"},
	"StartStreamEncryption":         {"EncryptionType", "KeyId", "StreamARN", "StreamName"},
	"StopStreamEncryption":          {"EncryptionType", "KeyId", "StreamARN", "StreamName"},
	"TagResource":                   {"ResourceARN", "Tags"},
	"UntagResource":                 {"ResourceARN", "TagKeys"},
	"UpdateMaxRecordSize":           {"MaxRecordSizeInKiB", "StreamARN"},
	"UpdateShardCount":              {"ScalingType", "StreamARN", "StreamName", "TargetShardCount"},
	"UpdateStreamMode":              {"StreamARN", "StreamModeDetails"},
}

// memberValue returns a value that a member may have. Most are of the right type.
func memberValue(t *rapid.T, name string) any {
	fits := []any{"orders", "other", "", "a", "0", "shardId-000000000001", "no such!", "x" + strings.Repeat("y", 128)}
	switch {
	case strings.HasSuffix(name, "ARN"):
		fits = []any{arn("orders"), arn("other"), "arn", ""}
	case name == "StreamName":
		fits = []any{"orders", "orders", "orders", "other", "", "no such!"}
	case name == "Limit" || name == "MaxResults" || strings.HasSuffix(name, "Count") || strings.HasSuffix(name, "Hours") || strings.HasSuffix(name, "KiB"):
		fits = []any{-1, 0, 1, 2, 24, 25, 1023, 1024, 10_000, 10_001, 10_240, 10_241, 1<<31 - 1, int64(1 << 31), -1 << 31, int64(1 << 40)}
	case name == "ShardLevelMetrics" || name == "TagKeys":
		fits = []any{[]any{}, []any{"ALL"}, []any{"IncomingBytes", "a"}, []any{""}, []any{nil}, []any{1}}
	case name == "Tags":
		fits = []any{map[string]any{}, map[string]any{"a": "b", "c": ""}, map[string]any{"": "x"}, map[string]any{"a": nil}, map[string]any{"%": "x"}, map[string]any{"a": 1}}
	case name == "StreamModeDetails":
		fits = []any{map[string]any{}, map[string]any{"StreamMode": onDemand}, map[string]any{"StreamMode": provisioned}, map[string]any{"StreamMode": "x", "y": 1}}
	case name == "ShardFilter":
		fits = []any{
			map[string]any{},
			map[string]any{"Type": "AT_LATEST"},
			map[string]any{"Type": "AFTER_SHARD_ID", "ShardId": "shardId-000000000000"},
			map[string]any{"Type": "FROM_TRIM_HORIZON"},
			map[string]any{"Type": "AT_TIMESTAMP", "Timestamp": 5},
			map[string]any{"Type": "x"},
		}
	case name == "Timestamp":
		fits = []any{0, 5, -5, 1_772_600_767, 1_900_000_000, int64(1 << 50)}
	case name == "ShardIteratorType":
		fits = []any{trimHorizon, latest, atTimestamp, atSequenceNumber, afterSequenceNumber, "x"}
	case name == "Records":
		fits = []any{[]any{}, []any{map[string]any{"PartitionKey": "k", "Data": "YQ=="}}, []any{map[string]any{}}, []any{nil}, []any{1}}
	case name == "Data":
		fits = []any{"", "YQ=="}
	case name == "EncryptionType":
		fits = []any{"KMS", "NONE", "x"}
	case name == "ScalingType":
		fits = []any{"UNIFORM_SCALING", "x"}
	}
	if rapid.IntRange(0, 9).Draw(t, "odd "+name) == 0 {
		fits = []any{nil, true, 1, "text", []any{}, map[string]any{}}
	}
	return rapid.SampledFrom(fits).Draw(t, name)
}

// Whatever a request says, JSON and CBOR get the same answer. Only the messages about what cannot
// be decoded may differ.
func TestBothEncodingsGetTheSameAnswer(t *testing.T) {
	operations := rapid.SampledFrom(slices.Sorted(maps.Keys(operationMembers)))
	rapid.Check(t, func(rt *rapid.T) {
		w := newTwin(t, func(c *Config) { c.StateDelay = 0 })
		w.call("CreateStream", `{"StreamName":"orders","ShardCount":2}`)
		for range 20 {
			operation := operations.Draw(rt, "operation")
			request := map[string]any{}
			for _, name := range append(operationMembers[operation], "Unknown") {
				if rapid.IntRange(0, 3).Draw(rt, "has "+name) > 0 {
					request[name] = memberValue(rt, name)
				}
			}
			body := must(json.Marshal(request))
			status, answer := send(rt, w.handlers[0], "", jsonType, operation, body)
			encoded := must(cbor.Marshal(inMilliseconds(whole(decode(json.Unmarshal, body)))))
			cborStatus, cborAnswer := send(rt, w.handlers[1], "", cborType, operation, encoded)
			want, got := decode(json.Unmarshal, answer), asJSON(decode(cbor.Unmarshal, cborAnswer))
			if strings.Contains(string(answer), "SerializationException") {
				want, got = codeOf(want), codeOf(got)
			}
			if diff := cmp.Diff(want, got); diff != "" || status != cborStatus {
				rt.Fatalf("%s %s: CBOR (+) has another answer than JSON (-), or status %d instead of %d\n%s",
					operation, body, cborStatus, status, diff)
			}
			if status != 200 && status != 400 {
				rt.Fatalf("%s %s: %d %s", operation, body, status, answer)
			}
		}
	})
}

func codeOf(answer any) any {
	members, _ := answer.(map[string]any)
	return fmt.Sprint(members["__type"])
}

// inMilliseconds returns a request with its times as CBOR has them.
func inMilliseconds(v any) any {
	members, _ := v.(map[string]any)
	for name, member := range members {
		if seconds, ok := member.(int64); ok && name == "Timestamp" {
			members[name] = seconds * 1000
		} else {
			inMilliseconds(member)
		}
	}
	return v
}
