package kinesis

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/putrecords/putrecords"

	"github.com/putrecords/putrecords/emulator/internal/store"
)

func TestGetRecordsAnswers(t *testing.T) {
	c := newEmulated(t, 1, Config{})
	iterator := c.iterator(shard0, trimHorizon, "")
	empty, next := c.answer(iterator)
	if want := `{"MillisBehindLatest":0,"NextShardIterator":"` + next + `","Records":[]}`; empty != want {
		t.Errorf("got  %s\nwant %s", empty, want)
	}
	a := c.put("a\"é", "<data>")
	c.now = c.now.Add(23 * time.Millisecond)
	b := c.put("b", "")
	got, next := c.answer(next)
	want := `{"MillisBehindLatest":0,"NextShardIterator":"` + next + `","Records":[` +
		`{"ApproximateArrivalTimestamp":1.7726007678E9,"Data":"PGRhdGE+","PartitionKey":"a\"é","SequenceNumber":"` + a + `"},` +
		`{"ApproximateArrivalTimestamp":1.772600767823E9,"Data":"","PartitionKey":"b","SequenceNumber":"` + b + `"}]}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if err := c.stream().SetEncryptionType(putrecords.EncryptionKMS); err != nil {
		t.Fatal(err)
	}
	got, _ = c.answer(iterator)
	want = `"Data":"PGRhdGE+","EncryptionType":"KMS","PartitionKey":"a\"é"`
	if strings.Count(got, `"EncryptionType":"KMS"`) != 2 || !strings.Contains(got, want) {
		t.Errorf("got  %s\nwant KMS twice", got)
	}
}

// answer reads from an iterator. It returns the body of the answer and the NextShardIterator in it.
func (c *emulated) answer(iterator string) (body, next string) {
	c.t.Helper()
	status, body := c.call("GetRecords", fmt.Sprintf(`{"ShardIterator":%q}`, iterator))
	if status != 200 {
		c.t.Fatal(status, body)
	}
	_, rest, _ := strings.Cut(body, `"NextShardIterator":"`)
	next, _, _ = strings.Cut(rest, `"`)
	return body, next
}

func TestGetRecordsInCBOR(t *testing.T) {
	c := newEmulated(t, 1, Config{})
	number := c.put("a", "data")
	const cborType = "application/x-amz-cbor-1.1"
	call := func(operation string, in any) (out struct {
		ShardIterator, NextShardIterator string
		MillisBehindLatest               int64
		Records                          []map[string]any
		ChildShards                      []any
	},
	) {
		status, answer := c.send(cborType, operation, encodeCBOR(t, in))
		if err := cbor.Unmarshal(answer, &out); status != 200 || err != nil {
			t.Fatalf("%s: %d %q: %v", operation, status, answer, err)
		}
		return out
	}
	iterator := call("GetShardIterator", map[string]any{
		"StreamName": "orders", "ShardId": shard0, "ShardIteratorType": "AT_TIMESTAMP",
		"Timestamp": cbor.Tag{Number: 1, Content: c.now.UnixMilli()},
	}).ShardIterator
	page := call("GetRecords", map[string]any{"ShardIterator": iterator, "Limit": 5})
	if len(page.Records) != 1 || page.NextShardIterator == "" {
		t.Fatalf("got %+v", page)
	}
	r := page.Records[0]
	if string(r["Data"].([]byte)) != "data" || r["PartitionKey"] != "a" || r["SequenceNumber"] != number || len(r) != 4 {
		t.Errorf("got %v", r)
	}
	status, answer := c.send(cborType, "SplitShard", encodeCBOR(t, map[string]any{
		"StreamName": "orders", "ShardToSplit": "0", "NewStartingHashKey": "2",
	}))
	if status != 200 || len(answer) != 0 {
		t.Errorf("SplitShard: %d %q", status, answer)
	}
	page = call("GetRecords", map[string]any{"ShardIterator": page.NextShardIterator})
	want := []any{child(shard1, "0", "1"), child(shard2, "2", maxHashKey)}
	if len(page.Records) != 0 || page.NextShardIterator != "" || !reflect.DeepEqual(page.ChildShards, want) {
		t.Errorf("at the end of the shard: %+v", page)
	}
}

// child is a ChildShard of a split of shard 0.
func child(id, start, end string) any {
	return map[any]any{
		"HashKeyRange": map[any]any{"EndingHashKey": end, "StartingHashKey": start},
		"ParentShards": []any{shard0},
		"ShardId":      id,
	}
}

