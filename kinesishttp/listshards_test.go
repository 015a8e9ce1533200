package kinesishttp_test

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/internal/seal"
	"github.com/putrecords/putrecords/kinesishttp"
)

// listShards makes a ListShards request. It returns the last two digits of each shard's
// ID, and the NextToken.
func listShards(t *testing.T, handler *kinesishttp.Handler, body string) (ids []string, token string) {
	t.Helper()
	status, answer := call(t, handler, "ListShards", body)
	if status != 200 {
		t.Fatalf("%s: %d %s", body, status, answer)
	}
	var page struct {
		NextToken string
		Shards    []putrecords.Shard
	}
	if err := json.Unmarshal([]byte(answer), &page); err != nil {
		t.Fatal(err)
	}
	ids = []string{}
	for _, sh := range page.Shards {
		ids = append(ids, sh.ShardID[len(sh.ShardID)-2:])
	}
	return ids, page.NextToken
}

// reshardedStream returns a stream created at start with shards 00 and 01. An hour after start, 00
// was split into 02 and 03. Two hours after start, those two were merged into 04. It is three hours
// after start now.
func reshardedStream(t *testing.T) *putrecords.Stream {
	t.Helper()
	now := start
	stream := newStream(putrecords.Config{Shards: 2, Now: func() time.Time { return now }})
	now = start.Add(time.Hour)
	if err := stream.SplitShard("shardId-000000000000", putrecords.HashKey{0x40}); err != nil {
		t.Fatal(err)
	}
	now = start.Add(2 * time.Hour)
	if err := stream.MergeShards("shardId-000000000002", "shardId-000000000003"); err != nil {
		t.Fatal(err)
	}
	now = start.Add(3 * time.Hour)
	return stream
}

// ListShards lists the stream's shards with AWS's members in AWS's order.
func TestListShards(t *testing.T) {
	stream := reshardedStream(t)
	handler := kinesishttp.NewHandler(stream)
	_, text := call(t, handler, "ListShards", `{"StreamName":"stream"}`)
	var got struct{ Shards []putrecords.Shard }
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(stream.Shards(), got.Shards); diff != "" {
		t.Errorf("the listed shards differ (-want +got):\n%s", diff)
	}
	last := stream.Shards()[4]
	wantAnswer(t, handler, "ListShards", `{"StreamARN":"`+stream.ARN()+`","ExclusiveStartShardId":"shardId-000000000003"}`, 200,
		`{"Shards":[{"AdjacentParentShardId":"shardId-000000000003",`+
			`"HashKeyRange":{"EndingHashKey":"170141183460469231731687303715884105727","StartingHashKey":"0"},`+
			`"ParentShardId":"shardId-000000000002",`+
			`"SequenceNumberRange":{"StartingSequenceNumber":"`+last.SequenceNumberRange.StartingSequenceNumber.String()+`"},`+
			`"ShardId":"shardId-000000000004"}]}`)
	wantAnswer(t, handler, "ListShards", `{"StreamName":"stream","ExclusiveStartShardId":"shardId-000000000004"}`, 200, `{"Shards":[]}`)
}

func TestListShardsPages(t *testing.T) {
	handler := kinesishttp.NewHandler(reshardedStream(t))
	body := `{"StreamName":"stream","MaxResults":2,"ShardFilter":{"Type":"AFTER_SHARD_ID","ShardId":"shardId-000000000000"}}`
	first, token := listShards(t, handler, body)
	second, end := listShards(t, handler, `{"MaxResults":2,"NextToken":"`+token+`"}`)
	if diff := cmp.Diff([][]string{{"01", "02"}, {"03", "04"}}, [][]string{first, second}); diff != "" || end != "" {
		t.Errorf("next token %q after pages (-want +got):\n%s", end, diff)
	}

	// The name or the ARN of the token's stream may come along. A token does not keep MaxResults.
	_, token = listShards(t, handler, `{"StreamName":"stream","MaxResults":1}`)
	const name, arn = `"StreamName":"stream"`, `"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/stream"`
	for _, address := range []string{``, name + `,`, arn + `,`, name + `,` + arn + `,`} {
		rest, end := listShards(t, handler, `{`+address+`"NextToken":"`+token+`"}`)
		if diff := cmp.Diff([]string{"01", "02", "03", "04"}, rest); diff != "" || end != "" {
			t.Errorf("with %s: next token %q after (-want +got):\n%s", address, end, diff)
		}
	}

	// A page has at most 1,000 shards.
	for shards, more := range map[int]bool{999: false, 1000: false, 1001: true} {
		handler := kinesishttp.NewHandler(newStream(putrecords.Config{Shards: shards}))
		limit := []string{"", `,"MaxResults":10000`}[shards%2] // a limit above 1,000 has no effect
		page, token := listShards(t, handler, `{"StreamName":"stream"`+limit+`}`)
		if len(page) != min(shards, 1000) || (token != "") != more {
			t.Errorf("%d shards: %d are listed, next token %q", shards, len(page), token)
		}
		if more {
			if page, token := listShards(t, handler, `{"NextToken":"`+token+`"}`); len(page) != 1 || token != "" {
				t.Errorf("the next page has %d shards, next token %q", len(page), token)
			}
		}
	}
}

