package kinesishttp

import (
	"bytes"
	"errors"
	"slices"
	"sync"
	"time"
	"unicode/utf8"
)

// A quickJSON reads a JSON body of the usual shape, several times faster than a jsonReader. It
// steps aside for any other body: end returns errUnusual, what it has read counts for nothing, and
// a jsonReader reads the body from its beginning. So it has no error messages. Whatever it accepts,
// a jsonReader reads in the same way. The usual shape is:
//
//	structure  { "name": value, ... }  up to maxQuickMembers members, each of which the operation
//	                                   has and comes once
//	list       [ value, ... ]          up to maxElements values
//	text       "stream"                valid UTF-8 without escapes
//	blob       "aGk="                  valid base64
//
// A null, a boolean, a number, a skipped value, and a value of the wrong type are not part of it.
// There may be white space between any two tokens.
type quickJSON struct {
	body    []byte
	at      int // what begins here has not been read yet
	unusual bool
	blobs   []byte // the blobs decoded so far, back to back, with room for all of the body's
	texts   texts
}

var errUnusual = errors.New("kinesishttp: the body does not have the usual shape")

// maxQuickMembers is more than a put's structures have.
const maxQuickMembers = 8

var quickJSONs = sync.Pool{New: func() any { return &quickJSON{} }}

func pooledQuickJSON(body []byte) (reader, func()) {
	r := quickJSONs.Get().(*quickJSON)
	r.reset(body)
	return r, func() {
		r.body = nil
		quickJSONs.Put(r)
	}
}

// reset makes r read body.
func (r *quickJSON) reset(body []byte) {
	r.body, r.at, r.unusual = body, 0, false
	r.blobs = slices.Grow(r.blobs[:0], strictBase64.DecodedLen(len(body)))
}

// stepAside leaves nothing to read, so every other read steps aside too.
func (r *quickJSON) stepAside() { r.at, r.unusual = len(r.body), true }

func (r *quickJSON) end() error {
	r.space()
	if r.unusual || r.at < len(r.body) {
		return errUnusual
	}
	return nil
}

// space skips white space.
func (r *quickJSON) space() {
	for r.at < len(r.body) {
		switch r.body[r.at] {
		case ' ', '\t', '\n', '\r':
			r.at++
		default:
			return
		}
	}
}

// next reports whether c is the next byte after white space. If so, it skips c.
func (r *quickJSON) next(c byte) bool {
	r.space()
	if r.at == len(r.body) || r.body[r.at] != c {
		return false
	}
	r.at++
	return true
}

// need skips c, or steps aside if something else is next.
func (r *quickJSON) need(c byte) {
	if !r.next(c) {
		r.stepAside()
	}
}

func (r *quickJSON) structure(member func(name []byte)) bool {
	var names [maxQuickMembers][]byte
	n := 0
	r.need('{')
	for more := !r.next('}'); more && !r.unusual; more = r.next(',') {
		name := r.string()
		r.need(':')
		if n == len(names) || contains(names[:n], name) {
			r.stepAside()
			break
		}
		names[n] = name
		n++
		member(name)
	}
	if n > 0 {
		r.need('}')
	}
	return true
}

func (r *quickJSON) mapping(member func(name []byte)) bool { return r.structure(member) }

func contains(names [][]byte, name []byte) bool {
	return slices.ContainsFunc(names, func(other []byte) bool { return bytes.Equal(name, other) })
}

func (r *quickJSON) list(element func()) bool {
	n := 0
	r.need('[')
	for more := !r.next(']'); more && !r.unusual; more = r.next(',') {
		if n == maxElements {
			r.stepAside()
			break
		}
		n++
		element()
	}
	if n > 0 {
		r.need(']')
	}
	return true
}

func (r *quickJSON) text() *string { return r.texts.copy(r.string()) }

func (r *quickJSON) blob() []byte {
	encoded := r.quoted()
	start := len(r.blobs)
	n, err := strictBase64.Decode(r.blobs[start:cap(r.blobs)], encoded)
	// The decoder skips line breaks, which a JSON string cannot contain.
	if err != nil || bytes.IndexByte(encoded, '\n') >= 0 || bytes.IndexByte(encoded, '\r') >= 0 {
		r.stepAside()
		return nil
	}
	r.blobs = r.blobs[:start+n]
	return r.blobs[start : start+n : start+n]
}

// string reads a string without escapes.
func (r *quickJSON) string() []byte {
	s := r.quoted()
	ascii := true
	for _, c := range s {
		if c < ' ' || c == '\\' {
			r.stepAside()
			return nil
		}
		ascii = ascii && c < utf8.RuneSelf
	}
	if !ascii && !utf8.Valid(s) {
		r.stepAside()
	}
	return s
}

// quoted reads what is between two quotation marks, whatever it is.
func (r *quickJSON) quoted() []byte {
	r.need('"')
	start := r.at
	length := bytes.IndexByte(r.body[start:], '"')
	if length < 0 {
		r.stepAside()
		return nil
	}
	r.at += length + 1
	return r.body[start : start+length]
}

func (r *quickJSON) boolean() *bool {
	r.stepAside()
	return nil
}

func (r *quickJSON) integer() *int {
	r.stepAside()
	return nil
}

func (r *quickJSON) timestamp() *time.Time {
	r.stepAside()
	return nil
}

func (r *quickJSON) skip() { r.stepAside() }
