package kinesishttp

import "time"

// A reader reads the values of a request's body in order. Each method reads one value
// and returns nil for null. A reader skips a value of the wrong type and continues, so
// it always checks the whole body.
type reader interface {
	// structure reads a structure and reports whether there is one. It calls member for each
	// member; member must read the member's value.
	structure(member func(name []byte)) bool
	// mapping reads a map as structure reads a structure.
	mapping(member func(name []byte)) bool
	// list reads a list and reports whether there is one. It calls element for each
	// element; element must read it.
	list(element func()) bool
	text() *string
	blob() []byte // valid only while the operation runs
	boolean() *bool
	integer() *int
	timestamp() *time.Time
	skip()
	// end returns what is wrong with the body. A malformed body takes precedence over a
	// value of the wrong type. The error is errUnusual if another reader must read the body.
	end() error
}

// readStream reads a member that identifies a stream and skips any other member.
func readStream(r reader, name []byte, streamName, streamARN **string) {
	switch string(name) {
	case "StreamARN":
		*streamARN = r.text()
	case "StreamName":
		*streamName = r.text()
	default:
		r.skip()
	}
}

// maxElements is the longest list that a reader accepts. A longer list makes the body malformed.
// AWS accepts far fewer elements; the limit bounds the memory that one request can take.
const maxElements = 1 << 17

// maxMembers is how many members of a structure a reader accepts. A structure with more makes the
// body malformed. AWS's structures have fewer than ten; the limit bounds the time that finding
// repeated names can take.
const maxMembers = 1 << 10
