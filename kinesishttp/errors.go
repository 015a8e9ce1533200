package kinesishttp

import "github.com/putrecords/putrecords"

// The codes that a [Handler] answers with besides those of package putrecords.
const (
	MissingAuthenticationTokenException putrecords.ErrorCode = "MissingAuthenticationTokenException"
	SerializationException              putrecords.ErrorCode = "SerializationException"
	UnknownOperationException           putrecords.ErrorCode = "UnknownOperationException"
)

func serializationError(text string) *putrecords.Error {
	return &putrecords.Error{Code: SerializationException, Message: text}
}

// An errorBody is an error as AWS encodes it.
type errorBody struct {
	Type           putrecords.ErrorCode `json:"__type"`
	Message        string               `json:"message,omitempty"`
	CapitalMessage string               `json:"Message,omitempty"` // instead, with some codes
}

func bodyOf(err *putrecords.Error) errorBody {
	switch err.Code {
	case putrecords.AccessDeniedException, SerializationException:
		return errorBody{Type: err.Code, CapitalMessage: err.Message}
	}
	return errorBody{Type: err.Code, Message: err.Message}
}

func invalidArgument(text string) *putrecords.Error {
	return &putrecords.Error{Code: putrecords.InvalidArgumentException, Message: text}
}
