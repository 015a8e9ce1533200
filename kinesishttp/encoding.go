package kinesishttp

import (
	"net/http"
	"strconv"

	"github.com/fxamacker/cbor/v2"
	"github.com/go-json-experiment/json"

	"github.com/putrecords/putrecords"
)

// An encoding is how bodies are written.
type encoding struct {
	// newReader returns a reader of a body, and what to call when its input is needed no more.
	newReader func(body []byte) (reader, func())
	marshal   func(any) ([]byte, error)
}

// The encodings, by content type.
var encodings = map[string]*encoding{
	"application/x-amz-json-1.1": {pooledJSONReader, func(v any) ([]byte, error) { return json.Marshal(v, json.Deterministic(true)) }},
	"application/x-amz-cbor-1.1": {func(body []byte) (reader, func()) { return newCBORReader(body), func() {} }, cborEncoder.Marshal},
}

var cborEncoder = cborMode(cbor.EncOptions{Sort: cbor.SortBytewiseLexical}.EncMode())

// answer encodes and sends an answer.
func (e *encoding) answer(w http.ResponseWriter, status int, v any) {
	body, err := e.marshal(v)
	if err != nil {
		panic(err) // no answer holds a value that has no encoding
	}
	send(w, status, body)
}

// send sends an answer.
func send(w http.ResponseWriter, status int, body []byte) {
	_ = http.NewResponseController(w).SetWriteDeadline(deadline())
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // who has gone misses it
}

func (e *encoding) answerError(w http.ResponseWriter, err *putrecords.Error) {
	e.answer(w, err.HTTPStatusCode(), bodyOf(err))
}
