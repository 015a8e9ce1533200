package kinesishttp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/putrecords/putrecords"
)

// A Handler serves the Kinesis HTTP API for its streams. Create one with [NewHandler]. Its methods
// are safe for concurrent use, and you can add and remove streams while it serves requests.
type Handler struct {
	// Answered, if not nil, is called with each PutRecords or PutRecord request and its
	// stream's answer, unless the stream rejected the whole request. A PutRecord request
	// counts as a batch of one record, without its SequenceNumberForOrdering. If it fails
	// with ProvisionedThroughputExceededException or InternalFailure, Answered is still
	// called, with a failed record, even when a whole-request fault caused the failure.
	// out.Records[i] is the answer for in.Records[i].
	//
	// Answered runs in the request's goroutine before the response is sent, so several calls may
	// run at once. It must not modify or retain in or out. Set it before the handler serves
	// requests.
	Answered func(ctx context.Context, stream *putrecords.Stream, in *putrecords.Input, out *putrecords.Output)

	// MaxBodyMemory limits how many bytes of memory hold bodies, from when they arrive until
	// their responses are sent. 0 means 512 MiB, and -1 means no limit. A body takes up to twice
	// its size. If there is no memory left for one, the handler reads and discards it. The client
	// then gets status 503 and the code ServiceUnavailable, which AWS's clients retry. Set
	// MaxBodyMemory before the handler serves requests.
	MaxBodyMemory int64

	mu         sync.RWMutex
	streams    []*putrecords.Stream // in the order they were added
	requests   atomic.Uint64        // how many have arrived
	bodyMemory memory
}

// NewHandler returns a handler for streams. If several streams have the same name, the
// last one wins.
func NewHandler(streams ...*putrecords.Stream) *Handler {
	h := &Handler{}
	h.Add(streams...)
	return h
}

// Add adds streams. A stream replaces any other stream with the same name.
func (h *Handler) Add(streams ...*putrecords.Stream) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, stream := range streams {
		h.streams = slices.DeleteFunc(h.streams, func(s *putrecords.Stream) bool { return s.Name() == stream.Name() })
		h.streams = append(h.streams, stream)
	}
}

// Remove removes streams. It does not interrupt requests that are already in progress.
func (h *Handler) Remove(streams ...*putrecords.Stream) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.streams = slices.DeleteFunc(h.streams, func(s *putrecords.Stream) bool { return slices.Contains(streams, s) })
}

// find returns the stream named in a request. If that stream does not exist, find returns one with
// a different name, which answers with AWS's error. It prefers a stream in the account that the ARN
// names, because the error includes the account.
func (h *Handler) find(streamName, streamARN *string) *putrecords.Stream {
	var name, arnPrefix string // the prefix is everything before the name
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
	switch {
	case len(h.streams) > 0:
		return h.streams[0]
	case name != standIns[0].Name():
		return standIns[0]
	}
	return standIns[1]
}

// standIns answer for a handler without streams. One of the two always has a different name from
// the one in the request. They store nothing, and their clocks stand still.
var standIns = [2]*putrecords.Stream{standIn("other"), standIn("another")}

func standIn(name string) *putrecords.Stream {
	return putrecords.MustNew(putrecords.Config{
		Name: name,
		Log:  putrecords.Discard(),
		Now:  func() time.Time { return time.Unix(1, 0) },
	})
}

// lookUp returns the stream named in the request, or AWS's error if it does not exist.
func (h *Handler) lookUp(streamName, streamARN *string) (*putrecords.Stream, error) {
	stream := h.find(streamName, streamARN)
	return stream, stream.CheckAddress(streamName, streamARN)
}

// bodyLimit returns the size of the largest body that a request can have within AWS's limits or
// those of any stream, whichever is larger. It returns -1 if a stream's limits do not bound it.
func (h *Handler) bodyLimit() int64 {
	h.mu.RLock()
	defer h.mu.RUnlock()
	largest := bodyLimit(awsLimits)
	for _, stream := range h.streams {
		limit := bodyLimit(stream.Limits())
		if limit == -1 {
			return -1
		}
		largest = max(largest, limit)
	}
	return largest
}

// An operation reads its input from the body and returns the answer to encode.
type operation func(context.Context, *Handler, reader) (any, error)

// operations maps the names in a request's target to functions.
var operations = map[string]operation{
	"DescribeStream":        describeStream,
	"DescribeStreamSummary": describeStreamSummary,
	"ListShards":            listShards,
	"PutRecord":             putRecord,
	"PutRecords":            putRecords,
}

// ServeHTTP answers a request. It keeps a body only if the request's headers are valid, but reads
// the whole body in any case, so the connection can be reused.
//
// If you wrap w, give the wrapper the Unwrap method that [http.ResponseController] looks for;
// otherwise slow clients are not cut off. ServeHTTP panics with http.ErrAbortHandler if the
// request's context ends before its stream is called.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Amzn-Requestid", fmt.Sprintf("00000000-0000-0000-0000-%012x", h.requests.Add(1)))
	body := buffer{memory: &h.bodyMemory, limit: cmp.Or(h.MaxBodyMemory, defaultBodyMemory)}
	defer body.release()
	heading, reject := readHeading(r)
	read := body.fill
	if reject != nil {
		read = discard
	}
	switch err := h.receive(w, r, read); {
	case errors.Is(err, errNoMemory):
		heading.answerNoMemory(w)
	case err != nil:
		answerBodyError(w, r, err)
	case reject != nil:
		reject(w)
	default:
		h.serve(w, r, heading, body.bytes)
	}
}

// serve answers a request with a valid heading.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request, heading heading, body []byte) {
	in, release := heading.encoding.newReader(body)
	answer, err := heading.operation(r.Context(), h, in)
	release()
	var refused *putrecords.Error
	switch {
	case err == nil:
		heading.answer(w, http.StatusOK, answer)
	case errors.As(err, &refused):
		heading.answerError(w, refused)
	case r.Context().Err() != nil:
		panic(http.ErrAbortHandler) // the client has gone
	default:
		heading.answerError(w, &putrecords.Error{Code: putrecords.InternalFailure, Message: err.Error()})
	}
}
