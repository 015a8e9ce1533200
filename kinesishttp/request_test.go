package kinesishttp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/kinesishttp"
)

// withTest returns a handler with the operation Test.
func withTest(do func(context.Context, *kinesishttp.Request) (any, error)) *kinesishttp.Handler {
	handler := kinesishttp.NewHandler(newStream(putrecords.Config{}))
	handler.Handle("Test", do)
	return handler
}

// decoding returns a handler whose operation Test decodes into new values of into's type, and the
// value that was decoded last.
func decoding[T any](T) (*kinesishttp.Handler, *T) {
	var last T
	return withTest(func(_ context.Context, r *kinesishttp.Request) (any, error) {
		var v T
		err := r.Decode(&v)
		last = v
		return nil, err
	}), &last
}

// Address is what many requests have in common.
type Address struct{ StreamName, StreamARN *string }

// everything has a field of each kind that Decode knows.
type everything struct {
	Address
	Text    string
	Named   putrecords.StreamStatus
	Yes     bool
	Number  int
	Long    *int64
	Small   int32
	Blob    []byte
	Time    time.Time
	Stamp   *kinesishttp.Timestamp
	Nested  struct{ Deep []struct{ Name string } }
	Names   []string
	Blobs   [][]byte
	Tags    map[string]string
	ShardID string `json:"ShardId,omitempty"`
	Hidden  string `json:"-"`
	private string //nolint:unused // a member of that name is ignored
}

// Decode fills a struct from JSON and from CBOR alike.
func TestDecode(t *testing.T) {
	at := time.Date(2026, 3, 4, 5, 6, 7, 800_000_000, time.UTC)
	long, stamp, name := int64(1<<31-1), kinesishttp.Timestamp(at), "orders"
	want := everything{
		Address: Address{StreamName: &name},
		Text:    "é", Named: "ACTIVE", Yes: true, Number: -3, Long: &long, Small: 7, Blob: []byte("hi"), Time: at, Stamp: &stamp,
		Names: []string{"a", ""}, Blobs: [][]byte{{}, []byte("hi")}, Tags: map[string]string{"k": "v"}, ShardID: "shardId-000000000000",
	}
	want.Nested.Deep = []struct{ Name string }{{"x"}, {}}
	equal := func(got everything) {
		t.Helper()
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(everything{}), cmp.Transformer("Time", func(s kinesishttp.Timestamp) time.Time { return time.Time(s) })); diff != "" {
			t.Errorf("decoded (-want +got):\n%s", diff)
		}
	}
	handler, got := decoding(everything{})
	status, answer := call(t, handler, "Test", `{"StreamName":"orders","StreamARN":null,"Text":"é","Named":"ACTIVE","Yes":"yes","Number":-3.9,"Long":1e12,
		"Small":7,"Blob":"aGk=","Time":1.7726007678E9,"Stamp":1772600767.8,"Nested":{"Deep":[{"Name":"x"},null],"Other":1},"Names":["a",null],
		"Blobs":["","aGk="],"Tags":{"k":"v"},"ShardId":"shardId-000000000000","Hidden":"x","hidden":1,"text":2,"private":"x","Other":[{}]}`)
	if status != 200 || answer != "" {
		t.Errorf("%d %q", status, answer)
	}
	equal(*got)

	milliseconds := cbor.Tag{Number: 1, Content: at.UnixMilli()}
	encoded, err := cbor.Marshal(map[string]any{
		"StreamName": "orders", "StreamARN": nil, "Text": "é", "Named": "ACTIVE", "Yes": true, "Number": -3, "Long": uint64(1 << 40),
		"Small": 7, "Blob": []byte("hi"), "Time": milliseconds, "Stamp": milliseconds,
		"Nested": map[string]any{"Deep": []any{map[string]any{"Name": "x"}, nil}, "Other": 1}, "Names": []any{"a", nil},
		"Blobs": []any{[]byte{}, []byte("hi")}, "Tags": map[string]any{"k": "v"}, "ShardId": "shardId-000000000000",
		"Hidden": "x", "hidden": 1, "private": "x", "Other": []any{map[string]any{}},
	})
	if err != nil {
		t.Fatal(err)
	}
	*got = everything{}
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, newRequest(t, cborType, "Test", encoded))
	if recorder.Code != 200 || recorder.Body.Len() != 0 || recorder.Header().Get("Content-Type") != cborType {
		t.Errorf("%d %q %v", recorder.Code, recorder.Body, recorder.Header())
	}
	equal(*got)

	// What is absent or null leaves the field as it is.
	handler = withTest(func(_ context.Context, r *kinesishttp.Request) (any, error) {
		v := everything{Text: "as it was", Names: []string{"as it was"}}
		err := r.Decode(&v)
		if v.Text != "as it was" || len(v.Names) != 1 || v.Long != nil || v.Tags != nil {
			t.Errorf("decoded %+v", v)
		}
		return nil, err
	})
	call(t, handler, "Test", `{"Text":null,"Names":null,"Long":null}`)
}

