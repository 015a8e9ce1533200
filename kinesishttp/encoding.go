package kinesishttp

import (
	"net/http"
	"strconv"

	"github.com/fxamacker/cbor/v2"
)

// An encoding reads and writes bodies.
type encoding struct {
	newReader newReader
	forPuts   []newReader // a put uses the first one that does not step aside
	marshal   func(any) ([]byte, error)
}

// A newReader returns a reader of body. Call release when the values it has read are no longer
// needed.
type newReader func(body []byte) (r reader, release func())

// encodings maps content types to encodings.
var encodings = map[string]*encoding{
	"application/x-amz-json-1.1": {pooledJSONReader, []newReader{pooledQuickJSON, pooledJSONReader}, marshalJSON},
	"application/x-amz-cbor-1.1": {pooledCBORReader, []newReader{pooledCBORReader}, marshalCBOR},
}

// cborEncoder encodes nil slices and maps, and what has the method MarshalText, as JSON does.
var cborEncoder = must(cbor.EncOptions{
	Sort: cbor.SortBytewiseLexical, NilContainers: cbor.NilContainerAsEmpty, TextMarshaler: cbor.TextMarshalerTextString,
}.EncMode())

// must returns v. Use it for calls that cannot fail with the arguments that this package passes.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// send sends a response.
func send(w http.ResponseWriter, status int, body []byte) {
	_ = http.NewResponseController(w).SetWriteDeadline(deadline())
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // fails if the client has gone
}
