package putrecords_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/putrecords/putrecords"
)

// single returns a PutRecord request to the stream "stream".
func single(partitionKey string, data []byte) *putrecords.PutRecordInput {
	return &putrecords.PutRecordInput{StreamName: ptr("stream"), PartitionKey: &partitionKey, Data: data}
}

// PutRecord routes, numbers and stores a record exactly as PutRecords with that one record does.
func TestPutRecord(t *testing.T) {
	clock := newClock()
	config := putrecords.Config{Shards: 3, Now: clock.Now, EncryptionType: putrecords.EncryptionKMS}
	one, many := putrecords.MustNew(config), putrecords.MustNew(config)
	for _, key := range []string{"a", "b", "e", "f", "a"} {
		got, err := one.PutRecord(t.Context(), single(key, []byte("data of "+key)))
		if err != nil {
			t.Fatal(err)
		}
		out := mustPut(t, many, putrecords.Entry(key, []byte("data of "+key)))
		want := &putrecords.PutRecordOutput{
			EncryptionType: putrecords.EncryptionKMS,
			SequenceNumber: out.Records[0].SequenceNumber,
			ShardID:        out.Records[0].ShardID,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("key %s (-PutRecords +PutRecord):\n%s", key, diff)
		}
	}
	for _, sh := range one.Shards() {
		if diff := cmp.Diff(recordsOf(t, many, sh.ShardID), recordsOf(t, one, sh.ShardID)); diff != "" {
			t.Errorf("%s (-PutRecords +PutRecord):\n%s", sh.ShardID, diff)
		}
	}
	if diff := cmp.Diff(many.Stats(), one.Stats()); diff != "" {
		t.Errorf("stats (-PutRecords +PutRecord):\n%s", diff)
	}
}

