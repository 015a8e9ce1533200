package putrecords_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/putrecords/putrecords"
)

// constraint joins a member to the constraint that it violates.
const constraint = " failed to satisfy constraint: "

// request returns a request to the stream named "stream".
func request(records ...putrecords.RequestEntry) *putrecords.Input {
	return &putrecords.Input{Records: records, StreamName: ptr("stream")}
}

// wantRejected checks that both a stream and Limits.Validate reject a request with a
// ValidationException that has these clauses.
func wantRejected(t *testing.T, limits putrecords.Limits, in *putrecords.Input, clauses ...string) {
	t.Helper()
	message := "1 validation error detected: " + clauses[0]
	if len(clauses) > 1 {
		message = fmt.Sprintf("%d validation errors detected: %s", len(clauses), strings.Join(clauses, "; "))
	}
	wantError(t, limits.Validate(in), putrecords.ValidationException, message)
	s := putrecords.MustNew(putrecords.Config{Limits: limits})
	out, err := s.PutRecords(t.Context(), in)
	wantError(t, err, putrecords.ValidationException, message)
	if out != nil || len(recordsOf(t, s, shard0)) != 0 {
		t.Errorf("a rejected request was stored, or has the output %v", out)
	}
}

// wantAccepted checks that both a stream and Limits.Validate accept a request.
func wantAccepted(t *testing.T, limits putrecords.Limits, in *putrecords.Input) {
	t.Helper()
	if err := limits.Validate(in); err != nil {
		t.Errorf("Validate: %.300v", err)
	}
	s := putrecords.MustNew(putrecords.Config{Limits: limits, Log: putrecords.Discard()})
	if _, err := s.PutRecords(t.Context(), in); err != nil {
		t.Errorf("PutRecords: %.300v", err)
	}
}

