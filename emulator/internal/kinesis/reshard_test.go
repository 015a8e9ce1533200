package kinesis

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/putrecords/putrecords"
)

const maxHashKey = "340282366920938463463374607431768211455"

// open returns the ids of the shards that have no ending number.
func (c *emulated) open() string {
	c.t.Helper()
	var ids []string
	for _, sh := range c.stream().Shards() {
		if sh.SequenceNumberRange.EndingSequenceNumber.IsZero() {
			ids = append(ids, strconv.Itoa(int(sh.SequenceNumberRange.StartingSequenceNumber.ShardIndex)))
		}
	}
	return strings.Join(ids, " ")
}

func TestReshardsHaveEmptyAnswers(t *testing.T) {
	c := newEmulated(t, 1, Config{})
	c.wantAnswer("SplitShard", `{"StreamName":"orders","ShardToSplit":"shardId-000000000000","NewStartingHashKey":"2"}`, "")
	c.wantAnswer("MergeShards", `{"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/orders",
		"ShardToMerge":"shardId-000000000001","AdjacentShardToMerge":"shardId-000000000002"}`, "")
	if got := c.open(); got != "3" {
		t.Errorf("the shards %s are open, want 3", got)
	}
	merged, _ := c.stream().Shard(shard3)
	if merged.ParentShardID != shard1 || merged.AdjacentParentShardID != shard2 {
		t.Errorf("shard 3 has the parents %s and %s", merged.ParentShardID, merged.AdjacentParentShardID)
	}
}

func TestShardIDMeansTheNumberAfterItsFirstHyphen(t *testing.T) {
	for sent, want := range map[string]string{
		shard0: shard0, "0": shard0, "00": shard0, "shard-0": shard0, "x-0": shard0, "-0": shard0, "x-1-y": shard1,
		"shardId-2147483647": "shardId-002147483647",
	} {
		if got, err := fullShardID(sent, "orders", "000000000000"); got != want || err != nil {
			t.Errorf("%s means %s, %v; want %s", sent, got, err, want)
		}
	}
	for _, sent := range []string{"shardId", "shardId-", "x-y-0", "shardId-2147483648", "99999999999999999999999", "0x0", "_"} {
		want := "ResourceNotFoundException: Could not find shard " + sent + " in stream orders under account 000000000000."
		if got, err := fullShardID(sent, "orders", "000000000000"); err == nil || err.Error() != want {
			t.Errorf("%s means %s, %v; want %s", sent, got, err, want)
		}
	}
	c := newEmulated(t, 1, Config{})
	c.wantAnswer("SplitShard", `{"StreamName":"orders","ShardToSplit":"x-0","NewStartingHashKey":"2"}`, "")
	c.wantAnswer("MergeShards", `{"StreamName":"orders","ShardToMerge":"1","AdjacentShardToMerge":"shard-2"}`, "")
	if got := c.open(); got != "3" {
		t.Errorf("the shards %s are open, want 3", got)
	}
}