func TestShardFilters(t *testing.T) {
	handler := kinesishttp.NewHandler(reshardedStream(t))
	at := func(filter string, hours float64) string {
		return fmt.Sprintf(`{"Type":"%s","Timestamp":%f}`, filter, float64(start.Unix())+hours*3600)
	}
	for filter, want := range map[string][]string{
		`null`:                                   {"00", "01", "02", "03", "04"},
		`{"Type":"AT_LATEST"}`:                   {"01", "04"},
		`{"Type":"AT_TRIM_HORIZON"}`:             {"00", "01"},
		`{"Type":"FROM_TRIM_HORIZON","Other":1}`: {"00", "01", "02", "03", "04"},
		`{"Type":"AFTER_SHARD_ID","ShardId":"shardId-000000000002"}`: {"03", "04"},
		// With other types, ShardId is an exclusive start too, and a Timestamp is ignored.
		`{"Type":"AT_LATEST","ShardId":"shardId-000000000001"}`:         {"04"},
		`{"Type":"AT_TRIM_HORIZON","ShardId":"shardId-000000000000"}`:   {"01"},
		`{"Type":"FROM_TRIM_HORIZON","ShardId":"shardId-000000000003"}`: {"04"},
		`{"Type":"AT_LATEST","Timestamp":0}`:                            {"01", "04"},
		`{"Type":"FROM_TRIM_HORIZON","Timestamp":1e12}`:                 {"00", "01", "02", "03", "04"},
		at("AT_TIMESTAMP", 0):                                           {"00", "01"},
		at("AT_TIMESTAMP", 0.5):                                         {"00", "01"},
		at("AT_TIMESTAMP", 1.5):                                         {"01", "02", "03"},
		at("AT_TIMESTAMP", 2.5):                                         {"01", "04"},
		at("FROM_TIMESTAMP", 0.5):                                       {"00", "01", "02", "03", "04"},
		at("FROM_TIMESTAMP", 1.5):                                       {"01", "02", "03", "04"},
		at("FROM_TIMESTAMP", 2.5):                                       {"01", "04"},
		at("AT_TIMESTAMP", 1):                                           {"00", "01"}, // the closing second of 00
		at("FROM_TIMESTAMP", 1):                                         {"00", "01", "02", "03", "04"},
		at("AT_TIMESTAMP", 1+1./3600):                                   {"01", "02", "03"},
		at("FROM_TIMESTAMP", 1+1./3600):                                 {"01", "02", "03", "04"},
	} {
		got, _ := listShards(t, handler, `{"StreamName":"stream","ShardFilter":`+filter+`}`)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("filter %s (-want +got):\n%s", filter, diff)
		}
	}

	// In CBOR, a timestamp is milliseconds with or without a tag.
	listAt := func(timestamp any) (shards int, code any) {
		_, answer := callCBOR(t, handler, "ListShards", map[string]any{
			"StreamName": "stream", "MaxResults": 10, "ShardFilter": map[string]any{"Type": "AT_TIMESTAMP", "Timestamp": timestamp},
		})
		listed, _ := answer["Shards"].([]any)
		return len(listed), answer["__type"]
	}
	if _, answer := callCBOR(t, handler, "ListShards", map[string]any{"StreamName": "stream", "MaxResults": -1}); answer["__type"] != "ValidationException" {
		t.Errorf("MaxResults -1: %v", answer)
	}
	milliseconds := start.Add(90 * time.Minute).UnixMilli()
	for _, timestamp := range []any{milliseconds, float64(milliseconds), cbor.Tag{Number: 1, Content: milliseconds}} {
		if shards, _ := listAt(timestamp); shards != 3 {
			t.Errorf("at %v there are %d shards, want 3", timestamp, shards)
		}
	}
	for _, timestamp := range []any{
		math.NaN(),
		cbor.Tag{Number: 1, Content: math.NaN()},
		cbor.Tag{Number: 0, Content: "2026-03-04T07:36:07Z"},
		[]byte{1},
		cbor.Tag{Number: 1, Content: cbor.Tag{Number: 1, Content: 1}},
	} {
		if shards, code := listAt(timestamp); code != "SerializationException" {
			t.Errorf("at %v there are %d shards and code %v", timestamp, shards, code)
		}
	}
}