func TestPutRecordJSON(t *testing.T) {
	var in putrecords.PutRecordInput
	body := `{"Data":"aGk=","PartitionKey":"a","SequenceNumberForOrdering":"0","StreamName":"stream"}`
	if err := json.Unmarshal([]byte(body), &in); err != nil {
		t.Fatal(err)
	}
	stream := putrecords.MustNew(putrecords.Config{Now: newClock().Now})
	out, err := stream.PutRecord(t.Context(), &in)
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"SequenceNumber":"` + out.SequenceNumber + `","ShardId":"shardId-000000000000"}`; string(got) != want {
		t.Errorf("encodes as %s, want %s", got, want)
	}
}

// A failure that PutRecords would report for the record is the error of PutRecord.
func TestPutRecordFails(t *testing.T) {
	stream := putrecords.MustNew(putrecords.Config{Limits: putrecords.Limits{RecordsPerSecond: 1}, Now: newClock().Now})
	stream.Inject(putrecords.Fault{})
	_, err := stream.PutRecord(t.Context(), single("a", []byte{}))
	wantError(t, err, putrecords.InternalFailure, "")
	if _, err := stream.PutRecord(t.Context(), single("a", []byte{})); err != nil {
		t.Fatal(err)
	}
	_, err = stream.PutRecord(t.Context(), single("a", []byte{}))
	wantError(t, err, putrecords.ProvisionedThroughputExceededException,
		"Rate exceeded for shard shardId-000000000000 in stream stream under account 000000000000.")
	want := []putrecords.ShardStats{{
		ShardID: shard0,
		Stored:  putrecords.Count{Records: 1, Bytes: 1}, Throttled: putrecords.Count{Records: 1, Bytes: 1}, Failed: putrecords.Count{Records: 1, Bytes: 1},
	}}
	if diff := cmp.Diff(want, stream.Stats()); diff != "" {
		t.Errorf("stats (-want +got):\n%s", diff)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := stream.PutRecord(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("with a canceled context: error %v", err)
	}
}

func TestPutRecordErrors(t *testing.T) {
	tests := []struct {
		name   string
		change func(*putrecords.PutRecordInput)
		code   putrecords.ErrorCode
		text   string
	}{
		{
			"empty input", func(in *putrecords.PutRecordInput) { *in = putrecords.PutRecordInput{} }, putrecords.ValidationException,
			"1 validation error detected: Value null at 'data' failed to satisfy constraint: Member must not be null",
		},
		{
			"no partition key, before no name", func(in *putrecords.PutRecordInput) { in.PartitionKey, in.StreamName = nil, nil },
			putrecords.ValidationException,
			"1 validation error detected: Value null at 'partitionKey' failed to satisfy constraint: Member must not be null",
		},
		{
			"partition key too long", func(in *putrecords.PutRecordInput) { in.PartitionKey = ptr(strings.Repeat("k", 257)) }, putrecords.ValidationException,
			"1 validation error detected: Value '" + strings.Repeat("k", 257) + "' at 'partitionKey' failed to satisfy constraint: " +
				"Member must have length less than or equal to 256",
		},
		{
			"malformed hash key", func(in *putrecords.PutRecordInput) { in.ExplicitHashKey = ptr("01") }, putrecords.ValidationException,
			`1 validation error detected: Value '01' at 'explicitHashKey' failed to satisfy constraint: ` +
				`Member must satisfy regular expression pattern: ^(0|([1-9]\d{0,38}))$`,
		},
		{
			"data too large", func(in *putrecords.PutRecordInput) { in.Data = make([]byte, 1<<20) }, putrecords.ValidationException,
			"1 validation error detected: Value at 'data' failed to satisfy constraint: Member must have length less than or equal to 1048576",
		},
		{
			"bad ordering number and bad name", func(in *putrecords.PutRecordInput) {
				in.SequenceNumberForOrdering, in.StreamName = ptr("-1"), ptr("?")
			}, putrecords.ValidationException,
			`2 validation errors detected: Value '-1' at 'sequenceNumberForOrdering' failed to satisfy constraint: ` +
				`Member must satisfy regular expression pattern: ^(0|([1-9]\d{0,128}))$; ` +
				`Value '?' at 'streamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+`,
		},
		{
			"ordering number of 129 digits", func(in *putrecords.PutRecordInput) {
				in.SequenceNumberForOrdering = ptr(strings.Repeat("9", 129))
			}, putrecords.InvalidArgumentException,
			"ExclusiveMinimumSequenceNumber " + strings.Repeat("9", 129) + " used in PutRecord on stream stream under account 000000000000 is invalid.",
		},
		{
			"ordering number of 130 digits", func(in *putrecords.PutRecordInput) {
				in.SequenceNumberForOrdering = ptr(strings.Repeat("9", 130))
			}, putrecords.ValidationException,
			`1 validation error detected: Value '` + strings.Repeat("9", 130) + `' at 'sequenceNumberForOrdering' failed to satisfy constraint: ` +
				`Member must satisfy regular expression pattern: ^(0|([1-9]\d{0,128}))$`,
		},
		{
			"neither name nor ARN", func(in *putrecords.PutRecordInput) { in.StreamName = nil }, putrecords.InvalidArgumentException,
			"Stream arn and stream name can't be empty at the same time",
		},
		{
			"another stream", func(in *putrecords.PutRecordInput) { in.StreamName = ptr("other") }, putrecords.ResourceNotFoundException,
			"Stream other under account 000000000000 not found.",
		},
		{"hash key out of range comes before a bad ordering number", func(in *putrecords.PutRecordInput) {
			in.ExplicitHashKey, in.SequenceNumberForOrdering = ptr("340282366920938463463374607431768211456"), ptr("1")
		}, putrecords.InvalidArgumentException, "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. " +
			"Specified value was 340282366920938463463374607431768211456"},
		{
			"bad ordering number comes before a dry run", func(in *putrecords.PutRecordInput) {
				in.SequenceNumberForOrdering, in.DryRun = ptr("1"), ptr(true)
			}, putrecords.InvalidArgumentException,
			"ExclusiveMinimumSequenceNumber 1 used in PutRecord on stream stream under account 000000000000 is invalid.",
		},
		{
			"dry-run error from a fault", func(*putrecords.PutRecordInput) {}, putrecords.DryRunOperationException,
			"DryRunOperation validation succeeded while calling PutRecord operation.: Request would have succeeded, but DryRun flag is set.",
		},
		{
			"dry run", func(in *putrecords.PutRecordInput) { in.DryRun = ptr(true) }, putrecords.DryRunOperationException,
			"DryRunOperation validation succeeded while calling PutRecord operation.: Request would have succeeded, but DryRun flag is set.",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			stream := putrecords.MustNew(putrecords.Config{Now: newClock().Now})
			if strings.HasSuffix(test.name, "from a fault") {
				stream.Inject(putrecords.Fault{Code: putrecords.DryRunOperationException})
			}
			in := single("a", []byte{})
			test.change(in)
			_, err := stream.PutRecord(t.Context(), in)
			wantError(t, err, test.code, test.text)
			if n := len(recordsOf(t, stream, shard0)); n != 0 {
				t.Errorf("%d records are stored, want none", n)
			}
		})
	}
}

