package clients_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"testing"

	"github.com/putrecords/putrecords"
)

// A javascript is the AWS SDK for JavaScript, pointed at a server.
type javascript struct {
	node      string
	transport transport
	server    *server
}

// A transport is one of the SDK's ways to speak HTTP.
type transport struct {
	name        string // in clients.mjs
	protocol    string // in net/http
	connections bool   // whether each request has its own
}

// A call is a call to one of the SDK's commands.
type call struct {
	Operation string `json:"operation"`
	Input     any    `json:"input"`
}

// An outcome is the result of a call.
type outcome struct {
	Output   json.RawMessage
	Error    *failure
	Metadata struct {
		HTTPStatusCode int
		RequestID      string
		Attempts       int
	}
}

type failure struct {
	Name    putrecords.ErrorCode
	Message string
	Fault   string // "client" or "server"
	Known   bool   // the SDK has a class for it
}

func (f *failure) String() string {
	if f == nil {
		return "no error"
	}
	return fmt.Sprintf("%+v", *f)
}

// calls makes calls, one after another or all at once.
func (j javascript) calls(t *testing.T, atOnce bool, calls ...call) []outcome {
	t.Helper()
	input, err := json.Marshal(map[string]any{"atOnce": atOnce, "calls": calls})
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(within(t), j.node, "clients.mjs", j.server.url, j.transport.name)
	command.Dir = "js"
	command.Env = append(environment(t), "NODE_OPTIONS=--no-warnings")
	command.Stdin = bytes.NewReader(input)
	exit, stdout, stderr := run(t, command)
	var outcomes []outcome
	if err := json.Unmarshal(stdout, &outcomes); err != nil || exit != 0 || len(outcomes) != len(calls) {
		t.Fatalf("node exits with %d and prints %q and %q: %v", exit, stdout, stderr, err)
	}
	return outcomes
}

var uuid = regexp.MustCompile("^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")

// answer decodes the output of a call, which must have succeeded.
func answer[T any](t *testing.T, o outcome) (answer T) {
	t.Helper()
	if o.Error != nil {
		t.Fatalf("got the error %v", o.Error)
	}
	if o.Metadata.HTTPStatusCode != 200 || !uuid.MatchString(o.Metadata.RequestID) {
		t.Errorf("got the metadata %+v", o.Metadata)
	}
	if err := json.Unmarshal(o.Output, &answer); err != nil {
		t.Errorf("got %s: %v", o.Output, err)
	}
	return answer
}

// wantFailure checks the error of a failed call's last attempt.
func wantFailure(t *testing.T, o outcome, want failure, status, attempts int) {
	t.Helper()
	if o.Error == nil {
		t.Fatalf("got %s, want %v", o.Output, &want)
	}
	if *o.Error != want {
		t.Errorf("got %v, want %v", o.Error, &want)
	}
	if got := o.Metadata; got.HTTPStatusCode != status || got.Attempts != attempts || !uuid.MatchString(got.RequestID) {
		t.Errorf("got the metadata %+v, want the status %d after %d attempts", got, status, attempts)
	}
}

func TestJavaScript(t *testing.T) {
	skipUnlessNamed(t, "javascript")
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := os.ReadFile(filepath.Join("js", "node_modules", "@aws-sdk", "client-kinesis", "package.json"))
	if err != nil {
		t.Fatalf("run npm ci in kinesishttp/clients/js to install the AWS SDK for JavaScript: %v", err)
	}
	if _, err := os.Stat(filepath.Join("js", "clients.mjs")); err != nil { // go test sees it change
		t.Fatal(err)
	}
	var sdk struct{ Version string }
	if err := json.Unmarshal(manifest, &sdk); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s with @aws-sdk/client-kinesis %s", node, sdk.Version)
	for _, transport := range []transport{
		{"default", "HTTP/2.0", true},
		{"http2", "HTTP/2.0", false},
		{"http1", "HTTP/1.1", false},
	} {
		for name, test := range map[string]func(*testing.T, javascript){
			"PutRecords":            testJSPutRecords,
			"PutRecords/largest":    testJSLargest,
			"PutRecords/excessive":  testJSExcessive,
			"PutRecords/failed":     testJSFailedRecords,
			"PutRecord":             testJSPutRecord,
			"PutRecord/at once":     testJSAtOnce,
			"PutRecord/retried":     testJSRetried,
			"DescribeStream":        testJSDescribeStream,
			"DescribeStreamSummary": testJSDescribeStreamSummary,
			"ListShards":            testJSListShards,
			"errors":                testJSErrors,
		} {
			t.Run(transport.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				test(t, javascript{node: node, transport: transport})
			})
		}
	}
}

