package kinesishttp

import (
	"bytes"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/emmansun/base64"
	"github.com/go-json-experiment/json/jsontext"
)

// A jsonReader reads the values of a JSON text. Its decoder refuses duplicate members, invalid UTF-8, and whatever else is not JSON
// by the letter.
type jsonReader struct {
	decoder *jsontext.Decoder
	blobs   []byte // the blobs read so far, one behind the other, with room for all
	faults
}

// strictBase64 refuses what encodes no data, as production does, but for line ends.
var strictBase64 = base64.StdEncoding.Strict()

// A jsonReader's buffers are worth keeping: its blobs take as much as all data of a request.
var jsonReaders = sync.Pool{New: func() any { return &jsonReader{decoder: jsontext.NewDecoder(&bytes.Buffer{})} }}

func pooledJSONReader(body []byte) (reader, func()) {
	r := jsonReaders.Get().(*jsonReader)
	r.reset(body)
	return r, func() { jsonReaders.Put(r) }
}

// reset makes the reader one of a text.
func (r *jsonReader) reset(text []byte) {
	r.decoder.Reset(bytes.NewBuffer(text)) // of a Buffer the decoder makes no copy
	r.blobs = slices.Grow(r.blobs[:0], base64.StdEncoding.DecodedLen(len(text)))
	r.faults = faults{}
}

func (r *jsonReader) end() error {
	if _, err := r.decoder.ReadToken(); err != io.EOF { //nolint:errorlint // the decoder returns it unwrapped
		r.failed = true
	}
	return r.faults.end()
}

func (r *jsonReader) structure(member func(name []byte)) bool {
	if r.decoder.StackDepth() == 0 && r.decoder.PeekKind() != jsontext.KindBeginObject {
		r.failed = true
	}
	if !r.begins(jsontext.KindBeginObject, wantedStructure) {
		return false
	}
	r.token()
	for !r.failed && r.decoder.PeekKind() != jsontext.KindEndObject {
		if name, ok := r.unquoted(); ok {
			member(name)
		}
	}
	r.token()
	return true
}

func (r *jsonReader) list(element func()) bool {
	if !r.begins(jsontext.KindBeginArray, wantedList) {
		return false
	}
	r.token()
	for n := 0; !r.failed && r.decoder.PeekKind() != jsontext.KindEndArray; n++ {
		if n == maxElements {
			r.failed = true
			break
		}
		element()
	}
	r.token()
	return true
}

func (r *jsonReader) text() *string {
	if !r.begins(jsontext.KindString, toString) {
		return nil
	}
	s := r.token().String()
	return &s
}

func (r *jsonReader) blob() []byte {
	if !r.begins(jsontext.KindString, toBlob) {
		return nil
	}
	encoded, ok := r.unquoted()
	if !ok {
		return nil
	}
	start := len(r.blobs)
	n, err := strictBase64.Decode(r.blobs[start:cap(r.blobs)], encoded)
	if err != nil || bytes.IndexByte(encoded, '\n') >= 0 || bytes.IndexByte(encoded, '\r') >= 0 { // which the decoder ignores
		r.fault(explainBase64(string(encoded)))
		return nil
	}
	r.blobs = r.blobs[:start+n]
	return r.blobs[start : start+n : start+n]
}

func (r *jsonReader) boolean() *bool {
	switch kind := r.decoder.PeekKind(); kind {
	case jsontext.KindTrue, jsontext.KindFalse:
		value := r.token().Kind() == jsontext.KindTrue
		return &value
	case jsontext.KindString:
		return booleanFrom(r.token().String(), r.fault)
	default:
		r.begins(jsontext.KindTrue, toBoolean)
		return nil
	}
}

func (r *jsonReader) integer() *int {
	if !r.begins(jsontext.KindNumber, toInteger) {
		return nil
	}
	return integerFrom(r.number())
}

func (r *jsonReader) timestamp() *time.Time {
	if !r.begins(jsontext.KindNumber, toTimestamp) {
		return nil
	}
	return timeFrom(r.number() * 1000)
}

func (r *jsonReader) skip() {
	if r.decoder.SkipValue() != nil {
		r.failed = true
	}
}

// begins reports whether the next value is of the kind. If it is not, which is right for null alone, the value is skipped.
func (r *jsonReader) begins(kind jsontext.Kind, wanted string) bool {
	if r.failed {
		return false
	}
	switch is := r.decoder.PeekKind(); is {
	case kind:
		return true
	case jsontext.KindBeginObject:
		r.fault(wrongType(isStructure, wanted))
	case jsontext.KindBeginArray:
		r.fault(wrongType(isList, wanted))
	case jsontext.KindString:
		r.fault(wrongType(isString, wanted))
	case jsontext.KindNumber:
		r.fault(wrongType(isNumber, wanted))
	case jsontext.KindTrue, jsontext.KindFalse:
		r.fault(wrongType(isBoolean, wanted))
	}
	r.skip()
	return false
}

// token reads the next token, which is null where the text is not JSON.
func (r *jsonReader) token() jsontext.Token {
	token, err := r.decoder.ReadToken()
	if err != nil {
		r.failed = true
		return jsontext.Null
	}
	return token
}

// number reads a number. One that is too large for a float64 is infinite.
func (r *jsonReader) number() float64 {
	token := r.token()
	if r.failed {
		return 0
	}
	number, _ := token.Float()
	return number
}

// unquoted reads a string. Its bytes are the decoder's until it reads on.
func (r *jsonReader) unquoted() ([]byte, bool) {
	quoted, err := r.decoder.ReadValue()
	if err != nil {
		r.failed = true
		return nil, false
	}
	if bytes.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1], true
	}
	s, err := jsontext.AppendUnquote(nil, quoted)
	r.failed = r.failed || err != nil
	return s, err == nil
}
