package clients_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/kinesishttp"
)

// findAWSCLI returns the path of the AWS CLI version 2 and the version that it prints, or "" if
// there is none. It skips version 1, a different program that may come first in the PATH.
func findAWSCLI() (path, version string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for _, directory := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/local/bin", "/usr/bin") {
		path, err := exec.LookPath(filepath.Join(directory, "aws"))
		if err != nil {
			continue
		}
		printed, err := exec.CommandContext(ctx, path, "--version").Output()
		if err == nil && strings.HasPrefix(string(printed), "aws-cli/2.") {
			return path, strings.TrimSpace(string(printed))
		}
	}
	return "", ""
}

// A cli is the AWS CLI, pointed at a server.
type cli struct {
	path   string
	server *server
}

// run runs `aws kinesis` with arguments.
func (c cli) run(t *testing.T, arguments ...string) (exit int, stdout []byte, stderr string) {
	t.Helper()
	global := []string{"kinesis", "--endpoint-url", c.server.url, "--region", "us-east-1", "--output", "json"}
	command := exec.CommandContext(within(t), c.path, append(global, arguments...)...)
	command.Env = append(environment(t), "AWS_PAGER=", "AWS_MAX_ATTEMPTS=1")
	return run(t, command)
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

// refused runs `aws kinesis` and checks that it fails with an error from the service.
func (c cli) refused(t *testing.T, code putrecords.ErrorCode, message string, arguments ...string) {
	t.Helper()
	const serviceError = 254
	exit, stdout, stderr := c.run(t, arguments...)
	if exit != serviceError || len(stdout) > 0 || !strings.Contains(stderr, "An error occurred ("+string(code)+") when calling ") ||
		!strings.Contains(stderr, ": "+message) {
		t.Errorf("%q exits with %d, want %d, and prints %q and %q, want %s: %s", arguments, exit, serviceError, stdout, stderr, code, message)
	}
}

// file writes data to a file, to use as an argument, and returns its name.
func file(t *testing.T, data []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "argument")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// recordsArgument returns records as `aws kinesis put-records --records` takes them.
func recordsArgument(t *testing.T, records []putrecords.RequestEntry) string {
	t.Helper()
	encoded, err := json.Marshal(records)
	if err != nil {
		t.Fatal(err)
	}
	return "file://" + file(t, encoded)
}

func TestAWSCLI(t *testing.T) {
	skipUnlessNamed(t, "awscli")
	path, version := findAWSCLI()
	if path == "" {
		t.Fatal("the AWS CLI version 2 is not installed; on Debian, install the package awscli")
	}
	t.Logf("%s is %s", path, version)
	for name, test := range map[string]func(*testing.T, string){
		"put-records":             testCLIPutRecords,
		"put-records/shorthand":   testCLIShorthand,
		"put-records/largest":     testCLILargest,
		"put-records/throttled":   testCLIThrottledRecords,
		"put-record":              testCLIPutRecord,
		"put-record/throttled":    testCLIThrottledRecord,
		"describe-stream":         testCLIDescribeStream,
		"describe-stream-summary": testCLIDescribeStreamSummary,
		"list-shards":             testCLIListShards,
		"wait":                    testCLIWait,
		"errors":                  testCLIErrors,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, path)
		})
	}
}

func testCLIPutRecords(t *testing.T, path string) {
	plain := newStream(t, putrecords.Config{Name: "plain", Shards: 4})
	secret := newStream(t, putrecords.Config{Name: "secret", Shards: 4, EncryptionType: putrecords.EncryptionKMS})
	aws := cli{path, serve(t, plain, secret)}
	for _, test := range []struct {
		stream     *putrecords.Stream
		address    []string
		encryption putrecords.EncryptionType
	}{
		{plain, []string{"--stream-name", "plain"}, ""},
		{secret, []string{"--stream-arn", secret.ARN()}, putrecords.EncryptionKMS},
	} {
		var out putrecords.Output
		aws.answer(t, &out, append([]string{"put-records", "--records", recordsArgument(t, samples())}, test.address...)...)
		if out.FailedRecordCount != 0 || out.EncryptionType != test.encryption {
			t.Errorf("%q: %d failed, encryption type %q", test.address, out.FailedRecordCount, out.EncryptionType)
		}
		wantStored(t, test.stream, samples(), out.Records)
	}
	aws.server.wantRequests(t, "HTTP/1.1")
}

// The CLI's shorthand syntax for records works.
func testCLIShorthand(t *testing.T, path string) {
	stream := newStream(t, putrecords.Config{Name: "orders"})
	aws := cli{path, serve(t, stream)}
	var out putrecords.Output
	aws.answer(t, &out, "put-records", "--stream-name", "orders", "--records",
		"Data="+base64.StdEncoding.EncodeToString(allBytes())+",PartitionKey=a", "Data=,PartitionKey=b,ExplicitHashKey=0")
	sent := []putrecords.RequestEntry{putrecords.Entry("a", allBytes()), putrecords.Entry("b", nil)}
	sent[1].ExplicitHashKey = pointer("0")
	wantStored(t, stream, sent, out.Records)
}

