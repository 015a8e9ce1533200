package putrecords_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/putrecords/putrecords"
)

// codes returns the first letter of each record's error code, or '.' if the record was stored.
func codes(out *putrecords.Output) string {
	var b strings.Builder
	for _, e := range out.Records {
		b.WriteString((string(e.ErrorCode) + ".")[:1])
	}
	return b.String()
}

// key returns a Match function for records with this partition key.
func key(want string) func(putrecords.Attempt) bool {
	return func(a putrecords.Attempt) bool { return a.PartitionKey == want }
}

// A fault can produce every error on AWS's page, with AWS's message.
func TestFaultMessages(t *testing.T) {
	for code, text := range map[putrecords.ErrorCode]string{
		putrecords.AccessDeniedException: "User: arn:aws:iam::123456789012:user/producer is not authorized to perform: kinesis:PutRecords " +
			"on resource: arn:aws:kinesis:us-east-1:123456789012:stream/S because no identity-based policy allows the kinesis:PutRecords action",
		putrecords.InvalidArgumentException: "A specified parameter exceeds its restrictions, is not supported, or can't be used. " +
			"For more information, see the returned message.",
		putrecords.KMSAccessDeniedException: "User: arn:aws:iam::123456789012:user/producer is not authorized to perform: kms:GenerateDataKey " +
			"on resource: arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000",
		putrecords.KMSDisabledException:     "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000 is disabled.",
		putrecords.KMSInvalidStateException: "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000 is pending deletion.",
		putrecords.KMSNotFoundException:     "Alias arn:aws:kms:us-east-1:123456789012:alias/aws/kinesis is not found.",
		putrecords.KMSOptInRequired:         "The AWS access key ID needs a subscription for the service.",
		putrecords.KMSThrottlingException: "The request was denied due to request throttling. For more information about throttling, see Limits in the " +
			"AWS Key Management Service Developer Guide.",
		putrecords.ProvisionedThroughputExceededException: "Rate exceeded for shard shardId-000000000001 in stream S under account 123456789012.",
		putrecords.ResourceNotFoundException:              "Stream S under account 123456789012 not found.",
		putrecords.InternalFailure:                        "", // production sends none for a whole request
		putrecords.ResourceInUseException:                 "Stream S under account 123456789012 not ACTIVE, instead in state UPDATING",
		putrecords.UnrecognizedClientException:            "No account found for the given parameters",
		putrecords.DryRunOperationException: "DryRunOperation validation succeeded while calling PutRecords operation.: " +
			"Request would have succeeded, but DryRun flag is set.",
		putrecords.ValidationException: "ValidationException",
		"SomethingElse":                "SomethingElse",
	} {
		s := putrecords.MustNew(putrecords.Config{Name: "S", AccountID: "123456789012", Shards: 2})
		s.Inject(putrecords.Fault{Code: code, WholeRequest: true, Match: key("match")})
		// A throttling error names the shard of the first matching record.
		records := []putrecords.RequestEntry{hashed("0"), keyed("match"), keyed("match")}
		records[1].ExplicitHashKey, records[2].ExplicitHashKey = ptr(lastHashKey), ptr("0")
		out, err := s.Put(t.Context(), records...)
		wantError(t, err, code, text)
		if out != nil || s.Stats()[0] != (putrecords.ShardStats{ShardID: shard0}) {
			t.Errorf("%s: output %v, want none; and nothing must be counted", code, out)
		}
		s.Inject(putrecords.Fault{Code: code, WholeRequest: true, Message: "my message"})
		_, err = s.Put(t.Context(), records...)
		wantError(t, err, code, "my message")
		mustPut(t, s, records...) // both faults are spent
	}
}

// A code that AWS returns only for whole requests fails the request even without WholeRequest.
func TestFaultWithRequestCode(t *testing.T) {
	s := putrecords.MustNew(putrecords.Config{})
	injection := s.Inject(putrecords.Fault{Code: putrecords.AccessDeniedException, Match: key("b")})
	mustPut(t, s, keyed("a"), keyed("c"))
	if _, err := s.Put(t.Context(), keyed("a"), keyed("b")); err == nil || injection.Hits() != 1 {
		t.Errorf("error %v, %d hits; want an error and one hit", err, injection.Hits())
	}
	mustPut(t, s, keyed("a"), keyed("b"))
	if n := len(recordsOf(t, s, shard0)); n != 4 {
		t.Errorf("%d records stored, want 4", n)
	}
}