func testJSPutRecords(t *testing.T, js javascript) {
	stream := newStream(t, putrecords.Config{Name: "orders", Shards: 4, EncryptionType: putrecords.EncryptionKMS})
	js.server = serve(t, stream)
	var sent []putrecords.RequestEntry
	var answers []putrecords.ResultEntry
	for _, o := range js.calls(
		t, false,
		call{"PutRecords", putrecords.Input{StreamName: pointer("orders"), Records: samples()}},
		call{"PutRecords", putrecords.Input{StreamARN: pointer(stream.ARN()), Records: samples()}},
	) {
		out := answer[putrecords.Output](t, o)
		if out.FailedRecordCount != 0 || out.EncryptionType != putrecords.EncryptionKMS {
			t.Errorf("%d failed, encryption type %q", out.FailedRecordCount, out.EncryptionType)
		}
		sent, answers = append(sent, samples()...), append(answers, out.Records...)
	}
	wantStored(t, stream, sent, answers)
	js.server.wantRequests(t, js.transport.protocol)
}

func testJSLargest(t *testing.T, js javascript) {
	stream := newStream(t, putrecords.Config{Name: "orders", Limits: unthrottled})
	js.server = serve(t, stream)
	tooLarge := append(largest(), putrecords.Entry("k", nil))
	outcomes := js.calls(
		t, false,
		call{"PutRecords", putrecords.Input{StreamName: pointer("orders"), Records: largest()}},
		call{"PutRecords", putrecords.Input{StreamName: pointer("orders"), Records: tooLarge}},
	)
	wantStored(t, stream, largest(), answer[putrecords.Output](t, outcomes[0]).Records)
	const message = "Records size exceeds 5 MB limit"
	wantFailure(t, outcomes[1], failure{putrecords.InvalidArgumentException, message, "client", true}, 400, 1)
	js.server.wantRequests(t, js.transport.protocol)
}

// The SDK understands the response to a body that is too large, and continues to work.
func testJSExcessive(t *testing.T, js javascript) {
	stream := newStream(t, putrecords.Config{Name: "orders", Shards: 4})
	js.server = serve(t, stream)
	outcomes := js.calls(
		t, false,
		call{"PutRecords", putrecords.Input{StreamName: pointer("orders"), Records: excessive()}},
		call{"PutRecords", putrecords.Input{StreamName: pointer("orders"), Records: samples()}},
	)
	if o := outcomes[0]; o.Error == nil || o.Error.Fault != "client" || o.Metadata.HTTPStatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("got %v and the metadata %+v, want the status 413", o.Error, o.Metadata)
	}
	wantStored(t, stream, samples(), answer[putrecords.Output](t, outcomes[1]).Records)
	js.server.wantRequests(t, js.transport.protocol)
}

// The SDK returns no error for failed records and does not retry them.
func testJSFailedRecords(t *testing.T, js javascript) {
	stream := failing(t)
	js.server = serve(t, stream)
	outcomes := js.calls(t, false, call{"PutRecords", putrecords.Input{StreamName: pointer("orders"), Records: samples()}})
	out := answer[putrecords.Output](t, outcomes[0])
	if attempts := outcomes[0].Metadata.Attempts; attempts != 1 {
		t.Errorf("%d attempts, want 1", attempts)
	}
	wantFailedRecords(t, out)
	wantStored(t, stream, samples(), out.Records)
}

