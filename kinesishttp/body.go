package kinesishttp

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/putrecords/putrecords"
)

// bodyTimeout is how long a client may take to send a body, and again to read the response.
const bodyTimeout = 30 * time.Second

// deadline returns the time bodyTimeout from now.
func deadline() time.Time {
	return time.Now().Add(bodyTimeout) //nolint:forbidigo // not a stream's time
}

// The parts of a body other than data and partition keys.
const (
	// bytesPerRecord covers the member names, the punctuation and the hash key of a record, even if
	// every character is escaped.
	bytesPerRecord  = 1 << 10
	bytesPerRequest = 1 << 20
)

// hugeLimit is the limit above which a request counts as unlimited.
const hugeLimit = 1 << 40

// awsLimits are AWS's limits on a request.
var awsLimits = putrecords.Limits{RecordsPerRequest: 500, BytesPerRequest: 5 << 20, PartitionKeyLength: 256}

// bodyLimit returns the size of the largest body that a request within limits can have, or -1 if
// limits does not bound it. Data is sent in base64, where some encoders put a backslash before each
// slash. Any character of a partition key may be escaped.
func bodyLimit(limits putrecords.Limits) int64 {
	size, records, key := int64(limits.BytesPerRequest), int64(limits.RecordsPerRequest), int64(limits.PartitionKeyLength)
	if size == -1 || records == -1 || max(size, records) > hugeLimit {
		return -1
	}
	keys := 6 * size // an escape for each byte
	if key != -1 && key <= size {
		each := 12 * key          // two escapes for each character
		if records <= keys/each { // the product does not overflow
			keys = records * each
		}
	}
	return size/3*8 + keys + records*bytesPerRecord + bytesPerRequest
}

// errTooLarge means that a body is larger than any request for the handler's streams can be.
var errTooLarge = errors.New("kinesishttp: body too large")

// receive passes a request's body to read and returns its error. It returns errTooLarge if the body
// is larger than any request for the handler's streams can be.
func (h *Handler) receive(w http.ResponseWriter, r *http.Request, read func(io.Reader) error) error {
	connection := http.NewResponseController(w)
	_ = connection.SetReadDeadline(deadline()) // fails if there is no connection
	sent := r.Body
	if limit := h.bodyLimit(r); limit != -1 {
		if r.ContentLength > limit {
			return errTooLarge
		}
		sent = http.MaxBytesReader(w, r.Body, limit)
	}
	if err := read(sent); err != nil {
		if tooLarge := (&http.MaxBytesError{}); errors.As(err, &tooLarge) {
			return errTooLarge
		}
		return err
	}
	_ = connection.SetReadDeadline(time.Time{})
	return nil
}

// answerBodyError answers a request whose body receive could not read.
func answerBodyError(w http.ResponseWriter, r *http.Request, err error) {
	if r.ProtoMajor == 1 { // an HTTP/2 connection carries other requests too
		w.Header().Set("Connection", "close")
	}
	switch {
	case errors.Is(err, errTooLarge):
		if r.ProtoMajor == 2 { // AWS's JavaScript client sends everything before it reads
			_, _ = io.CopyN(io.Discard, r.Body, 64<<20)
		}
		send(w, http.StatusRequestEntityTooLarge, nil)
	case errors.Is(err, os.ErrDeadlineExceeded):
		send(w, http.StatusRequestTimeout, fmt.Appendf(nil, "The body did not arrive within %v.\n", bodyTimeout))
	default:
		send(w, http.StatusBadRequest, []byte("The body ended early.\n"))
	}
}