func testCLILargest(t *testing.T, path string) {
	stream := newStream(t, putrecords.Config{Name: "orders", Limits: unthrottled})
	aws := cli{path, serve(t, stream)}
	var out putrecords.Output
	aws.answer(t, &out, "put-records", "--stream-name", "orders", "--records", recordsArgument(t, largest()))
	wantStored(t, stream, largest(), out.Records)
	tooLarge := append(largest(), putrecords.Entry("k", nil))
	aws.refused(t, putrecords.InvalidArgumentException, "Records size exceeds 5 MB limit",
		"put-records", "--stream-name", "orders", "--records", recordsArgument(t, tooLarge))
	aws.refused(t, "413", "", // as AWS does: github.com/boto/boto3/issues/1147
		"put-records", "--stream-name", "orders", "--records", recordsArgument(t, excessive()))
}

// The CLI exits with 0 even if records failed.
func testCLIThrottledRecords(t *testing.T, path string) {
	stream := failing(t)
	aws := cli{path, serve(t, stream)}
	var out putrecords.Output
	aws.answer(t, &out, "put-records", "--stream-name", "orders", "--records", recordsArgument(t, samples()))
	wantFailedRecords(t, out)
	wantStored(t, stream, samples(), out.Records)
}

func testCLIPutRecord(t *testing.T, path string) {
	stream := newStream(t, putrecords.Config{Name: "orders", Shards: 4, Limits: unthrottled})
	aws := cli{path, serve(t, stream)}
	var sent []putrecords.RequestEntry
	var answers []putrecords.ResultEntry
	put := func(record putrecords.RequestEntry, arguments ...string) {
		t.Helper()
		arguments = append([]string{"put-record", "--partition-key", *record.PartitionKey}, arguments...)
		if record.ExplicitHashKey != nil {
			arguments = append(arguments, "--explicit-hash-key", *record.ExplicitHashKey)
		}
		var out putrecords.PutRecordOutput
		aws.answer(t, &out, arguments...)
		sent = append(sent, record)
		answers = append(answers, entryOf(out))
	}
	for _, record := range append(samples()[:3], largest()[0]) {
		put(record, "--stream-arn", stream.ARN(), "--data", "fileb://"+file(t, record.Data))
	}
	hashed := samples()[3]
	put(hashed, "--stream-name", "orders", "--data", string(hashed.Data), "--cli-binary-format", "raw-in-base64-out",
		"--sequence-number-for-ordering", answers[0].SequenceNumber)
	wantStored(t, stream, sent, answers)
	aws.server.wantRequests(t, "HTTP/1.1")
}

// The CLI fails if a single record failed.
func testCLIThrottledRecord(t *testing.T, path string) {
	stream := newStream(t, putrecords.Config{Name: "orders", Limits: putrecords.Limits{RecordsPerSecond: 1}})
	aws := cli{path, serve(t, stream)}
	put := []string{"put-record", "--stream-name", "orders", "--partition-key", "k", "--data", "aGVsbG8="}
	var out putrecords.PutRecordOutput
	aws.answer(t, &out, put...)
	aws.refused(t, putrecords.ProvisionedThroughputExceededException, rateExceeded, put...)
	stream.Inject(putrecords.Fault{})
	aws.refused(t, putrecords.InternalFailure, "", put...)
	wantStored(t, stream, []putrecords.RequestEntry{putrecords.Entry("k", []byte("hello"))}, []putrecords.ResultEntry{entryOf(out)})
}

// The CLI requests all pages and prints them as one.
func testCLIDescribeStream(t *testing.T, path string) {
	stream := resharded(t)
	aws := cli{path, serve(t, stream)}
	for _, arguments := range [][]string{
		{"--stream-name", "orders"},
		{"--stream-arn", stream.ARN()},
		{"--stream-name", "orders", "--page-size", "3"},
	} {
		var out struct{ StreamDescription description }
		aws.answer(t, &out, append([]string{"describe-stream"}, arguments...)...)
		wantDescribed(t, stream, out.StreamDescription)
		if got, want := out.StreamDescription.Shards, stream.Shards(); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %v, want %v", arguments, got, want)
		}
	}
	if got := len(aws.server.operations()); got != 1+1+3 {
		t.Errorf("%d requests, want 5", got)
	}
	var page struct {
		StreamDescription struct {
			Shards        []putrecords.Shard
			HasMoreShards bool
		}
	}
	aws.answer(t, &page, "describe-stream", "--stream-name", "orders", "--no-paginate", "--limit", "2",
		"--exclusive-start-shard-id", "shardId-000000000000")
	if got := page.StreamDescription; !got.HasMoreShards || !reflect.DeepEqual(got.Shards, stream.Shards()[1:3]) {
		t.Errorf("got %v", got)
	}
}

