package kinesishttp_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/kinesishttp"
)

// callAs makes a request in JSON, signed with an access key ID for a region.
func callAs(t testing.TB, handler http.Handler, key, region, operation, body string) (int, string) {
	t.Helper()
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, signedBy(key, region, newRequest(t, jsonType, operation, []byte(body))))
	return answer.Code, answer.Body.String()
}

// asCaller makes a handler take requests as signed with an access key ID for a region.
func asCaller(handler http.Handler, key, region string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, signedBy(key, region, r)) })
}

func signedBy(key, region string, request *http.Request) *http.Request {
	request.Header.Set("Authorization",
		fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/20260304/%s/kinesis/aws4_request, SignedHeaders=host, Signature=0", key, region))
	return request
}

// newAccount returns an account with streams of the given names.
func newAccount(t testing.TB, id, region string, names ...string) *putrecords.Account {
	t.Helper()
	account, err := putrecords.NewAccount(id, region)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if err := account.Add(newStream(putrecords.Config{Name: name, AccountID: id, Region: region})); err != nil {
			t.Fatal(err)
		}
	}
	return account
}

// Streams of the same name in several accounts and regions are told apart, however the handler got
// them.
func TestStreamsNamedAlike(t *testing.T) {
	for name, newHandler := range map[string]func(...*putrecords.Account) *kinesishttp.Handler{
		"streams": func(accounts ...*putrecords.Account) *kinesishttp.Handler {
			handler := kinesishttp.NewHandler()
			for _, account := range accounts {
				handler.Add(account.Streams()...)
			}
			return handler
		},
		"accounts": kinesishttp.NewAccountHandler,
		"a lookup": func(accounts ...*putrecords.Account) *kinesishttp.Handler {
			return &kinesishttp.Handler{FindAccount: func(id, region string) *putrecords.Account {
				for _, account := range accounts {
					if (id == "" || id == account.ID()) && region == account.Region() {
						return account
					}
				}
				return nil
			}}
		},
	} {
		one := newAccount(t, "111111111111", "us-east-1", "orders")
		two := newAccount(t, "222222222222", "us-east-1", "orders")
		west := newAccount(t, "222222222222", "us-west-2", "orders")
		handler := newHandler(one, two, west)
		arn := func(region, account, name string) string {
			return `"StreamARN":"arn:aws:kinesis:` + region + ":" + account + ":stream/" + name + `"`
		}
		notFound := func(name, account string) string {
			return `{"__type":"ResourceNotFoundException","message":"Stream ` + name + ` under account ` + account + ` not found."}`
		}
		for _, test := range []struct {
			key, region, address string
			to                   *putrecords.Account
			fails                string
		}{
			{key: "AKID", region: "us-east-1", address: `"StreamName":"orders"`, to: one},
			{key: "111111111111", region: "us-east-1", address: `"StreamName":"orders"`, to: one},
			{key: "222222222222", region: "us-east-1", address: `"StreamName":"orders"`, to: two},
			{key: "222222222222", region: "us-west-2", address: `"StreamName":"orders"`, to: west},
			{key: "AKID", region: "us-west-2", address: `"StreamName":"orders"`, to: west},
			{key: "AKID", region: "us-east-1", address: arn("us-east-1", "222222222222", "orders"), to: two},
			{key: "111111111111", region: "us-east-1", address: arn("us-east-1", "222222222222", "orders"), to: two},
			{key: "AKID", region: "us-west-2", address: arn("us-west-2", "222222222222", "orders"), to: west},

			{key: "222222222222", region: "us-east-1", address: `"StreamName":"gone"`, fails: notFound("gone", "222222222222")},
			{key: "333333333333", region: "us-east-1", address: `"StreamName":"orders"`, fails: notFound("orders", "333333333333")},
			{key: "333333333333", region: "us-east-1", address: arn("us-east-1", "333333333333", "orders"), fails: notFound("orders", "333333333333")},
			{
				key: "AKID", region: "us-east-1", address: arn("us-east-1", "333333333333", "orders"),
				fails: `{"__type":"UnrecognizedClientException","message":"No account found for the given parameters"}`,
			},
			{
				key: "AKID", region: "us-east-1", address: arn("us-west-2", "222222222222", "orders"),
				fails: `{"__type":"InvalidArgumentException","message":"The region specified in the ARN ` +
					`'arn:aws:kinesis:us-west-2:222222222222:stream/orders' does not match the endpoint region"}`,
			},
		} {
			before := map[*putrecords.Account]int64{}
			for _, account := range []*putrecords.Account{one, two, west} {
				before[account] = account.Streams()[0].Stats()[0].Stored.Records
			}
			status, answer := callAs(t, handler, test.key, test.region, "PutRecords", `{`+test.address+`,"Records":[{"Data":"","PartitionKey":"a"}]}`)
			_, single := callAs(t, handler, test.key, test.region, "PutRecord", `{`+test.address+`,"Data":"","PartitionKey":"a"}`)
			_, described := callAs(t, handler, test.key, test.region, "DescribeStreamSummary", `{`+test.address+`}`)
			_, inCBOR := callCBOR(t, asCaller(handler, test.key, test.region), "DescribeStreamSummary", decodeJSON(t, `{`+test.address+`}`))
			if test.fails != "" && fmt.Sprint(inCBOR) != fmt.Sprint(decodeJSON(t, test.fails)) ||
				test.to != nil && !strings.Contains(fmt.Sprint(inCBOR), "StreamARN:"+test.to.Streams()[0].ARN()+" ") {
				t.Errorf("%s: %+v: got %v in CBOR", name, test, inCBOR)
			}
			if test.fails != "" && (answer != test.fails || single != test.fails || described != test.fails) {
				t.Errorf("%s: %+v: got %s, %s, %s", name, test, answer, single, described)
			}
			if test.to != nil && (status != 200 || !strings.Contains(described, `"`+test.to.Streams()[0].ARN()+`"`)) {
				t.Errorf("%s: %+v: got %d %s, %s", name, test, status, answer, described)
			}
			for account, n := range before {
				if account == test.to {
					n += 2
				}
				if got := account.Streams()[0].Stats()[0].Stored.Records; got != n {
					t.Errorf("%s: %+v: account %s in %s has %d records, want %d", name, test, account.ID(), account.Region(), got, n)
				}
			}
		}
	}
}

