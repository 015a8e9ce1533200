package kinesishttp

import (
	"maps"
	"math"
	"slices"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// A cborReader reads a CBOR body. It reads the members of a structure in the order of
// their names, because the decoder does not keep the body's order. It checks only that
// a skipped value is well-formed.
type cborReader struct {
	value cbor.RawMessage // the next value
	problems
}

var cborDecoder = must(cbor.DecOptions{DupMapKey: cbor.DupMapKeyEnforcedAPF, MaxArrayElements: maxElements}.DecMode())

func newCBORReader(data []byte) *cborReader {
	r := &cborReader{value: data}
	if cborDecoder.Wellformed(data) != nil || r.majorType() != cborMap {
		r.malformed = true
	}
	return r
}

// The major types of CBOR whose values peek does not decode.
const (
	cborArray = 4
	cborMap   = 5
	cborTag   = 6
)

func (r *cborReader) majorType() byte { return r.value[0] >> 5 }

// decode decodes the next value into v.
func (r *cborReader) decode(v any) {
	if r.malformed || cborDecoder.Unmarshal(r.value, v) != nil {
		r.malformed = true
	}
}

// peek returns the next value. A list or a structure is returned empty, to show its type only.
func (r *cborReader) peek() (value any) {
	if r.malformed {
		return nil
	}
	switch r.majorType() {
	case cborArray:
		return []any{}
	case cborMap:
		return map[string]any{}
	case cborTag:
		var tag cbor.RawTag
		r.decode(&tag)
		return tag
	}
	r.decode(&value)
	return value
}

func (r *cborReader) structure(member func(name []byte)) bool {
	var members map[string]cbor.RawMessage
	value := r.peek()
	if _, ok := value.(map[string]any); !ok {
		r.mismatch(value, wantedStructure)
		return false
	}
	r.decode(&members)
	for _, name := range slices.Sorted(maps.Keys(members)) {
		r.value = members[name]
		member([]byte(name))
	}
	return true
}

func (r *cborReader) list(element func()) bool {
	var elements []cbor.RawMessage
	value := r.peek()
	if _, ok := value.([]any); !ok {
		r.mismatch(value, wantedList)
		return false
	}
	r.decode(&elements)
	for _, r.value = range elements {
		element()
	}
	return true
}

func (r *cborReader) text() *string {
	value := r.peek()
	s, ok := value.(string)
	if !ok {
		r.mismatch(value, toString)
		return nil
	}
	return &s
}

func (r *cborReader) blob() []byte {
	value := r.peek()
	data, ok := value.([]byte)
	if !ok {
		r.mismatch(value, toBlob)
	}
	return data
}

func (r *cborReader) boolean() *bool {
	value := r.peek()
	switch value := value.(type) {
	case bool:
		return &value
	case string:
		return r.booleanFrom(value)
	}
	r.mismatch(value, toBoolean)
	return nil
}

func (r *cborReader) integer() *int {
	value := r.peek()
	n, ok := numberFrom(value)
	if !ok {
		r.mismatch(value, toInteger)
		return nil
	}
	return integerFrom(n)
}

// timestamp reads milliseconds since 1970. AWS's clients tag them as if they were seconds.
func (r *cborReader) timestamp() *time.Time {
	value := r.peek()
	if tag, ok := value.(cbor.RawTag); ok && tag.Number == 1 {
		r.value = tag.Content
		value = r.peek()
	}
	milliseconds, ok := numberFrom(value)
	if !ok {
		r.mismatch(value, toTimestamp)
		return nil
	}
	return timeFrom(milliseconds)
}

func (r *cborReader) skip() {}

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