func TestFaultOnRecords(t *testing.T) {
	s := putrecords.MustNew(putrecords.Config{
		Name: "S", AccountID: "123456789012", Shards: 2, Now: newClock().Now, Limits: putrecords.Limits{RecordsPerSecond: 2},
	})
	s.Inject(putrecords.Fault{Match: key("fail"), Count: 2})
	s.Inject(putrecords.Fault{Code: putrecords.ProvisionedThroughputExceededException, Match: key("throttle"), Count: -1})
	throttle := putrecords.Entry("throttle", nil)
	throttle.ExplicitHashKey = ptr(lastHashKey)
	out := mustPut(t, s, keyed("fail"), throttle, hashed("0"), keyed("fail"), throttle, hashed("0"))
	if codes(out) != "IP.IP." || out.FailedRecordCount != 4 {
		t.Errorf("codes %s, %d failed; want IP.IP., 4", codes(out), out.FailedRecordCount)
	}
	want := putrecords.ResultEntry{
		ErrorCode:    putrecords.ProvisionedThroughputExceededException,
		ErrorMessage: "Rate exceeded for shard shardId-000000000001 in stream S under account 123456789012.",
	}
	if diff := cmp.Diff(want, out.Records[1]); diff != "" {
		t.Errorf("entry differs (-want +got):\n%s", diff)
	}
	failing := s.Route(putrecords.HashKeyOf("fail")).ShardID
	for _, stats := range s.Stats() {
		want := putrecords.ShardStats{ShardID: stats.ShardID}
		if stats.ShardID == failing {
			want.Failed = putrecords.Count{Records: 2, Bytes: 8}
		}
		if stats.ShardID == shard0 {
			want.Stored = putrecords.Count{Records: 2, Bytes: 2} // the faults used no tokens
		} else {
			want.Throttled = putrecords.Count{Records: 2, Bytes: 16}
		}
		if diff := cmp.Diff(want, stats); diff != "" {
			t.Errorf("statistics differ (-want +got):\n%s", diff)
		}
	}
	if out := mustPut(t, s, throttle, hashed("170141183460469231731687303715884105728")); codes(out) != "P." {
		t.Errorf("codes %s, want P.", codes(out))
	}
}

// The zero fault fails one record.
func TestZeroFault(t *testing.T) {
	s := putrecords.MustNew(putrecords.Config{})
	s.Inject(putrecords.Fault{})
	out := mustPut(t, s, keyed("a"), keyed("b"))
	want := putrecords.ResultEntry{ErrorCode: putrecords.InternalFailure, ErrorMessage: "Internal service failure."}
	if codes(out) != "I." || out.Records[0] != want {
		t.Errorf("output %+v, want the first record failed", out)
	}
}

// An Attempt describes the record.
func TestAttempt(t *testing.T) {
	s := putrecords.MustNew(putrecords.Config{Shards: 3})
	var got []putrecords.Attempt
	s.Inject(putrecords.Fault{Match: func(a putrecords.Attempt) bool {
		got = append(got, a)
		s.Shards() // would deadlock if a lock were held
		return false
	}})
	explicit := putrecords.Entry("é", []byte("data"))
	explicit.ExplicitHashKey = ptr(lastHashKey)
	mustPut(t, s, keyed("b"), explicit)
	want := []putrecords.Attempt{
		{Index: 0, PartitionKey: "b", HashKey: putrecords.HashKeyOf("b"), ShardID: shard1, Bytes: 1},
		{Index: 1, PartitionKey: "é", HashKey: parseHashKey(t, lastHashKey), ShardID: shard2, Bytes: 6},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("attempts differ (-want +got):\n%s", diff)
	}
}