// A time before the stream's creation is refused.
func TestTimestampsBeforeTheTrimHorizon(t *testing.T) {
	handler := kinesishttp.NewHandler(reshardedStream(t))
	for _, filter := range []string{"AT_TIMESTAMP", "FROM_TIMESTAMP"} {
		for _, timestamp := range []string{fmt.Sprintf("%d.999", start.Unix()-1), "0", "-1", "-253402300800", "-1e12", "-9.3e15", "-1e300", "-1e400"} {
			wantRefused(t, handler, "ListShards", map[string]string{
				`{"StreamName":"stream","ShardFilter":{"Type":"` + filter + `","Timestamp":` + timestamp + `}}`: "InvalidArgumentException: " +
					"ShardFilter Timestamp cannot be older than TRIM_HORIZON of the stream.",
			})
		}
	}
}

// A time after the stream's present is refused.
func TestTimestampsInTheFuture(t *testing.T) {
	now := start
	stream := newStream(putrecords.Config{Now: func() time.Time { return now }})
	handler := kinesishttp.NewHandler(stream)
	now = start.Add(time.Hour)
	for _, filter := range []string{"AT_TIMESTAMP", "FROM_TIMESTAMP"} {
		body := func(timestamp string) string {
			return `{"StreamName":"stream","ShardFilter":{"Type":"` + filter + `","Timestamp":` + timestamp + `}}`
		}
		for _, timestamp := range []string{fmt.Sprintf("%d.801", now.Unix()), "253402300800", "1e12", "9.3e15", "1e300", "1e400"} {
			wantRefused(t, handler, "ListShards", map[string]string{
				body(timestamp): "InvalidArgumentException: ShardFilter Timestamp must not be greater than current time.",
			})
		}
		if got, _ := listShards(t, handler, body(fmt.Sprintf("%d.800", now.Unix()))); !cmp.Equal([]string{"00"}, got) {
			t.Errorf("%s now: %v", filter, got)
		}
	}
}

// A time outside the years 1 to 9999 survives in a token.
func TestFarTimestampsInTokens(t *testing.T) {
	handler := kinesishttp.NewHandler(reshardedStream(t))
	for _, timestamp := range []string{"253402300800", "1e12", "9.3e15", "1e300", "1e400", "-1e12", "-9.3e15", "-1e300", "-1e400"} {
		_, token := listShards(t, handler, `{"StreamName":"stream","MaxResults":1,"ShardFilter":{"Type":"AT_LATEST","Timestamp":`+timestamp+`}}`)
		if got, _ := listShards(t, handler, `{"NextToken":"`+token+`"}`); !cmp.Equal([]string{"04"}, got) {
			t.Errorf("after a token with %s: %v", timestamp, got)
		}
	}
}

