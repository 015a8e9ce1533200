package kinesishttp

import (
	"mime"
	"net/http"
	"strings"

	"github.com/putrecords/putrecords"
)

// A heading is what a request's method and headers say.
type heading struct {
	contentType string
	encoding    *encoding
	operation   operation
}

// readHeading reads a request's heading. If that is enough to reject the request, reject sends the
// answer. Otherwise reject is nil.
func readHeading(r *http.Request) (h heading, reject func(http.ResponseWriter)) {
	// Parameters do not matter, even invalid ones.
	h.contentType, _, _ = mime.ParseMediaType(r.Header.Get("Content-Type"))
	h.encoding = encodings[h.contentType]
	target := r.Header.Get("X-Amz-Target")
	name, ok := strings.CutPrefix(target, "Kinesis_20131202.")
	if ok {
		h.operation = operations[name]
	}
	switch {
	case r.Method != http.MethodPost, h.encoding == nil && !strings.Contains(target, "."):
		return h, func(w http.ResponseWriter) {
			send(w, http.StatusForbidden, []byte("<AccessDeniedException>\n"+
				"  <Message>Unable to determine service/operation name to be authorized</Message>\n</AccessDeniedException>\n"))
		}
	case h.encoding == nil:
		return h, func(w http.ResponseWriter) { send(w, http.StatusNotFound, []byte("<UnknownOperationException/>\n")) }
	case h.operation == nil:
		return h, func(w http.ResponseWriter) {
			h.answerError(w, &putrecords.Error{Code: UnknownOperationException})
		}
	case !signed(r):
		return h, func(w http.ResponseWriter) {
			h.answerError(w, &putrecords.Error{Code: MissingAuthenticationTokenException, Message: "Missing Authentication Token"})
		}
	}
	return h, nil
}

// signed reports whether a request has a signature. It does not verify it.
func signed(r *http.Request) bool {
	return r.Header.Get("Authorization") != "" || r.URL.Query().Has("X-Amz-Signature")
}

// answer encodes v and sends it.
func (h heading) answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", h.contentType)
	send(w, status, must(h.encoding.marshal(v)))
}

func (h heading) answerError(w http.ResponseWriter, err *putrecords.Error) {
	h.answer(w, err.HTTPStatusCode(), bodyOf(err))
}

// answerNoMemory answers a request for whose body there was no memory.
func (h heading) answerNoMemory(w http.ResponseWriter) {
	h.answerError(w, &putrecords.Error{
		Code:    "ServiceUnavailable",
		Message: "The bodies of other requests take all of the server's MaxBodyMemory. Try again.",
	})
}