func TestSplitShardRefusals(t *testing.T) {
	c := newEmulated(t, 2, Config{})
	for _, test := range [][2]string{
		{`{}`, "ValidationException: 2 validation errors detected: " +
			"Value null at 'newStartingHashKey' failed to satisfy constraint: Member must not be null; " +
			"Value null at 'shardToSplit' failed to satisfy constraint: Member must not be null"},
		{
			`{"StreamName":"?","ShardToSplit":"","NewStartingHashKey":"00"}`,
			"ValidationException: 4 validation errors detected: Value '00' at 'newStartingHashKey' failed to satisfy constraint: " +
				`Member must satisfy regular expression pattern: ^(0|([1-9]\d{0,38}))$; ` +
				"Value '' at 'shardToSplit' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+; " +
				"Value '' at 'shardToSplit' failed to satisfy constraint: Member must have length greater than or equal to 1; " +
				"Value '?' at 'streamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
		},
		{
			`{"ShardToSplit":"x","NewStartingHashKey":"0"}`,
			"InvalidArgumentException: Stream arn and stream name can't be empty at the same time",
		},
		{ // the id before the stream
			`{"StreamName":"none","ShardToSplit":"x","NewStartingHashKey":"0"}`,
			"ResourceNotFoundException: Could not find shard x in stream none under account 000000000000.",
		},
		{
			`{"StreamName":"none","ShardToSplit":"0","NewStartingHashKey":"0"}`,
			"ResourceNotFoundException: Stream none under account 000000000000 not found.",
		},
		{
			`{"StreamName":"orders","ShardToSplit":"7","NewStartingHashKey":"0"}`,
			"ResourceNotFoundException: Could not find shard shardId-000000000007 in stream orders under account 000000000000.",
		},
		{`{"StreamName":"orders","ShardToSplit":"0","NewStartingHashKey":"1"}`, cannotSplit("1")},
		{`{"StreamName":"orders","ShardToSplit":"0","NewStartingHashKey":"` + maxHashKey + `"}`, cannotSplit(maxHashKey)},
		{ // 2^128, and the highest number that the pattern allows
			`{"StreamName":"orders","ShardToSplit":"0","NewStartingHashKey":"340282366920938463463374607431768211456"}`,
			cannotSplit("340282366920938463463374607431768211456"),
		},
		{
			`{"StreamName":"orders","ShardToSplit":"0","NewStartingHashKey":"` + strings.Repeat("9", 39) + `"}`,
			cannotSplit(strings.Repeat("9", 39)),
		},
		{
			`{"StreamName":"orders","ShardToSplit":true}`,
			"SerializationException: class java.lang.Boolean can not be converted to an String",
		},
	} {
		c.wantRefused("SplitShard", test[0], test[1])
	}
	c.wantAnswer("SplitShard", `{"StreamName":"orders","ShardToSplit":"0","NewStartingHashKey":"2"}`, "")
	// A key above all hash keys does not hide that the shard is closed.
	c.wantRefused("SplitShard", `{"StreamName":"orders","ShardToSplit":"0","NewStartingHashKey":"`+strings.Repeat("9", 39)+`"}`,
		"InvalidArgumentException: Shard shardId-000000000000 in stream orders under account 000000000000 has already been merged or "+
			"split, and thus is not eligible for merging or splitting.")
}

// cannotSplit is the refusal of a key that cannot split the lower half of the hash keys.
func cannotSplit(key string) string {
	return "InvalidArgumentException: NewStartingHashKey " + key + " used in SplitShard() on shard shardId-000000000000 in stream orders " +
		"under account 000000000000 is not both greater than one plus the shard's StartingHashKey 0 and less than the shard's " +
		"EndingHashKey 170141183460469231731687303715884105727."
}

func TestMergeShardsRefusals(t *testing.T) {
	c := newEmulated(t, 3, Config{})
	for _, test := range [][2]string{
		{`{}`, "ValidationException: 2 validation errors detected: " +
			"Value null at 'adjacentShardToMerge' failed to satisfy constraint: Member must not be null; " +
			"Value null at 'shardToMerge' failed to satisfy constraint: Member must not be null"},
		{
			`{"StreamName":"none","ShardToMerge":"0","AdjacentShardToMerge":"x"}`,
			"ResourceNotFoundException: Could not find shard x in stream none under account 000000000000.",
		},
		{
			`{"StreamName":"none","ShardToMerge":"y","AdjacentShardToMerge":"x"}`,
			"ResourceNotFoundException: Could not find shard y in stream none under account 000000000000.",
		},
		{
			`{"StreamName":"none","ShardToMerge":"0","AdjacentShardToMerge":"1"}`,
			"ResourceNotFoundException: Stream none under account 000000000000 not found.",
		},
		{
			`{"StreamName":"orders","ShardToMerge":"0","AdjacentShardToMerge":"9"}`,
			"ResourceNotFoundException: Could not find shard shardId-000000000009 in stream orders under account 000000000000.",
		},
		{`{"StreamName":"orders","ShardToMerge":"1","AdjacentShardToMerge":"0"}`, cannotMerge(shard1, shard0)},
		{`{"StreamName":"orders","ShardToMerge":"0","AdjacentShardToMerge":"2"}`, cannotMerge(shard0, shard2)},
		{`{"StreamName":"orders","ShardToMerge":"x-1","AdjacentShardToMerge":"1"}`, cannotMerge(shard1, shard1)},
	} {
		c.wantRefused("MergeShards", test[0], test[1])
	}
}

