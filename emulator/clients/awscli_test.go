package clients_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// findAWSCLI returns the path of version 2 of the AWS CLI. Version 1 is another program, which may
// come first in the PATH.
func findAWSCLI(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"aws", "/usr/local/bin/aws", "/usr/bin/aws"} {
		version, err := exec.CommandContext(within(t, time.Minute), name, "--version").Output()
		if err == nil && strings.HasPrefix(string(version), "aws-cli/2.") {
			t.Logf("%s is %s", name, version)
			return name
		}
	}
	t.Fatal("the AWS CLI version 2 is not installed; on Debian, install the package awscli")
	return ""
}

// A cli is the AWS CLI, pointed at an emulator.
type cli struct{ path, url string }

const (
	cliServiceError = 254 // the CLI's exit code for an error of the service
	cliUnknown      = 252 // and for an operation that this version does not have
)

// run runs `aws kinesis` with arguments.
func (c cli) run(t *testing.T, arguments ...string) (exit int, stdout []byte, stderr string) {
	t.Helper()
	global := []string{"kinesis", "--endpoint-url", c.url, "--region", "us-east-1", "--output", "json"}
	command := exec.CommandContext(within(t, time.Minute), c.path, append(global, arguments...)...)
	command.Env = append(environment(t), "AWS_PAGER=", "AWS_MAX_ATTEMPTS=1")
	return run(t, command)
}

// do runs `aws kinesis`, which must succeed and print nothing.
func (c cli) do(t *testing.T, arguments ...string) {
	t.Helper()
	if exit, stdout, stderr := c.run(t, arguments...); exit != 0 || len(stdout) > 0 {
		t.Fatalf("%q exits with %d and prints %s and %s", arguments, exit, stdout, stderr)
	}
}

// answer runs `aws kinesis`, which must succeed, and decodes what it prints.
func (c cli) answer(t *testing.T, answer any, arguments ...string) {
	t.Helper()
	exit, stdout, stderr := c.run(t, arguments...)
	if exit != 0 {
		t.Fatalf("%q exits with %d: %s", arguments, exit, stderr)
	}
	if err := json.Unmarshal(stdout, answer); err != nil {
		t.Fatalf("%q prints %s: %v", arguments, stdout, err)
	}
}

// object runs `aws kinesis`, which must succeed and print an object.
func (c cli) object(t *testing.T, arguments ...string) map[string]any {
	t.Helper()
	var answer map[string]any
	c.answer(t, &answer, arguments...)
	return answer
}

// refused runs `aws kinesis` and checks that it fails with an error from the service.
func (c cli) refused(t *testing.T, code, message string, arguments ...string) {
	t.Helper()
	exit, stdout, stderr := c.run(t, arguments...)
	if exit != cliServiceError || len(stdout) > 0 || !strings.Contains(stderr, "An error occurred ("+code+") when calling ") ||
		!strings.HasSuffix(strings.TrimSpace(stderr), ": "+message) {
		t.Errorf("%q exits with %d, want %d, and prints %q and %q, want %s: %s", arguments, exit, cliServiceError, stdout, stderr, code, message)
	}
}

// skipUnlessKnown skips a test if this version of the CLI does not have an operation.
func (c cli) skipUnlessKnown(t *testing.T, operation string) {
	t.Helper()
	if exit, _, stderr := c.run(t, operation); exit == cliUnknown && strings.Contains(stderr, "Invalid choice") {
		t.Skipf("skipped: this version of the CLI has no %s", operation)
	}
}

func cliARN(stream string) string { return "arn:aws:kinesis:us-east-1:000000000000:stream/" + stream }

// The CLI gets through every operation that its version has.
func TestOperationsFromAWSCLI(t *testing.T) {
	skipUnlessNamed(t, "awscli")
	t.Parallel()
	aws := cli{findAWSCLI(t), start(t, "-state-delay", "0s", "-stream", "orders:2")}
	for name, test := range map[string]func(*testing.T, cli, string){
		"limits":        testCLILimits,
		"pages":         testCLIPages,
		"settings":      testCLISettings,
		"monitoring":    testCLIMonitoring,
		"tags":          testCLITags,
		"resource tags": testCLIResourceTags,
		"record size":   testCLIRecordSize,
		"resharding":    testCLIResharding,
		"reading":       testCLIReading,
		"errors":        testCLIErrors,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, aws, strings.ReplaceAll(name, " ", "-"))
		})
	}
}

