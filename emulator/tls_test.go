package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A certificate is one for 127.0.0.1, in files.
type certificate struct {
	cert, key string // file names
	pool      *x509.CertPool
}

func newCertificate(t *testing.T) certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(cert)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return certificate{
		cert: writePEM(t, "cert.pem", "CERTIFICATE", cert),
		key:  writePEM(t, "key.pem", "PRIVATE KEY", encoded),
		pool: pool,
	}
}

// writePEM writes a block to a file and returns the file's name.
func writePEM(t *testing.T, name, kind string, data []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data}), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestTLSWithHTTP1AndHTTP2(t *testing.T) {
	c := newCertificate(t)
	e := start(t, "-tls-cert", c.cert, "-tls-key", c.key)
	for _, want := range []string{"HTTP/1.1", "HTTP/2.0"} {
		transport := &http.Transport{
			TLSClientConfig:   &tls.Config{RootCAs: c.pool},
			ForceAttemptHTTP2: want == "HTTP/2.0",
		}
		request := newRequest(e.addr, "ListStreams", strings.NewReader("{}"))
		request.URL.Scheme = "https"
		response, err := transport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK || response.Proto != want {
			t.Errorf("status %d over %s, want 200 over %s", response.StatusCode, response.Proto, want)
		}
		transport.CloseIdleConnections()
	}
	if status, _ := e.finish(t); status != 0 {
		t.Errorf("status %d, stderr %s", status, e.stderr)
	}
}

// With TLS, a client without it is told so.
func TestTLSRefusesPlainHTTP(t *testing.T) {
	c := newCertificate(t)
	e := start(t, "-tls-cert", c.cert, "-tls-key", c.key)
	defer e.finish(t)
	status, body, err := do(http.DefaultClient, newRequest(e.addr, "ListStreams", strings.NewReader("{}")))
	if err != nil || status != http.StatusBadRequest || body != "Client sent an HTTP request to an HTTPS server.\n" {
		t.Errorf("status %d, body %q, error %v", status, body, err)
	}
}

func TestTLSFilesThatCannotBeUsedAreNamed(t *testing.T) {
	c, other := newCertificate(t), newCertificate(t)
	missing := filepath.Join(t.TempDir(), "missing.pem")
	for _, test := range []struct{ name, cert, key, want string }{
		{"no certificate", missing, c.key, "emulator: -tls-cert: open " + missing + ": "},
		{"no key", c.cert, missing, "emulator: -tls-key: open " + missing + ": "},
		{"a key as the certificate", c.key, c.key, "emulator: -tls-cert " + c.key + " and -tls-key " + c.key + ": tls: "},
		{"a certificate as the key", c.cert, c.cert, "emulator: -tls-cert " + c.cert + " and -tls-key " + c.cert + ": tls: "},
		{"another certificate's key", c.cert, other.key, "emulator: -tls-cert " + c.cert + " and -tls-key " + other.key + ": tls: "},
	} {
		var stdout, stderr bytes.Buffer
		status := run(stopped(), []string{"-addr", "127.0.0.1:0", "-tls-cert", test.cert, "-tls-key", test.key}, &stdout, &stderr)
		if status != 1 || stdout.Len() != 0 || !strings.HasPrefix(stderr.String(), test.want) {
			t.Errorf("%s: status %d, stdout %q, stderr %q, want %q", test.name, status, &stdout, &stderr, test.want)
		}
	}
}