// A handler's own accounts also answer clients in other regions than theirs, but a lookup decides
// for itself.
func TestOtherRegions(t *testing.T) {
	account := newAccount(t, "111111111111", "eu-west-1", "orders")
	const body = `{"StreamName":"orders"}`
	for _, handler := range []*kinesishttp.Handler{kinesishttp.NewHandler(account.Streams()...), kinesishttp.NewAccountHandler(account)} {
		for _, key := range []string{"AKID", "111111111111"} {
			if status, answer := callAs(t, handler, key, "us-east-1", "DescribeStreamSummary", body); status != 200 {
				t.Errorf("key %s: %d %s", key, status, answer)
			}
		}
	}
	var asked []string
	handler := &kinesishttp.Handler{FindAccount: func(id, region string) *putrecords.Account {
		asked = append(asked, id+" "+region)
		return nil
	}}
	for _, region := range []string{"us-east-1", "?"} {
		_, answer := callAs(t, handler, "AKID", region, "DescribeStreamSummary", body)
		if !strings.Contains(answer, "Stream orders under account 000000000000 not found.") {
			t.Errorf("region %s: %s", region, answer)
		}
	}
	if got := strings.Join(asked, ","); got != " us-east-1, " {
		t.Errorf("asked for %q", got)
	}
}

// Add and Remove change the account of a stream, and make it if the handler does not have it.
func TestAddAndRemoveInAccounts(t *testing.T) {
	given := newAccount(t, "111111111111", "")
	handler := kinesishttp.NewAccountHandler(given)
	wantStatus := func(key, name string, want int) {
		t.Helper()
		if status, answer := callAs(t, handler, key, "us-east-1", "DescribeStreamSummary", `{"StreamName":"`+name+`"}`); status != want {
			t.Errorf("stream %s of %s: %d %s, want %d", name, key, status, answer, want)
		}
	}
	orders := newStream(putrecords.Config{Name: "orders", AccountID: "111111111111"})
	clicks := newStream(putrecords.Config{Name: "clicks", AccountID: "222222222222"})
	handler.Add(orders, clicks)
	if streams := given.Streams(); len(streams) != 1 || streams[0] != orders {
		t.Errorf("the account has streams %v", streams)
	}
	wantStatus("111111111111", "orders", 200)
	wantStatus("222222222222", "clicks", 200)
	wantStatus("222222222222", "orders", 400)
	handler.Remove(newStream(putrecords.Config{Name: "orders", AccountID: "111111111111"})) // another one
	wantStatus("AKID", "orders", 200)
	handler.Remove(orders, clicks)
	wantStatus("111111111111", "orders", 400)
	wantStatus("222222222222", "clicks", 400)
	if err := given.Add(orders); err != nil {
		t.Fatal(err)
	}
	wantStatus("111111111111", "orders", 200)
}