func testCLIDescribeStreamSummary(t *testing.T, path string) {
	stream := resharded(t)
	aws := cli{path, serve(t, newStream(t, putrecords.Config{Name: "other"}), stream)}
	for _, address := range [][]string{{"--stream-name", "orders"}, {"--stream-arn", stream.ARN()}} {
		var out struct{ StreamDescriptionSummary description }
		aws.answer(t, &out, append([]string{"describe-stream-summary"}, address...)...)
		wantDescribed(t, stream, out.StreamDescriptionSummary)
		if got := out.StreamDescriptionSummary.OpenShardCount; got != 4 {
			t.Errorf("%d open shards, want 4", got)
		}
	}
}

func testCLIListShards(t *testing.T, path string) {
	stream := resharded(t)
	aws := cli{path, serve(t, stream)}
	want := stream.Shards()
	for _, address := range [][]string{{"--stream-name", "orders"}, {"--stream-arn", stream.ARN()}} {
		var out shardList
		aws.answer(t, &out, append([]string{"list-shards"}, address...)...)
		if !reflect.DeepEqual(out.Shards, want) || out.NextToken != "" {
			t.Errorf("got %v, want %v", out, want)
		}
	}
	var after shardList
	aws.answer(t, &after, "list-shards", "--stream-name", "orders", "--exclusive-start-shard-id", want[4].ShardID)
	if !reflect.DeepEqual(after.Shards, want[5:]) {
		t.Errorf("got %v, want %v", after, want[5:])
	}
	var paged []putrecords.Shard
	next := []string{"--stream-name", "orders"}
	for range len(want) {
		var page shardList
		aws.answer(t, &page, append([]string{"list-shards", "--no-paginate", "--max-results", "3"}, next...)...)
		paged = append(paged, page.Shards...)
		if page.NextToken == "" {
			break
		}
		next = []string{"--next-token", page.NextToken}
	}
	if !reflect.DeepEqual(paged, want) {
		t.Errorf("the pages have %v, want %v", paged, want)
	}
	// The CLI's own paging repeats the stream's name with each token, which AWS accepts since 2024.
	var all shardList
	aws.answer(t, &all, "list-shards", "--stream-name", "orders", "--page-size", "3")
	if !reflect.DeepEqual(all.Shards, want) {
		t.Errorf("the CLI's own paging gives %v, want %v", all.Shards, want)
	}
}

// The CLI's waiters understand the states of a stream.
func testCLIWait(t *testing.T, path string) {
	aws := cli{path, serve(t, newStream(t, putrecords.Config{Name: "orders"}))}
	for _, arguments := range [][]string{{"stream-exists", "--stream-name", "orders"}, {"stream-not-exists", "--stream-name", "gone"}} {
		if exit, _, stderr := aws.run(t, append([]string{"wait"}, arguments...)...); exit != 0 {
			t.Errorf("%q exits with %d: %s", arguments, exit, stderr)
		}
	}
	if got := aws.server.operations(); !slices.Equal(got, []string{"DescribeStream", "DescribeStream"}) {
		t.Errorf("got the requests %q", got)
	}
}

func testCLIErrors(t *testing.T, path string) {
	stream := newStream(t, putrecords.Config{Name: "orders"})
	aws := cli{path, serve(t, stream)}
	const records = "Data=aGVsbG8=,PartitionKey=k"
	for _, test := range []struct {
		code      putrecords.ErrorCode
		message   string
		arguments []string
	}{
		{
			putrecords.ResourceNotFoundException, "Stream gone under account 000000000000 not found.",
			[]string{"put-records", "--stream-name", "gone", "--records", records},
		},
		{
			putrecords.ResourceNotFoundException, "Stream gone under account 000000000000 not found.",
			[]string{"put-record", "--stream-name", "gone", "--partition-key", "k", "--data", "aGVsbG8="},
		},
		{
			putrecords.ResourceNotFoundException, "Stream gone under account 000000000000 not found.",
			[]string{"describe-stream-summary", "--stream-name", "gone"},
		},
		{
			putrecords.ValidationException, "1 validation error detected: Value 'an order' at 'streamName' failed to satisfy constraint: ",
			[]string{"put-records", "--stream-name", "an order", "--records", records},
		},
		{
			putrecords.InvalidArgumentException, "",
			[]string{"put-records", "--stream-name", "other", "--stream-arn", stream.ARN(), "--records", records},
		},
		{
			kinesishttp.MissingAuthenticationTokenException, "Missing Authentication Token",
			[]string{"put-records", "--stream-name", "orders", "--records", records, "--no-sign-request"},
		},
		{kinesishttp.UnknownOperationException, "", []string{"list-streams"}},
	} {
		aws.refused(t, test.code, test.message, test.arguments...)
	}
	if got := stream.Stats()[0].Stored.Records; got != 0 {
		t.Errorf("%d records are stored, want none", got)
	}
}
