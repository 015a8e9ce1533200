package kinesishttp_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/kinesishttp"
)

// requestHead is a PutRecords request up to the length of its body.
const requestHead = "POST / HTTP/1.1\r\nHost: kinesis.test\r\nContent-Type: application/x-amz-json-1.1\r\n" +
	"X-Amz-Target: Kinesis_20131202.PutRecords\r\nAuthorization: AWS4-HMAC-SHA256\r\n"

const smallRequest = `{"StreamName":"stream","Records":[{"Data":"","PartitionKey":"a"}]}`

// A request as large as a stream takes is taken however its text is written.
func TestLargestBody(t *testing.T) {
	for _, size := range []int{5 << 20, 10 << 20} {
		limits := putrecords.Limits{BytesPerRequest: size, RecordsPerSecond: -1, BytesPerSecond: -1}
		stream := newStream(putrecords.Config{Limits: limits, Log: putrecords.Discard()})
		handler := kinesishttp.NewHandler(newStream(putrecords.Config{Name: "other"}), stream)
		for _, character := range []string{"\x01", "é", "😀"} {
			key := strings.Repeat(character, 256)
			data := base64.StdEncoding.EncodeToString(make([]byte, size/500-len(key)))
			record := fmt.Sprintf(`{"%s":"%s","%s":"%s","%s":"%s"}`, escaped("Data"), data, escaped("PartitionKey"), escaped(key),
				escaped("ExplicitHashKey"), escaped("340282366920938463463374607431768211455"))
			body := `{"StreamName":"stream","Records":[` + strings.Repeat(record+",", 499) + record + `]}`
			if status, answer := call(t, handler, "PutRecords", body); status != 200 {
				t.Errorf("%d bytes with keys of %q: %d %s", size, character, status, cut(answer))
			}
		}
	}
}

// Nor does the length of partition keys matter, where that is not limited.
func TestLargestKeys(t *testing.T) {
	for _, length := range []int{-1, 300_000, math.MaxInt} {
		stream := newStream(putrecords.Config{Limits: putrecords.Limits{PartitionKeyLength: length, BytesPerSecond: -1}, Log: putrecords.Discard()})
		record := `{"Data":"","PartitionKey":"` + escaped(strings.Repeat("A", 300_000)) + `"}`
		if status, answer := call(t, kinesishttp.NewHandler(stream), "PutRecords",
			`{"StreamName":"stream","Records":[`+strings.Repeat(record+",", 4)+record+`]}`); status != 200 {
			t.Errorf("keys of %d: %d %s", length, status, cut(answer))
		}
	}
}

// escaped returns a JSON string's text with each character as one or two \u escapes.
func escaped(s string) string {
	var b strings.Builder
	for _, c := range s {
		if c > 0xffff {
			c -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+c>>10, 0xdc00+c&0x3ff)
			continue
		}
		fmt.Fprintf(&b, `\u%04x`, c)
	}
	return b.String()
}

// A countedBody is an endless body that counts what is read of it.
type countedBody struct{ read int64 }

func (b *countedBody) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	b.read += int64(len(p))
	return len(p), nil
}

func TestBodyTooLarge(t *testing.T) {
	const limit = 5<<20/3*4 + 500*256*12 + 500*1024 + 1<<20
	for _, test := range []struct {
		length  int64 // as the header tells; -1 is not at all
		status  int
		maxRead int64
	}{
		{length: limit + 1, status: 413, maxRead: 0},
		{length: 1 << 40, status: 413, maxRead: 0},
		{length: -1, status: 413, maxRead: 2 * limit},
	} {
		handler := kinesishttp.NewHandler(newStream(putrecords.Config{}))
		body := &countedBody{}
		request := newRequest(t, jsonType, "PutRecords", nil)
		request.Body, request.ContentLength = io.NopCloser(body), test.length
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, request)
		if answer.Code != test.status || answer.Body.Len() != 0 || body.read > test.maxRead || answer.Header().Get("Connection") != "close" {
			t.Errorf("length %d: status %d, %v, with %d bytes after reading %d", test.length, answer.Code, answer.Header(), answer.Body.Len(), body.read)
		}
	}
	// At the limit it is read.
	handler := kinesishttp.NewHandler(newStream(putrecords.Config{}))
	want(t, handler, "PutRecords", smallRequest[:1]+strings.Repeat(" ", limit-len(smallRequest))+smallRequest[1:], 200,
		`{"FailedRecordCount":0,"Records":[{"SequenceNumber":"`+number(0, 1)+`","ShardId":"shardId-000000000000"}]}`)

	// A stream without limits makes the handler one.
	for _, limits := range []putrecords.Limits{
		{BytesPerRequest: -1},
		{BytesPerRequest: math.MaxInt, BytesPerRecord: 1 << 20},
		{RecordsPerRequest: -1},
		{RecordsPerRequest: math.MaxInt},
	} {
		unlimited := newStream(putrecords.Config{Name: "unlimited", Limits: limits})
		handler.Add(unlimited)
		if status, _ := call(t, handler, "PutRecords", smallRequest[:1]+strings.Repeat(" ", limit)+smallRequest[1:]); status != 200 {
			t.Errorf("with a stream of %+v the status is %d", limits, status)
		}
		handler.Remove(unlimited)
	}
	want(t, handler, "PutRecord", `{"Other":"`+strings.Repeat("x", limit-12)+`"}`, 400, `{"__type":"ValidationException",`+
		`"message":"2 validation errors detected: Value null at 'partitionKey' failed to satisfy constraint: Member must not be null; `+
		`Value null at 'data' failed to satisfy constraint: Member must not be null"}`)
}

