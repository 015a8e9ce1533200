package kinesishttp

import (
	"net/http"
	"time"
)

// NewServer returns a server of handler at a TCP address, which speaks HTTP/1.1 and HTTP/2, both without TLS; some clients speak the one
// to Kinesis and some the other. It gives up on connections that send no request, and on requests whose header does not come.
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