// A record may be stored and still be reported as failed, so that a producer that retries writes it
// twice.
func TestFaultAfterAppend(t *testing.T) {
	s := putrecords.MustNew(putrecords.Config{Now: newClock().Now, Limits: putrecords.Limits{RecordsPerSecond: 3}})
	before := s.Inject(putrecords.Fault{Match: key("before")})
	after := s.Inject(putrecords.Fault{AfterAppend: true, Count: -1})
	out := mustPut(t, s, keyed("before"), keyed("a"), keyed("b"), keyed("c"), keyed("throttled"))
	if codes(out) != "IIIIP" || out.FailedRecordCount != 5 {
		t.Errorf("codes %s, %d failed; want IIIIP, 5", codes(out), out.FailedRecordCount)
	}
	if before.Hits() != 1 || after.Hits() != 3 {
		t.Errorf("%d and %d hits, want 1 and, for the stored records only, 3", before.Hits(), after.Hits())
	}
	if got := keys(t, s, shard0); !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("stored %v", got)
	}
	want := putrecords.ShardStats{
		ShardID: shard0, Stored: putrecords.Count{Records: 3, Bytes: 3},
		Failed: putrecords.Count{Records: 1, Bytes: 6}, Throttled: putrecords.Count{Records: 1, Bytes: 9},
	}
	if diff := cmp.Diff(want, s.Stats()[0]); diff != "" {
		t.Errorf("statistics differ (-want +got):\n%s", diff)
	}
}

// A whole request may be stored and reported as failed, as if the response were lost.
func TestFaultOnWholeRequestAfterAppend(t *testing.T) {
	s := putrecords.MustNew(putrecords.Config{})
	single := s.Inject(putrecords.Fault{AfterAppend: true})
	whole := s.Inject(putrecords.Fault{AfterAppend: true, WholeRequest: true})
	out, err := s.Put(t.Context(), keyed("a"), keyed("b"))
	wantError(t, err, putrecords.InternalFailure, "")
	if out != nil || whole.Hits() != 1 || single.Hits() != 0 {
		t.Errorf("output %v; %d hits, and %d of a fault whose effect nobody saw", out, whole.Hits(), single.Hits())
	}
	if got := keys(t, s, shard0); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("stored %v", got)
	}
	if got := codes(mustPut(t, s, keyed("a"), keyed("b"))); got != "I." {
		t.Errorf("codes %s, want I.", got)
	}
}

func TestFaultCount(t *testing.T) {
	s := putrecords.MustNew(putrecords.Config{})
	for _, test := range []struct {
		count int
		codes string
	}{
		{0, "I..."},
		{1, "I..."},
		{3, "III."},
		{4, "IIII"},
		{5, "IIII"},
		{-1, "IIII"},
	} {
		injection := s.Inject(putrecords.Fault{Count: test.count})
		if got := codes(mustPut(t, s, keyed("a"), keyed("b"), keyed("c"), keyed("d"))); got != test.codes {
			t.Errorf("count %d: codes %s, want %s", test.count, got, test.codes)
		}
		if want := strings.Count(test.codes, "I"); injection.Hits() != want {
			t.Errorf("count %d: %d hits, want %d", test.count, injection.Hits(), want)
		}
		injection.Remove()
		injection.Remove()
		if got := codes(mustPut(t, s, keyed("a"))); got != "." {
			t.Errorf("count %d: after removing the fault, codes are %s", test.count, got)
		}
	}
}

// Once a fault is spent, its Match is not called again and the next fault takes over.
func TestFaultsInOrder(t *testing.T) {
	s := putrecords.MustNew(putrecords.Config{})
	var asked []string
	match := func(name string) func(putrecords.Attempt) bool {
		return func(a putrecords.Attempt) bool {
			asked = append(asked, name+a.PartitionKey)
			return a.PartitionKey != "a"
		}
	}
	s.Inject(putrecords.Fault{Message: "first", Match: match("1")})
	s.Inject(putrecords.Fault{Message: "second", Match: match("2"), Count: 2})
	out := mustPut(t, s, keyed("a"), keyed("b"), keyed("c"), keyed("d"), keyed("e"))
	var got []string
	for _, e := range out.Records {
		got = append(got, e.ErrorMessage)
	}
	if want := []string{"", "first", "second", "second", ""}; !slices.Equal(got, want) {
		t.Errorf("messages %q, want %q", got, want)
	}
	if want := []string{"1a", "2a", "1b", "2c", "2d"}; !slices.Equal(asked, want) {
		t.Errorf("Match was called for %v, want %v", asked, want)
	}
	// Faults that fail whole requests apply in the order of injection, too.
	asked = nil
	s.Inject(putrecords.Fault{Code: putrecords.KMSNotFoundException, Match: match("3")})
	s.Inject(putrecords.Fault{Code: putrecords.KMSDisabledException, Match: match("4")})
	for _, code := range []putrecords.ErrorCode{putrecords.KMSNotFoundException, putrecords.KMSDisabledException} {
		if _, err := s.Put(t.Context(), keyed("a"), keyed("b")); err == nil || !strings.Contains(err.Error(), string(code)) {
			t.Errorf("error %v, want %s", err, code)
		}
	}
	if want := []string{"3a", "3b", "4a", "4b"}; !slices.Equal(asked, want) {
		t.Errorf("Match was called for %v, want %v", asked, want)
	}
}

