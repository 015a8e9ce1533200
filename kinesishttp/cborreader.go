package kinesishttp

import (
	"maps"
	"math"
	"reflect"
	"slices"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// A cborReader reads the values of CBOR data that has been decoded whole. Members come in the order of their names, for the decoder
// keeps no other.
type cborReader struct {
	value  any    // the next
	wrong  string // the text about the first value of a wrong type
	failed bool   // the data is not CBOR, or holds a value of a type that JSON has not where none of the kind belongs
}

var cborDecoder = cborMode(cbor.DecOptions{
	DupMapKey:      cbor.DupMapKeyEnforcedAPF,
	DefaultMapType: reflect.TypeFor[map[string]any](),
}.DecMode())

// cborMode returns a mode of the library's, whose options are right.
func cborMode[Mode any](mode Mode, err error) Mode {
	if err != nil {
		panic(err)
	}
	return mode
}

func newCBORReader(data []byte) *cborReader {
	r := &cborReader{}
	if err := cborDecoder.Unmarshal(data, &r.value); err != nil {
		r.failed = true
	} else if _, ok := r.value.(map[string]any); !ok {
		r.failed = true
	}
	return r
}

func (r *cborReader) end() error {
	if r.failed {
		return malformed()
	}
	if r.wrong != "" {
		return serializationError(r.wrong)
	}
	return nil
}

func (r *cborReader) structure(member func(name []byte)) bool {
	members, ok := r.value.(map[string]any)
	if !ok {
		r.mismatch(wantedStructure)
		return false
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		r.value = members[name]
		member([]byte(name))
	}
	return true
}

func (r *cborReader) list(element func()) bool {
	elements, ok := r.value.([]any)
	if !ok {
		r.mismatch(wantedList)
		return false
	}
	for _, r.value = range elements {
		element()
	}
	return true
}

func (r *cborReader) text() *string {
	s, ok := r.value.(string)
	if !ok {
		r.mismatch(toString)
		return nil
	}
	return &s
}

func (r *cborReader) blob() []byte {
	data, ok := r.value.([]byte)
	if !ok {
		r.mismatch(toBlob)
	}
	return data
}

func (r *cborReader) boolean() *bool {
	switch value := r.value.(type) {
	case bool:
		return &value
	case string:
		return booleanFrom(value, r.fault)
	}
	r.mismatch(toBoolean)
	return nil
}

func (r *cborReader) integer() *int {
	number, ok := r.number()
	if !ok {
		r.mismatch(toInteger)
		return nil
	}
	return integerFrom(number)
}

// timestamp reads milliseconds since 1970, which AWS tags as if they were seconds.
func (r *cborReader) timestamp() *time.Time {
	milliseconds, ok := r.number()
	if tagged, isTime := r.value.(time.Time); isTime {
		milliseconds, ok = float64(tagged.Unix()), true
	}
	if !ok {
		r.mismatch(toTimestamp)
		return nil
	}
	t := time.UnixMilli(int64(milliseconds)).UTC()
	return &t
}

func (r *cborReader) skip() {}

func (r *cborReader) number() (float64, bool) {
	switch value := r.value.(type) {
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
func (r *cborReader) mismatch(wanted string) {
	if _, ok := r.number(); ok {
		r.fault(wrongType(isNumber, wanted))
		return
	}
	switch r.value.(type) {
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

// fault keeps the text about a value if it is the first.
func (r *cborReader) fault(text string) {
	if r.wrong == "" {
		r.wrong = text
	}
}
