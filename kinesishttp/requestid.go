package kinesishttp

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
)

// requestID returns the ID of the nth request, which looks like one of AWS's.
func requestID(n uint64) string {
	digits := hex.EncodeToString(binary.BigEndian.AppendUint64(nil, n))
	return "00000000-0000-0000-" + digits[:4] + "-" + digits[4:]
}

// extendedRequestID returns an x-amz-id-2 header: 72 bytes in base64, as in production.
func extendedRequestID(request uint64) string {
	var id [72]byte
	binary.BigEndian.PutUint64(id[64:], request)
	return base64.StdEncoding.EncodeToString(id[:])
}