func TestValidationMessages(t *testing.T) {
	key257 := strings.Repeat("k", 257)
	name129, arn2049 := strings.Repeat("n", 129), "arn:aws:kinesis:us-east-1:000000000000:stream/"+strings.Repeat("n", 2003)
	for _, test := range []struct {
		name    string
		in      *putrecords.Input
		clauses []string
	}{
		{"no request", nil, []string{"Value null at 'records'" + constraint + "Member must not be null"}},
		{"records missing", request(), []string{"Value null at 'records'" + constraint + "Member must not be null"}},
		{
			"records empty",
			request([]putrecords.RequestEntry{}...),
			[]string{"Value '[]' at 'records'" + constraint + "Member must have length greater than or equal to 1"},
		},
		{
			"more than 500 records",
			request(repeat(501, keyed("k"))...),
			[]string{"Value at 'records'" + constraint + "Member must have length less than or equal to 500"},
		},
		{
			"key missing",
			request(putrecords.RequestEntry{Data: []byte{}}),
			[]string{"Value null at 'records.1.member.partitionKey'" + constraint + "Member must not be null"},
		},
		{
			"key empty",
			request(keyed("k"), keyed("")),
			[]string{"Value '' at 'records.2.member.partitionKey'" + constraint + "Member must have length greater than or equal to 1"},
		},
		{
			"key too long",
			request(keyed(key257)),
			[]string{"Value '" + key257 + "' at 'records.1.member.partitionKey'" + constraint + "Member must have length less than or equal to 256"},
		},
		{
			"hash key malformed",
			request(hashed("01")),
			[]string{"Value '01' at 'records.1.member.explicitHashKey'" + constraint +
				`Member must satisfy regular expression pattern: ^(0|([1-9]\d{0,38}))$`},
		},
		{
			"hash key empty",
			request(hashed("")),
			[]string{"Value '' at 'records.1.member.explicitHashKey'" + constraint +
				`Member must satisfy regular expression pattern: ^(0|([1-9]\d{0,38}))$`},
		},
		{
			"data missing",
			request(putrecords.RequestEntry{PartitionKey: ptr("k")}),
			[]string{"Value null at 'records.1.member.data'" + constraint + "Member must not be null"},
		},
		{
			"data too large",
			request(putrecords.Entry("k", make([]byte, 1<<20+1))),
			[]string{"Value at 'records.1.member.data'" + constraint + "Member must have length less than or equal to 1048576"},
		},
		{
			"data and key too large",
			request(putrecords.Entry("k", make([]byte, 1<<20))),
			[]string{"Value at 'records.1.member.data'" + constraint + "Member must have length less than or equal to 1048576"},
		},
		{
			"name empty",
			&putrecords.Input{Records: repeat(1, keyed("k")), StreamName: ptr("")},
			[]string{
				"Value '' at 'streamName'" + constraint + "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
				"Value '' at 'streamName'" + constraint + "Member must have length greater than or equal to 1",
			},
		},
		{
			"name too long",
			&putrecords.Input{Records: repeat(1, keyed("k")), StreamName: &name129},
			[]string{"Value '" + name129 + "' at 'streamName'" + constraint + "Member must have length less than or equal to 128"},
		},
		{
			"name with a space",
			&putrecords.Input{Records: repeat(1, keyed("k")), StreamName: ptr("my stream")},
			[]string{"Value 'my stream' at 'streamName'" + constraint + "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"},
		},
		{
			"name with a newline",
			&putrecords.Input{Records: repeat(1, keyed("k")), StreamName: ptr("stream\n")},
			[]string{"Value 'stream\n' at 'streamName'" + constraint + "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"},
		},
		{
			"ARN malformed",
			&putrecords.Input{Records: repeat(1, keyed("k")), StreamARN: ptr("bad-arn")},
			[]string{"Value 'bad-arn' at 'streamARN'" + constraint +
				`Member must satisfy regular expression pattern: arn:aws.*:kinesis:.*:\d{12}:stream/\S+`},
		},
		{
			"ARN empty",
			&putrecords.Input{Records: repeat(1, keyed("k")), StreamARN: ptr("")},
			[]string{
				"Value '' at 'streamARN'" + constraint + `Member must satisfy regular expression pattern: arn:aws.*:kinesis:.*:\d{12}:stream/\S+`,
				"Value '' at 'streamARN'" + constraint + "Member must have length greater than or equal to 1",
			},
		},
		{
			"ARN too long",
			&putrecords.Input{Records: repeat(1, keyed("k")), StreamARN: &arn2049},
			[]string{"Value '" + arn2049 + "' at 'streamARN'" + constraint + "Member must have length less than or equal to 2048"},
		},
		{
			"all of them in order",
			&putrecords.Input{
				Records:    []putrecords.RequestEntry{{PartitionKey: ptr(""), ExplicitHashKey: ptr("x")}, keyed("k"), {}},
				StreamName: ptr("a b"), StreamARN: ptr("c"),
			},
			[]string{
				"Value '' at 'records.1.member.partitionKey'" + constraint + "Member must have length greater than or equal to 1",
				"Value 'x' at 'records.1.member.explicitHashKey'" + constraint + `Member must satisfy regular expression pattern: ^(0|([1-9]\d{0,38}))$`,
				"Value null at 'records.1.member.data'" + constraint + "Member must not be null",
				"Value null at 'records.3.member.data'" + constraint + "Member must not be null",
				"Value 'a b' at 'streamName'" + constraint + "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
				"Value 'c' at 'streamARN'" + constraint + `Member must satisfy regular expression pattern: arn:aws.*:kinesis:.*:\d{12}:stream/\S+`,
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) { wantRejected(t, putrecords.Limits{}, test.in, test.clauses...) })
	}
}

// A message contains and counts ten clauses at most.
func TestValidationTenClauses(t *testing.T) {
	for _, n := range []int{9, 10, 11} {
		var clauses []string
		for i := range min(n, 10) {
			clauses = append(clauses, fmt.Sprintf("Value '' at 'records.%d.member.partitionKey'%sMember must have length greater than or equal to 1", i+1, constraint))
		}
		wantRejected(t, putrecords.Limits{}, request(repeat(n, keyed(""))...), clauses...)
	}
}