// A value of the wrong type, or a malformed body, is rejected with production's message.
func TestDecodeRejects(t *testing.T) {
	const numeric = "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to "
	handler, _ := decoding(everything{})
	for body, message := range map[string]any{
		`{"Text":1}`:                    numeric + "an String",
		`{"StreamName":1}`:              numeric + "an String",
		`{"Yes":1}`:                     numeric + "an Boolean",
		`{"Yes":"maybe"}`:               "'MAYBE' can not be converted to an Boolean",
		`{"Number":"1"}`:                "class java.lang.String can not be converted to an Integer",
		`{"Long":true}`:                 "class java.lang.Boolean can not be converted to an Integer",
		`{"Blob":1}`:                    numeric + "a Blob",
		`{"Time":"2026"}`:               "class java.lang.String can not be converted to milliseconds since epoch",
		`{"Stamp":[]}`:                  "Start of list found where not expected",
		`{"Nested":1}`:                  "Expected null",
		`{"Nested":{"Deep":1}}`:         "Expected list or null",
		`{"Nested":{"Deep":["x"]}}`:     "Expected null",
		`{"Names":[{}]}`:                "Start of structure or map found where not expected.",
		`{"Tags":{"k":1}}`:              numeric + "an String",
		`{"Tags":"k"}`:                  "Expected map or null",
		`{"Tags":1}`:                    "Expected map or null",
		`{"Tags":true}`:                 "Expected map or null",
		`{"Tags":[]}`:                   "Start of list found where not expected",
		`{"Tags":{"k":1},"Text":false}`: nil, // the first is another in CBOR
	} {
		status, answer := call(t, handler, "Test", body)
		want := map[string]any{"__type": "SerializationException", "Message": message}
		if message == nil {
			want["Message"] = numeric + "an String"
		}
		if diff := cmp.Diff(want, decodeJSON(t, answer)); status != 400 || diff != "" {
			t.Errorf("%s: %d (-want +got):\n%s", body, status, diff)
		}
		if message == nil {
			continue
		}
		status, got := callCBOR(t, handler, "Test", decodeJSON(t, body))
		if diff := cmp.Diff(want, got); status != 400 || diff != "" {
			t.Errorf("CBOR of %s: %d (-want +got):\n%s", body, status, diff)
		}
	}
	for _, body := range []string{``, `[]`, `{`, `{"Text":"a"}x`, `{"Text":"a","Text":"b"}`, `{"Tags":{"k":"","k":""}}`} {
		wantAnswer(t, handler, "Test", body, 400, `{"__type":"SerializationException"}`)
	}
	for _, body := range []string{"", "\x80", "\xa1dText", "\xa0\xa0", "\xa2dTextaadTextaa"} {
		if status, got := callCBORBytes(t, handler, "Test", []byte(body)); status != 400 || !cmp.Equal(map[string]any{"__type": "SerializationException"}, got) {
			t.Errorf("CBOR %q: %d %v", body, status, got)
		}
	}
}

