package kinesishttp

import (
	"net/http"
	"strings"

	"github.com/putrecords/putrecords/internal/constraint"
)

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