func cannotMerge(lower, upper string) string {
	return "InvalidArgumentException: Shards " + lower + " and " + upper + " in stream orders under account 000000000000 " +
		"are not an adjacent pair of shards eligible for merging"
}

func TestUpdateShardCount(t *testing.T) {
	c := newEmulated(t, 2, Config{})
	request := func(target int) string {
		return fmt.Sprintf(`{"StreamName":"orders","ScalingType":"UNIFORM_SCALING","TargetShardCount":%d}`, target)
	}
	answer := func(current, target int) string {
		return fmt.Sprintf(`{"CurrentShardCount":%d,"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/orders","StreamName":"orders",`+
			`"TargetShardCount":%d}`, current, target)
	}
	for _, test := range []struct {
		current, target int
		open            string // after it
	}{
		{2, 2, "0 1"},
		{2, 4, "2 3 4 5"},
		{4, 2, "6 7"},
		{2, 3, "8 11 12"}, // 9 and 10 are the parts of 12
	} {
		c.wantAnswer("UpdateShardCount", request(test.target), answer(test.current, test.target))
		if got := c.open(); got != test.open {
			t.Errorf("after an update to %d, the shards %s are open, want %s", test.target, got, test.open)
		}
	}
	c.wantAnswer("UpdateShardCount", request(1), answer(3, 1)) // less than half
	for _, test := range [][2]string{
		{`{}`, "ValidationException: 2 validation errors detected: " +
			"Value null at 'scalingType' failed to satisfy constraint: Member must not be null; " +
			"Value null at 'targetShardCount' failed to satisfy constraint: Member must not be null"},
		{
			`{"StreamName":"orders","ScalingType":"OTHER","TargetShardCount":0}`,
			"ValidationException: 2 validation errors detected: " +
				"Value 'OTHER' at 'scalingType' failed to satisfy constraint: Member must satisfy enum value set: [UNIFORM_SCALING]; " +
				"Value '0' at 'targetShardCount' failed to satisfy constraint: Member must have value greater than or equal to 1",
		},
		{request(3), "InvalidArgumentException: UpdateShardCount cannot scale up over double your current open shard count. " +
			"Current open shard count: 1 Target shard count: 3"},
		{strings.Replace(request(2), "orders", "none", 1), "ResourceNotFoundException: Stream none under account 000000000000 not found."},
	} {
		c.wantRefused("UpdateShardCount", test[0], test[1])
	}
}

// While a stream is UPDATING, that comes before the checks of shards, keys and numbers. After that,
// it is ACTIVE, though its parents take records for a while, and its children count.
func TestStreamIsReshardedOnlyWhileActive(t *testing.T) {
	c := newEmulated(t, 1, Config{StateDelay: 6 * time.Second})
	c.wantAnswer("SplitShard", `{"StreamName":"orders","ShardToSplit":"0","NewStartingHashKey":"1000"}`, "")
	const updating = "ResourceInUseException: Stream orders under account 000000000000 not ACTIVE, instead in state UPDATING"
	c.now = c.now.Add(5900 * time.Millisecond)
	c.wantRefused("SplitShard", `{"StreamName":"orders","ShardToSplit":"7","NewStartingHashKey":"0"}`, updating)
	c.wantRefused("MergeShards", `{"StreamName":"orders","ShardToMerge":"1","AdjacentShardToMerge":"1"}`, updating)
	c.wantRefused("UpdateShardCount", `{"StreamName":"orders","ScalingType":"UNIFORM_SCALING","TargetShardCount":7}`, updating)
	c.now = c.now.Add(100 * time.Millisecond)
	if _, takes := c.stream().TakesRecords(shard0); !takes {
		t.Fatal("the parent takes no more records")
	}
	c.wantRefused("SplitShard", `{"StreamName":"orders","ShardToSplit":"0","NewStartingHashKey":"1000"}`,
		"InvalidArgumentException: Shard shardId-000000000000 in stream orders under account 000000000000 has already been merged or "+
			"split, and thus is not eligible for merging or splitting.")
	c.wantAnswer("UpdateShardCount", `{"StreamName":"orders","ScalingType":"UNIFORM_SCALING","TargetShardCount":3}`,
		`{"CurrentShardCount":2,"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/orders","StreamName":"orders","TargetShardCount":3}`)
}

