package putrecords_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/putrecords/putrecords"
)

func newAccount(t testing.TB, id, region string, names ...string) *putrecords.Account {
	t.Helper()
	account, err := putrecords.NewAccount(id, region)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		s := putrecords.MustNew(putrecords.Config{Name: name, AccountID: id, Region: region, Now: newClock().Now})
		if err := account.Add(s); err != nil {
			t.Fatal(err)
		}
	}
	return account
}

// An account answers for the stream that a request names.
func TestAccountFindsItsStreams(t *testing.T) {
	account := newAccount(t, "123456789012", "eu-west-1", "orders", "clicks")
	orders, _ := account.Stream(ptr("orders"), nil)
	for _, in := range []*putrecords.Input{
		{StreamName: ptr("orders")},
		{StreamARN: ptr("arn:aws:kinesis:eu-west-1:123456789012:stream/orders")},
		{StreamName: ptr("orders"), StreamARN: ptr("arn:aws:kinesis:eu-west-1:123456789012:stream/orders")},
	} {
		in.Records = repeat(1, keyed("k"))
		if _, err := account.PutRecords(t.Context(), in); err != nil {
			t.Errorf("%+v: %v", in, err)
		}
	}
	if _, err := account.PutRecord(t.Context(), &putrecords.PutRecordInput{
		StreamName: ptr("orders"), PartitionKey: ptr("k"), Data: []byte{},
	}); err != nil {
		t.Error(err)
	}
	if n := orders.Stats()[0].Stored.Records; n != 4 {
		t.Errorf("%d records stored, want 4", n)
	}
	var names []string
	for _, s := range account.Streams() {
		names = append(names, s.Name())
	}
	if diff := cmp.Diff([]string{"clicks", "orders"}, names); diff != "" || account.ID() != "123456789012" || account.Region() != "eu-west-1" {
		t.Errorf("account %s in %s has streams (-want +got):\n%s", account.ID(), account.Region(), diff)
	}
}

