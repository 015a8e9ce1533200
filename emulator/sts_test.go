package main

import (
	"encoding/xml"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

func newSTSRequest(addr, accessKeyID, body string) *http.Request {
	request, err := http.NewRequest(http.MethodPost, "http://"+addr+"/", strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	if accessKeyID != "" {
		request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+accessKeyID+"/20260101/us-east-1/sts/aws4_request, "+
			"SignedHeaders=host;x-amz-date, Signature="+strings.Repeat("0", 64))
	}
	return request
}

const getCallerIdentity = "Action=GetCallerIdentity&Version=2011-06-15"

func TestGetCallerIdentity(t *testing.T) {
	e := start(t, "-account", "111122223333")
	defer e.finish(t)
	for accessKeyID, account := range map[string]string{
		"AKIDEXAMPLE":   "111122223333",
		"444455556666":  "444455556666",
		"44445555666":   "111122223333",
		"4444555566667": "111122223333",
	} {
		response, err := http.DefaultClient.Do(newSTSRequest(e.addr, accessKeyID, getCallerIdentity))
		if err != nil {
			t.Fatal(err)
		}
		var answer stsIdentity
		err = xml.NewDecoder(response.Body).Decode(&answer)
		response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "text/xml" {
			t.Errorf("status %d, header %v, error %v", response.StatusCode, response.Header, err)
		}
		if answer.Account != account || answer.UserID != account || answer.ARN != "arn:aws:iam::"+account+":root" {
			t.Errorf("%s: got %+v, want the account %s", accessKeyID, answer, account)
		}
		if answer.RequestID == "" || answer.RequestID != response.Header.Get("X-Amzn-Requestid") {
			t.Errorf("the request's ID is %q, in the header %q", answer.RequestID, response.Header.Get("X-Amzn-Requestid"))
		}
	}
}

var requestID = regexp.MustCompile(`<RequestId>[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}</RequestId>`)

// doSTS returns the answer with ID in place of the request's ID.
func doSTS(t *testing.T, request *http.Request) (status int, body string) {
	t.Helper()
	status, body, err := do(http.DefaultClient, request)
	if err != nil {
		t.Fatal(err)
	}
	return status, requestID.ReplaceAllString(body, "<RequestId>ID</RequestId>")
}

func TestGetCallerIdentityAnswersInAWSsShape(t *testing.T) {
	e := start(t)
	defer e.finish(t)
	const want = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>` +
		`<Arn>arn:aws:iam::000000000000:root</Arn><UserId>000000000000</UserId><Account>000000000000</Account>` +
		`</GetCallerIdentityResult><ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata></GetCallerIdentityResponse>`
	if status, body := doSTS(t, newSTSRequest(e.addr, "AKIDEXAMPLE", getCallerIdentity)); status != 200 || body != want {
		t.Errorf("status %d, %s", status, body)
	}
}

func TestOtherActionsOfSTSAreRefused(t *testing.T) {
	e := start(t)
	defer e.finish(t)
	for _, test := range []struct {
		accessKeyID, body string
		status            int
		code, message     string
	}{
		{"AKIDEXAMPLE", "Action=AssumeRole&Version=2011-06-15", 400, "InvalidAction", "Could not find operation AssumeRole for version 2011-06-15"},
		{"AKIDEXAMPLE", "Action=GetCallerIdentity", 400, "InvalidAction", "Could not find operation GetCallerIdentity for version "},
		{"AKIDEXAMPLE", "", 400, "InvalidAction", "Could not find operation  for version "},
		{"AKIDEXAMPLE", "Action=%3Cb%3E&Version=1", 400, "InvalidAction", "Could not find operation &lt;b&gt; for version 1"},
		{"AKIDEXAMPLE", "Action=%zz", 400, "MalformedInput", "The body is not a form."},
		{"AKIDEXAMPLE", strings.Repeat("a", maxSTSBody+1), 413, "MalformedInput", "The body is larger than 65536 bytes."},
		{"", getCallerIdentity, 403, "MissingAuthenticationToken", "Request is missing Authentication Token"},
	} {
		want := `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>` + test.code +
			`</Code><Message>` + test.message + `</Message></Error><RequestId>ID</RequestId></ErrorResponse>`
		if status, body := doSTS(t, newSTSRequest(e.addr, test.accessKeyID, test.body)); status != test.status || body != want {
			t.Errorf("%s: status %d, %s\nwant %d, %s", test.body, status, body, test.status, want)
		}
	}
}

func TestKinesisDoesNotGoToSTS(t *testing.T) {
	e := start(t)
	defer e.finish(t)
	request := newRequest(e.addr, "DescribeStreamSummary", strings.NewReader(`{"StreamName": "orders"}`))
	if status, body, err := do(http.DefaultClient, request); err != nil || status != 200 || !strings.Contains(body, `"StreamName":"orders"`) {
		t.Errorf("status %d, %s, error %v", status, body, err)
	}
}