// What Decode has decoded stays when the request is over, and a body may be decoded twice.
func TestDecodeCopies(t *testing.T) {
	var blobs [][]byte
	handler := withTest(func(_ context.Context, r *kinesishttp.Request) (any, error) {
		var first, second struct{ Blob []byte }
		if err := errors.Join(r.Decode(&first), r.Decode(&second)); err != nil {
			return nil, err
		}
		blobs = append(blobs, first.Blob, second.Blob)
		return nil, nil
	})
	call(t, handler, "Test", `{"Blob":"YWFh"}`)
	call(t, handler, "Test", `{"Blob":"YmJi"}`)
	callCBOR(t, serveEmpty(handler), "Test", map[string]any{"Blob": []byte("ccc")})
	callCBOR(t, serveEmpty(handler), "Test", map[string]any{"Blob": []byte("ddd")})
	if got := string(bytes.Join(blobs, nil)); got != "aaaaaabbbbbbccccccdddddd" {
		t.Errorf("decoded %s", got)
	}
}

// serveEmpty sends {} in CBOR for an empty body, which callCBOR cannot decode.
func serveEmpty(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler.ServeHTTP(w, r)
		_, _ = w.Write([]byte{0xa0})
	})
}

// A body that ends inside many structures is found malformed once, not once for each of them. The
// errors of the decoder tell the whole path.
func TestDecodeOfDeepBody(t *testing.T) {
	type deep struct{ Next *deep }
	handler := withTest(func(_ context.Context, r *kinesishttp.Request) (any, error) { return nil, r.Decode(&deep{}) })
	body := strings.Repeat(`{"Next":`, 9000)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	wantAnswer(t, handler, "Test", body, 400, `{"__type":"SerializationException"}`)
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 50<<20 {
		t.Errorf("%d KiB of JSON took %d MiB of memory", len(body)>>10, n>>20)
	}
}

// Decode panics if it cannot decode into a value at all.
func TestDecodePanics(t *testing.T) {
	for _, v := range []any{
		nil,
		everything{},
		(*everything)(nil), new(string), &map[string]any{},
		&struct{ A float64 }{}, &struct{ A any }{}, &struct{ A uint }{}, &struct{ A map[int]string }{}, &struct{ A [2]string }{},
	} {
		handler := withTest(func(_ context.Context, r *kinesishttp.Request) (any, error) {
			defer func() {
				if message := fmt.Sprint(recover()); !strings.HasPrefix(message, "kinesishttp: Decode ") {
					t.Errorf("%T: panic %s", v, message)
				}
			}()
			return nil, r.Decode(v)
		})
		call(t, handler, "Test", `{"A":{"b":1}}`)
	}
}

// An answer is encoded in the request's encoding.
func TestAnswersOfAddedOperations(t *testing.T) {
	at := time.Date(2026, 3, 4, 5, 6, 7, 800_000_000, time.UTC)
	type answer struct {
		Blob   []byte
		Key    putrecords.HashKey
		Names  []string
		Name   string                 `json:"StreamName"`
		Absent *string                `json:",omitzero"`
		Never  kinesishttp.Timestamp  `json:",omitzero"`
		At     kinesishttp.Timestamp  `json:"Timestamp"`
		Until  *kinesishttp.Timestamp `json:",omitzero"`
	}
	handler := withTest(func(context.Context, *kinesishttp.Request) (any, error) {
		return answer{Blob: []byte("hi"), Name: "orders", At: kinesishttp.Timestamp(at)}, nil
	})
	wantAnswer(t, handler, "Test", `{}`, 200, `{"Blob":"aGk=","Key":"0","Names":[],"StreamName":"orders","Timestamp":1.7726007678E9}`)
	status, got := callCBOR(t, handler, "Test", map[string]any{})
	want := map[string]any{
		"Blob": []byte("hi"), "Key": "0", "Names": []any{}, "StreamName": "orders", "Timestamp": time.Unix(at.UnixMilli(), 0),
	}
	if diff := cmp.Diff(want, got); status != 200 || diff != "" {
		t.Errorf("%d (-want +got):\n%s", status, diff)
	}

	handler = withTest(func(context.Context, *kinesishttp.Request) (any, error) {
		return map[string]any{"Z": 1, "A": []map[string]any{{"B": kinesishttp.Timestamp(time.Unix(-20_000_000, 0))}, nil}}, nil
	})
	wantAnswer(t, handler, "Test", `{}`, 200, `{"A":[{"B":-2.0E7},{}],"Z":1}`)

	// What cannot be encoded is an InternalFailure.
	handler = withTest(func(context.Context, *kinesishttp.Request) (any, error) { return map[string]any{"A": func() {}}, nil })
	if status, text := call(t, handler, "Test", `{}`); status != 500 || !strings.HasPrefix(text, `{"__type":"InternalFailure","message":"`) {
		t.Errorf("%d %s", status, text)
	}
	if status, got := callCBOR(t, handler, "Test", map[string]any{}); status != 500 || got["__type"] != "InternalFailure" {
		t.Errorf("%d %v", status, got)
	}
}

