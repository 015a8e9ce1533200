package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	"github.com/fxamacker/cbor/v2"
)

// An encoding writes the bodies of calls and reads those of answers.
type encoding struct {
	name        string
	contentType string
	encode      func(v any) []byte // v consists of maps and lists of any, strings, ints and []byte
	decode      func(body []byte, v any) error
	// failedRecordCount finds an answer's FailedRecordCount without decoding the answer. Decoding
	// would take longer than many servers take to write it.
	failedRecordCount func(body []byte) (failed int, found bool)
}

var (
	inJSON = encoding{"JSON", "application/x-amz-json-1.1", encodeJSON, json.Unmarshal, failedInJSON}
	inCBOR = encoding{"CBOR", "application/x-amz-cbor-1.1", encodeCBOR, cbor.Unmarshal, failedInCBOR}
)

func encodeJSON(v any) []byte { return must(json.Marshal(v)) }

func encodeCBOR(v any) []byte { return appendCBOR(nil, v) }

// appendCBOR appends v as the AWS SDK for Java writes it: lists and structures have an indefinite
// length.
func appendCBOR(b []byte, v any) []byte {
	const list, structure, end = 0x9f, 0xbf, 0xff
	switch v := v.(type) {
	case []any:
		b = append(b, list)
		for _, element := range v {
			b = appendCBOR(b, element)
		}
		return append(b, end)
	case map[string]any:
		b = append(b, structure)
		for _, name := range slices.Sorted(maps.Keys(v)) {
			b = appendCBOR(appendCBOR(b, name), v[name])
		}
		return append(b, end)
	default:
		return append(b, must(cbor.Marshal(v))...)
	}
}

// must returns v. It panics if v could not be encoded.
func must(v []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return v
}

func failedInJSON(body []byte) (failed int, found bool) {
	const name = `FailedRecordCount"` // no first quote: an F is rarer, so faster to find
	for {
		_, rest, found := bytes.Cut(body, []byte(name))
		if !found {
			return 0, false
		}
		body = rest
		rest = bytes.TrimLeft(rest, " \t\r\n")
		rest, isName := bytes.CutPrefix(rest, []byte(":"))
		rest = bytes.TrimLeft(rest, " \t\r\n")
		digits := len(rest) - len(bytes.TrimLeft(rest, "0123456789"))
		if !isName || digits == 0 || digits > 9 {
			continue
		}
		for _, digit := range rest[:digits] {
			failed = 10*failed + int(digit-'0')
		}
		return failed, true
	}
}

func failedInCBOR(body []byte) (failed int, found bool) {
	const name = "\x71FailedRecordCount" // starts with the head of a text of 17 bytes
	for {
		_, rest, found := bytes.Cut(body, []byte(name))
		if !found {
			return 0, false
		}
		body = rest
		var count uint16
		if _, err := cbor.UnmarshalFirst(rest, &count); err == nil {
			return int(count), true
		}
	}
}
