package kinesishttp

import (
	"net/http"
	"time"
)

// NewServer returns a server of handler at a TCP address, which speaks HTTP/1.1 and, without TLS too, HTTP/2: AWS's JavaScript client speaks
// that to Kinesis, and most others HTTP/1.1. It gives a request's header 10 seconds to come, and a connection 2 minutes between requests.
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