// An error takes AWS's form, and Refused is told of it.
func TestErrorsOfAddedOperations(t *testing.T) {
	for _, test := range []struct {
		err    error
		status int
		body   string
	}{
		{&putrecords.Error{Code: "LimitExceededException", Message: "Rate exceeded."}, 400, `{"__type":"LimitExceededException","message":"Rate exceeded."}`},
		{fmt.Errorf("wrapped: %w", &putrecords.Error{Code: "ResourceInUseException"}), 400, `{"__type":"ResourceInUseException"}`},
		{&putrecords.Error{Code: "AccessDeniedException", Message: "No."}, 400, `{"__type":"AccessDeniedException","Message":"No."}`},
		{errors.New("the disk is full"), 500, `{"__type":"InternalFailure","message":"the disk is full"}`},
		{&putrecords.Error{Code: "X", Message: "\xff"}, 400, `{"__type":"X","message":"` + "\ufffd" + `"}`},
	} {
		handler := withTest(func(context.Context, *kinesishttp.Request) (any, error) { return map[string]any{"A": 1}, test.err })
		var refused []string
		handler.Refused = func(_ context.Context, operation string, err *putrecords.Error) {
			refused = append(refused, operation+" "+string(err.Code))
		}
		wantAnswer(t, handler, "Test", `{}`, test.status, test.body)
		code := fmt.Sprint(decodeJSON(t, test.body)["__type"])
		status, got := callCBOR(t, handler, "Test", map[string]any{})
		if status != test.status || got["__type"] != code {
			t.Errorf("%v in CBOR: %d %v", test.err, status, got)
		}
		if want := []string{"Test " + code, "Test " + code}; !cmp.Equal(want, refused) {
			t.Errorf("%v: refused %q", test.err, refused)
		}
	}
}

// A handler makes the same checks before an added operation as before its own.
func TestAddedOperationsAreChecked(t *testing.T) {
	calls := 0
	handler := withTest(func(context.Context, *kinesishttp.Request) (any, error) { calls++; return nil, nil })
	request := newRequest(t, jsonType, "Test", []byte(`{}`))
	request.Header.Del("Authorization")
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, request)
	if want := `{"__type":"MissingAuthenticationTokenException","message":"Missing Authentication Token"}`; answer.Code != 400 || answer.Body.String() != want {
		t.Errorf("unsigned: %d %s", answer.Code, answer.Body)
	}
	handler.MaxBodyMemory = 1
	if status, text := call(t, handler, "Test", `{}`); status != 503 {
		t.Errorf("without memory: %d %s", status, text)
	}
	if calls != 0 {
		t.Errorf("%d calls", calls)
	}
	handler.MaxBodyMemory = 0
	answer = httptest.NewRecorder()
	handler.ServeHTTP(answer, newRequest(t, jsonType, "Test", []byte(`{}`)))
	if id := answer.Header().Get("x-amzn-RequestId"); calls != 1 || id != "00000000-0000-0000-0000-000000000003" {
		t.Errorf("%d calls, request id %s", calls, id)
	}
}

// A client that has gone gets no answer to an operation that has noticed it.
func TestCanceledAddedOperationIsAborted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	handler := withTest(func(ctx context.Context, _ *kinesishttp.Request) (any, error) {
		cancel()
		return nil, ctx.Err()
	})
	defer func() {
		if panicked := recover(); panicked != http.ErrAbortHandler { //nolint:errorlint // as net/http compares it
			t.Errorf("panic %v", panicked)
		}
	}()
	handler.ServeHTTP(httptest.NewRecorder(), newRequest(t, jsonType, "Test", []byte(`{}`)).WithContext(ctx))
}