func testJSPutRecord(t *testing.T, js javascript) {
	stream := newStream(t, putrecords.Config{Name: "orders", Shards: 4, Limits: unthrottled})
	js.server = serve(t, stream)
	records := append(samples(), largest()[0])
	var calls []call
	for i, record := range records {
		in := putrecords.PutRecordInput{PartitionKey: record.PartitionKey, Data: record.Data, ExplicitHashKey: record.ExplicitHashKey}
		if in.StreamARN = pointer(stream.ARN()); i%2 == 0 {
			in.StreamName, in.StreamARN, in.SequenceNumberForOrdering = pointer("orders"), nil, pointer("0")
		}
		calls = append(calls, call{"PutRecord", in})
	}
	var answers []putrecords.ResultEntry
	for _, o := range js.calls(t, false, calls...) {
		answers = append(answers, entryOf(answer[putrecords.PutRecordOutput](t, o)))
	}
	wantStored(t, stream, records, answers)
	connections := js.server.wantRequests(t, js.transport.protocol)
	want := 1
	if js.transport.connections {
		want = len(calls)
	}
	if connections != want {
		t.Errorf("%d requests came on %d connections, want %d", len(calls), connections, want)
	}
}

// The SDK copes with more requests at once than the 250 that net/http accepts on an
// HTTP/2 connection.
func testJSAtOnce(t *testing.T, js javascript) {
	stream := newStream(t, putrecords.Config{Name: "orders", Shards: 4})
	js.server = serve(t, stream)
	records := make([]putrecords.RequestEntry, 300)
	calls := make([]call, len(records))
	for i := range records {
		records[i] = putrecords.Entry(fmt.Sprintf("k%d", i), fmt.Appendf(nil, "order %d", i))
		calls[i] = call{"PutRecord", putrecords.PutRecordInput{
			StreamName: pointer("orders"), PartitionKey: records[i].PartitionKey, Data: records[i].Data,
		}}
	}
	answers := make([]putrecords.ResultEntry, len(records))
	for i, o := range js.calls(t, true, calls...) {
		answers[i] = entryOf(answer[putrecords.PutRecordOutput](t, o))
	}
	wantStored(t, stream, records, answers)
	js.server.wantRequests(t, js.transport.protocol)
}

// The SDK retries a failed single record. It makes up to three attempts.
func testJSRetried(t *testing.T, js javascript) {
	stream := newStream(t, putrecords.Config{Name: "orders", Limits: putrecords.Limits{RecordsPerSecond: 2}})
	stream.Inject(putrecords.Fault{Code: putrecords.ProvisionedThroughputExceededException})
	stream.Inject(putrecords.Fault{})
	js.server = serve(t, stream)
	order := putrecords.Entry("k", []byte("an order"))
	put := call{"PutRecord", putrecords.PutRecordInput{StreamName: pointer("orders"), PartitionKey: order.PartitionKey, Data: order.Data}}
	outcomes := js.calls(t, false, put, put, put)
	var answers []putrecords.ResultEntry
	for i, attempts := range []int{3, 1} { // the first call runs into both faults
		answers = append(answers, entryOf(answer[putrecords.PutRecordOutput](t, outcomes[i])))
		if got := outcomes[i].Metadata.Attempts; got != attempts {
			t.Errorf("call %d took %d attempts, want %d", i, got, attempts)
		}
	}
	wantFailure(t, outcomes[2], failure{putrecords.ProvisionedThroughputExceededException, rateExceeded, "client", true}, 400, 3)
	wantStored(t, stream, []putrecords.RequestEntry{order, order}, answers)
	if got := len(js.server.operations()); got != 3+1+3 {
		t.Errorf("%d requests, want 7", got)
	}
}

func testJSDescribeStream(t *testing.T, js javascript) {
	stream := resharded(t)
	js.server = serve(t, stream)
	type output struct{ StreamDescription description }
	outcomes := js.calls(
		t, false,
		call{"DescribeStream", map[string]any{"StreamName": "orders"}},
		call{"DescribeStream", map[string]any{"StreamARN": stream.ARN(), "Limit": 2, "ExclusiveStartShardId": "shardId-000000000000"}},
	)
	for i, shards := range [][]putrecords.Shard{stream.Shards(), stream.Shards()[1:3]} {
		got := answer[output](t, outcomes[i]).StreamDescription
		wantDescribed(t, stream, got)
		if !reflect.DeepEqual(got.Shards, shards) {
			t.Errorf("call %d: got %v, want %v", i, got.Shards, shards)
		}
		if more := i == 1; got.HasMoreShards == nil || *got.HasMoreShards != more {
			t.Errorf("call %d: HasMoreShards is missing or not %v", i, more)
		}
	}
	js.server.wantRequests(t, js.transport.protocol)
}

