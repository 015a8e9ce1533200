package kinesishttp

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
)

func TestCallerOf(t *testing.T) {
	const v4 = "AWS4-HMAC-SHA256 "
	for authorization, want := range map[string]caller{
		"": {},
		v4 + "Credential=AKID/20260304/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=0": {region: "us-east-1"},
		v4 + "Credential=111111111111/20260304/eu-west-1/kinesis/aws4_request,SignedHeaders=host":       {"111111111111", "eu-west-1"},
		v4 + "SignedHeaders=host, Credential=111111111111/20260304/eu-west-1/kinesis/aws4_request":      {"111111111111", "eu-west-1"},
		v4 + "Credential=11111111111/20260304/eu-west-1/kinesis/aws4_request":                           {region: "eu-west-1"},
		v4 + "Credential=111111111111/20260304/EU/kinesis/aws4_request":                                 {accountID: "111111111111"},
		v4 + "Credential=111111111111/20260304//kinesis/aws4_request":                                   {accountID: "111111111111"},
		"AWS4-ECDSA-P256-SHA256 Credential=111111111111/20260304/kinesis/aws4_request":                  {accountID: "111111111111"},
		"AWS4-HMAC-SHA256 Credential=111111111111":                                                      {accountID: "111111111111"},
		"Bearer 111111111111": {},
	} {
		request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", http.NoBody)
		request.Header.Set("Authorization", authorization)
		if got := callerOf(request); got != want {
			t.Errorf("%s: %+v, want %+v", authorization, got, want)
		}
	}
	query := url.Values{"X-Amz-Credential": {"111111111111/20260304/eu-west-1/kinesis/aws4_request"}}
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/?"+query.Encode(), http.NoBody)
	if got := callerOf(request); got != (caller{"111111111111", "eu-west-1"}) {
		t.Errorf("signed in the query: %+v", got)
	}
}
