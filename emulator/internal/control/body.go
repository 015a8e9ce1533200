package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
)

// maxBody is several times the size of a layout of 10,000 shards.
const maxBody = 16 << 20

// decode reads a request's body, one JSON object without members that in does not have. The content
// type must be JSON's, because a web page cannot send that to another server without asking first.
func decode[T any](r *http.Request, in *T) error {
	header := r.Header.Get("Content-Type")
	if mediaType, _, _ := mime.ParseMediaType(header); mediaType != "application/json" {
		return refusal{http.StatusUnsupportedMediaType, fmt.Sprintf("Content-Type is %q and must be \"application/json\"", header)}
	}
	decoder := json.NewDecoder(http.MaxBytesReader(nil, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	object := in
	if err := decoder.Decode(&object); err != nil {
		return bodyError(err)
	}
	if object == nil { // null
		return badRequest("the body is null and must be a JSON object")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return badRequest("the body must end after one JSON object")
	}
	return nil
}

func bodyError(err error) error {
	var mistyped *json.UnmarshalTypeError
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return refusal{http.StatusRequestEntityTooLarge, fmt.Sprintf("the body must have at most %d bytes", large.Limit)}
	case errors.As(err, &mistyped) && mistyped.Field == "":
		return badRequest("the body is a JSON %s and must be an object", mistyped.Value)
	case errors.As(err, &mistyped):
		return badRequest("%s is a JSON %s, which does not fit Go's type %s", mistyped.Field, mistyped.Value, mistyped.Type)
	case errors.Is(err, io.EOF):
		return badRequest("the body is empty and must be a JSON object")
	}
	return badRequest("the body: %s", strings.TrimPrefix(err.Error(), "json: "))
}

// checkQuery refuses a query, except AccountID where the path names a stream.
func checkQuery(r *http.Request) error {
	for name := range r.URL.Query() {
		if name != "AccountID" || r.PathValue("name") == "" {
			return badRequest("the query has %q, which this call does not take", name)
		}
	}
	return nil
}
