package kinesishttp

import (
	"context"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/internal/constraint"
)

// A Request is a request for an operation that a program has added to a [Handler].
type Request struct {
	Operation string // its name, such as "CreateStream"

	handler  *Handler
	caller   caller
	encoding *encoding
	body     []byte
}

// Handle adds an operation such as "CreateStream", or replaces the handler's own operation of that
// name. The handler checks headers, signatures and the sizes of bodies as for its own operations
// before it calls do. Call Handle before the handler serves requests.
//
// The answer is a struct or a map, encoded as the request is. Both encodings follow json tags. Tag
// optional members omitzero; omitempty does not mean the same in both. A [Timestamp] is a time, and
// a []byte is a blob. If the answer is nil, so is the body, as for AWS's operations without output.
// An answer of many megabytes can encode itself in JSON: if it has the method
// AppendJSON(b []byte) []byte, that appends the body to b, and nothing checks the body.
//
// An error that is a [*putrecords.Error] is sent as AWS sends it. Its code may be any string. Any
// other error is an InternalFailure with the error's text as its message, unless the request's
// context has ended; then the client gets no response. [Handler.Answered] is not called.
//
// do runs in the request's goroutine, so several calls may run at once. It must not retain r.
func (h *Handler) Handle(name string, do func(ctx context.Context, r *Request) (answer any, err error)) {
	if h.operations == nil {
		h.operations = map[string]operation{}
	}
	h.operations[name] = do
}

// Account returns the account that the request is for. The ARN is that in the request's body, and
// nil if there is none. The package documentation says how an account is chosen. It is never nil:
// if the handler does not have the account, it is an empty one, and streams added to it are lost.
// Add streams with [Handler.Add], which replaces a stream of the same name, unless you know that
// the account is one of yours. It always is if [Handler.FindAccount] makes those that are missing.
func (r *Request) Account(arn *string) *putrecords.Account {
	if arn != nil {
		if to, ok := constraint.ParseARN(*arn); ok {
			if account := r.handler.account(to.AccountID, r.caller.region); account != nil {
				return account
			}
		}
	}
	if account := r.handler.account(r.caller.accountID, r.caller.region); account != nil {
		return account
	}
	return must(putrecords.NewAccount(r.caller.accountID, r.caller.region))
}

// stream returns the stream that a name and an ARN stand for, or AWS's error.
func (r *Request) stream(streamName, streamARN *string) (*putrecords.Stream, error) {
	account := r.Account(streamARN)
	r.handler.mu.RLock() // not while Add replaces the stream
	defer r.handler.mu.RUnlock()
	return account.Stream(streamName, streamARN)
}

// withoutStreams returns an account like the one that the request is for. It answers a put to a
// stream that does not exist.
func (r *Request) withoutStreams(streamARN *string) *putrecords.Account {
	account := r.Account(streamARN)
	return must(putrecords.NewAccount(account.ID(), account.Region()))
}
