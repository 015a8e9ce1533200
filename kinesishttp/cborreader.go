package kinesishttp

import (
	"bytes"
	"math"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/fxamacker/cbor/v2"
)

// A cborReader reads a CBOR body. The body is well-formed, so no read can go beyond its end.
type cborReader struct {
	body  []byte
	at    int // what begins here has not been read yet
	texts texts
	problems
}

var cborDecoder = must(cbor.DecOptions{MaxArrayElements: maxElements, MaxMapPairs: maxMembers}.DecMode())

// cborReaders saves allocations.
var cborReaders = sync.Pool{New: func() any { return &cborReader{} }}

func pooledCBORReader(body []byte) (reader, func()) {
	r := cborReaders.Get().(*cborReader)
	r.reset(body)
	return r, func() {
		r.body = nil
		cborReaders.Put(r)
	}
}

// reset makes r read body.
func (r *cborReader) reset(body []byte) {
	r.body, r.at, r.problems = body, 0, problems{}
	if cborDecoder.Wellformed(body) != nil || r.majorType() != cborMap {
		r.malformed = true
	}
}

// The major types of CBOR that need more than the decoder and the encoder.
const (
	cborUnsigned = 0
	cborBytes    = 2
	cborText     = 3
	cborArray    = 4
	cborMap      = 5
	cborTag      = 6
)

const (
	cborIndefinite = 31 // in a head, instead of a length
	cborBreak      = 0xff
)

func (r *cborReader) majorType() byte { return r.body[r.at] >> 5 }

// head reads the head of an item and returns its number, which is a length or a tag. It returns -1
// if the length is indefinite.
func (r *cborReader) head() int {
	number := int(r.body[r.at] & 31)
	r.at++
	if number == cborIndefinite {
		return -1
	}
	if number < 24 {
		return number
	}
	size := 1 << (number - 24)
	number = 0
	for _, b := range r.body[r.at : r.at+size] {
		number = number<<8 | int(b)
	}
	r.at += size
	return number
}

// more reports whether another of an item's parts follows. left is the number of parts left; -1
// means that a break ends them.
func (r *cborReader) more(left *int) bool {
	switch {
	case r.malformed || *left == 0:
		return false
	case *left > 0:
		*left--
	case r.body[r.at] == cborBreak:
		r.at++
		return false
	}
	return true
}

// string reads a text or a byte string. It is part of the body, unless its length is indefinite.
func (r *cborReader) string() []byte {
	left := r.head()
	if left >= 0 {
		start := r.at
		r.at += left
		return r.body[start:r.at:r.at]
	}
	s := []byte{}
	for r.more(&left) {
		s = append(s, r.string()...)
	}
	return s
}

// utf8String reads a text.
func (r *cborReader) utf8String() []byte {
	s := r.string()
	r.malformed = r.malformed || !utf8.Valid(s)
	return s
}

// begins reports whether the next value has the given major type. If not, it skips the value and
// adds a problem, unless the value is null.
func (r *cborReader) begins(majorType byte, wanted string) bool {
	if r.malformed {
		return false
	}
	if r.majorType() != majorType {
		r.mismatch(r.value(), wanted)
		return false
	}
	return true
}

func (r *cborReader) structure(member func(name []byte)) bool {
	return r.members(wantedStructure, member)
}

func (r *cborReader) mapping(member func(name []byte)) bool { return r.members(wantedMap, member) }

func (r *cborReader) members(wanted string, member func(name []byte)) bool {
	if !r.begins(cborMap, wanted) {
		return false
	}
	names := make([][]byte, 0, 8) // on the stack, unless there are more
	for left := r.head(); r.more(&left); {
		if r.majorType() != cborText {
			r.malformed = true
			break
		}
		name := r.utf8String()
		names = append(names, name)
		member(name)
	}
	slices.SortFunc(names, bytes.Compare)
	if len(slices.CompactFunc(names, bytes.Equal)) < len(names) {
		r.malformed = true
	}
	return true
}

func (r *cborReader) list(element func()) bool {
	if !r.begins(cborArray, wantedList) {
		return false
	}
	for left := r.head(); r.more(&left); {
		element()
	}
	return true
}

func (r *cborReader) text() *string {
	if !r.begins(cborText, toString) {
		return nil
	}
	return r.texts.copy(r.utf8String())
}

func (r *cborReader) blob() []byte {
	if !r.begins(cborBytes, toBlob) {
		return nil
	}
	return r.string()
}

func (r *cborReader) boolean() *bool {
	switch value := r.value().(type) {
	case bool:
		return &value
	case string:
		return r.booleanFrom(value)
	default:
		r.mismatch(value, toBoolean)
	}
	return nil
}

func (r *cborReader) integer() *int {
	value := r.value()
	n, ok := numberFrom(value)
	if !ok {
		r.mismatch(value, toInteger)
		return nil
	}
	return integerFrom(n)
}

// timestamp reads milliseconds since 1970. AWS's clients tag them as if they were seconds.
func (r *cborReader) timestamp() *time.Time {
	if !r.malformed && r.majorType() == cborTag && r.head() != 1 {
		r.malformed = true
	}
	value := r.value()
	milliseconds, ok := numberFrom(value)
	if !ok {
		r.mismatch(value, toTimestamp)
		return nil
	}
	return timeFrom(milliseconds)
}

func (r *cborReader) skip() {
	if r.malformed {
		return
	}
	switch r.majorType() {
	case cborBytes, cborText:
		r.string()
	case cborArray, cborMap, cborTag:
		r.decode(&ignored{})
	default:
		r.head()
	}
}

// An ignored is a value that is not decoded.
type ignored struct{}

func (*ignored) UnmarshalCBOR([]byte) error { return nil }

// value reads any value. A list or a structure is returned empty, to show its type only.
func (r *cborReader) value() (value any) {
	if r.malformed {
		return nil
	}
	switch r.majorType() {
	case cborArray:
		r.skip()
		return []any{}
	case cborMap:
		r.skip()
		return map[string]any{}
	case cborTag:
		r.skip()
		return ignored{}
	}
	r.decode(&value)
	return value
}

// decode decodes the next value into v.
func (r *cborReader) decode(v any) {
	if r.malformed {
		return
	}
	rest, err := cborDecoder.UnmarshalFirst(r.body[r.at:], v)
	r.at, r.malformed = len(r.body)-len(rest), err != nil
}

// numberFrom converts a decoded value to a number. NaN is not one.
func numberFrom(value any) (float64, bool) {
	switch value := value.(type) {
	case uint64:
		return float64(value), true
	case int64:
		return float64(value), true
	case float64:
		return value, !math.IsNaN(value)
	}
	return 0, false
}

// mismatch describes a value of the wrong type. Null is always accepted.
func (r *cborReader) mismatch(value any, wanted string) {
	if _, ok := numberFrom(value); ok {
		r.addProblem(wrongType(isNumber, wanted))
		return
	}
	switch value.(type) {
	case nil:
	case map[string]any:
		r.addProblem(wrongType(isStructure, wanted))
	case []any:
		r.addProblem(wrongType(isList, wanted))
	case string:
		r.addProblem(wrongType(isString, wanted))
	case bool:
		r.addProblem(wrongType(isBoolean, wanted))
	default: // production's message about these is unknown
		r.malformed = true
	}
}