// For each limit on a request, published or configured, the limit itself is accepted and one more
// is rejected.
func TestRequestLimits(t *testing.T) {
	data := func(n int) *putrecords.Input { return request(putrecords.Entry("key", make([]byte, n-3))) }
	key := func(n int) *putrecords.Input { return request(keyed(strings.Repeat("é", n))) }
	records := func(n int) *putrecords.Input { return request(repeat(n, keyed("k"))...) }
	for _, test := range []struct {
		name    string
		limits  putrecords.Limits
		request func(n int) *putrecords.Input
		limit   int
		clause  string
	}{
		{"records per request", putrecords.Limits{}, records, 500, "Value at 'records'"},
		{"records per request, configured", putrecords.Limits{RecordsPerRequest: 7}, records, 7, "Value at 'records'"},
		{"partition key length", putrecords.Limits{}, key, 256, "Value '" + strings.Repeat("é", 257) + "' at 'records.1.member.partitionKey'"},
		{"partition key length, configured", putrecords.Limits{PartitionKeyLength: 5}, key, 5, "Value 'éééééé' at 'records.1.member.partitionKey'"},
		{"bytes per record", putrecords.Limits{}, data, 1 << 20, "Value at 'records.1.member.data'"},
		{"bytes per record, configured low", putrecords.Limits{BytesPerRecord: 10}, data, 10, "Value at 'records.1.member.data'"},
		{"bytes per record, configured high", putrecords.Limits{BytesPerRecord: 2 << 20}, data, 2 << 20, "Value at 'records.1.member.data'"},
	} {
		t.Run(test.name, func(t *testing.T) {
			wantAccepted(t, test.limits, test.request(test.limit-1))
			wantAccepted(t, test.limits, test.request(test.limit))
			wantRejected(t, test.limits, test.request(test.limit+1),
				fmt.Sprintf("%s%sMember must have length less than or equal to %d", test.clause, constraint, test.limit))
		})
	}
}

func TestRequestSize(t *testing.T) {
	// sized returns a request with n bytes, including keys, in six records.
	sized := func(n int) *putrecords.Input {
		records := repeat(5, putrecords.Entry("key", make([]byte, n/6-3)))
		return request(append(records, putrecords.Entry("é", make([]byte, n-5*(n/6)-2)))...)
	}
	for _, test := range []struct {
		limit   int // 0 is 5 MiB
		message string
	}{
		{0, "Records size exceeds 5 MB limit"},
		{10 << 20, "Records size exceeds 10 MB limit"},
		{1<<20 + 1<<19, "Records size exceeds 1.5 MB limit"},
		{1 << 18, "Records size exceeds 0.25 MB limit"},
	} {
		limits := putrecords.Limits{BytesPerRequest: test.limit, BytesPerRecord: -1, BytesPerSecond: -1}
		n := test.limit
		if n == 0 {
			n = 5 << 20
		}
		wantAccepted(t, limits, sized(n-1))
		wantAccepted(t, limits, sized(n))
		wantError(t, limits.Validate(sized(n+1)), putrecords.InvalidArgumentException, test.message)
		_, err := putrecords.MustNew(putrecords.Config{Limits: limits}).PutRecords(t.Context(), sized(n+1))
		wantError(t, err, putrecords.InvalidArgumentException, test.message)
	}
}

func TestUnlimitedRequests(t *testing.T) {
	large := putrecords.Entry(strings.Repeat("k", 1000), make([]byte, 6<<20))
	wantAccepted(t, putrecords.Limits{RecordsPerRequest: -1}, request(repeat(2000, keyed("k"))...))
	wantAccepted(t, putrecords.Limits{PartitionKeyLength: -1}, request(keyed(strings.Repeat("k", 1000))))
	wantAccepted(t, putrecords.Limits{BytesPerRecord: -1}, request(putrecords.Entry("k", make([]byte, 5<<20-1))))
	wantAccepted(t, putrecords.Limits{BytesPerRequest: -1}, request(repeat(6, putrecords.Entry("k", make([]byte, 1<<20-1)))...))
	wantAccepted(t, putrecords.Limits{-1, -1, -1, -1, -1, -1, -1, -1}, request(repeat(600, large)...)) // 3.5 GiB
}

