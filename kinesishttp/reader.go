package kinesishttp

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// A reader reads the values of a request's body in their order. Each method reads one value; null reads as nil. What is wrong with a
// value is kept for end; the value is skipped, so that the whole body is checked.
type reader interface {
	// structure calls member for each member of a structure, which must read the member's value. It reports whether there is one.
	structure(member func(name []byte)) bool
	// list calls element for each element of a list, which must read it. It reports whether there is a list.
	list(element func()) bool
	text() *string
	blob() []byte // its bytes are the request's, and gone with it
	boolean() *bool
	integer() *int
	timestamp() *time.Time
	skip()
	// end returns what is wrong with the body: if it does not follow its encoding, an error without a text; else the first
	// value of the wrong type.
	end() error
}

// readAddress reads a member that names a stream, and skips any other.
func readAddress(r reader, name []byte, streamName, streamARN **string) {
	switch string(name) {
	case "StreamARN":
		*streamARN = r.text()
	case "StreamName":
		*streamName = r.text()
	default:
		r.skip()
	}
}

// faults are what a reader has found wrong.
type faults struct {
	wrong  string // the text about the first value of a wrong type
	failed bool   // the body does not follow its encoding
}

// fault keeps the text about a value if it is the first.
func (f *faults) fault(text string) {
	if f.wrong == "" {
		f.wrong = text
	}
}

func (f *faults) end() error {
	if f.failed {
		return serializationError("") // of which production says no more
	}
	if f.wrong != "" {
		return serializationError(f.wrong)
	}
	return nil
}

// maxElements is how many elements a list may have: far more than AWS takes, and few enough to be no burden. A longer list is
// answered as if it did not follow the encoding.
const maxElements = 1 << 17

// What a value is where another kind was expected, in production's words.
const (
	isBoolean   = "class java.lang.Boolean"
	isNumber    = "class com.amazon.coral.value.json.numbers.TruncatingBigNumber"
	isString    = "class java.lang.String"
	isList      = "Start of list found where not expected"
	isStructure = "Start of structure or map found where not expected."

	toString    = " can not be converted to an String"
	toBlob      = " can not be converted to a Blob"
	toBoolean   = " can not be converted to an Boolean"
	toInteger   = " can not be converted to an Integer"
	toTimestamp = " can not be converted to milliseconds since epoch"

	wantedList      = "Expected list or null"
	wantedStructure = "Expected null"
)

// wrongType returns production's text for a value that is not what was wanted, where wanted is one of the texts above.
func wrongType(is, wanted string) string {
	switch {
	case is == isList || is == isStructure:
		return is
	case wanted == wantedList || wanted == wantedStructure:
		return wanted
	}
	return is + wanted
}

// booleanFrom reads a string that production takes for a boolean, or gives fault the text about it.
func booleanFrom(s string, fault func(text string)) *bool {
	var value bool
	switch s = strings.ToUpper(s); s {
	case "TRUE", "YES", "1":
		value = true
	case "FALSE", "NO", "0":
	default:
		fault("'" + s + "'" + toBoolean)
		return nil
	}
	return &value
}

// integerFrom cuts a number to an Integer.
func integerFrom(number float64) *int {
	n := int(max(math.MinInt32, min(math.MaxInt32, math.Trunc(number))))
	return &n
}

// explainBase64 returns production's text for a string that is not base64.
func explainBase64(s string) string {
	reason := "Invalid last non-pad Base64 character dectected"
	if n := utf16Length(s); n%4 != 0 {
		reason = fmt.Sprintf("Base64 encoded length is expected a multiple of 4 bytes but found: %d", n)
	} else if c, found := invalidBase64Character(s); found {
		reason = fmt.Sprintf("Invalid Base64 character: '%c'", c)
	}
	return "'" + s + "'" + toBlob + ": " + reason
}

func utf16Length(s string) (n int) {
	for _, c := range s {
		n++
		if c > 0xffff {
			n++
		}
	}
	return n
}

// invalidBase64Character returns the first character that is not in the alphabet, or is padding with something other than padding
// behind it.
func invalidBase64Character(s string) (c rune, found bool) {
	padded := false
	for _, c := range s {
		switch {
		case padded && c != '=':
			return '=', true
		case c == '=':
			padded = true
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '+', c == '/':
		default:
			return c, true
		}
	}
	return 0, false
}
