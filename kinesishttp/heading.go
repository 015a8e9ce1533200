package kinesishttp

import (
	"mime"
	"net/http"
	"strings"
)

// A heading is what a request's method and headers say.
type heading struct {
	contentType string
	encoding    *encoding
	name        string // of the operation; if the target is not one of Kinesis, the whole target
	operation   operation
}

const targetPrefix = "Kinesis_20131202."

// readHeading reads a request's heading. If that is enough to reject the request, reject sends the
// answer. Otherwise reject is nil.
func (h *Handler) readHeading(r *http.Request) (_ heading, reject func(http.ResponseWriter)) {
	var head heading
	head.contentType = r.Header.Get("Content-Type")
	if head.encoding = encodings[head.contentType]; head.encoding == nil {
		// Parameters do not matter, even invalid ones.
		head.contentType, _, _ = mime.ParseMediaType(head.contentType)
		head.encoding = encodings[head.contentType]
	}
	target := r.Header.Get("X-Amz-Target")
	name, ok := strings.CutPrefix(target, targetPrefix)
	head.name = name
	if ok {
		head.operation = h.operation(name)
	}
	switch {
	case r.Method != http.MethodPost, head.encoding == nil && !strings.Contains(target, "."):
		return head, func(w http.ResponseWriter) {
			send(w, http.StatusForbidden, []byte("<AccessDeniedException>\n"+
				"  <Message>Unable to determine service/operation name to be authorized</Message>\n</AccessDeniedException>\n"))
		}
	case head.encoding == nil:
		return head, func(w http.ResponseWriter) { send(w, http.StatusNotFound, []byte("<UnknownOperationException/>\n")) }
	case head.operation == nil:
		return head, func(w http.ResponseWriter) { h.refuse(w, r, head, unknownOperation(target)) }
	}
	if err := checkSignature(r); err != nil {
		return head, func(w http.ResponseWriter) { h.refuse(w, r, head, err) }
	}
	return head, nil
}

// operation returns the operation with a name, or nil.
func (h *Handler) operation(name string) operation {
	if do := h.operations[name]; do != nil {
		return do
	}
	return operations[name]
}

// send sends a body in the request's encoding.
func (h heading) send(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", h.contentType)
	send(w, status, body)
}