// create creates a stream.
func (c cli) create(t *testing.T, stream string, arguments ...string) {
	t.Helper()
	c.do(t, append([]string{"create-stream", "--stream-name", stream}, arguments...)...)
}

// summary returns the summary of a stream.
func (c cli) summary(t *testing.T, stream string) map[string]any {
	t.Helper()
	return c.object(t, "describe-stream-summary", "--stream-name", stream)["StreamDescriptionSummary"].(map[string]any)
}

// The CLI's waiters find out when a stream is there and when it is gone, if that takes time.
func TestAWSCLIWaitsForStreams(t *testing.T) {
	skipUnlessNamed(t, "awscli")
	t.Parallel()
	aws := cli{findAWSCLI(t), start(t, "-state-delay", "100ms")}
	const stream = "clicks"
	aws.create(t, stream)
	aws.do(t, "wait", "stream-exists", "--stream-name", stream)
	var described struct{ StreamDescription map[string]any }
	aws.answer(t, &described, "describe-stream", "--stream-name", stream)
	got := described.StreamDescription
	created, err := time.Parse(time.RFC3339, fmt.Sprint(got["StreamCreationTimestamp"]))
	if err != nil || time.Since(created) > time.Minute || len(got["Shards"].([]any)) != 4 {
		t.Errorf("got %v", got)
	}
	delete(got, "StreamCreationTimestamp")
	delete(got, "Shards")
	want := map[string]any{
		"EncryptionType":       "NONE",
		"EnhancedMonitoring":   []any{map[string]any{"ShardLevelMetrics": []any{}}},
		"RetentionPeriodHours": 24.0,
		"StreamARN":            cliARN(stream),
		"StreamName":           stream,
		"StreamStatus":         "ACTIVE",
	}
	if _, has := got["StreamModeDetails"]; has { // version 2.9 leaves it out where it joins pages
		want["StreamModeDetails"] = map[string]any{"StreamMode": "ON_DEMAND"}
	}
	if _, has := got["KeyId"]; has { // the CLI prints null
		want["KeyId"] = nil
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	aws.do(t, "delete-stream", "--stream-name", stream, "--enforce-consumer-deletion")
	aws.do(t, "wait", "stream-not-exists", "--stream-name", stream)
	aws.refused(t, "ResourceNotFoundException", "Stream "+stream+" under account 000000000000 not found.",
		"delete-stream", "--stream-arn", cliARN(stream))
}

func testCLILimits(t *testing.T, aws cli, stream string) {
	aws.create(t, stream)
	limits := aws.object(t, "describe-limits")
	if limits["OnDemandStreamCount"].(float64) < 1 || limits["OnDemandStreamCountLimit"] != 50.0 || limits["ShardLimit"] != 20000.0 {
		t.Errorf("got the limits %v", limits)
	}
}

// The CLI turns pages with the tokens and the starts of the emulator's answers.
func testCLIPages(t *testing.T, aws cli, stream string) {
	aws.create(t, stream, "--shard-count", "7")
	type shards []struct{ ShardID string }
	var described struct{ StreamDescription struct{ Shards shards } }
	aws.answer(t, &described, "describe-stream", "--stream-name", stream, "--page-size", "3")
	var listed struct{ Shards shards }
	aws.answer(t, &listed, "list-shards", "--stream-name", stream, "--page-size", "3")
	if got := described.StreamDescription.Shards; len(got) != 7 || !slices.Equal(got, listed.Shards) {
		t.Errorf("described %v, listed %v", got, listed.Shards)
	}
	// --max-items cuts a page, and --starting-token goes on in the middle of it.
	var first, rest struct {
		Shards    shards
		NextToken string
	}
	aws.answer(t, &first, "list-shards", "--stream-name", stream, "--page-size", "3", "--max-items", "5")
	aws.answer(t, &rest, "list-shards", "--stream-name", stream, "--page-size", "3", "--starting-token", first.NextToken)
	if all := slices.Concat(first.Shards, rest.Shards); len(first.Shards) != 5 || !slices.Equal(all, listed.Shards) || rest.NextToken != "" {
		t.Errorf("got %v and %v, want %v", first, rest, listed.Shards)
	}
	aws.answer(t, &listed, "list-shards", "--stream-name", stream, "--shard-filter", "Type=AFTER_SHARD_ID,ShardId=shardId-000000000004")
	if len(listed.Shards) != 2 {
		t.Errorf("got %v after shard 4", listed.Shards)
	}
	for _, name := range []string{"page-a", "page-b", "page-c"} {
		aws.do(t, "create-stream", "--stream-name", name, "--shard-count", "1")
	}
	var streams struct{ StreamNames []string }
	aws.answer(t, &streams, "list-streams", "--page-size", "2")
	for _, name := range []string{"page-a", "page-b", "page-c", stream} { // other tests create others meanwhile
		if !slices.Contains(streams.StreamNames, name) {
			t.Errorf("%s is not among %v", name, streams.StreamNames)
		}
	}
	if !slices.IsSorted(streams.StreamNames) {
		t.Errorf("%v are not sorted", streams.StreamNames)
	}
	aws.answer(t, &streams, "list-streams", "--no-paginate", "--limit", "2", "--exclusive-start-stream-name", "page-")
	if want := []string{"page-a", "page-b"}; !slices.Equal(streams.StreamNames, want) {
		t.Errorf("got %v, want %v", streams.StreamNames, want)
	}
}

func testCLISettings(t *testing.T, aws cli, stream string) {
	aws.create(t, stream, "--shard-count", "1")
	aws.do(t, "increase-stream-retention-period", "--stream-name", stream, "--retention-period-hours", "50")
	aws.do(t, "decrease-stream-retention-period", "--stream-name", stream, "--retention-period-hours", "49")
	aws.do(t, "start-stream-encryption", "--stream-name", stream, "--encryption-type", "KMS", "--key-id", "alias/aws/kinesis")
	aws.do(t, "update-stream-mode", "--stream-arn", cliARN(stream), "--stream-mode-details", "StreamMode=ON_DEMAND")
	got := aws.summary(t, stream)
	for member, want := range map[string]any{
		"RetentionPeriodHours": 49.0, "EncryptionType": "KMS", "KeyId": "alias/aws/kinesis",
		"StreamModeDetails": map[string]any{"StreamMode": "ON_DEMAND"}, "OpenShardCount": 1.0, "ConsumerCount": 0.0,
	} {
		if !reflect.DeepEqual(got[member], want) {
			t.Errorf("%s is %v, want %v", member, got[member], want)
		}
	}
	if put := aws.object(t, "put-record", "--stream-name", stream, "--partition-key", "k", "--data", ""); put["EncryptionType"] != "KMS" {
		t.Errorf("got %v", put)
	}
	aws.do(t, "stop-stream-encryption", "--stream-name", stream, "--encryption-type", "KMS", "--key-id", "alias/aws/kinesis")
	if got := aws.summary(t, stream); got["EncryptionType"] != "NONE" || got["KeyId"] != nil {
		t.Errorf("got %v", got)
	}
}

func testCLIMonitoring(t *testing.T, aws cli, stream string) {
	aws.create(t, stream, "--shard-count", "1")
	change := func(operation string, metrics ...string) (current, desired []string) {
		t.Helper()
		var out struct{ StreamName, StreamARN, CurrentShardLevelMetrics, DesiredShardLevelMetrics any }
		aws.answer(t, &out, append([]string{operation, "--stream-name", stream, "--shard-level-metrics"}, metrics...)...)
		if out.StreamName != stream || out.StreamARN != cliARN(stream) {
			t.Errorf("%s answers %v", operation, out)
		}
		return texts(out.CurrentShardLevelMetrics), texts(out.DesiredShardLevelMetrics)
	}
	if current, desired := change("enable-enhanced-monitoring", "IncomingBytes", "OutgoingBytes"); len(current) != 0 || len(desired) != 2 {
		t.Errorf("got %v and %v", current, desired)
	}
	if current, desired := change("disable-enhanced-monitoring", "IncomingBytes"); len(current) != 2 || !slices.Equal(desired, []string{"OutgoingBytes"}) {
		t.Errorf("got %v and %v", current, desired)
	}
	if current, desired := change("enable-enhanced-monitoring", "ALL"); len(current) != 1 || len(desired) != 7 {
		t.Errorf("got %v and %v", current, desired)
	}
}

// texts returns the texts of a list that has been decoded from JSON.
func texts(list any) (texts []string) {
	for _, text := range list.([]any) {
		texts = append(texts, text.(string))
	}
	return texts
}

type cliTags struct {
	Tags        []struct{ Key, Value string }
	HasMoreTags bool
}

func (l cliTags) tags() map[string]string {
	tags := map[string]string{}
	for _, tag := range l.Tags {
		tags[tag.Key] = tag.Value
	}
	return tags
}

func testCLITags(t *testing.T, aws cli, stream string) {
	aws.create(t, stream, "--shard-count", "1")
	aws.do(t, "add-tags-to-stream", "--stream-name", stream, "--tags", "team=a b,stage=,owner=é")
	aws.do(t, "remove-tags-from-stream", "--stream-arn", cliARN(stream), "--tag-keys", "stage", "absent")
	var list cliTags
	aws.answer(t, &list, "list-tags-for-stream", "--stream-name", stream)
	if want := map[string]string{"team": "a b", "owner": "é"}; !maps.Equal(list.tags(), want) || list.HasMoreTags {
		t.Errorf("got %v, want %v", list, want)
	}
	aws.answer(t, &list, "list-tags-for-stream", "--stream-name", stream, "--limit", "1")
	if want := map[string]string{"owner": "é"}; !maps.Equal(list.tags(), want) || !list.HasMoreTags {
		t.Errorf("got %v, want %v and more", list, want)
	}
}

func testCLIResourceTags(t *testing.T, aws cli, stream string) {
	aws.skipUnlessKnown(t, "tag-resource")
	aws.create(t, stream, "--shard-count", "1", "--tags", "team=a")
	aws.do(t, "tag-resource", "--resource-arn", cliARN(stream), "--tags", "stage=test")
	aws.do(t, "untag-resource", "--resource-arn", cliARN(stream), "--tag-keys", "team")
	var list cliTags
	aws.answer(t, &list, "list-tags-for-resource", "--resource-arn", cliARN(stream))
	if want := map[string]string{"stage": "test"}; !maps.Equal(list.tags(), want) {
		t.Errorf("got %v, want %v", list, want)
	}
}

func testCLIRecordSize(t *testing.T, aws cli, stream string) {
	aws.skipUnlessKnown(t, "update-max-record-size")
	aws.create(t, stream, "--shard-count", "1")
	aws.do(t, "update-max-record-size", "--stream-arn", cliARN(stream), "--max-record-size-in-ki-b", "2048")
	if got := aws.summary(t, stream)["MaxRecordSizeInKiB"]; got != 2048.0 {
		t.Errorf("MaxRecordSizeInKiB is %v", got)
	}
}

func testCLIResharding(t *testing.T, aws cli, stream string) {
	aws.create(t, stream, "--shard-count", "1")
	aws.do(t, "split-shard", "--stream-name", stream, "--shard-to-split", "shardId-000000000000",
		"--new-starting-hash-key", "170141183460469231731687303715884105728")
	aws.do(t, "merge-shards", "--stream-name", stream, "--shard-to-merge", "shardId-000000000001",
		"--adjacent-shard-to-merge", "shardId-000000000002")
	got := aws.object(t, "update-shard-count", "--stream-name", stream, "--target-shard-count", "2", "--scaling-type", "UNIFORM_SCALING")
	want := map[string]any{"StreamName": stream, "CurrentShardCount": 1.0, "TargetShardCount": 2.0}
	if _, has := got["StreamARN"]; has { // version 2.9 does not know this member
		want["StreamARN"] = cliARN(stream)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	var list struct {
		Shards []struct{ ShardID, ParentShardID, AdjacentParentShardID string }
	}
	aws.answer(t, &list, "list-shards", "--stream-name", stream)
	var family []string
	for _, sh := range list.Shards {
		family = append(family, strings.Join([]string{sh.ShardID[19:], lastDigit(sh.ParentShardID), lastDigit(sh.AdjacentParentShardID)}, " "))
	}
	if want := []string{"0  ", "1 0 ", "2 0 ", "3 1 2", "4 3 ", "5 3 "}; !slices.Equal(family, want) {
		t.Errorf("got the shards and their parents %q, want %q", family, want)
	}
}

func lastDigit(shardID string) string { return shardID[max(0, len(shardID)-1):] }

func testCLIReading(t *testing.T, aws cli, _ string) {
	var want []string
	for _, data := range []string{"first", "second", "third"} {
		put := aws.object(t, "put-record", "--stream-name", "orders", "--partition-key", "k", "--explicit-hash-key", "0",
			"--data", base64.StdEncoding.EncodeToString([]byte(data)))
		want = append(want, put["SequenceNumber"].(string))
	}
	var out struct {
		Records []struct {
			ApproximateArrivalTimestamp        time.Time
			Data                               []byte
			PartitionKey, SequenceNumber       string
			EncryptionType, ApproximateArrival any
		}
		NextShardIterator  string
		MillisBehindLatest int
		ChildShards        []any
	}
	for _, test := range []struct {
		arguments []string
		want      []string
	}{
		{[]string{"TRIM_HORIZON"}, want},
		{[]string{"AT_SEQUENCE_NUMBER", "--starting-sequence-number", want[1]}, want[1:]},
		{[]string{"AFTER_SEQUENCE_NUMBER", "--starting-sequence-number", want[1]}, want[2:]},
		{[]string{"AT_TIMESTAMP", "--timestamp", "2026-01-02T03:04:05+00:00"}, want},
		{[]string{"LATEST"}, nil},
	} {
		iterator := aws.object(t, append([]string{
			"get-shard-iterator", "--stream-name", "orders", "--shard-id", "shardId-000000000000", "--shard-iterator-type",
		}, test.arguments...)...)["ShardIterator"].(string)
		out.Records = nil
		aws.answer(t, &out, "get-records", "--shard-iterator", iterator)
		var got []string
		for _, record := range out.Records {
			got = append(got, record.SequenceNumber)
			if at := slices.Index(want, record.SequenceNumber); record.PartitionKey != "k" || time.Since(record.ApproximateArrivalTimestamp) > time.Minute ||
				at < 0 || string(record.Data) != []string{"first", "second", "third"}[at] {
				t.Errorf("%v: got %v", test.arguments, record)
			}
		}
		if !slices.Equal(got, test.want) || out.NextShardIterator == "" || out.MillisBehindLatest != 0 || out.ChildShards != nil {
			t.Errorf("%v: got %q in %v, want %q", test.arguments, got, out, test.want)
		}
	}
	var put struct{ FailedRecordCount int }
	aws.answer(t, &put, "put-records", "--stream-name", "orders", "--records", "Data=,PartitionKey=a", "Data=,PartitionKey=b")
	if put.FailedRecordCount != 0 {
		t.Errorf("%d records failed", put.FailedRecordCount)
	}
}

func testCLIErrors(t *testing.T, aws cli, stream string) {
	const in = " in stream orders under account 000000000000"
	aws.refused(t, "ResourceInUseException", "Stream orders under account 000000000000 already exists.",
		"create-stream", "--stream-name", "orders", "--shard-count", "1")
	aws.refused(t, "InvalidArgumentException", "Minimum allowed retention period is 24 hours. Requested retention period (23 hours) is too short.",
		"decrease-stream-retention-period", "--stream-name", "orders", "--retention-period-hours", "23")
	aws.refused(t, "InvalidArgumentException", "Shards shardId-000000000001 and shardId-000000000000"+in+
		" are not an adjacent pair of shards eligible for merging",
		"merge-shards", "--stream-name", "orders", "--shard-to-merge", "shardId-000000000001", "--adjacent-shard-to-merge", "shardId-000000000000")
	aws.refused(t, "InvalidArgumentException", "Invalid ShardIterator.", "get-records", "--shard-iterator", "forged")
	aws.refused(t, "InvalidArgumentException", "Cannot stop encrypting an unencrypted stream.",
		"stop-stream-encryption", "--stream-name", "orders", "--encryption-type", "KMS", "--key-id", "k")
	aws.refused(t, "ValidationException", "1 validation error detected: Value '100001' at 'shardCount' failed to satisfy constraint: "+
		"Member must have value less than or equal to 100000", "create-stream", "--stream-name", stream, "--shard-count", "100001")
	if exit, _, stderr := aws.run(t, "list-stream-consumers", "--stream-arn", cliARN("orders")); exit != cliServiceError ||
		!strings.Contains(stderr, "(UnknownOperationException) when calling the ListStreamConsumers operation") {
		t.Errorf("list-stream-consumers exits with %d: %s", exit, stderr)
	}
}