// While Add replaces a stream, its name always exists.
func TestReplacedWhileServing(t *testing.T) {
	handler := kinesishttp.NewHandler(newStream(putrecords.Config{}))
	var wg sync.WaitGroup
	wg.Go(func() {
		for range 200 {
			handler.Add(newStream(putrecords.Config{}))
		}
	})
	for range 200 {
		if status, text := call(t, handler, "DescribeStreamSummary", `{"StreamName":"stream"}`); status != 200 {
			t.Errorf("%d %s", status, text)
		}
	}
	wg.Wait()
}

// A NextToken stands for a stream of one account.
func TestNextTokenKeepsTheAccount(t *testing.T) {
	handler := kinesishttp.NewHandler(
		newStream(putrecords.Config{AccountID: "111111111111"}),
		newStream(putrecords.Config{AccountID: "222222222222", Shards: 3}),
	)
	_, token := listShards(t, handler, `{"StreamARN":"arn:aws:kinesis:us-east-1:222222222222:stream/stream","MaxResults":1}`)
	if ids, _ := listShards(t, handler, `{"NextToken":"`+token+`"}`); len(ids) != 2 {
		t.Errorf("the second page has shards %v", ids)
	}
	_, token = listShards(t, handler, `{"StreamARN":"arn:aws:kinesis:us-east-1:222222222222:stream/stream","MaxResults":1}`)
	wantRefused(t, handler, "ListShards", map[string]string{
		`{"NextToken":"` + token + `","StreamARN":"arn:aws:kinesis:us-east-1:333333333333:stream/stream"}`: "UnrecognizedClientException: No account found for the given parameters",
	})
}

// A body may be as large as the limits of the account that a lookup returns for its signature.
func TestBodyLimitOfALookedUpAccount(t *testing.T) {
	account := newAccount(t, "", "")
	limits := putrecords.Limits{BytesPerRecord: 20 << 20, BytesPerRequest: 20 << 20, PartitionKeyLength: 256}
	if err := account.Add(newStream(putrecords.Config{Limits: limits})); err != nil {
		t.Fatal(err)
	}
	body := `{"StreamName":"stream","Data":"` + strings.Repeat("AAAA", 5<<20) + `","PartitionKey":"a"}` // 15 MiB of data
	handler := kinesishttp.NewHandler()
	for _, want := range []int{http.StatusRequestEntityTooLarge, http.StatusOK} {
		request := newRequest(t, jsonType, "PutRecord", []byte(body))
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, request)
		if answer.Code != want {
			t.Errorf("status %d, want %d", answer.Code, want)
		}
		handler.FindAccount = func(string, string) *putrecords.Account { return account }
	}
}

// Answered sees the stream of the account that was meant.
func TestAnsweredInAccounts(t *testing.T) {
	one, two := newAccount(t, "111111111111", "", "orders"), newAccount(t, "222222222222", "", "orders")
	handler := kinesishttp.NewAccountHandler(one, two)
	var got []string
	handler.Answered = func(_ context.Context, stream *putrecords.Stream, _ *putrecords.Input, _ *putrecords.Output) {
		got = append(got, stream.ARN())
	}
	for _, key := range []string{"222222222222", "111111111111", "333333333333"} {
		callAs(t, handler, key, "us-east-1", "PutRecord", `{"StreamName":"orders","Data":"","PartitionKey":"a"}`)
	}
	want := two.Streams()[0].ARN() + " " + one.Streams()[0].ARN()
	if got := strings.Join(got, " "); got != want {
		t.Errorf("answered %s, want %s", got, want)
	}
}