func TestStreamIsNotReshardedWhileItsSettingsChange(t *testing.T) {
	c := newEmulated(t, 1, Config{})
	c.stream().setStatus(putrecords.StreamCreating)
	const creating = "ResourceInUseException: Stream orders under account 000000000000 not ACTIVE, instead in state CREATING"
	c.wantRefused("SplitShard", `{"StreamName":"orders","ShardToSplit":"7","NewStartingHashKey":"0"}`, creating)
	c.wantRefused("UpdateShardCount", `{"StreamName":"orders","ScalingType":"UNIFORM_SCALING","TargetShardCount":7}`, creating)
}

func TestOnDemandStreamIsNotResharded(t *testing.T) {
	c := newEmulated(t, 2, Config{})
	c.stream().shown.Mode = onDemand
	const want = "ValidationException: Stream orders under account 000000000000 is in on-demand mode: " +
		"its shards can be split and merged only in provisioned mode."
	c.wantRefused("SplitShard", `{"StreamName":"orders","ShardToSplit":"0","NewStartingHashKey":"2"}`, want)
	c.wantRefused("MergeShards", `{"StreamName":"orders","ShardToMerge":"0","AdjacentShardToMerge":"1"}`, want)
	c.wantRefused("UpdateShardCount", `{"StreamName":"orders","ScalingType":"UNIFORM_SCALING","TargetShardCount":2}`, want)
}

// The layout is stored when the answer is sent, also while the parents still take records.
func TestReshardedStreamIsStored(t *testing.T) {
	for _, delay := range []time.Duration{0, 6 * time.Second} {
		c := newEmulated(t, 2, Config{StateDelay: delay})
		for _, call := range [][2]string{
			{"SplitShard", `{"StreamName":"orders","ShardToSplit":"0","NewStartingHashKey":"2"}`},
			{"MergeShards", `{"StreamName":"orders","ShardToMerge":"3","AdjacentShardToMerge":"1"}`},
			{"UpdateShardCount", `{"StreamName":"orders","ScalingType":"UNIFORM_SCALING","TargetShardCount":3}`},
		} {
			c.wantAnswerOK(call[0], call[1])
			want := c.stream().Shards()
			c.start(c.service.Config)
			if got := c.stream().Shards(); !slices.Equal(got, want) {
				t.Errorf("delay %v: after %s and a restart the shards are %+v, want %+v", delay, call[0], got, want)
			}
			c.put("a", "b") // the children take records
		}
	}
}

// A split needs room under the account's limit on open shards. Whether there is room is checked
// after the shard, and before the key.
func TestSplitShardLimit(t *testing.T) {
	c := newEmulated(t, 2, Config{})
	c.create("many", 19_997) // and 2 of "orders": one less than the limit of us-east-1
	c.wantAnswer("SplitShard", `{"StreamName":"orders","ShardToSplit":"0","NewStartingHashKey":"2"}`, "")
	const full = "This request would exceed the shard limit for the account 000000000000 in us-east-1. " +
		"Current shard count for the account: 20000. Limit: 20000. Number of additional shards that would have resulted from this request: 1. "
	for body, want := range map[string]string{
		`{"StreamName":"orders","ShardToSplit":"1","NewStartingHashKey":"0"}`: full,
		`{"StreamName":"orders","ShardToSplit":"0","NewStartingHashKey":"2"}`: "Shard shardId-000000000000 in stream orders under account " +
			"000000000000 has already been merged or split, and thus is not eligible for merging or splitting.",
		`{"StreamName":"orders","ShardToSplit":"9","NewStartingHashKey":"2"}`: "Could not find shard shardId-000000000009 in stream orders under account 000000000000.",
	} {
		if status, answer := c.call("SplitShard", body); status != 400 || !strings.Contains(answer, want) {
			t.Errorf("%s: %d %s", body, status, answer)
		}
	}
	c.wantAnswer("MergeShards", `{"StreamName":"orders","ShardToMerge":"2","AdjacentShardToMerge":"3"}`, "")
	c.wantAnswer("SplitShard", `{"StreamName":"orders","ShardToSplit":"1","NewStartingHashKey":"`+maxHashKey[:38]+`0"}`, "")
}
