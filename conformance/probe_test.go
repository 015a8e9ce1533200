package main

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// An operation that gets no answer is one that the server does not have, if the server still
// answers others.
func TestOperationWithoutAnAnswer(t *testing.T) {
	healthy := fake(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"Records":[]}`) })
	out, err := runAgainst(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".SplitShard") {
			panic(http.ErrAbortHandler)
		}
		healthy(w, r)
	}, "-run", "^08-split-children$")
	if err != nil || !strings.Contains(out, "1 unsupported") {
		t.Errorf("error %v, want one unsupported vector in\n%s", err, out)
	}
}