func TestSequenceNumberForOrdering(t *testing.T) {
	clock := newClock()
	stream := putrecords.MustNew(putrecords.Config{Shards: 2, Now: clock.Now})
	put := func(key, ordering string) (string, error) {
		in := single(key, []byte{})
		in.SequenceNumberForOrdering = &ordering
		out, err := stream.PutRecord(t.Context(), in)
		if err != nil {
			return "", err
		}
		return out.SequenceNumber, nil
	}
	accept := func(key, ordering string) string {
		t.Helper()
		number, err := put(key, ordering)
		if err != nil {
			t.Error(err)
		}
		return number
	}
	reject := func(ordering string) {
		t.Helper()
		_, err := put("sensor_1", ordering)
		wantError(t, err, putrecords.InvalidArgumentException,
			"ExclusiveMinimumSequenceNumber "+ordering+" used in PutRecord on stream stream under account 000000000000 is invalid.")
	}
	at := func(when time.Time) string {
		return putrecords.SequenceNumber{ShardCreated: start.Unix(), Position: 1, Arrived: when.Unix()}.String()
	}

	first := accept("sensor_1", "0")
	accept("sensor_1", first)
	accept("sensor_1", first) // used again
	accept("sensor_5", first) // from another shard
	accept("sensor_1", at(clock.now))
	reject(at(clock.now.Add(time.Second)))
	reject("1")

	// A child's first numbers carry the second after the reshard.
	mustSplit(t, stream, shard0, "1000")
	child := accept("sensor_1", first)
	if n, _ := putrecords.ParseSequenceNumber(child); n.Arrived != clock.now.Unix()+1 {
		t.Fatalf("the child's number %+v does not carry the second after the reshard", n)
	}
	accept("sensor_1", child)

	// A number stays valid when the clock goes back.
	clock.advance(time.Hour)
	last := accept("sensor_1", child)
	clock.advance(-time.Hour)
	accept("sensor_5", last)
	reject(at(clock.now.Add(time.Hour + time.Second)))
}

// A number may carry the clock's own second even if no shard has seen that second yet.
func TestSequenceNumberForOrderingOfTheClocksSecond(t *testing.T) {
	clock := newClock()
	stream := putrecords.MustNew(putrecords.Config{Now: clock.Now})
	clock.advance(10 * time.Second)
	in := single("a", []byte{})
	in.SequenceNumberForOrdering = new(string)
	for ahead, wantErr := range map[int64]bool{0: false, 1: true} { // seconds
		*in.SequenceNumberForOrdering = putrecords.SequenceNumber{
			ShardCreated: start.Unix(), Position: 1, Arrived: clock.now.Unix() + ahead,
		}.String()
		if _, err := stream.PutRecord(t.Context(), in); (err != nil) != wantErr {
			t.Errorf("a number %d seconds ahead of the clock: error %v", ahead, err)
		}
	}
}

// An account looks a stream up by the same rules as the stream itself.
func TestAccountAndStreamAgreeOnAddresses(t *testing.T) {
	account := newAccount(t, "", "", "orders")
	stream, _ := account.Stream(ptr("orders"), nil)
	for _, test := range []struct {
		name, arn *string
		code      putrecords.ErrorCode
	}{
		{ptr("orders"), nil, ""},
		{nil, ptr(stream.ARN()), ""},
		{ptr("orders"), ptr(stream.ARN()), ""},
		{nil, nil, putrecords.InvalidArgumentException},
		{ptr("?"), nil, putrecords.ValidationException},
		{ptr("orders"), ptr("?"), putrecords.ValidationException},
		{ptr("others"), ptr(stream.ARN()), putrecords.InvalidArgumentException},
		{nil, ptr("arn:aws:kinesis:eu-west-1:000000000000:stream/orders"), putrecords.InvalidArgumentException},
		{nil, ptr("arn:aws:kinesis:us-east-1:123456789012:stream/orders"), putrecords.UnrecognizedClientException},
		{ptr("others"), nil, putrecords.ResourceNotFoundException},
	} {
		_, got := account.Stream(test.name, test.arn)
		_, want := stream.PutRecords(t.Context(), &putrecords.Input{
			Records: []putrecords.RequestEntry{keyed("a")}, StreamName: test.name, StreamARN: test.arn,
		})
		if diff := cmp.Diff(want, got); diff != "" || test.code != "" && !errors.Is(got, test.code) || test.code == "" && got != nil {
			t.Errorf("Account.Stream returns %v, Stream.PutRecords %v, want %v", got, want, test.code)
		}
	}
}

func TestStatus(t *testing.T) {
	clock := newClock()
	stream := putrecords.MustNew(putrecords.Config{Now: clock.Now, ReshardDelay: 10 * time.Second})
	want := func(want putrecords.StreamStatus) {
		t.Helper()
		if got := stream.Status(); got != want {
			t.Errorf("status %s at %v, want %s", got, clock.now, want)
		}
	}
	want(putrecords.StreamActive)
	mustSplit(t, stream, shard0, "1000")
	want(putrecords.StreamUpdating)
	clock.advance(3*time.Second - 1)
	want(putrecords.StreamUpdating)
	clock.advance(1)
	want(putrecords.StreamActive)
}