// A request is rejected for its size if and only if its data and keys exceed the limit, or those of
// one record exceed the limit on records.
func TestSizesAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limits := putrecords.Limits{BytesPerRecord: rapid.IntRange(1, 40).Draw(t, "record"), BytesPerRequest: rapid.IntRange(1, 120).Draw(t, "request")}
		var records []putrecords.RequestEntry
		sum, largest := 0, 0
		for range rapid.IntRange(1, 6).Draw(t, "records") {
			e := putrecords.Entry(rapid.StringN(1, 5, -1).Draw(t, "key"), make([]byte, rapid.IntRange(0, 30).Draw(t, "data")))
			records = append(records, e)
			sum += len(e.Data) + len(*e.PartitionKey)
			largest = max(largest, len(e.Data)+len(*e.PartitionKey))
		}
		want := ""
		if largest > limits.BytesPerRecord {
			want = "ValidationException"
		} else if sum > limits.BytesPerRequest {
			want = "InvalidArgumentException"
		}
		err := limits.Validate(request(records...))
		if got := strings.Split(fmt.Sprint(err), ":")[0]; got != want && (err != nil || want != "") {
			t.Fatalf("%d bytes, the largest record %d, with %+v: %v, want %q", sum, largest, limits, err, want)
		}
	})
}

// The checks run in AWS's order: each request violates one rule and every rule that is checked
// later.
func TestOrderOfChecks(t *testing.T) {
	s := putrecords.MustNew(putrecords.Config{})
	tooLarge := repeat(6, putrecords.Entry("k", make([]byte, 1<<20-1)))
	outOfRange := append([]putrecords.RequestEntry{hashed(afterHashKey)}, tooLarge...)
	malformed := append([]putrecords.RequestEntry{hashed("x")}, outOfRange...)
	const (
		region  = "arn:aws:kinesis:eu-west-1:111111111111:stream/other"
		account = "arn:aws:kinesis:us-east-1:111111111111:stream/other"
		name    = "arn:aws:kinesis:us-east-1:000000000000:stream/other"
	)
	s.Inject(putrecords.Fault{Code: putrecords.KMSDisabledException})
	for _, test := range []struct {
		name string
		in   putrecords.Input
		code putrecords.ErrorCode
		text string
	}{
		{
			"constraints",
			putrecords.Input{Records: malformed},
			putrecords.ValidationException,
			"1 validation error detected: Value 'x' at 'records.1.member.explicitHashKey'" + constraint +
				`Member must satisfy regular expression pattern: ^(0|([1-9]\d{0,38}))$`,
		},
		{
			"neither name nor ARN",
			putrecords.Input{Records: outOfRange},
			putrecords.InvalidArgumentException,
			"Stream arn and stream name can't be empty at the same time",
		},
		{
			"name and ARN disagree",
			putrecords.Input{Records: outOfRange, StreamName: ptr("stream"), StreamARN: ptr(region)},
			putrecords.InvalidArgumentException, "Input stream name stream doesn't match the inferred name in stream arn other",
		},
		{
			"region",
			putrecords.Input{Records: outOfRange, StreamARN: ptr(region)},
			putrecords.InvalidArgumentException,
			"The region specified in the ARN 'arn:aws:kinesis:eu-west-1:111111111111:stream/other' does not match the endpoint region",
		},
		{
			"account",
			putrecords.Input{Records: outOfRange, StreamARN: ptr(account)},
			putrecords.UnrecognizedClientException,
			"No account found for the given parameters",
		},
		{
			"existence by ARN",
			putrecords.Input{Records: outOfRange, StreamARN: ptr(name)},
			putrecords.ResourceNotFoundException,
			"Stream other under account 000000000000 not found.",
		},
		{
			"existence by name",
			putrecords.Input{Records: outOfRange, StreamName: ptr("other")},
			putrecords.ResourceNotFoundException,
			"Stream other under account 000000000000 not found.",
		},
		{
			"hash key out of range",
			putrecords.Input{Records: outOfRange, StreamName: ptr("stream")},
			putrecords.InvalidArgumentException,
			"Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was " + afterHashKey,
		},
		{
			"size",
			putrecords.Input{Records: tooLarge, StreamName: ptr("stream")},
			putrecords.InvalidArgumentException,
			"Records size exceeds 5 MB limit",
		},
		{
			"dry run, though the KMS key is disabled",
			putrecords.Input{Records: repeat(1, keyed("k")), StreamName: ptr("stream")},
			putrecords.DryRunOperationException,
			"DryRunOperation validation succeeded while calling PutRecords operation.: Request would have succeeded, but DryRun flag is set.",
		},
	} {
		test.in.DryRun = ptr(true)
		out, err := s.PutRecords(t.Context(), &test.in)
		t.Run(test.name, func(t *testing.T) { wantError(t, err, test.code, test.text) })
		if out != nil {
			t.Errorf("%s: output %v, want none", test.name, out)
		}
	}
	if stats := s.Stats()[0]; stats.Stored.Records != 0 || len(recordsOf(t, s, stats.ShardID)) != 0 {
		t.Errorf("rejected requests were stored: %+v", stats)
	}
}

