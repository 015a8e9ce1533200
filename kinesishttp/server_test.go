package kinesishttp_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"go/version"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/kinesishttp"
)

// requestHead is the beginning of a PutRecords request, without the headers about its length.
const requestHead = "POST / HTTP/1.1\r\nHost: kinesis.test\r\nContent-Type: application/x-amz-json-1.1\r\n" +
	"X-Amz-Target: Kinesis_20131202.PutRecords\r\nX-Amz-Date: 20260304T050607Z\r\n" +
	"Authorization: AWS4-HMAC-SHA256 Credential=AKID/20260304/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=0\r\n"

// serve serves handler on a loopback address until the test ends. It returns the address.
func serve(t testing.TB, handler http.Handler) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := kinesishttp.NewServer("", handler)
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	}()
	t.Cleanup(func() { _ = server.Close() })
	return listener.Addr().String()
}

// newHTTPClient returns a client that speaks either HTTP/1.1 or HTTP/2 without TLS. Its timeout
// makes a test fail rather than hang.
func newHTTPClient(t *testing.T, http2 bool) *http.Client {
	t.Helper()
	protocols := &http.Protocols{}
	protocols.SetHTTP1(!http2)
	protocols.SetUnencryptedHTTP2(http2)
	client := &http.Client{Transport: &http.Transport{Protocols: protocols}, Timeout: time.Minute}
	t.Cleanup(client.CloseIdleConnections)
	return client
}

func TestProtocols(t *testing.T) {
	var got []string
	handler := kinesishttp.NewHandler(newStream(putrecords.Config{}))
	server := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.Proto)
		handler.ServeHTTP(w, r)
	}))
	for _, http2 := range []bool{false, true} {
		answer, err := newHTTPClient(t, http2).Do(newRequestTo(t, server, []byte(smallRequest)))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != http.StatusOK || !strings.HasPrefix(string(body), `{"FailedRecordCount":0,`) {
			t.Errorf("%v %s, error %v", answer, body, err)
		}
		if err := answer.Body.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if len(got) != 2 || got[0] != "HTTP/1.1" || got[1] != "HTTP/2.0" {
		t.Errorf("protocols %v", got)
	}
}

// A server answers 200 connections at once. The log stores nothing until every request
// has reached it.
func TestManyConnections(t *testing.T) {
	const connections = 200
	var barrier sync.WaitGroup
	barrier.Add(connections)
	log := &barrierLog{barrier: &barrier}
	stream := putrecords.MustNew(putrecords.Config{Log: log})
	server := serve(t, kinesishttp.NewHandler(stream))
	var done sync.WaitGroup
	for i := range connections {
		done.Go(func() {
			answer, err := newHTTPClient(t, i%2 == 0).Do(newRequestTo(t, server, []byte(smallRequest)))
			if err != nil {
				t.Error(err)
				return
			}
			defer answer.Body.Close()
			if answer.StatusCode != http.StatusOK {
				t.Errorf("status %d", answer.StatusCode)
			}
		})
	}
	done.Wait()
	if n := stored(t, stream); n != connections {
		t.Errorf("%d records are stored, want %d", n, connections)
	}
}

// A barrierLog finishes no Append until the barrier's count reaches zero. Each Append
// takes one off.
type barrierLog struct {
	putrecords.MemoryLog
	barrier *sync.WaitGroup
}

func (l *barrierLog) Append(ctx context.Context, shard putrecords.Shard, records []putrecords.Record) (func() error, error) {
	_, err := l.MemoryLog.Append(ctx, shard, records)
	return func() error { l.barrier.Done(); l.barrier.Wait(); return nil }, err
}

// A pipeServer is a server whose connections are pipes. In a synctest bubble, their deadlines
// follow the bubble's clock.
type pipeServer struct {
	server      *http.Server
	connections chan net.Conn
	closed      chan struct{}
	close       func()
}

func servePipes(t *testing.T, handler http.Handler) *pipeServer {
	s := &pipeServer{server: kinesishttp.NewServer("", handler), connections: make(chan net.Conn), closed: make(chan struct{})}
	s.close = sync.OnceFunc(func() { close(s.closed) })
	go func() { _ = s.server.Serve(s) }()
	t.Cleanup(func() { _ = s.server.Close() })
	return s
}

func (s *pipeServer) Accept() (net.Conn, error) {
	select {
	case connection := <-s.connections:
		return connection, nil
	case <-s.closed:
		return nil, net.ErrClosed
	}
}

func (s *pipeServer) Close() error {
	s.close()
	return nil
}

func (s *pipeServer) Addr() net.Addr { return &net.TCPAddr{} }

func (s *pipeServer) dial() net.Conn {
	client, server := net.Pipe()
	s.connections <- pipe{server}
	return client
}

// A pipe is the server's end of a connection. It has CloseWrite, as a TCP connection does. Go 1.27
// calls it half a second before Close if the server has not read the whole request.
type pipe struct{ net.Conn }

func (p pipe) CloseWrite() error { return p.Close() }