// Until the closing second has passed, AT_LATEST lists parents and children, and AT_TIMESTAMP lists
// the parents only.
func TestFiltersDuringAReshard(t *testing.T) {
	now := start
	stream := newStream(putrecords.Config{Shards: 2, ReshardDelay: 10 * time.Second, Now: func() time.Time { return now }})
	handler := kinesishttp.NewHandler(stream)
	if err := stream.SplitShard("shardId-000000000000", putrecords.HashKey{0x40}); err != nil {
		t.Fatal(err)
	}
	closing := start.Truncate(time.Second).Add(10 * time.Second)
	for _, test := range []struct {
		now              time.Time
		latest, atItsNow []string
	}{
		{start, []string{"00", "01", "02", "03"}, []string{"00", "01"}},
		{closing.Add(999 * time.Millisecond), []string{"00", "01", "02", "03"}, []string{"00", "01"}},
		{closing.Add(time.Second), []string{"01", "02", "03"}, []string{"01", "02", "03"}},
	} {
		now = test.now
		latest, _ := listShards(t, handler, `{"StreamName":"stream","ShardFilter":{"Type":"AT_LATEST"}}`)
		if diff := cmp.Diff(test.latest, latest); diff != "" {
			t.Errorf("AT_LATEST at %v (-want +got):\n%s", now, diff)
		}
		timestamp := fmt.Sprintf("%.3f", float64(now.UnixMilli())/1000)
		atItsNow, _ := listShards(t, handler, `{"StreamName":"stream","ShardFilter":{"Type":"AT_TIMESTAMP","Timestamp":`+timestamp+`}}`)
		if diff := cmp.Diff(test.atItsNow, atItsNow); diff != "" {
			t.Errorf("AT_TIMESTAMP %s (-want +got):\n%s", timestamp, diff)
		}
	}
}

// AT_LATEST lists children that close before they have opened, and those that take over from them.
func TestLatestWithChildrenThatNeverOpen(t *testing.T) {
	now := start
	stream := newStream(putrecords.Config{ReshardDelay: 25 * time.Second, Now: func() time.Time { return now }})
	handler := kinesishttp.NewHandler(stream)
	if err := stream.SplitShard("shardId-000000000000", putrecords.HashKey{0x80}); err != nil {
		t.Fatal(err)
	}
	now = start.Add(10 * time.Second)
	if err := stream.MergeShards("shardId-000000000001", "shardId-000000000002"); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		after time.Duration
		want  []string
	}{
		{10 * time.Second, []string{"00", "01", "02", "03"}},
		{25 * time.Second, []string{"00", "01", "02", "03"}},
		{26 * time.Second, []string{"01", "02", "03"}},
		{35 * time.Second, []string{"01", "02", "03"}},
		{36 * time.Second, []string{"03"}},
	} {
		now = start.Add(test.after)
		got, _ := listShards(t, handler, `{"StreamName":"stream","ShardFilter":{"Type":"AT_LATEST"}}`)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("after %v (-want +got):\n%s", test.after, diff)
		}
	}
}

// A split in the middle of a request hides no part of the hash space: AT_LATEST lists the parent or
// the children.
func TestLatestDuringASplit(t *testing.T) {
	var stream *putrecords.Stream
	var split func()
	stream = newStream(putrecords.Config{Now: func() time.Time {
		if split != nil {
			split()
		}
		return start
	}})
	split = func() {
		split = nil
		if err := stream.SplitShard("shardId-000000000000", putrecords.HashKey{0x80}); err != nil {
			t.Error(err)
		}
	}
	got, _ := listShards(t, kinesishttp.NewHandler(stream), `{"StreamName":"stream","ShardFilter":{"Type":"AT_LATEST"}}`)
	if diff := cmp.Diff([]string{"00"}, got); diff != "" {
		t.Errorf("shards differ (-want +got):\n%s", diff)
	}
}

// The parents of a restored stream's oldest shards may have expired.
func TestTrimHorizonOfRestoredStream(t *testing.T) {
	shards := reshardedStream(t).Shards()
	stream := newStream(putrecords.Config{Layout: shards[1:], Now: func() time.Time { return start.Add(3 * time.Hour) }})
	got, _ := listShards(t, kinesishttp.NewHandler(stream), `{"StreamName":"stream","ShardFilter":{"Type":"AT_TRIM_HORIZON"}}`)
	if diff := cmp.Diff([]string{"01", "02", "03"}, got); diff != "" {
		t.Errorf("shards (-want +got):\n%s", diff)
	}
}