func testJSDescribeStreamSummary(t *testing.T, js javascript) {
	stream := resharded(t)
	js.server = serve(t, newStream(t, putrecords.Config{Name: "other"}), stream)
	for _, o := range js.calls(
		t, false,
		call{"DescribeStreamSummary", map[string]any{"StreamName": "orders"}},
		call{"DescribeStreamSummary", map[string]any{"StreamARN": stream.ARN()}},
	) {
		got := answer[struct{ StreamDescriptionSummary description }](t, o).StreamDescriptionSummary
		wantDescribed(t, stream, got)
		if got.OpenShardCount != 4 {
			t.Errorf("%d open shards, want 4", got.OpenShardCount)
		}
	}
	js.server.wantRequests(t, js.transport.protocol)
}

func testJSListShards(t *testing.T, js javascript) {
	stream := resharded(t)
	js.server = serve(t, stream)
	first := js.calls(
		t, false,
		call{"ListShards", map[string]any{"StreamName": "orders", "MaxResults": 3}},
		call{"ListShards", map[string]any{"StreamARN": stream.ARN()}},
	)
	page, all := answer[shardList](t, first[0]), answer[shardList](t, first[1])
	want := stream.Shards()
	if !reflect.DeepEqual(all.Shards, want) || all.NextToken != "" {
		t.Errorf("got %v, want %v", all, want)
	}
	rest := answer[shardList](t, js.calls(t, false, call{"ListShards", map[string]any{"NextToken": page.NextToken}})[0])
	if !reflect.DeepEqual(append(page.Shards, rest.Shards...), want) || len(page.Shards) != 3 || rest.NextToken != "" {
		t.Errorf("the pages are %v and %v, want %v", page, rest, want)
	}
	js.server.wantRequests(t, js.transport.protocol)
}

func testJSErrors(t *testing.T, js javascript) {
	stream := newStream(t, putrecords.Config{Name: "orders"})
	stream.Inject(putrecords.Fault{Code: putrecords.KMSDisabledException, Message: "disabled"})
	js.server = serve(t, stream)
	records := []putrecords.RequestEntry{putrecords.Entry("k", nil)}
	gone := failure{putrecords.ResourceNotFoundException, "Stream gone under account 000000000000 not found.", "client", true}
	tests := []struct {
		call call
		want failure
	}{
		{call{"PutRecords", putrecords.Input{StreamName: pointer("gone"), Records: records}}, gone},
		{call{"PutRecord", putrecords.PutRecordInput{StreamName: pointer("gone"), PartitionKey: pointer("k"), Data: []byte{}}}, gone},
		{call{"DescribeStream", map[string]any{"StreamName": "gone"}}, gone},
		{call{"ListShards", map[string]any{"StreamName": "gone"}}, gone},
		{
			call{"PutRecords", putrecords.Input{StreamName: pointer("orders"), Records: []putrecords.RequestEntry{}}},
			failure{
				putrecords.ValidationException, "1 validation error detected: Value '[]' at 'records' failed to satisfy constraint: " +
					"Member must have length greater than or equal to 1", "client", true,
			},
		},
		{
			call{"PutRecords", putrecords.Input{StreamName: pointer("orders"), Records: records}},
			failure{putrecords.KMSDisabledException, "disabled", "client", true},
		},
	}
	calls := make([]call, len(tests))
	for i, test := range tests {
		calls[i] = test.call
	}
	for i, o := range js.calls(t, false, calls...) {
		wantFailure(t, o, tests[i].want, 400, 1)
	}
	js.server.wantRequests(t, js.transport.protocol)
}
