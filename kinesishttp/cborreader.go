package kinesishttp

import (
	"maps"
	"math"
	"slices"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// A cborReader reads the values of CBOR data. Members come in the order of their names, for the decoder keeps no other. A value that is
// skipped is only checked to be well-formed.
type cborReader struct {
	value cbor.RawMessage // the next
	faults
}

var cborDecoder = cborMode(cbor.DecOptions{DupMapKey: cbor.DupMapKeyEnforcedAPF, MaxArrayElements: maxElements}.DecMode())

// cborMode returns a mode of the library's, whose options are right.
func cborMode[Mode any](mode Mode, err error) Mode {
	if err != nil {
		panic(err)
	}
	return mode
}

func newCBORReader(data []byte) *cborReader {
	r := &cborReader{value: data}
	if cborDecoder.Wellformed(data) != nil || r.majorType() != cborMap {
		r.failed = true
	}
	return r
}

// The major types of CBOR that are not decoded whole.
const (
	cborArray = 4
	cborMap   = 5
	cborTag   = 6
)

func (r *cborReader) majorType() byte { return r.value[0] >> 5 }

// decode decodes the next value into v, or notes that it cannot be.
func (r *cborReader) decode(v any) {
	if r.failed || cborDecoder.Unmarshal(r.value, v) != nil {
		r.failed = true
	}
}

// peek returns the next value, but an empty one if it is a list or a structure.
func (r *cborReader) peek() (value any) {
	if r.failed {
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
		return booleanFrom(value, r.fault)
	}
	r.mismatch(value, toBoolean)
	return nil
}

func (r *cborReader) integer() *int {
	value := r.peek()
	n, ok := number(value)
	if !ok {
		r.mismatch(value, toInteger)
		return nil
	}
	return integerFrom(n)
}

// timestamp reads milliseconds since 1970, which AWS's clients tag as if they were seconds.
func (r *cborReader) timestamp() *time.Time {
	value := r.peek()
	if tag, ok := value.(cbor.RawTag); ok && tag.Number == 1 {
		r.value = tag.Content
		value = r.peek()
	}
	milliseconds, ok := number(value)
	if !ok {
		r.mismatch(value, toTimestamp)
		return nil
	}
	return timeFrom(milliseconds)
}

func (r *cborReader) skip() {}

func number(value any) (float64, bool) {
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

// mismatch tells what is wrong with a value that is not what was wanted. Null is right.
func (r *cborReader) mismatch(value any, wanted string) {
	if _, ok := number(value); ok {
		r.fault(wrongType(isNumber, wanted))
		return
	}
	switch value.(type) {
	case nil:
	case map[string]any:
		r.fault(wrongType(isStructure, wanted))
	case []any:
		r.fault(wrongType(isList, wanted))
	case string:
		r.fault(wrongType(isString, wanted))
	case bool:
		r.fault(wrongType(isBoolean, wanted))
	default: // what production says of these is not known
		r.failed = true
	}
}
