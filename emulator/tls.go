package main

import (
	"crypto/tls"
	"fmt"
	"os"
)

// loadTLS returns a configuration with the certificate of -tls-cert and -tls-key, or nil if they
// are not set.
func (o options) loadTLS() (*tls.Config, error) {
	if o.tlsCert == "" {
		return nil, nil
	}
	cert, err := os.ReadFile(o.tlsCert)
	if err != nil {
		return nil, fmt.Errorf("-tls-cert: %w", err)
	}
	key, err := os.ReadFile(o.tlsKey)
	if err != nil {
		return nil, fmt.Errorf("-tls-key: %w", err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("-tls-cert %s and -tls-key %s: %w", o.tlsCert, o.tlsKey, err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}}, nil
}
