package kinesishttp

import (
	"net/http"
	"strings"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/internal/constraint"
)

// checkSignature returns production's answer to a request whose signature is missing or lacks a
// part. It does not verify the signature.
func checkSignature(r *http.Request) *putrecords.Error {
	authorization := r.Header.Get("Authorization")
	if authorization == "" {
		if r.URL.Query().Has("X-Amz-Signature") {
			return nil
		}
		return unsigned
	}
	var message strings.Builder
	for _, part := range []string{"Credential", "Signature", "SignedHeaders"} {
		if !hasPart(authorization, part) {
			message.WriteString("Authorization header requires '" + part + "' parameter. ")
		}
	}
	if r.Header.Get("X-Amz-Date") == "" && r.Header.Get("Date") == "" {
		message.WriteString("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ")
	}
	if message.Len() == 0 {
		return nil
	}
	message.WriteString("Authorization=" + strings.ToValidUTF8(authorization, "\uFFFD"))
	return &putrecords.Error{Code: IncompleteSignatureException, Message: message.String()}
}

// hasPart reports whether an Authorization header has a part such as "Credential=x".
func hasPart(authorization, name string) bool {
	for part := range strings.FieldsFuncSeq(authorization, func(r rune) bool { return r == ',' || r == ' ' }) {
		if value, ok := strings.CutPrefix(part, name+"="); ok && value != "" {
			return true
		}
	}
	return false
}

// A caller is what a request's signature says of its sender. Either part may be "".
type caller struct {
	accountID string // the access key ID, if that is 12 digits
	region    string // the one that the signature is for
}

// callerOf reads a request's signature. It does not verify it.
func callerOf(r *http.Request) (c caller) {
	var credential string
	if authorization := r.Header.Get("Authorization"); authorization != "" {
		_, after, _ := strings.Cut(authorization, "Credential=")
		credential, _, _ = strings.Cut(after, ",")
	} else {
		credential = r.URL.Query().Get("X-Amz-Credential")
	}
	// The access key ID, the date, the region, the service and "aws4_request".
	scope := strings.Split(strings.TrimSpace(credential), "/")
	if constraint.IsAccountID(scope[0]) {
		c.accountID = scope[0]
	}
	if len(scope) == 5 && constraint.IsRegion(scope[2]) {
		c.region = scope[2]
	}
	return c
}