// waitsForFirstByte reports whether net/http sets no deadline for the first byte of a connection
// when it speaks HTTP/2 without TLS (golang/go#80205).
func waitsForFirstByte() bool {
	v, _, _ := strings.Cut(runtime.Version(), " ") // experiments come after a space
	return version.Compare(v, "go1.25.13") < 0 || version.Lang(v) == "go1.26" && version.Compare(v, "go1.26.6") < 0
}

// A client that stops sending in the middle of a request is cut off.
func TestClientThatStopsSending(t *testing.T) {
	for _, test := range []struct {
		name   string
		sent   string
		after  time.Duration // until it is cut off
		status int           // of the response; 0 if there is none
	}{
		{"before the header", "", 10 * time.Second, 0},
		{"in the header", requestHead, 10 * time.Second, 0},
		{"before the body", requestHead + "Content-Length: 1000\r\n\r\n", 30 * time.Second, 408},
		{"in the body", requestHead + "Content-Length: 1000\r\n\r\n" + smallRequest, 30 * time.Second, 408},
		{"in a chunk", requestHead + "Transfer-Encoding: chunked\r\n\r\n100\r\n" + smallRequest, 30 * time.Second, 408},
		{"before the last chunk", requestHead + fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", len(smallRequest), smallRequest), 30 * time.Second, 408},
		{"unknown operation", strings.Replace(requestHead, "PutRecords", "PutRecord5", 1) + "Content-Length: 1000\r\n\r\n", 30 * time.Second, 408},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.sent == "" && waitsForFirstByte() {
				t.Skip("this Go waits for the first byte as long as it takes")
			}
			synctest.Test(t, func(t *testing.T) {
				defer time.Sleep(time.Second) // until the server calls Close too
				stream := newStream(putrecords.Config{})
				connection := servePipes(t, kinesishttp.NewHandler(stream)).dial()
				begin := time.Now()
				if _, err := io.WriteString(connection, test.sent); err != nil {
					t.Fatal(err)
				}
				answer, err := http.ReadResponse(bufio.NewReader(connection), nil)
				if test.status == 0 && err == nil || test.status != 0 && (err != nil || answer.StatusCode != test.status) {
					t.Errorf("answer %+v, error %v, want status %d", answer, err, test.status)
				}
				if _, err := io.Copy(io.Discard, connection); err != nil { // until it is closed
					t.Error(err)
				}
				if after := time.Since(begin); after != test.after {
					t.Errorf("cut off after %v, want %v", after, test.after)
				}
				if n := stored(t, stream); n != 0 {
					t.Errorf("%d records are stored", n)
				}
			})
		})
	}
}

// A client may pause between requests and a log may be slow. Neither is cut off.
func TestSlowClientAndLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stream := putrecords.MustNew(putrecords.Config{Log: slowLog{&putrecords.MemoryLog{}, time.Hour}})
		connection := servePipes(t, kinesishttp.NewHandler(stream)).dial()
		reader := bufio.NewReader(connection)
		for range 2 {
			request := requestHead + fmt.Sprintf("Content-Length: %d\r\n\r\n", len(smallRequest))
			for _, part := range []string{request, smallRequest[:10], smallRequest[10:]} {
				if _, err := io.WriteString(connection, part); err != nil {
					t.Fatal(err)
				}
				time.Sleep(14 * time.Second)
			}
			answer, err := http.ReadResponse(reader, nil)
			if err != nil || answer.StatusCode != http.StatusOK {
				t.Fatalf("answer %+v, error %v", answer, err)
			}
			if _, err := io.Copy(io.Discard, answer.Body); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
		}
	})
}

// A connection without requests is closed after two minutes.
func TestIdleConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		connection := servePipes(t, kinesishttp.NewHandler()).dial()
		if _, err := fmt.Fprintf(connection, "%sContent-Length: %d\r\n\r\n%s", requestHead, len(smallRequest), smallRequest); err != nil {
			t.Fatal(err)
		}
		answered := time.Now()
		if _, err := io.Copy(io.Discard, connection); err != nil {
			t.Error(err)
		}
		if after := time.Since(answered); after != 2*time.Minute {
			t.Errorf("closed after %v, want 2m", after)
		}
	})
}

// A client that does not read the response is cut off.
func TestClientThatDoesNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		done := make(chan time.Time, 1)
		handler := kinesishttp.NewHandler(newStream(putrecords.Config{}))
		connection := servePipes(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() { done <- time.Now() }()
			handler.ServeHTTP(w, r)
		})).dial()
		body := `{"StreamName":"` + strings.Repeat("x", 100_000) + `"}` // the response repeats it
		begin := time.Now()
		if _, err := fmt.Fprintf(connection, "%sContent-Length: %d\r\n\r\n%s", requestHead, len(body), body); err != nil {
			t.Fatal(err)
		}
		if after := (<-done).Sub(begin); after != 30*time.Second {
			t.Errorf("cut off after %v, want 30s", after)
		}
	})
}
