package kinesishttp

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/putrecords/putrecords"
)

// An encoding is how bodies are written.
type encoding struct {
	// newReader returns a reader of a body, and what to call when its input is needed no more.
	newReader func(body []byte) (reader, func())
	marshal   func(any) ([]byte, error)
}

// A fault may have a text that is not UTF-8.
var jsonOptions = json.JoinOptions(json.Deterministic(true), jsontext.AllowInvalidUTF8(true))

// The encodings, by content type.
var encodings = map[string]*encoding{
	"application/x-amz-json-1.1": {pooledJSONReader, func(v any) ([]byte, error) { return json.Marshal(v, jsonOptions) }},
	"application/x-amz-cbor-1.1": {func(body []byte) (reader, func()) { return newCBORReader(body), func() {} }, cborEncoder.Marshal},
}

// A jsonReader's buffers are worth keeping: its blobs take as much as all data of a request.
var jsonReaders = sync.Pool{New: func() any { return &jsonReader{decoder: jsontext.NewDecoder(&bytes.Buffer{})} }}

func pooledJSONReader(body []byte) (reader, func()) {
	r := jsonReaders.Get().(*jsonReader)
	r.reset(body)
	return r, func() { jsonReaders.Put(r) }
}

var cborEncoder = cborMode(cbor.EncOptions{Sort: cbor.SortBytewiseLexical}.EncMode())

// answer writes an answer.
func (e *encoding) answer(w http.ResponseWriter, status int, v any) {
	body, err := e.marshal(v)
	if err != nil {
		panic(err) // no answer holds a value that has no encoding
	}
	_ = http.NewResponseController(w).SetWriteDeadline(deadline())
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // who has gone misses it
}

func (e *encoding) answerError(w http.ResponseWriter, err *putrecords.Error) {
	e.answer(w, err.HTTPStatusCode(), bodyOf(err))
}

// A timestamp encodes as AWS's: in JSON as seconds since 1970, printed as Java prints them; in CBOR as milliseconds, tagged
// as if they were seconds.
type timestamp struct{ time.Time }

func (t timestamp) MarshalJSON() ([]byte, error) {
	return []byte(javaDouble(float64(t.UnixMilli()) / 1000)), nil
}

// javaDouble prints a number that is not below 0.001 as Java's Double.toString does.
func javaDouble(n float64) string {
	format := byte('f')
	if n >= 1e7 {
		format = 'E'
	}
	digits, exponent, scientific := strings.Cut(strconv.FormatFloat(n, format, -1, 64), "E+")
	if !strings.Contains(digits, ".") {
		digits += ".0"
	}
	if !scientific {
		return digits
	}
	return digits + "E" + strings.TrimPrefix(exponent, "0")
}

func (t timestamp) MarshalCBOR() ([]byte, error) {
	return cborEncoder.Marshal(cbor.Tag{Number: 1, Content: t.UnixMilli()})
}