func TestGetRecordsRefusals(t *testing.T) {
	c := newEmulated(t, 1, Config{})
	iterator := c.iterator(shard0, latest, "")
	c.create("others", 1)
	forged := iterator[:100] + string(iterator[100]^1) + iterator[101:]
	const arn = "arn:aws:kinesis:us-east-1:000000000000:stream/"
	for _, test := range [][2]string{
		{`{"Limit":0}`, "ValidationException: 2 validation errors detected: " +
			"Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1; " +
			"Value null at 'shardIterator' failed to satisfy constraint: Member must not be null"},
		{
			`{"Limit":10001,"ShardIterator":"","StreamARN":"x"}`,
			"ValidationException: 3 validation errors detected: " +
				"Value '10001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 10000; " +
				"Value '' at 'shardIterator' failed to satisfy constraint: Member must have length greater than or equal to 1; " +
				"Value 'x' at 'streamARN' failed to satisfy constraint: Member must satisfy regular expression pattern: " +
				`arn:aws.*:kinesis:.*:\d{12}:stream/\S+`,
		},
		{
			`{"ShardIterator":"` + strings.Repeat("A", 513) + `"}`,
			"ValidationException: 1 validation error detected: Value '" + strings.Repeat("A", 513) +
				"' at 'shardIterator' failed to satisfy constraint: Member must have length less than or equal to 512",
		},
		{`{"ShardIterator":"` + strings.Repeat("A", 512) + `"}`, "InvalidArgumentException: Invalid ShardIterator."},
		{`{"ShardIterator":"?"}`, "InvalidArgumentException: Invalid ShardIterator."},
		{`{"ShardIterator":"` + forged + `"}`, "InvalidArgumentException: Invalid ShardIterator."},
		{
			`{"ShardIterator":"` + iterator + `","StreamARN":"` + arn + `others"}`,
			"InvalidArgumentException: Input stream name orders doesn't match the inferred name in stream arn others",
		},
		{
			`{"DryRun":true,"ShardIterator":"` + forged + `"}`,
			"InvalidArgumentException: Invalid ShardIterator.",
		},
		{
			`{"DryRun":true,"ShardIterator":"` + iterator + `","StreamARN":"` + arn + `orders"}`,
			"DryRunOperationException: DryRunOperation validation succeeded while calling GetRecords operation.: " +
				"Request would have succeeded, but DryRun flag is set.",
		},
	} {
		c.wantRefused("GetRecords", test[0], test[1])
	}
	c.get(iterator, `,"StreamARN":"`+arn+`orders","DryRun":false`)

	c.service.AccountID = "111111111111" // from now on, requests are for another account
	c.wantRefused("GetRecords", `{"ShardIterator":"`+iterator+`"}`, "InvalidArgumentException: Invalid ShardIterator.")
}

func TestIteratorExpiresAfterFiveMinutes(t *testing.T) {
	c := newEmulated(t, 1, Config{})
	iterator := c.iterator(shard0, trimHorizon, "")
	c.put("a", "")
	c.now = c.now.Add(300 * time.Second)
	page := c.get(iterator, "")
	if page.keys() != "a" {
		t.Errorf("read %q", page.keys())
	}
	c.now = c.now.Add(time.Millisecond)
	const want = "ExpiredIteratorException: Iterator expired. The iterator was created at time Wed Mar 04 05:06:07 UTC 2026 while right now " +
		"it is Wed Mar 04 05:11:07 UTC 2026 which is further in the future than the tolerated delay of 300000 milliseconds."
	c.wantRefused("GetRecords", fmt.Sprintf(`{"ShardIterator":%q}`, iterator), want)
	c.put("b", "")
	if page := c.get(page.NextShardIterator, ""); page.keys() != "b" { // it has five minutes of its own
		t.Errorf("read %q", page.keys())
	}
	c.wantRefused("GetRecords", fmt.Sprintf(`{"ShardIterator":%q,"DryRun":true}`, iterator), // before the expiry
		"DryRunOperationException: DryRunOperation validation succeeded while calling GetRecords operation.: "+
			"Request would have succeeded, but DryRun flag is set.")
}