// Without the stream, an account makes the checks that come before existence, in AWS's order.
func TestAccountWithoutTheStream(t *testing.T) {
	account := newAccount(t, "", "", "orders")
	const own = "arn:aws:kinesis:us-east-1:000000000000:stream/"
	record := repeat(1, keyed("k"))
	for _, test := range []struct {
		name string
		in   *putrecords.Input
		code putrecords.ErrorCode
		text string
	}{
		{"nil", nil, "ValidationException", "1 validation error detected: Value null at 'records' failed to satisfy constraint: Member must not be null"},
		{
			"constraints", &putrecords.Input{Records: repeat(1, keyed("")), StreamName: ptr("gone")}, "ValidationException",
			"1 validation error detected: Value '' at 'records.1.member.partitionKey' failed to satisfy constraint: Member must have length greater than or equal to 1",
		},
		{
			"partition key", &putrecords.Input{Records: repeat(1, putrecords.RequestEntry{Data: []byte{}})}, "ValidationException",
			"1 validation error detected: Value null at 'records.1.member.partitionKey' failed to satisfy constraint: Member must not be null",
		},
		{
			"neither", &putrecords.Input{Records: record}, "InvalidArgumentException",
			"Stream arn and stream name can't be empty at the same time",
		},
		{
			"disagreement", &putrecords.Input{Records: record, StreamName: ptr("gone"), StreamARN: ptr(own + "orders")}, "InvalidArgumentException",
			"Input stream name gone doesn't match the inferred name in stream arn orders",
		},
		{
			"region", &putrecords.Input{Records: record, StreamARN: ptr("arn:aws:kinesis:eu-west-1:000000000000:stream/orders")}, "InvalidArgumentException",
			"The region specified in the ARN 'arn:aws:kinesis:eu-west-1:000000000000:stream/orders' does not match the endpoint region",
		},
		{
			"account", &putrecords.Input{Records: record, StreamARN: ptr("arn:aws:kinesis:us-east-1:111111111111:stream/orders")}, "UnrecognizedClientException",
			"No account found for the given parameters",
		},
		{
			"existence", &putrecords.Input{Records: []putrecords.RequestEntry{hashed(afterHashKey)}, StreamName: ptr("gone")}, "ResourceNotFoundException",
			"Stream gone under account 000000000000 not found.",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := account.PutRecords(t.Context(), test.in)
			wantError(t, err, test.code, test.text)
			if test.in == nil || len(test.in.Records) != 1 {
				return
			}
			entry := test.in.Records[0]
			_, err = account.PutRecord(t.Context(), &putrecords.PutRecordInput{
				Data: entry.Data, PartitionKey: entry.PartitionKey, ExplicitHashKey: entry.ExplicitHashKey,
				StreamName: test.in.StreamName, StreamARN: test.in.StreamARN,
			})
			wantError(t, err, test.code, strings.ReplaceAll(test.text, "records.1.member.", ""))
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := account.PutRecords(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("with a canceled context: %v", err)
	}
}

// StreamName tells the name even of a stream that does not exist.
func TestAccountStreamName(t *testing.T) {
	account := newAccount(t, "", "")
	for _, arn := range []*string{nil, ptr("arn:aws:kinesis:us-east-1:000000000000:stream/gone")} {
		name := ptr("gone")
		if arn != nil {
			name = nil
		}
		if got, err := account.StreamName(name, arn); got != "gone" || err != nil {
			t.Errorf("StreamName is %q, %v", got, err)
		}
	}
	_, err := account.StreamName(ptr("a b"), nil)
	wantError(t, err, "ValidationException", "1 validation error detected: Value 'a b' at 'streamName' failed to satisfy constraint: "+
		"Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+")
}

// An account takes only its own streams, and each name once.
func TestAccountAddAndRemove(t *testing.T) {
	account := newAccount(t, "", "", "orders")
	for _, config := range []putrecords.Config{{AccountID: "111111111111"}, {Region: "eu-west-1"}} {
		var invalid *putrecords.ConfigError
		if err := account.Add(putrecords.MustNew(config)); !errors.As(err, &invalid) {
			t.Errorf("a stream of %+v: %v", config, err)
		}
	}
	another := putrecords.MustNew(putrecords.Config{Name: "orders"})
	wantError(t, account.Add(another), putrecords.ResourceInUseException, "Stream orders under account 000000000000 already exists.")
	account.Remove("orders")
	account.Remove("orders")
	if _, err := account.Stream(ptr("orders"), nil); !errors.Is(err, putrecords.ResourceNotFoundException) {
		t.Errorf("after Remove: %v", err)
	}
	if err := account.Add(another); err != nil {
		t.Error(err)
	}
	for _, bad := range [][2]string{{"12", ""}, {"", "US East"}} {
		var invalid *putrecords.ConfigError
		if _, err := putrecords.NewAccount(bad[0], bad[1]); !errors.As(err, &invalid) {
			t.Errorf("NewAccount(%q): %v", bad, err)
		}
	}
}

// A stream that is CREATING or DELETING is there, but takes nothing and cannot be resharded.
func TestStreamStatuses(t *testing.T) {
	account := newAccount(t, "", "", "orders")
	s, _ := account.Stream(ptr("orders"), nil)
	fault := s.Inject(putrecords.Fault{})
	for _, status := range []putrecords.StreamStatus{putrecords.StreamCreating, putrecords.StreamDeleting} {
		if err := s.SetStatus(status); err != nil || s.Status() != status {
			t.Fatalf("status %s, %v", s.Status(), err)
		}
		_, err := account.PutRecords(t.Context(), &putrecords.Input{Records: repeat(1, keyed("k")), StreamName: ptr("orders")})
		wantError(t, err, putrecords.ResourceNotFoundException, "Stream orders under account 000000000000 not found.")
		_, err = s.PutRecord(t.Context(), &putrecords.PutRecordInput{StreamName: ptr("orders"), PartitionKey: ptr("k"), Data: []byte{}})
		wantError(t, err, putrecords.ResourceNotFoundException, "Stream orders under account 000000000000 not found.")
		if found, err := account.Stream(ptr("orders"), nil); found != s || err != nil {
			t.Errorf("%s: Stream returns %v, %v", status, found, err)
		}
		wantError(t, s.SplitShard(shard0, putrecords.HashKey{0x80}), putrecords.ResourceInUseException,
			fmt.Sprintf("Stream orders under account 000000000000 not ACTIVE, instead in state %s", status))
	}
	if err := s.SetStatus(putrecords.StreamUpdating); err != nil {
		t.Fatal(err)
	}
	if fault.Hits() != 0 || len(mustPut(t, s, keyed("k")).Records) != 1 || fault.Hits() != 1 {
		t.Error("an UPDATING stream takes records")
	}
	if err := s.SetStatus(putrecords.StreamActive); err != nil || s.Status() != putrecords.StreamActive {
		t.Errorf("status %s, %v", s.Status(), err)
	}
	mustSplit(t, s, shard0, "1000")
	var invalid *putrecords.ConfigError
	if err := s.SetStatus("active"); !errors.As(err, &invalid) || s.Status() != putrecords.StreamActive {
		t.Errorf("status active: %v", err)
	}
}

// Two accounts may have streams of one name.
func TestStreamsNamedAlikeInTwoAccounts(t *testing.T) {
	one, two := newAccount(t, "111111111111", "", "orders"), newAccount(t, "222222222222", "", "orders")
	arn := ptr("arn:aws:kinesis:us-east-1:222222222222:stream/orders")
	if s, err := two.Stream(nil, arn); err != nil || s.ARN() != *arn {
		t.Errorf("%v, %v", s, err)
	}
	if _, err := one.Stream(nil, arn); !errors.Is(err, putrecords.UnrecognizedClientException) {
		t.Errorf("the other account: %v", err)
	}
}