// A request that is rejected for another reason does not use up a fault.
func TestRejectedRequestsUseUpNoFault(t *testing.T) {
	s := putrecords.MustNew(putrecords.Config{})
	whole := s.Inject(putrecords.Fault{Code: putrecords.KMSDisabledException, Count: -1})
	single := s.Inject(putrecords.Fault{Count: -1})
	for _, in := range []*putrecords.Input{
		nil,
		{Records: repeat(1, keyed("k"))},
		{Records: repeat(1, keyed("k")), StreamName: ptr("other")},
		request(hashed(afterHashKey)),
		request(repeat(6, putrecords.Entry("k", make([]byte, 1<<20-1)))...),
	} {
		if _, err := s.PutRecords(t.Context(), in); err == nil {
			t.Errorf("%v is not rejected", in)
		}
	}
	if whole.Hits() != 0 || single.Hits() != 0 {
		t.Errorf("%d and %d hits, want none", whole.Hits(), single.Hits())
	}
	dry := request(keyed("k"))
	dry.DryRun = ptr(true)
	_, err := s.PutRecords(t.Context(), dry)
	wantError(t, err, putrecords.DryRunOperationException, "DryRunOperation validation succeeded while calling PutRecords operation.: "+
		"Request would have succeeded, but DryRun flag is set.")
	if whole.Hits() != 0 || single.Hits() != 0 {
		t.Errorf("a dry run used up %d faults at KMS and %d on records", whole.Hits(), single.Hits())
	}
	denied := s.Inject(putrecords.Fault{Code: putrecords.AccessDeniedException})
	if _, err := s.PutRecords(t.Context(), dry); !errors.Is(err, putrecords.AccessDeniedException) || denied.Hits() != 1 {
		t.Errorf("a dry run that is not authorized: %v", err)
	}
	whole.Remove()
	*dry.DryRun = false
	if out, err := s.PutRecords(t.Context(), dry); err != nil || codes(out) != "I" {
		t.Errorf("DryRun false: %v, %v", out, err)
	}
}

// Concurrent callers together get exactly as many failures as the fault has.
func TestFaultsUnderLoad(t *testing.T) {
	s := putrecords.MustNew(putrecords.Config{Shards: 4, Limits: putrecords.Limits{RecordsPerSecond: -1}})
	const callers, calls, perCall, count = 4, 25, 20, 777
	injection := s.Inject(putrecords.Fault{Match: func(a putrecords.Attempt) bool { return a.Index%2 == 0 }, Count: count})
	failed := make([]int, callers)
	var group sync.WaitGroup
	for caller := range callers {
		group.Go(func() {
			for call := range calls {
				var records []putrecords.RequestEntry
				for i := range perCall {
					records = append(records, keyed(fmt.Sprint(caller, call, i)))
				}
				out, err := s.Put(t.Context(), records...)
				if err != nil {
					t.Error(err)
					return
				}
				failed[caller] += out.FailedRecordCount
			}
		})
	}
	group.Wait()
	total := 0
	for _, n := range failed {
		total += n
	}
	var counted putrecords.Count
	for _, stats := range s.Stats() {
		counted.Records += stats.Failed.Records
	}
	if total != count || injection.Hits() != count || counted.Records != count {
		t.Errorf("%d failures, %d hits, %d counted; want %d", total, injection.Hits(), counted.Records, count)
	}
}