func TestIteratorOfDeletedStream(t *testing.T) {
	c := newEmulated(t, 2, Config{})
	body := fmt.Sprintf(`{"ShardIterator":%q}`, c.iterator(shard0, trimHorizon, ""))
	other := fmt.Sprintf(`{"ShardIterator":%q}`, c.iterator("shardId-000000000001", trimHorizon, ""))
	st := c.stream()
	st.mu.Lock()
	c.service.forget(st)
	st.mu.Unlock()
	const none = "ResourceNotFoundException: Shard %s in stream orders under account 000000000000 does not exist"
	c.wantRefused("GetRecords", body, fmt.Sprintf(none, shard0))
	c.wantRefused("GetRecords", other, fmt.Sprintf(none, "shardId-000000000001"))
	c.create("orders", 1)
	c.wantRefused("GetRecords", other, fmt.Sprintf(none, "shardId-000000000001"))
	if status, answer := c.call("GetRecords", body); status != 500 || answer != `{"__type":"InternalFailure"}` {
		t.Errorf("after the stream was created again: %d %s", status, answer)
	}
}

// An iterator works after a restart, if the store keeps its key.
func TestIteratorSurvivesRestart(t *testing.T) {
	c := newEmulated(t, 1, Config{})
	iterator := c.iterator(shard0, latest, "")
	c.put("a", "")
	c.start(c.service.Config)
	c.put("b", "")
	if page := c.get(iterator, ""); page.keys() != "a b" {
		t.Errorf("read %q", page.keys())
	}
}

func TestGetRecordsStopsAtItsLimit(t *testing.T) {
	c := newEmulated(t, 1, Config{})
	for range 21 {
		entries := make([]putrecords.RequestEntry, 500)
		for i := range entries {
			entries[i] = putrecords.Entry("k", nil)
		}
		if _, err := c.stream().Put(t.Context(), entries...); err != nil {
			t.Fatal(err)
		}
	}
	iterator := c.iterator(shard0, trimHorizon, "")
	for _, limit := range []int{1, 2, 9999, 10_000} {
		if page := c.get(iterator, fmt.Sprintf(`,"Limit":%d`, limit)); len(page.Records) != limit {
			t.Errorf("limit %d: %d records", limit, len(page.Records))
		}
	}
	page := c.get(iterator, "")
	if len(page.Records) != 10_000 {
		t.Errorf("%d records without a limit, want 10,000", len(page.Records))
	}
	if page := c.get(page.NextShardIterator, ""); len(page.Records) != 500 {
		t.Errorf("%d records after them, want 500", len(page.Records))
	}
}

// Data and partition keys count. At least one record is returned.
func TestGetRecordsStopsAtTenMebibytes(t *testing.T) {
	const mebibyte = 1 << 20
	for _, test := range []struct {
		sizes []int // of data and partition key
		want  int   // records
	}{
		{[]int{5 * mebibyte, 5 * mebibyte, 1}, 2},
		{[]int{5 * mebibyte, 5*mebibyte - 1, 1, 1}, 3},
		{[]int{5 * mebibyte, 5*mebibyte + 1}, 1},
		{[]int{10 * mebibyte}, 1},
		{[]int{11 * mebibyte, 1}, 1},
	} {
		c := newEmulated(t, 1, Config{})
		if err := c.stream().SetLimits(putrecords.Limits{
			BytesPerRecord: -1, BytesPerRequest: -1, BytesPerSecond: -1, RecordsPerSecond: -1,
		}); err != nil {
			t.Fatal(err)
		}
		for _, size := range test.sizes {
			c.put("k", strings.Repeat("d", size-1))
		}
		if page := c.get(c.iterator(shard0, trimHorizon, ""), ""); len(page.Records) != test.want {
			t.Errorf("%v: %d records, want %d", test.sizes, len(page.Records), test.want)
		}
	}
}

func TestMillisBehindLatest(t *testing.T) {
	c := newEmulated(t, 1, Config{}) // at :07.8
	iterator := c.iterator(shard0, trimHorizon, "")
	c.put("a", "")
	c.now = c.now.Add(300 * time.Millisecond) // :08.1
	c.put("b", "")
	c.now = c.now.Add(time.Second) // :09.1
	for _, test := range []struct {
		limit int
		want  int64
	}{
		{1, 2000}, // the second of its arrival counts
		{2, 0},    // nothing more to read
		{3, 0},
	} {
		if page := c.get(iterator, fmt.Sprintf(`,"Limit":%d`, test.limit)); *page.MillisBehindLatest != test.want {
			t.Errorf("limit %d: %d ms behind, want %d", test.limit, *page.MillisBehindLatest, test.want)
		}
	}
	c.wantAnswerOK("SplitShard", `{"StreamName":"orders","ShardToSplit":"0","NewStartingHashKey":"2"}`)
	c.now = c.now.Add(5 * time.Second) // :14.1
	for limit, want := range map[int]int64{1: 7000, 2: 5000} {
		if page := c.get(iterator, fmt.Sprintf(`,"Limit":%d`, limit)); *page.MillisBehindLatest != want {
			t.Errorf("limit %d of a closed shard: %d ms behind, want %d", limit, *page.MillisBehindLatest, want)
		}
	}
}

