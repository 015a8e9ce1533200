package kinesishttp_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/kinesishttp"
)

// A request's headers decide these answers, whatever its body is.
func TestHeaders(t *testing.T) {
	const (
		denied = "<AccessDeniedException>\n  <Message>Unable to determine service/operation name to be authorized</Message>\n" +
			"</AccessDeniedException>\n"
		unsigned = `{"__type":"MissingAuthenticationTokenException","message":"Missing Authentication Token"}`
		answered = `{"__type":"ValidationException","message":"1 validation error detected: ` +
			`Value null at 'records' failed to satisfy constraint: Member must not be null"}`
	)
	unknown := func(message string) string {
		return `{"__type":"UnknownOperationException","message":"` + message + `"}`
	}
	for _, test := range []struct {
		name   string
		change func(*http.Request)
		status int
		body   string
	}{
		{"unchanged", func(*http.Request) {}, 400, answered},
		{"content type with charset", func(r *http.Request) { r.Header.Set("Content-Type", jsonType+" ; charset=utf-8") }, 400, answered},
		{"content type in any case", func(r *http.Request) { r.Header.Set("Content-Type", "Application/X-Amz-JSON-1.1") }, 400, answered},
		{"any path", func(r *http.Request) { r.URL.Path = "/orders" }, 400, answered},
		{"signed in the query", func(r *http.Request) {
			r.Header.Del("Authorization")
			r.URL.RawQuery = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0"
		}, 400, answered},
		{"unsigned", func(r *http.Request) { r.Header.Del("Authorization") }, 400, unsigned},
		{"unsigned, with a query", func(r *http.Request) {
			r.Header.Del("Authorization")
			r.URL.RawQuery = "X-Amz-Algorithm=AWS4-HMAC-SHA256"
		}, 400, unsigned},
		{"GET", func(r *http.Request) { r.Method = http.MethodGet }, 403, denied},
		{"no content type, no target", func(r *http.Request) { r.Header = http.Header{} }, 403, denied},
		{"no content type", func(r *http.Request) { r.Header.Del("Content-Type") }, 404, "<UnknownOperationException/>\n"},
		{"unknown content type", func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, 404, "<UnknownOperationException/>\n"},
		{"no target", func(r *http.Request) { r.Header.Del("X-Amz-Target") }, 400, unknown(`The X-Amz-Target \"\" is not one of Kinesis.`)},
		{"empty operation", func(r *http.Request) { r.Header.Set("X-Amz-Target", "Kinesis_20131202.") }, 400, unknown(`This server does not have the operation \"\".`)},
		{"operation without service", func(r *http.Request) { r.Header.Set("X-Amz-Target", "PutRecords") }, 400, unknown(`The X-Amz-Target \"PutRecords\" is not one of Kinesis.`)},
		{"other operation", func(r *http.Request) { r.Header.Set("X-Amz-Target", "Kinesis_20131202.CreateStream") }, 400, unknown(`This server does not have the operation \"CreateStream\".`)},
		{"not UTF-8", func(r *http.Request) { r.Header.Set("X-Amz-Target", "Kinesis_20131202.\xff") }, 400, unknown(`This server does not have the operation \"\\xff\".`)},
		{"other service", func(r *http.Request) { r.Header.Set("X-Amz-Target", "DynamoDB_20120810.PutRecords") }, 400, unknown(`The X-Amz-Target \"DynamoDB_20120810.PutRecords\" is not one of Kinesis.`)},
		{"unknown operation, unsigned", func(r *http.Request) {
			r.Header.Del("Authorization")
			r.Header.Set("X-Amz-Target", "Kinesis_20131202.Put")
		}, 400, unknown(`This server does not have the operation \"Put\".`)},
	} {
		t.Run(test.name, func(t *testing.T) {
			handler := kinesishttp.NewHandler(newStream(putrecords.Config{}))
			request := newRequest(t, jsonType, "PutRecords", []byte(`{"StreamName":"stream"}`))
			test.change(request)
			answer := httptest.NewRecorder()
			handler.ServeHTTP(answer, request)
			if answer.Code != test.status || answer.Body.String() != test.body {
				t.Errorf("got %d %s, want %d %s", answer.Code, answer.Body, test.status, test.body)
			}
			if got := answer.Header().Get("x-amzn-RequestId"); got != "00000000-0000-0000-0000-000000000001" {
				t.Errorf("request id %q", got)
			}
			if got, want := answer.Header().Get("x-amz-id-2"), strings.Repeat("A", 94)+"AB"; got != want {
				t.Errorf("x-amz-id-2 %q, want %q", got, want)
			}
		})
	}
}