// Stream.Limits returns the limits in force.
func TestStreamLimits(t *testing.T) {
	const mib = 1 << 20
	for _, test := range []struct{ config, want putrecords.Limits }{
		{putrecords.Limits{}, putrecords.Limits{500, mib, 5 * mib, 256, 1000, mib, 1000, mib}},
		{putrecords.Limits{BytesPerRecord: 2 * mib, RecordsPerSecond: 5}, putrecords.Limits{500, 2 * mib, 5 * mib, 256, 5, mib, 5, 15 * mib}},
		{putrecords.Limits{BytesPerRecord: mib + 1}, putrecords.Limits{500, mib + 1, 5 * mib, 256, 1000, mib, 1000, 15 * mib}},
		{putrecords.Limits{BytesPerRecord: 20 * mib, BytesPerRequest: -1}, putrecords.Limits{500, 20 * mib, -1, 256, 1000, mib, 1000, 20 * mib}},
		{putrecords.LargeRecordLimits(), putrecords.Limits{500, 10 * mib, 10 * mib, 256, 1000, mib, 1000, 15 * mib}},
		{putrecords.LenientLimits(), putrecords.Limits{500, mib, 5 * mib, 256, 1000, mib, 5000, 15 * mib}},
		{putrecords.Limits{1, 2, 3, 4, 5, 6, 7, 8}, putrecords.Limits{1, 2, 3, 4, 5, 6, 7, 8}},
		{putrecords.Limits{-1, -1, -1, -1, -1, -1, 0, 0}, putrecords.Limits{-1, -1, -1, -1, -1, -1, -1, -1}},
	} {
		got := putrecords.MustNew(putrecords.Config{Limits: test.config}).Limits()
		if got != test.want {
			t.Errorf("Limits %+v become %+v, want %+v", test.config, got, test.want)
		}
		if again := putrecords.MustNew(putrecords.Config{Limits: got}).Limits(); again != got {
			t.Errorf("Limits %+v become %+v", got, again)
		}
	}
}

func TestSize(t *testing.T) {
	if got := putrecords.Entry("é", make([]byte, 3)).Size(); got != 5 {
		t.Errorf("size %d, want 5", got)
	}
	if got := (putrecords.RequestEntry{Data: make([]byte, 3)}).Size(); got != 3 {
		t.Errorf("size %d of a record without a key, want 3", got)
	}
}