func TestEndOfSplitShard(t *testing.T) {
	c := newEmulated(t, 1, Config{})
	iterator := c.iterator(shard0, trimHorizon, "")
	c.put("a", "")
	c.wantAnswerOK("SplitShard", `{"StreamName":"orders","ShardToSplit":"0","NewStartingHashKey":"1000"}`)
	c.now = c.now.Add(2 * time.Second)
	page := c.get(iterator, "")
	if page.keys() != "a" || page.NextShardIterator == "" || page.ChildShards != nil {
		t.Fatalf("the last records come with %+v", page)
	}
	c.wantAnswer("GetRecords", fmt.Sprintf(`{"ShardIterator":%q}`, page.NextShardIterator),
		`{"ChildShards":[{"HashKeyRange":{"EndingHashKey":"999","StartingHashKey":"0"},"ParentShards":["shardId-000000000000"],`+
			`"ShardId":"shardId-000000000001"},{"HashKeyRange":{"EndingHashKey":"`+maxHashKey+`","StartingHashKey":"1000"},`+
			`"ParentShards":["shardId-000000000000"],"ShardId":"shardId-000000000002"}],"MillisBehindLatest":2000,"Records":[]}`)
	// A closed shard can be read from its start, and after its last record.
	if page := c.get(c.iterator(shard0, trimHorizon, ""), ""); page.keys() != "a" {
		t.Errorf("read %q from the start of a closed shard", page.keys())
	}
	if page := c.get(c.iterator(shard0, latest, ""), ""); len(page.ChildShards) != 2 {
		t.Errorf("LATEST on a closed shard gives %+v", page)
	}
}

func TestEndOfMergedShards(t *testing.T) {
	c := newEmulated(t, 2, Config{})
	c.wantAnswerOK("MergeShards", `{"StreamName":"orders","ShardToMerge":"0","AdjacentShardToMerge":"1"}`)
	for _, parent := range []string{shard0, shard1} {
		c.wantAnswer("GetRecords", fmt.Sprintf(`{"ShardIterator":%q}`, c.iterator(parent, trimHorizon, "")),
			`{"ChildShards":[{"HashKeyRange":{"EndingHashKey":"`+maxHashKey+`","StartingHashKey":"0"},`+
				`"ParentShards":["shardId-000000000000","shardId-000000000001"],"ShardId":"shardId-000000000002"}],`+
				`"MillisBehindLatest":0,"Records":[]}`)
	}
}

// Before its cut-over a parent is read as an open shard, and so are its children, even one that is
// split already.
func TestParentIsOpenUntilItsCutOver(t *testing.T) {
	c := newEmulated(t, 1, Config{StateDelay: 6 * time.Second}) // a cut-over 25 s after the split
	fromStart := c.iterator(shard0, trimHorizon, "")
	c.wantAnswerOK("SplitShard", `{"StreamName":"orders","ShardToSplit":"0","NewStartingHashKey":"1000"}`)
	c.now = c.now.Add(6 * time.Second)
	c.wantAnswerOK("SplitShard", `{"StreamName":"orders","ShardToSplit":"1","NewStartingHashKey":"500"}`)
	for _, id := range []string{shard0, shard1, shard3} {
		page := c.get(c.iterator(id, trimHorizon, ""), "")
		if len(page.Records) != 0 || page.NextShardIterator == "" || page.ChildShards != nil || *page.MillisBehindLatest != 0 {
			t.Errorf("%s before the cut-over: %+v", id, page)
		}
	}
	c.put("a", "")
	closing := c.stream().Shards()[0].SequenceNumberRange.EndingSequenceNumber.Arrived
	c.now = time.Unix(closing, 999_999_999)
	page := c.get(fromStart, "")
	if page.keys() != "a" || *page.MillisBehindLatest != 0 {
		t.Errorf("in the closing second: %+v", page)
	}
	if page = c.get(page.NextShardIterator, ""); page.NextShardIterator == "" {
		t.Errorf("in the closing second: %+v", page)
	}
	c.now = c.now.Add(time.Nanosecond)
	if page := c.get(page.NextShardIterator, ""); len(page.ChildShards) != 2 || *page.MillisBehindLatest != 1000 || page.NextShardIterator != "" {
		t.Errorf("after the closing second: %+v", page)
	}
	if page := c.get(c.iterator(shard1, trimHorizon, ""), ""); page.NextShardIterator == "" { // it takes records now
		t.Errorf("a child that is split already: %+v", page)
	}
}

