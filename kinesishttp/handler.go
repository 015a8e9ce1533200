package kinesishttp

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/putrecords/putrecords"
)

// A Handler answers Kinesis's HTTP API for its streams. [NewHandler] makes one. It may be used by several goroutines at once, and streams
// may come and go while it serves.
type Handler struct {
	// Answered, if set, is called with what a stream answered: each PutRecords request that was not refused as a whole, and each
	// PutRecord request, as a batch of one record. A PutRecord that was throttled, or failed with InternalFailure, is such a batch
	// too, though a fault of the whole request may have been the cause. It runs in the request's goroutine before the answer is
	// sent, so several may run at once. It must not change out, nor keep it. Set it before the handler serves.
	Answered func(ctx context.Context, stream *putrecords.Stream, out *putrecords.Output)

	mu       sync.RWMutex
	streams  []*putrecords.Stream // in the order they were added
	requests atomic.Uint64        // how many there have been
}

// NewHandler returns a handler for the streams. Of several streams with one name the last counts.
func NewHandler(streams ...*putrecords.Stream) *Handler {
	h := &Handler{}
	h.Add(streams...)
	return h
}

// Add adds streams. A stream takes the place of one with the same name.
func (h *Handler) Add(streams ...*putrecords.Stream) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, stream := range streams {
		h.streams = slices.DeleteFunc(h.streams, func(s *putrecords.Stream) bool { return s.Name() == stream.Name() })
		h.streams = append(h.streams, stream)
	}
}

// Remove removes streams. Requests for them that are being answered go on.
func (h *Handler) Remove(streams ...*putrecords.Stream) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.streams = slices.DeleteFunc(h.streams, func(s *putrecords.Stream) bool { return slices.Contains(streams, s) })
}

// find returns the stream that a request names. If there is none it returns another, of the same account if it can, which will answer
// that it is not the one.
func (h *Handler) find(streamName, streamARN *string) *putrecords.Stream {
	var name, arnPrefix string // the prefix is all that comes before the name
	if streamARN != nil {
		arnPrefix, name, _ = strings.Cut(*streamARN, ":stream/")
	}
	if streamName != nil {
		name = *streamName
	}
	h.mu.RLock()
	defer h.mu.RUnlock()
	for _, stream := range h.streams {
		if stream.Name() == name {
			return stream
		}
	}
	for _, stream := range h.streams {
		if strings.HasPrefix(stream.ARN(), arnPrefix) {
			return stream
		}
	}
	if len(h.streams) > 0 {
		return h.streams[0]
	}
	other := "other"
	if name == other {
		other = "another"
	}
	return putrecords.MustNew(putrecords.Config{Name: other, Log: putrecords.Discard()})
}

// lookUp returns the stream that a request names, or what AWS answers where there is none.
func (h *Handler) lookUp(streamName, streamARN *string) (*putrecords.Stream, error) {
	stream := h.find(streamName, streamARN)
	return stream, stream.CheckAddress(streamName, streamARN)
}

// largestBody returns the bytes of the largest body that a request within AWS's limits, or for any of the streams, can need, or -1 if that
// is unlimited.
func (h *Handler) largestBody() int64 {
	h.mu.RLock()
	defer h.mu.RUnlock()
	largest := bodyFor(awsLimits)
	for _, stream := range h.streams {
		needs := bodyFor(stream.Limits())
		if needs == -1 {
			return -1
		}
		largest = max(largest, needs)
	}
	return largest
}

// The operations, by the name in a request's target. Each reads its input from the request and returns what is to be encoded.
var operations = map[string]func(context.Context, *Handler, reader) (any, error){
	"DescribeStream":        describeStream,
	"DescribeStreamSummary": describeStreamSummary,
	"ListShards":            listShards,
	"PutRecord":             putRecord,
	"PutRecords":            putRecords,
}

// ServeHTTP answers a request. Its body is read before its header is judged, so that the connection can be used again.
//
// A wrapper of w should have the method Unwrap that [http.ResponseController] looks for, or slow clients are not cut off. ServeHTTP panics
// with http.ErrAbortHandler where the request's context has ended before its stream was asked.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Amzn-Requestid", fmt.Sprintf("00000000-0000-0000-0000-%012x", h.requests.Add(1)))
	body, err := readBody(w, r, h.largestBody())
	if err != nil {
		answerBodyError(w, r, err)
		return
	}
	defer bodies.Put(body)
	contentType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")) // whatever its parameters are
	enc, ok := encodings[contentType]
	target := r.Header.Get("X-Amz-Target")
	switch {
	case r.Method != http.MethodPost, !ok && !strings.Contains(target, "."):
		send(w, http.StatusForbidden, []byte("<AccessDeniedException>\n"+
			"  <Message>Unable to determine service/operation name to be authorized</Message>\n</AccessDeniedException>\n"))
	case !ok:
		send(w, http.StatusNotFound, []byte("<UnknownOperationException/>\n"))
	default:
		w.Header().Set("Content-Type", contentType)
		h.serve(w, r, enc, body.Bytes())
	}
}

// serve answers a request whose encoding is known.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request, enc *encoding, body []byte) {
	name, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), "Kinesis_20131202.")
	operation := operations[name]
	if !ok || operation == nil {
		enc.answerError(w, &putrecords.Error{Code: UnknownOperationException})
		return
	}
	if !signed(r) {
		enc.answerError(w, &putrecords.Error{Code: MissingAuthenticationTokenException, Message: "Missing Authentication Token"})
		return
	}
	in, done := enc.newReader(body)
	answer, err := operation(r.Context(), h, in)
	done()
	var refused *putrecords.Error
	switch {
	case err == nil:
		enc.answer(w, http.StatusOK, answer)
	case errors.As(err, &refused):
		enc.answerError(w, refused)
	case r.Context().Err() != nil:
		panic(http.ErrAbortHandler) // nobody waits for an answer
	default:
		enc.answerError(w, &putrecords.Error{Code: putrecords.InternalFailure, Message: err.Error()})
	}
}

// signed reports whether a request looks signed. Nobody checks by whom.
func signed(r *http.Request) bool {
	return r.Header.Get("Authorization") != "" || r.URL.Query().Has("X-Amz-Signature")
}