// In HTTP/2 a client that is still sending sees the answer, and does not send for ever.
func TestBodyTooLargeInHTTP2(t *testing.T) {
	client := &http.Client{Transport: &http.Transport{Protocols: protocols(true)}}
	defer client.CloseIdleConnections()
	request := newRequestTo(t, serve(t, kinesishttp.NewHandler()), make([]byte, 20<<20))
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d", answer.StatusCode)
	}

	body := &countedBody{}
	request = newRequest(t, jsonType, "PutRecords", nil)
	request.Body, request.ContentLength, request.ProtoMajor = io.NopCloser(body), 1<<40, 2
	recorder := httptest.NewRecorder()
	kinesishttp.NewHandler().ServeHTTP(recorder, request)
	if recorder.Code != http.StatusRequestEntityTooLarge || body.read < 64<<20 || body.read > 65<<20 {
		t.Errorf("status %d after reading %d", recorder.Code, body.read)
	}
	if got := recorder.Header().Get("Connection"); got != "" { // or the other requests of the connection would suffer
		t.Errorf("the connection is to %s", got)
	}
}

// A pipeServer serves connections that are pipes, so that their time is the test's. It must be used in a synctest bubble.
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
	s.connections <- server
	return client
}

// A client that stops sending is cut off, wherever it stops.
func TestSlowClient(t *testing.T) {
	for _, test := range []struct {
		name   string
		sent   string
		after  time.Duration // it is cut off
		status int           // with this status; 0 is none
	}{
		{"connected", "", 10 * time.Second, 0},
		{"in the header", requestHead, 10 * time.Second, 0},
		{"before the body", requestHead + "Content-Length: 1000\r\n\r\n", 30 * time.Second, 408},
		{"in the body", requestHead + "Content-Length: 1000\r\n\r\n" + smallRequest, 30 * time.Second, 408},
		{"in a chunk", requestHead + "Transfer-Encoding: chunked\r\n\r\n100\r\n" + smallRequest, 30 * time.Second, 408},
		{"before the last chunk", requestHead + fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", len(smallRequest), smallRequest), 30 * time.Second, 408},
		{"of an unknown operation", strings.Replace(requestHead, "PutRecords", "PutRecord5", 1) + "Content-Length: 1000\r\n\r\n", 30 * time.Second, 408},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				stream := newStream(putrecords.Config{})
				connection := servePipes(t, kinesishttp.NewHandler(stream)).dial()
				begin := time.Now()
				if _, err := io.WriteString(connection, test.sent); err != nil {
					t.Fatal(err)
				}
				answer, err := http.ReadResponse(bufio.NewReader(connection), nil)
				if test.status == 0 && err == nil || test.status != 0 && (err != nil || answer.StatusCode != test.status) {
					t.Errorf("answer %+v, %v, want status %d", answer, err, test.status)
				}
				if _, err := io.Copy(io.Discard, connection); err != nil { // until the server hangs up
					t.Error(err)
				}
				if after := time.Since(begin); after != test.after {
					t.Errorf("it is cut off after %v, want %v", after, test.after)
				}
				if n := stored(t, stream); n != 0 {
					t.Errorf("%d records are stored", n)
				}
			})
		})
	}
}

// A client may be as slow as it likes between requests, and a log as slow as it likes, so long as neither stops in the middle.
func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stream := putrecords.MustNew(putrecords.Config{Log: slowLog{putrecords.Discard(), time.Hour}})
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
				t.Fatalf("answer %+v, %v", answer, err)
			}
			if _, err := io.Copy(io.Discard, answer.Body); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
		}
	})
}

// A connection without requests is closed after a while.
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
			t.Errorf("it is closed after %v, want 2m", after)
		}
	})
}

