package kinesishttp

import (
	"net/http"
	"time"
)

// NewServer returns a server for handler at the TCP address addr. It speaks HTTP/1.1 and HTTP/2,
// both without TLS. AWS's JavaScript client uses HTTP/2 for Kinesis; most others use HTTP/1.1. A
// client has 10 seconds to send a request's headers, and a connection may stay idle for 2 minutes.
func NewServer(addr string, handler http.Handler) *http.Server {
	protocols := &http.Protocols{}
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{
		Addr:              addr,
		Handler:           handler,
		Protocols:         protocols,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
	}
}