// A slowLog may be storing records.
type slowLog struct {
	store.Log
	storing string // in which shard
}

func (l *slowLog) Storing(shardID string) bool { return shardID == l.storing }

// A record that was put before the shard closed may be stored after that.
func TestShardHasNotEndedWhileItsRecordsAreStored(t *testing.T) {
	c := newEmulated(t, 2, Config{})
	log := &slowLog{Log: c.stream().log, storing: shard0}
	c.stream().log = log
	c.wantAnswerOK("MergeShards", `{"StreamName":"orders","ShardToMerge":"0","AdjacentShardToMerge":"1"}`)
	page := c.get(c.iterator(shard0, trimHorizon, ""), "")
	if page.NextShardIterator == "" || page.ChildShards != nil {
		t.Errorf("while a record is stored: %+v", page)
	}
	if page := c.get(c.iterator(shard1, trimHorizon, ""), ""); page.NextShardIterator != "" {
		t.Errorf("the other shard: %+v", page)
	}
	log.storing = ""
	if page := c.get(page.NextShardIterator, ""); page.NextShardIterator != "" {
		t.Errorf("after that: %+v", page)
	}
}

func TestExpiredRecordsAreNotReturned(t *testing.T) {
	c := newEmulated(t, 1, Config{})
	number := c.put("a", "")
	c.now = c.now.Add(time.Hour)
	c.put("b", "")
	c.put("c", "")
	c.now = c.now.Add(23 * time.Hour)
	atNumber := fmt.Sprintf(`,"StartingSequenceNumber":%q`, number)
	read := func() string {
		var keys []string
		for _, iterator := range []string{
			c.iterator(shard0, trimHorizon, ""),
			c.iterator(shard0, atSequenceNumber, atNumber),
			c.iterator(shard0, atTimestamp, `,"Timestamp":0`),
		} {
			page := c.get(iterator, "")
			keys = append(keys, page.keys())
		}
		return strings.Join(keys, "|")
	}
	for _, test := range []struct {
		after time.Duration
		want  string
	}{
		{0, "a b c|a b c|a b c"},
		{1, "b c|b c|b c"}, // "a" is more than 24 hours old
		{time.Hour - 1, "b c|b c|b c"},
		{1, "||"},
	} {
		c.now = c.now.Add(test.after)
		if got := read(); got != test.want {
			t.Errorf("at %v: read %q, want %q", c.now, got, test.want)
		}
	}
	st := c.stream()
	st.mu.Lock()
	st.shown.RetentionHours = 48
	st.mu.Unlock()
	if got := read(); got != "a b c|a b c|a b c" {
		t.Errorf("with a longer retention: read %q", got)
	}
}

// A page in the middle of a log does not depend on what is before it.
func TestReadsOnlyWhatItReturns(t *testing.T) {
	c := newEmulated(t, 1, Config{})
	log := &droppingLog{Log: c.stream().log}
	c.stream().log = log
	for range 100 {
		c.put("a", "")
	}
	c.now = c.now.Add(24*time.Hour + 1)
	c.put("b", "")
	iterator := c.iterator(shard0, trimHorizon, "")
	log.reads = 0
	if page := c.get(iterator, ""); page.keys() != "b" {
		t.Errorf("read %q", page.keys())
	}
	if log.reads > 2+int(math.Log2(101))+1 {
		t.Errorf("the log was read %d times", log.reads)
	}
}

// A stream may be deleted while a request reads it.
func TestReadingWhileTheStreamIsDeleted(t *testing.T) {
	c := newEmulated(t, 1, Config{})
	c.put("a", "")
	iterator := c.iterator(shard0, trimHorizon, "")
	if err := c.service.Store.Remove(c.stream().id); err != nil {
		t.Fatal(err)
	}
	for operation, body := range map[string]string{
		"GetRecords":       fmt.Sprintf(`{"ShardIterator":%q}`, iterator),
		"GetShardIterator": `{"StreamName":"orders","ShardId":"0","ShardIteratorType":"AT_TIMESTAMP","Timestamp":0}`,
	} {
		c.wantRefused(operation, body, "ResourceNotFoundException: "+
			"Shard shardId-000000000000 in stream orders under account 000000000000 does not exist")
	}
}