// A slowLog takes its time to store.
type slowLog struct {
	putrecords.Log
	time time.Duration
}

func (l slowLog) Append(ctx context.Context, shard putrecords.Shard, records []putrecords.Record) (func() error, error) {
	_, err := l.Log.Append(ctx, shard, records)
	return func() error { time.Sleep(l.time); return nil }, err
}

// A client that does not read its answer is cut off.
func TestClientThatDoesNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		done := make(chan time.Time, 1)
		handler := kinesishttp.NewHandler(newStream(putrecords.Config{}))
		connection := servePipes(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() { done <- time.Now() }()
			handler.ServeHTTP(w, r)
		})).dial()
		body := `{"StreamName":"` + strings.Repeat("x", 100_000) + `"}` // which the answer repeats
		begin := time.Now()
		if _, err := fmt.Fprintf(connection, "%sContent-Length: %d\r\n\r\n%s", requestHead, len(body), body); err != nil {
			t.Fatal(err)
		}
		if after := (<-done).Sub(begin); after != 30*time.Second {
			t.Errorf("it is cut off after %v, want 30s", after)
		}
	})
}

// Bodies that are not as long as their header says.
func TestBodyThatLies(t *testing.T) {
	stream := newStream(putrecords.Config{})
	server := serve(t, kinesishttp.NewHandler(stream))
	exchange := func(length int) (status int) {
		connection, err := net.Dial("tcp", server)
		if err != nil {
			t.Fatal(err)
		}
		defer connection.Close()
		if _, err := fmt.Fprintf(connection, "%sContent-Length: %d\r\n\r\n%s", requestHead, length, smallRequest); err != nil {
			t.Fatal(err)
		}
		if length > len(smallRequest) { // there is no more to come
			if err := connection.(*net.TCPConn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
		}
		answer, err := http.ReadResponse(bufio.NewReader(connection), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		return answer.StatusCode
	}
	for _, length := range []int{len(smallRequest) + 1, len(smallRequest) - 1} {
		if status := exchange(length); status != http.StatusBadRequest || stored(t, stream) != 0 {
			t.Errorf("length %d of %d: status %d, and %d records are stored", length, len(smallRequest), status, stored(t, stream))
		}
	}
	if status := exchange(len(smallRequest)); status != http.StatusOK {
		t.Errorf("a body of the right length is answered %d", status)
	}
}

// serve serves a handler on a loopback address, which it returns.
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

// 200 connections at once, each of which has its request under way before any is answered.
func TestManyConnections(t *testing.T) {
	const connections = 200
	var waiting sync.WaitGroup
	waiting.Add(connections)
	log := &barrierLog{Log: &putrecords.MemoryLog{}, barrier: &waiting}
	stream := putrecords.MustNew(putrecords.Config{Log: log})
	server := serve(t, kinesishttp.NewHandler(stream))
	var done sync.WaitGroup
	for i := range connections {
		done.Go(func() {
			client := &http.Client{Transport: &http.Transport{Protocols: protocols(i%2 == 0)}}
			defer client.CloseIdleConnections()
			answer, err := client.Do(newRequestTo(t, server, []byte(smallRequest)))
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

// A barrierLog stores records when all that are expected have come.
type barrierLog struct {
	putrecords.Log
	barrier *sync.WaitGroup
}

func (l *barrierLog) Append(ctx context.Context, shard putrecords.Shard, records []putrecords.Record) (func() error, error) {
	_, err := l.Log.Append(ctx, shard, records)
	return func() error { l.barrier.Done(); l.barrier.Wait(); return nil }, err
}

// protocols are HTTP/2 without TLS, or HTTP/1.1.
func protocols(http2 bool) *http.Protocols {
	p := &http.Protocols{}
	p.SetHTTP1(!http2)
	p.SetUnencryptedHTTP2(http2)
	return p
}

func TestProtocols(t *testing.T) {
	var got []string
	handler := kinesishttp.NewHandler(newStream(putrecords.Config{}))
	server := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.Proto)
		handler.ServeHTTP(w, r)
	}))
	for _, http2 := range []bool{false, true} {
		client := &http.Client{Transport: &http.Transport{Protocols: protocols(http2)}}
		defer client.CloseIdleConnections()
		answer, err := client.Do(newRequestTo(t, server, []byte(smallRequest)))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != http.StatusOK || !strings.HasPrefix(string(body), `{"FailedRecordCount":0,`) {
			t.Errorf("%v %s, %v", answer, body, err)
		}
		if err := answer.Body.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if len(got) != 2 || got[0] != "HTTP/1.1" || got[1] != "HTTP/2.0" {
		t.Errorf("the protocols are %v", got)
	}
}
