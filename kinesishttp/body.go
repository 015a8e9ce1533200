package kinesishttp

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/putrecords/putrecords"
)

// bodyTimeout is how long a client may take to send a request's body, and then to read the answer.
const bodyTimeout = 30 * time.Second

// deadline is bodyTimeout from now, in the network's time.
func deadline() time.Time {
	return time.Now().Add(bodyTimeout) //nolint:forbidigo // no stream's time: connections have their own
}

const (
	perRecord = 1 << 10 // what the names, the quotes and the hash key of a record take, however they are written
	slack     = 1 << 20
	unlimited = 1 << 40 // a limit above this is none
)

var awsLimits = putrecords.Limits{RecordsPerRequest: 500, BytesPerRequest: 5 << 20, PartitionKeyLength: 256}

// bodyFor returns the bytes that the body of a request within the limits may need, or -1 if these do not limit it: its data in base64,
// and its partition keys, however they are written.
func bodyFor(limits putrecords.Limits) int64 {
	size, records, key := int64(limits.BytesPerRequest), int64(limits.RecordsPerRequest), int64(limits.PartitionKeyLength)
	if size == -1 || records == -1 || max(size, records) > unlimited {
		return -1
	}
	keys := 6 * size // for each byte an escape
	if key != -1 && key <= size {
		each := 12 * key          // for each character two
		if records <= keys/each { // so that the product does not overflow
			keys = records * each
		}
	}
	return size/3*4 + keys + records*perRecord + slack
}

// errTooLarge tells of a body that is larger than any request for the handler's streams can be.
var errTooLarge = errors.New("kinesishttp: body too large")

var bodies = sync.Pool{New: func() any { return &bytes.Buffer{} }}

// readBody reads the body of a request into a buffer from bodies, unless it is larger than limit, which may be -1.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) (*bytes.Buffer, error) {
	connection := http.NewResponseController(w)
	_ = connection.SetReadDeadline(deadline()) // where there is no connection there is none
	sent := r.Body
	if limit != -1 {
		if r.ContentLength > limit {
			return nil, errTooLarge
		}
		sent = http.MaxBytesReader(w, r.Body, limit)
	}
	body := bodies.Get().(*bytes.Buffer)
	body.Reset()
	if _, err := body.ReadFrom(sent); err != nil {
		bodies.Put(body)
		if tooLarge := (&http.MaxBytesError{}); errors.As(err, &tooLarge) {
			return nil, errTooLarge
		}
		return nil, err
	}
	_ = connection.SetReadDeadline(time.Time{})
	return body, nil
}

// answerBodyError answers a request whose body could not be read.
func answerBodyError(w http.ResponseWriter, r *http.Request, err error) {
	if r.ProtoMajor == 1 { // on a connection of HTTP/2 the other requests go on
		w.Header().Set("Connection", "close")
	}
	switch {
	case errors.Is(err, errTooLarge):
		if r.ProtoMajor == 2 { // AWS's JavaScript client sees no answer before it has sent all
			_, _ = io.CopyN(io.Discard, r.Body, 64<<20)
		}
		send(w, http.StatusRequestEntityTooLarge, nil)
	case errors.Is(err, os.ErrDeadlineExceeded):
		send(w, http.StatusRequestTimeout, fmt.Appendf(nil, "The body did not come within %v.\n", bodyTimeout))
	default:
		send(w, http.StatusBadRequest, []byte("The body ended before its length.\n"))
	}
}