// An Authorization header that lacks a part is refused with production's message.
func TestIncompleteSignatures(t *testing.T) {
	const (
		credential = "Authorization header requires 'Credential' parameter. "
		signature  = "Authorization header requires 'Signature' parameter. "
		headers    = "Authorization header requires 'SignedHeaders' parameter. "
		date       = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
	)
	for _, test := range []struct{ dateHeader, authorization, want string }{
		{"", "X", credential + signature + headers + date + "Authorization=X"},
		{"Date", "X", credential + signature + headers + "Authorization=X"},
		{"", "AWS4- Credential=a, Signature=b, SignedHeaders=c", date + "Authorization=AWS4- Credential=a, Signature=b, SignedHeaders=c"},
		{"Date", "AWS4- Signature=b Credential=a", headers + "Authorization=AWS4- Signature=b Credential=a"},
		{"Date", "AWS4- Signature=b,Credential=a", headers + "Authorization=AWS4- Signature=b,Credential=a"},
		{"X-Amz-Date", "AWS4- Signature=b, Credential=a", headers + "Authorization=AWS4- Signature=b, Credential=a"},
		{"X-Amz-Date", "AWS4- Signature=b, SignedHeaders=c", credential + "Authorization=AWS4- Signature=b, SignedHeaders=c"},
		{"X-Amz-Date", "AWS4- Credential=a, SignedHeaders=c", signature + "Authorization=AWS4- Credential=a, SignedHeaders=c"},
		{"X-Amz-Date", "AWS4- Credential=, Signature=b, SignedHeaders=c", credential + "Authorization=AWS4- Credential=, Signature=b, SignedHeaders=c"},
		{"X-Amz-Date", "Bearer \xff", credential + signature + headers + "Authorization=Bearer \uFFFD"},
		{"X-Amz-Date", "AWS4- SignedHeaders=c,Signature=b,Credential=a", ""},
		{"Date", "AWS4- Credential=a, SignedHeaders=c, Signature=b", ""},
	} {
		for contentType, unmarshal := range map[string]func([]byte, any) error{jsonType: json.Unmarshal, cborType: cbor.Unmarshal} {
			handler := kinesishttp.NewHandler(newStream(putrecords.Config{}))
			refused := 0
			handler.Refused = func(context.Context, string, *putrecords.Error) { refused++ }
			body := map[string]string{jsonType: `{"StreamName":"stream"}`, cborType: "\xa1\x6aStreamName\x66stream"}[contentType]
			request := newRequest(t, contentType, "DescribeStream", []byte(body))
			request.Header.Del("X-Amz-Date")
			if test.dateHeader != "" {
				request.Header.Set(test.dateHeader, "a")
			}
			request.Header.Set("Authorization", test.authorization)
			answer := httptest.NewRecorder()
			handler.ServeHTTP(answer, request)
			var got map[string]any
			if err := unmarshal(answer.Body.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			if test.want == "" {
				if answer.Code != 200 || refused != 0 {
					t.Errorf("%s in %s: %d %v", test.authorization, contentType, answer.Code, got)
				}
				continue
			}
			want := map[string]any{"__type": "IncompleteSignatureException", "message": test.want}
			if diff := cmp.Diff(want, got); answer.Code != 400 || refused != 1 || diff != "" {
				t.Errorf("%s in %s: %d, refused %d times (-want +got):\n%s", test.authorization, contentType, answer.Code, refused, diff)
			}
		}
	}
}

// The two ids differ from request to request, and are the same for each handler.
func TestRequestIDsDiffer(t *testing.T) {
	ids := func() []string {
		handler := kinesishttp.NewHandler()
		var ids []string
		for range 300 {
			answer := httptest.NewRecorder()
			handler.ServeHTTP(answer, newRequest(t, jsonType, "PutRecords", nil))
			ids = append(ids, answer.Header().Get("x-amzn-RequestId"), answer.Header().Get("x-amz-id-2"))
		}
		return ids
	}
	first := ids()
	if diff := cmp.Diff(first, ids()); diff != "" {
		t.Errorf("two handlers (-first +second):\n%s", diff)
	}
	slices.Sort(first)
	if n := len(slices.Compact(first)); n != 600 {
		t.Errorf("300 requests had %d ids", n)
	}
}

func TestStreamsByNameAndARN(t *testing.T) {
	put := func(handler http.Handler, address string) string {
		_, answer := call(t, handler, "PutRecords", `{`+address+`,"Records":[{"Data":"","PartitionKey":"a"}]}`)
		return answer
	}
	notFound := func(name, account string) string {
		return `{"__type":"ResourceNotFoundException","message":"Stream ` + name + ` under account ` + account + ` not found."}`
	}
	wantStored := func(stream *putrecords.Stream, records int64) {
		t.Helper()
		if got := stream.Stats()[0].Stored.Records; got != records {
			t.Errorf("%s: %d records are stored, want %d", stream.ARN(), got, records)
		}
	}

	// Without streams, no name exists.
	handler := kinesishttp.NewHandler()
	for _, name := range []string{"orders", "other", "another", "stream"} {
		if diff := cmp.Diff(notFound(name, "000000000000"), put(handler, `"StreamName":"`+name+`"`)); diff != "" {
			t.Error(diff)
		}
	}

	orders := newStream(putrecords.Config{Name: "orders", AccountID: "111111111111"})
	clicks := newStream(putrecords.Config{Name: "clicks", AccountID: "111111111111"})
	handler.Add(orders, clicks)
	put(handler, `"StreamName":"orders"`)
	put(handler, `"StreamARN":"`+clicks.ARN()+`"`)
	put(handler, `"StreamARN":"`+clicks.ARN()+`","StreamName":"clicks"`)
	wantStored(orders, 1)
	wantStored(clicks, 2)
	for address, want := range map[string]string{
		`"StreamName":"others"`: notFound("others", "111111111111"),
		`"StreamARN":"` + strings.Replace(clicks.ARN(), "clicks", "others", 1) + `"`:       notFound("others", "111111111111"),
		`"StreamARN":"` + strings.Replace(clicks.ARN(), "1111", "2222", 1) + `"`:           `{"__type":"UnrecognizedClientException","message":"No account found for the given parameters"}`,
		`"StreamARN":"` + clicks.ARN() + `","StreamName":"orders"`:                         `{"__type":"InvalidArgumentException","message":"Input stream name orders doesn't match the inferred name in stream arn clicks"}`,
		`"StreamARN":"` + strings.Replace(clicks.ARN(), "us-east-1", "eu-west-1", 1) + `"`: `{"__type":"InvalidArgumentException","message":"The region specified in the ARN '` + strings.Replace(clicks.ARN(), "us-east-1", "eu-west-1", 1) + `' does not match the endpoint region"}`,
		`"StreamARN":"clicks"`: `{"__type":"ValidationException","message":"1 validation error detected: Value 'clicks' at 'streamARN' failed to satisfy constraint: Member must satisfy regular expression pattern: arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+"}`,
		`"DryRun":false`:       `{"__type":"InvalidArgumentException","message":"Stream arn and stream name can't be empty at the same time"}`,
	} {
		if diff := cmp.Diff(want, put(handler, address)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", address, diff)
		}
	}

	// The account in a request's ARN answers for a missing stream.
	elsewhere := newStream(putrecords.Config{Name: "elsewhere", AccountID: "222222222222", Region: "eu-west-1"})
	handler.Add(elsewhere)
	if diff := cmp.Diff(notFound("others", "222222222222"), put(handler, `"StreamARN":"`+strings.Replace(elsewhere.ARN(), "elsewhere", "others", 1)+`"`)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(notFound("others/elsewhere", "111111111111"), put(handler, `"StreamARN":"`+strings.Replace(orders.ARN(), "orders", "others/elsewhere", 1)+`"`)); diff != "" {
		t.Error(diff)
	}
	handler.Remove(elsewhere)

	// A stream replaces another with the same name.
	again := newStream(putrecords.Config{Name: "orders", AccountID: "111111111111"})
	handler.Add(again)
	put(handler, `"StreamName":"orders"`)
	wantStored(orders, 1)
	wantStored(again, 1)

	handler.Remove(orders) // has no effect: it was replaced
	put(handler, `"StreamName":"orders"`)
	wantStored(again, 2)
	handler.Remove(again, clicks)
	if diff := cmp.Diff(notFound("orders", "000000000000"), put(handler, `"StreamName":"orders"`)); diff != "" {
		t.Error(diff)
	}
}

// Answered sees each answer, unless the stream rejected the whole request.
func TestAnswered(t *testing.T) {
	stream := newStream(putrecords.Config{Limits: putrecords.Limits{RecordsPerSecond: 1}})
	handler := kinesishttp.NewHandler(stream)
	var got []string
	handler.Answered = func(_ context.Context, s *putrecords.Stream, in *putrecords.Input, out *putrecords.Output) {
		line := []string{*in.StreamName, s.Name(), strconv.Itoa(out.FailedRecordCount)}
		for i, result := range out.Records {
			line = append(line, *in.Records[i].PartitionKey+":"+result.ShardID+string(result.ErrorCode))
		}
		got = append(got, strings.Join(line, " "))
	}
	call(t, handler, "PutRecords", `{"StreamName":"stream","Records":[{"Data":"","PartitionKey":"a"},{"Data":"","PartitionKey":"b"}]}`)
	call(t, handler, "PutRecord", `{"StreamName":"stream","Data":"","PartitionKey":"c"}`)
	stream.Inject(putrecords.Fault{})
	call(t, handler, "PutRecord", `{"StreamName":"stream","Data":"","PartitionKey":"d"}`)
	stream.Inject(putrecords.Fault{WholeRequest: true, Count: 2})
	call(t, handler, "PutRecord", `{"StreamName":"stream","Data":"","PartitionKey":"e"}`)
	call(t, handler, "PutRecords", smallRequest)
	call(t, handler, "PutRecord", `{"StreamName":"stream","PartitionKey":"f"}`)
	call(t, handler, "PutRecords", `{"StreamName":"stream"}`)
	call(t, handler, "DescribeStream", `{"StreamName":"stream"}`)
	want := []string{
		"stream stream 1 a:shardId-000000000000 b:ProvisionedThroughputExceededException",
		"stream stream 1 c:ProvisionedThroughputExceededException",
		"stream stream 1 d:InternalFailure",
		"stream stream 1 e:InternalFailure",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answered (-want +got):\n%s", diff)
	}

	encrypted := newStream(putrecords.Config{EncryptionType: putrecords.EncryptionKMS})
	handler = kinesishttp.NewHandler(encrypted)
	handler.Answered = func(_ context.Context, _ *putrecords.Stream, in *putrecords.Input, out *putrecords.Output) {
		hashKey, arn := "7", encrypted.ARN()
		record := putrecords.Entry("a", []byte("hi"))
		record.ExplicitHashKey = &hashKey
		wantIn := &putrecords.Input{Records: []putrecords.RequestEntry{record}, StreamARN: &arn, DryRun: new(bool)}
		if diff := cmp.Diff(wantIn, in); diff != "" {
			t.Errorf("request (-want +got):\n%s", diff)
		}
		want := &putrecords.Output{EncryptionType: putrecords.EncryptionKMS, Records: []putrecords.ResultEntry{
			{SequenceNumber: number(0, 1), ShardID: "shardId-000000000000"},
		}}
		if diff := cmp.Diff(want, out); diff != "" {
			t.Errorf("answered (-want +got):\n%s", diff)
		}
	}
	call(t, handler, "PutRecord", `{"StreamARN":"`+encrypted.ARN()+`","Data":"aGk=","PartitionKey":"a","ExplicitHashKey":"7","DryRun":false}`)
}

// A client that has gone gets no answer.
func TestCanceledRequestIsAborted(t *testing.T) {
	stream := newStream(putrecords.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	defer func() {
		if panicked := recover(); panicked != http.ErrAbortHandler { //nolint:errorlint // as net/http compares it
			t.Errorf("panic %v", panicked)
		}
		if n := stored(t, stream); n != 0 {
			t.Errorf("%d records are stored", n)
		}
	}()
	kinesishttp.NewHandler(stream).ServeHTTP(httptest.NewRecorder(), newRequest(t, jsonType, "PutRecords", []byte(smallRequest)).WithContext(ctx))
}

// An error that is not a *putrecords.Error becomes an InternalFailure with its message.
func TestClockTooLate(t *testing.T) {
	now := start
	stream := newStream(putrecords.Config{Now: func() time.Time { return now }})
	now = time.Date(4200, 1, 1, 0, 0, 0, 0, time.UTC)
	status, text := call(t, kinesishttp.NewHandler(stream), "PutRecords", smallRequest)
	if status != 500 || !strings.HasPrefix(text, `{"__type":"InternalFailure","message":"putrecords: the clock reads 4200-01-01 `) {
		t.Errorf("%d %s", status, text)
	}
}

// Adding and removing streams does not disturb requests for other streams.
func TestAddAndRemoveWhileServing(t *testing.T) {
	permanent := newStream(putrecords.Config{})
	handler := kinesishttp.NewHandler(permanent)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			temporary := newStream(putrecords.Config{Name: fmt.Sprint("stream-", i)})
			for range 50 {
				handler.Add(temporary)
				if status, text := call(t, handler, "DescribeStreamSummary", fmt.Sprintf(`{"StreamName":"stream-%d"}`, i)); status != 200 {
					t.Errorf("%d %s", status, text)
				}
				handler.Remove(temporary)
				if status, text := call(t, handler, "DescribeStreamSummary", fmt.Sprintf(`{"StreamName":"stream-%d"}`, i)); status != 400 {
					t.Errorf("%d %s", status, text)
				}
				if status, text := call(t, handler, "PutRecords", smallRequest); status != 200 {
					t.Errorf("%d %s", status, text)
				}
			}
		})
	}
	wg.Wait()
	if n := stored(t, permanent); n != 200 {
		t.Errorf("%d records are stored, want 200", n)
	}
}