// An added operation replaces the handler's own.
func TestReplacedOperation(t *testing.T) {
	stream := newStream(putrecords.Config{})
	handler := kinesishttp.NewHandler(stream)
	handler.Handle("PutRecord", func(_ context.Context, r *kinesishttp.Request) (any, error) {
		return map[string]string{"Operation": r.Operation}, nil
	})
	wantAnswer(t, handler, "PutRecord", `{}`, 200, `{"Operation":"PutRecord"}`)
	wantAnswer(t, handler, "PutRecords", smallRequest, 200, `{"FailedRecordCount":0,"Records":[{"SequenceNumber":"`+number(0, 1)+`","ShardId":"shardId-000000000000"}]}`)
	wantAnswer(t, kinesishttp.NewHandler(stream), "DescribeStreamSummary", `{"StreamName":"others"}`, 400,
		`{"__type":"ResourceNotFoundException","message":"Stream others under account 000000000000 not found."}`)
}

// An operation gets the account that the request means.
func TestAccountOfARequest(t *testing.T) {
	handler := kinesishttp.NewAccountHandler(newAccount(t, "111111111111", "eu-west-1"), newAccount(t, "222222222222", "us-east-1"))
	handler.Handle("Test", func(_ context.Context, r *kinesishttp.Request) (any, error) {
		var in struct{ StreamARN *string }
		if err := r.Decode(&in); err != nil {
			return nil, err
		}
		account := r.Account(in.StreamARN)
		return map[string]any{"A": account.ID() + " " + account.Region()}, nil
	})
	for _, test := range []struct{ key, region, arn, want string }{
		{"AKID", "eu-west-1", "", "111111111111 eu-west-1"},
		{"AKID", "us-east-1", "", "222222222222 us-east-1"},
		{"AKID", "ap-south-1", "", "111111111111 eu-west-1"},
		{"222222222222", "eu-west-1", "", "222222222222 us-east-1"},
		{"333333333333", "eu-west-1", "", "333333333333 eu-west-1"},
		{"333333333333", "?", "", "333333333333 us-east-1"},
		{"AKID", "eu-west-1", "arn:aws:kinesis:us-east-1:222222222222:stream/s", "222222222222 us-east-1"},
		{"AKID", "eu-west-1", "arn:aws:kinesis:us-east-1:222222222222:stream/s/consumer/c:1", "222222222222 us-east-1"},
		{"AKID", "eu-west-1", "arn:aws:kinesis:us-east-1:333333333333:stream/s", "111111111111 eu-west-1"},
		{"AKID", "eu-west-1", "no ARN", "111111111111 eu-west-1"},
	} {
		body := `{"StreamARN":"` + test.arn + `"}`
		if test.arn == "" {
			body = `{}`
		}
		if _, got := callAs(t, handler, test.key, test.region, "Test", body); got != `{"A":"`+test.want+`"}` {
			t.Errorf("%+v: got %s", test, got)
		}
	}
}

