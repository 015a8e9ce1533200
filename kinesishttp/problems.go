package kinesishttp

import (
	"math"
	"strings"
)

// problems collects what a reader finds wrong with a body.
type problems struct {
	malformed bool   // the body is not valid in its encoding
	first     string // the message about the first value of the wrong type
}

// addProblem records the message about a value. Only the first one counts.
func (p *problems) addProblem(message string) {
	if p.first == "" {
		p.first = message
	}
}

func (p *problems) end() error {
	if p.malformed {
		return serializationError("") // production sends no message
	}
	if p.first != "" {
		return serializationError(p.first)
	}
	return nil
}

// Production's words for the type that a value has, and for the type that a member needs.
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
	wantedMap       = "Expected map or null"
	wantedStructure = "Expected null"
)

// wrongType returns production's message about a value of the wrong type. Both
// arguments are among the constants above.
func wrongType(is, wanted string) string {
	switch {
	case is == isList || is == isStructure:
		return is
	case wanted == wantedList || wanted == wantedMap || wanted == wantedStructure:
		return wanted
	}
	return is + wanted
}

// booleanFrom converts a string to a boolean as production does. It returns nil, and adds a
// problem, if the string is not a boolean.
func (p *problems) booleanFrom(s string) *bool {
	var value bool
	switch s = strings.ToUpper(s); s {
	case "TRUE", "YES", "1":
		value = true
	case "FALSE", "NO", "0":
	default:
		p.addProblem("'" + s + "'" + toBoolean)
		return nil
	}
	return &value
}

// integerFrom truncates a number to a Java int.
func integerFrom(number float64) *int {
	n := int(max(math.MinInt32, min(math.MaxInt32, math.Trunc(number))))
	return &n
}
