package main

import (
	"crypto/rand"
	"encoding/xml"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/putrecords/putrecords/internal/constraint"
)

const (
	stsVersion   = "2011-06-15"
	stsNamespace = "https://sts.amazonaws.com/doc/" + stsVersion + "/"
	maxSTSBody   = 64 << 10
)

type stsIdentity struct {
	XMLName   xml.Name `xml:"GetCallerIdentityResponse"`
	Namespace string   `xml:"xmlns,attr"`
	ARN       string   `xml:"GetCallerIdentityResult>Arn"`
	UserID    string   `xml:"GetCallerIdentityResult>UserId"`
	Account   string   `xml:"GetCallerIdentityResult>Account"`
	RequestID string   `xml:"ResponseMetadata>RequestId"`
}

type stsError struct {
	XMLName   xml.Name `xml:"ErrorResponse"`
	Namespace string   `xml:"xmlns,attr"`
	Type      string   `xml:"Error>Type"`
	Code      string   `xml:"Error>Code"`
	Message   string   `xml:"Error>Message"`
	RequestID string   `xml:"RequestId"`
}

// withSTS answers STS's GetCallerIdentity, which some producers call first, and passes every
// request that is not of the AWS Query protocol to next. The caller is the root user of its
// account: accountID, unless the access key ID is 12 digits.
func withSTS(next http.Handler, accountID string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mediaType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if r.Method != http.MethodPost || mediaType != "application/x-www-form-urlencoded" {
			next.ServeHTTP(w, r)
			return
		}
		requestID := newUUID()
		status, answer := answerSTS(w, r, accountID, requestID)
		w.Header().Set("Content-Type", "text/xml")
		w.Header().Set("X-Amzn-Requestid", requestID)
		w.WriteHeader(status)
		_ = xml.NewEncoder(w).Encode(answer) // the client may be gone
	})
}

// answerSTS returns the status and the answer. That AWS checks in this order, and the message for a
// body that is no form, is our choice: AWS's behavior is unknown.
func answerSTS(w http.ResponseWriter, r *http.Request, accountID, requestID string) (status int, answer any) {
	refuse := func(status int, code, message string) (int, any) {
		return status, stsError{Namespace: stsNamespace, Type: "Sender", Code: code, Message: message, RequestID: requestID}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxSTSBody))
	if err != nil {
		return refuse(http.StatusRequestEntityTooLarge, "MalformedInput", fmt.Sprintf("The body is larger than %d bytes.", maxSTSBody))
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return refuse(http.StatusBadRequest, "MalformedInput", "The body is not a form.")
	}
	action, version := form.Get("Action"), form.Get("Version")
	authorization := r.Header.Get("Authorization")
	switch {
	case action != "GetCallerIdentity" || version != stsVersion:
		return refuse(http.StatusBadRequest, "InvalidAction", fmt.Sprintf("Could not find operation %s for version %s", action, version))
	case authorization == "":
		return refuse(http.StatusForbidden, "MissingAuthenticationToken", "Request is missing Authentication Token")
	}
	_, credential, _ := strings.Cut(authorization, "Credential=")
	if key, _, _ := strings.Cut(credential, "/"); constraint.IsAccountID(key) {
		accountID = key
	}
	return http.StatusOK, stsIdentity{
		Namespace: stsNamespace,
		ARN:       "arn:aws:iam::" + accountID + ":root",
		UserID:    accountID,
		Account:   accountID,
		RequestID: requestID,
	}
}

// newUUID returns a random UUID, version 4.
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