// An operation that names its stream by ARN only finds it with Request.Account and Account.Stream,
// and gets AWS's answers for an ARN of something else.
func TestStreamsByARNOnly(t *testing.T) {
	own := newAccount(t, "111111111111", "eu-west-1", "orders")
	other := newAccount(t, "222222222222", "eu-west-1", "orders", "clicks")
	empty := newAccount(t, "444444444444", "eu-west-1")
	accounts := map[string]*putrecords.Account{own.ID(): own, other.ID(): other, empty.ID(): empty}
	looking := kinesishttp.NewHandler()
	looking.FindAccount = func(id, _ string) *putrecords.Account {
		if id == "" {
			return own
		}
		return accounts[id]
	}
	for name, handler := range map[string]*kinesishttp.Handler{
		"given accounts":     kinesishttp.NewAccountHandler(own, other, empty),
		"looked up accounts": looking,
	} {
		handler.Handle("TagResource", func(_ context.Context, r *kinesishttp.Request) (any, error) {
			var in struct{ ResourceARN *string }
			if err := r.Decode(&in); err != nil {
				return nil, err
			}
			stream, err := r.Account(in.ResourceARN).Stream(nil, in.ResourceARN)
			if err != nil {
				return nil, err
			}
			return map[string]string{"ARN": stream.ARN()}, nil
		})
		for _, test := range []struct{ key, arn, want string }{
			{"AKID", "arn:aws:kinesis:eu-west-1:111111111111:stream/orders", ""},
			{"AKID", "arn:aws:kinesis:eu-west-1:222222222222:stream/orders", ""},
			{"222222222222", "arn:aws:kinesis:eu-west-1:111111111111:stream/orders", ""},
			{"333333333333", "arn:aws:kinesis:eu-west-1:222222222222:stream/clicks", ""},
			{"AKID", "arn:aws:kinesis:eu-west-1:111111111111:stream/clicks", "ResourceNotFoundException: Stream clicks under account 111111111111 not found."},
			{"AKID", "arn:aws:kinesis:eu-west-1:444444444444:stream/clicks", "ResourceNotFoundException: Stream clicks under account 444444444444 not found."},
			{"AKID", "arn:aws:kinesis:eu-west-1:333333333333:stream/orders", "UnrecognizedClientException: No account found for the given parameters"},
			{"AKID", "arn:aws:kinesis:us-east-1:111111111111:stream/orders", "InvalidArgumentException: The region specified in the ARN " +
				"'arn:aws:kinesis:us-east-1:111111111111:stream/orders' does not match the endpoint region"},
			{"AKID", "", "InvalidArgumentException: Stream arn and stream name can't be empty at the same time"},
		} {
			body := map[string]any{"ResourceARN": test.arn}
			if test.arn == "" {
				body = map[string]any{}
			}
			encoded, err := json.Marshal(body)
			if err != nil {
				t.Fatal(err)
			}
			_, text := callAs(t, handler, test.key, "eu-west-1", "TagResource", string(encoded))
			inJSON := decodeJSON(t, text)
			answer := httptest.NewRecorder()
			cborBody, err := cbor.Marshal(body)
			if err != nil {
				t.Fatal(err)
			}
			handler.ServeHTTP(answer, signedBy(test.key, "eu-west-1", newRequest(t, cborType, "TagResource", cborBody)))
			var inCBOR map[string]any
			if err := cbor.Unmarshal(answer.Body.Bytes(), &inCBOR); err != nil {
				t.Fatal(err)
			}
			want := map[string]any{"ARN": test.arn}
			if code, message, failed := strings.Cut(test.want, ": "); failed {
				want = map[string]any{"__type": code, "message": message}
			}
			if diff := cmp.Diff([]map[string]any{want, want}, []map[string]any{inJSON, inCBOR}); diff != "" {
				t.Errorf("%s: %+v (-want +got):\n%s", name, test, diff)
			}
		}
	}
}

// Refused is told of each error in the request's encoding, by the name of the operation.
func TestRefused(t *testing.T) {
	stream := newStream(putrecords.Config{})
	handler := kinesishttp.NewHandler(stream)
	var got []string
	handler.Refused = func(ctx context.Context, operation string, err *putrecords.Error) {
		if ctx == nil || reflect.ValueOf(ctx).IsZero() {
			t.Error("no context")
		}
		got = append(got, operation+": "+string(err.Code))
	}
	call(t, handler, "GetRecords", `{}`)
	callCBOR(t, handler, "GetRecords", map[string]any{})
	call(t, handler, "PutRecords", smallRequest)
	call(t, handler, "PutRecords", `{`)
	call(t, handler, "PutRecord", `{}`)
	call(t, handler, "ListShards", `{"StreamName":"others"}`)
	stream.Inject(putrecords.Fault{WholeRequest: true})
	call(t, handler, "PutRecords", smallRequest)
	request := newRequest(t, jsonType, "PutRecords", nil)
	request.Header.Set("X-Amz-Target", "DynamoDB_20120810.ListTables")
	handler.ServeHTTP(httptest.NewRecorder(), request)
	request.Header.Set("Content-Type", "text/plain") // has no form of errors
	handler.ServeHTTP(httptest.NewRecorder(), request)
	handler.MaxBodyMemory = 1
	call(t, handler, "PutRecords", smallRequest)
	want := []string{
		"GetRecords: UnknownOperationException",
		"GetRecords: UnknownOperationException",
		"PutRecords: SerializationException",
		"PutRecord: ValidationException",
		"ListShards: ResourceNotFoundException",
		"PutRecords: InternalFailure",
		"DynamoDB_20120810.ListTables: UnknownOperationException",
		"PutRecords: ServiceUnavailable",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("refused (-want +got):\n%s", diff)
	}
}
