package kinesishttp

import (
	"fmt"
	"strings"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/kinesishttp/internal/jsonv2"
)

// Error codes that a [Handler] returns in addition to those of package putrecords.
const (
	ExpiredNextTokenException           putrecords.ErrorCode = "ExpiredNextTokenException"
	IncompleteSignatureException        putrecords.ErrorCode = "IncompleteSignatureException"
	MissingAuthenticationTokenException putrecords.ErrorCode = "MissingAuthenticationTokenException"
	SerializationException              putrecords.ErrorCode = "SerializationException"
	UnknownOperationException           putrecords.ErrorCode = "UnknownOperationException"
)

// An errorBody holds the members of an error. An empty message is left out, as in production.
type errorBody struct {
	Type           putrecords.ErrorCode `json:"__type"`
	Message        string               `json:"message,omitempty"`
	CapitalMessage string               `json:"Message,omitempty"` // instead, for some codes
}

// bodyOf decodes e's JSON, because package putrecords decides which codes spell "Message".
func bodyOf(e *putrecords.Error) (body errorBody) {
	if err := jsonv2.Unmarshal(must(jsonv2.Marshal(e)), &body); err != nil {
		panic(err) // every error encodes as an errorBody
	}
	return body
}

func serializationError(message string) *putrecords.Error {
	return &putrecords.Error{Code: SerializationException, Message: message}
}

func invalidArgument(message string) *putrecords.Error {
	return &putrecords.Error{Code: putrecords.InvalidArgumentException, Message: message}
}

var unsigned = &putrecords.Error{Code: MissingAuthenticationTokenException, Message: "Missing Authentication Token"}

// unknownOperation is about an X-Amz-Target that the handler has no operation for. Production has
// no message.
func unknownOperation(target string) *putrecords.Error {
	message := fmt.Sprintf("The X-Amz-Target %q is not one of Kinesis.", target)
	if name, ok := strings.CutPrefix(target, targetPrefix); ok {
		message = fmt.Sprintf("This server does not have the operation %q.", name)
	}
	return &putrecords.Error{Code: UnknownOperationException, Message: message}
}