func TestListShardsRefused(t *testing.T) {
	handler := kinesishttp.NewHandler(newStream(putrecords.Config{Shards: 2}))
	_, token := listShards(t, handler, `{"StreamName":"stream","MaxResults":1}`)
	// With the zero TokenKey, anyone can seal a token.
	forged := func(text string) string { return seal.New([32]byte{}).Seal("ListShards", []byte(text)) }
	const (
		arn      = "arn:aws:kinesis:us-east-1:000000000000:stream/"
		invalid  = "InvalidArgumentException: "
		badToken = invalid + "The NextToken is not one that ListShards has returned."
	)
	wantRefused(t, handler, "ListShards", map[string]string{
		`{}`:                      invalid + "Either NextToken or StreamName should be provided.",
		`{"StreamName":"others"}`: "ResourceNotFoundException: Stream others under account 000000000000 not found.",
		`{"NextToken":"` + token + `","StreamName":"others"}`: invalid + "NextToken does not match the provided StreamName.",
		`{"NextToken":"` + token + `","StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/others"}`: invalid +
			"Input stream name stream doesn't match the inferred name in stream arn others",
		`{"NextToken":"` + token + `","StreamCreationTimestamp":1}`:        invalid + "NextToken and StreamCreationEpoch cannot be provided together.",
		`{"NextToken":"` + token + `","ExclusiveStartShardId":"a"}`:        invalid + "NextToken and ExclusiveStartShardId cannot be provided together.",
		`{"NextToken":"` + token + `","ShardFilter":{"Type":"AT_LATEST"}}`: invalid + "NextToken and ShardFilter cannot be provided together.",
		`{"NextToken":"hello"}`:                badToken,
		`{"NextToken":"aGVsbG8="}`:             badToken,
		`{"NextToken":"` + forged(``) + `"}`:   badToken,
		`{"NextToken":"` + forged(`{}`) + `"}`: badToken,
		`{"NextToken":"` + forged(`{"ExclusiveStartShardID":"a","StreamARN":"`+arn+`stream","Other":1}`) + `"}`:        badToken,
		`{"NextToken":"` + forged(`{"ExclusiveStartShardID":"a","StreamARN":"`+arn+`stream","ShardFilter":{}}`) + `"}`: badToken,
		`{"NextToken":"` + forged(`{"ExclusiveStartShardID":"?","StreamARN":"`+arn+`stream"}`) + `"}`:                  badToken,
		`{"NextToken":"` + forged(`{"ExclusiveStartShardID":"a","StreamARN":"stream"}`) + `"}`:                         badToken,
		`{"NextToken":"` + forged(`{"ExclusiveStartShardID":"a","StreamARN":"`+arn+`others"}`) + `"}`:                  "ResourceNotFoundException: Stream others under account 000000000000 not found.",
		`{"StreamName":"?","NextToken":"x","MaxResults":0}`: "ValidationException: 2 validation errors detected: " +
			"Value '0' at 'maxResults' failed to satisfy constraint: Member must have value greater than or equal to 1; " +
			"Value '?' at 'streamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
		`{"NextToken":"","StreamName":"stream"}`: "ValidationException: 1 validation error detected: " +
			"Value '' at 'nextToken' failed to satisfy constraint: Member must have length greater than or equal to 1",
		`{"StreamName":"stream","MaxResults":0}`: "ValidationException: 1 validation error detected: " +
			"Value '0' at 'maxResults' failed to satisfy constraint: Member must have value greater than or equal to 1",
		`{"StreamName":"stream","ShardFilter":{}}`: "ValidationException: 1 validation error detected: " +
			"Value null at 'shardFilter.type' failed to satisfy constraint: Member must not be null",
		`{"StreamName":"stream","ShardFilter":{"Type":"LATEST","ShardId":"?"}}`: "ValidationException: 2 validation errors detected: " +
			"Value '?' at 'shardFilter.shardId' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+; " +
			"Value 'LATEST' at 'shardFilter.type' failed to satisfy constraint: Member must satisfy enum value set: " +
			"[AFTER_SHARD_ID, AT_TRIM_HORIZON, FROM_TRIM_HORIZON, AT_LATEST, AT_TIMESTAMP, FROM_TIMESTAMP]",
		`{"StreamName":"stream","ShardFilter":{"Type":"AFTER_SHARD_ID"}}`: invalid + "ShardId must be provided when the ShardFilter Type is AFTER_SHARD_ID.",
		`{"StreamName":"others","ShardFilter":{"Type":"AFTER_SHARD_ID"}}`: "ResourceNotFoundException: Stream others under account 000000000000 not found.",
		`{"StreamName":"stream","ShardFilter":{"Type":"AT_TIMESTAMP"}}`:   invalid + "ShardFilter of type AT_TIMESTAMP needs a Timestamp.",
		`{"StreamName":"stream","ShardFilter":{"Type":"FROM_TIMESTAMP"}}`: invalid + "ShardFilter of type FROM_TIMESTAMP needs a Timestamp.",
	})
}
