package kinesishttp

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/putrecords/putrecords"
)

// A Handler serves the Kinesis HTTP API for its streams. Create one with [NewHandler] or
// [NewAccountHandler]; the zero value is a handler without streams. Its methods are safe for
// concurrent use, except Handle, and you can add and remove streams while it serves requests.
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

	// FindAccount, if not nil, returns the account with an ID in a region, or nil if there is
	// none. Then the handler looks among its own accounts. The ID is "" if neither an ARN nor the
	// access key ID tells it; the region is "" if the signature does not. Return your default
	// account then.
	//
	// FindAccount runs in the request's goroutine, so several calls may run at once, and it may
	// be called more than once for a request. Set it before the handler serves requests.
	FindAccount func(accountID, region string) *putrecords.Account

	// Refused, if not nil, is called with the name of the operation and the error of each
	// request that is answered with an error in the request's encoding. That includes
	// operations that the handler does not have, whose code is UnknownOperationException. If the
	// X-Amz-Target header does not name an operation of Kinesis, the name is the whole header.
	//
	// Refused runs in the request's goroutine before the response is sent, so several calls may
	// run at once. Set it before the handler serves requests.
	Refused func(ctx context.Context, operation string, err *putrecords.Error)

	// Details, if not nil, returns what descriptions of a stream say besides what the stream
	// itself knows. It runs in the request's goroutine, so several calls may run at once. Set it
	// before the handler serves requests.
	Details func(stream *putrecords.Stream) Details

	// TokenKey seals the NextTokens of ListShards. Whoever knows the key can forge them, so with
	// the zero key anyone can. A forged token can ask only for what a request without a token can
	// ask for. A handler takes the tokens of another one with the same key. Set TokenKey before the
	// handler serves requests.
	TokenKey [32]byte

	operations map[string]operation // those of Handle
	mu         sync.RWMutex
	accounts   []*putrecords.Account // those of NewAccountHandler, then those that Add made
	given      int                   // how many are those of NewAccountHandler
	requests   atomic.Uint64         // how many have arrived
	bodyMemory memory
}

// NewHandler returns a handler for streams. It makes their accounts. If several streams of an
// account and a region have the same name, the last one wins.
func NewHandler(streams ...*putrecords.Stream) *Handler {
	h := &Handler{}
	h.Add(streams...)
	return h
}

// NewAccountHandler returns a handler for accounts. If several have the same ID and region, the
// first one wins. You can add and remove their streams while the handler serves requests.
func NewAccountHandler(accounts ...*putrecords.Account) *Handler {
	return &Handler{accounts: slices.Clone(accounts), given: len(accounts)}
}

// An operation answers a request.
type operation func(context.Context, *Request) (any, error)

// operations maps the names in a request's target to functions.
var operations = map[string]operation{
	"DescribeStream":        reading(describeStream),
	"DescribeStreamSummary": reading(describeStreamSummary),
	"ListShards":            reading(listShards),
	"PutRecord":             putting(readPutRecord, putRecord),
	"PutRecords":            putting(readPutRecords, putRecords),
}

// reading returns an operation that reads its input from the body. What it has read is valid only
// while the operation runs.
func reading(do func(context.Context, *Request, reader) (any, error)) operation {
	return func(ctx context.Context, r *Request) (any, error) {
		in, release := r.encoding.newReader(r.body)
		answer, err := do(ctx, r, in)
		release()
		return answer, err
	}
}

// ServeHTTP answers a request. It keeps a body only if the request's headers are valid, but reads
// the whole body in any case, so the connection can be reused.
//
// If you wrap w, give the wrapper the Unwrap method that [http.ResponseController] looks for;
// otherwise slow clients are not cut off. ServeHTTP panics with http.ErrAbortHandler if the
// request's context ends before its stream is called.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	number := h.requests.Add(1)
	w.Header().Set("X-Amzn-Requestid", requestID(number))
	w.Header().Set("X-Amz-Id-2", extendedRequestID(number))
	body := buffer{memory: &h.bodyMemory, limit: cmp.Or(h.MaxBodyMemory, defaultBodyMemory)}
	defer body.release()
	heading, reject := h.readHeading(r)
	read := body.fill
	if reject != nil {
		read = discard
	}
	switch err := h.receive(w, r, read); {
	case errors.Is(err, errNoMemory):
		h.refuse(w, r, heading, noMemory)
	case err != nil:
		answerBodyError(w, r, err)
	case reject != nil:
		reject(w)
	default:
		h.serve(w, r, heading, body.bytes)
	}
}

// noMemory answers a request for whose body there was no memory.
var noMemory = &putrecords.Error{
	Code:    "ServiceUnavailable",
	Message: "The bodies of other requests take all of the server's MaxBodyMemory. Try again.",
}

// serve answers a request with a valid heading.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request, heading heading, body []byte) {
	request := &Request{Operation: heading.name, handler: h, caller: callerOf(r), encoding: heading.encoding, body: body}
	answer, err := heading.operation(r.Context(), request)
	var encoded []byte
	if err == nil && answer != nil { // production sends an empty body for no answer
		encoded, err = heading.encoding.marshal(answer)
	}
	var refused *putrecords.Error
	switch {
	case err == nil:
		heading.send(w, http.StatusOK, encoded)
	case errors.As(err, &refused):
		h.refuse(w, r, heading, refused)
	case r.Context().Err() != nil:
		panic(http.ErrAbortHandler) // the client has gone
	default:
		h.refuse(w, r, heading, &putrecords.Error{Code: putrecords.InternalFailure, Message: err.Error()})
	}
}

// refuse answers a request with an error.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, heading heading, err *putrecords.Error) {
	if h.Refused != nil {
		h.Refused(r.Context(), heading.name, err)
	}
	heading.send(w, err.HTTPStatusCode(), must(heading.encoding.marshal(bodyOf(err))))
}
