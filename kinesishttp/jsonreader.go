package kinesishttp

import (
	"bytes"
	"io"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/putrecords/putrecords/kinesishttp/internal/jsonv2"
)

// A jsonReader reads a JSON body. Its decoder is strict: it rejects duplicate members, invalid
// UTF-8, and anything else that is not valid JSON. The kind of a token is its first byte, and '0'
// for all numbers.
type jsonReader struct {
	decoder *jsonv2.Decoder
	blobs   []byte // the blobs decoded so far, back to back, with room for all of the body's
	problems
}

// jsonReaders saves allocations: blobs alone is as large as all the data in a request.
var jsonReaders = sync.Pool{New: func() any { return &jsonReader{decoder: jsonv2.NewDecoder(&bytes.Buffer{})} }}

func pooledJSONReader(body []byte) (reader, func()) {
	r := jsonReaders.Get().(*jsonReader)
	r.reset(body)
	return r, func() { jsonReaders.Put(r) }
}

// reset makes r read body.
func (r *jsonReader) reset(body []byte) {
	r.decoder.Reset(bytes.NewBuffer(body)) // the decoder does not copy a Buffer's bytes
	r.blobs = slices.Grow(r.blobs[:0], strictBase64.DecodedLen(len(body)))
	r.problems = problems{}
}

func (r *jsonReader) end() error {
	if _, err := r.decoder.ReadToken(); err != io.EOF { //nolint:errorlint // the decoder returns it unwrapped
		r.malformed = true
	}
	return r.problems.end()
}

func (r *jsonReader) structure(member func(name []byte)) bool {
	return r.members(wantedStructure, member)
}

func (r *jsonReader) mapping(member func(name []byte)) bool { return r.members(wantedMap, member) }

func (r *jsonReader) members(wanted string, member func(name []byte)) bool {
	if r.decoder.StackDepth() == 0 && r.decoder.PeekKind() != '{' {
		r.malformed = true
	}
	if !r.begins('{', wanted) {
		return false
	}
	r.token()
	for n := 0; !r.malformed && r.decoder.PeekKind() != '}'; n++ {
		if n == maxMembers {
			r.malformed = true
			break
		}
		if name, ok := r.unquoted(); ok {
			member(name)
		}
	}
	r.token()
	return true
}

func (r *jsonReader) list(element func()) bool {
	if !r.begins('[', wantedList) {
		return false
	}
	r.token()
	for n := 0; !r.malformed && r.decoder.PeekKind() != ']'; n++ {
		if n == maxElements {
			r.malformed = true
			break
		}
		element()
	}
	r.token()
	return true
}

func (r *jsonReader) text() *string {
	if !r.begins('"', toString) {
		return nil
	}
	s := r.token().String()
	return &s
}

func (r *jsonReader) blob() []byte {
	if !r.begins('"', toBlob) {
		return nil
	}
	encoded, ok := r.unquoted()
	if !ok {
		return nil
	}
	start := len(r.blobs)
	n, err := strictBase64.Decode(r.blobs[start:cap(r.blobs)], encoded)
	// Production rejects line breaks, which the decoder skips.
	if err != nil || bytes.IndexByte(encoded, '\n') >= 0 || bytes.IndexByte(encoded, '\r') >= 0 {
		r.addProblem(explainBase64(string(encoded)))
		return nil
	}
	r.blobs = r.blobs[:start+n]
	return r.blobs[start : start+n : start+n]
}

func (r *jsonReader) boolean() *bool {
	switch r.decoder.PeekKind() {
	case 't', 'f':
		value := r.token().Kind() == 't'
		return &value
	case '"':
		return r.booleanFrom(r.token().String())
	default:
		r.begins('t', toBoolean)
		return nil
	}
}

func (r *jsonReader) integer() *int {
	if !r.begins('0', toInteger) {
		return nil
	}
	return integerFrom(r.number())
}

func (r *jsonReader) timestamp() *time.Time {
	if !r.begins('0', toTimestamp) {
		return nil
	}
	return timeFrom(r.number() * 1000)
}

func (r *jsonReader) skip() {
	depth := r.decoder.StackDepth()
	for r.token(); !r.malformed && r.decoder.StackDepth() > depth; r.token() {
		kind, n := r.decoder.StackIndex(r.decoder.StackDepth()) // names and values both count
		if kind == '{' && n > 2*maxMembers {
			r.malformed = true
		}
	}
}

// begins reports whether the next value has the given kind. If not, it skips the value and adds a
// problem, unless the value is null.
func (r *jsonReader) begins(kind jsonv2.Kind, wanted string) bool {
	if r.malformed {
		return false
	}
	switch r.decoder.PeekKind() {
	case kind:
		return true
	case '{':
		r.addProblem(wrongType(isStructure, wanted))
	case '[':
		r.addProblem(wrongType(isList, wanted))
	case '"':
		r.addProblem(wrongType(isString, wanted))
	case '0':
		r.addProblem(wrongType(isNumber, wanted))
	case 't', 'f':
		r.addProblem(wrongType(isBoolean, wanted))
	}
	r.skip()
	return false
}

// token reads the next token. It returns the zero Token if the body is malformed. It asks the
// decoder for an error only once, because the error tells the whole path to where it is.
func (r *jsonReader) token() jsonv2.Token {
	if r.malformed {
		return jsonv2.Token{}
	}
	token, err := r.decoder.ReadToken()
	r.malformed = r.malformed || err != nil
	return token
}

// number reads a number. It returns an infinity if the number is too large for a float64.
func (r *jsonReader) number() float64 {
	n, _ := strconv.ParseFloat(r.token().String(), 64)
	return n
}

// unquoted reads a string. Its bytes are valid until the next read.
func (r *jsonReader) unquoted() ([]byte, bool) {
	quoted, err := r.decoder.ReadValue()
	if err != nil {
		r.malformed = true
		return nil, false
	}
	if bytes.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1], true
	}
	s, err := jsonv2.Unquote(quoted)
	r.malformed = r.malformed || err != nil
	return s, err == nil
}
