package kinesishttp_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/base64"
	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/kinesishttp"
)

// A handler accepts the largest request that its streams accept, even if every
// character is escaped.
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

// Some encoders put a backslash before each slash.
func TestLargestBodyWithEscapedSlashes(t *testing.T) {
	stream := newStream(putrecords.Config{Limits: putrecords.Limits{BytesPerRecord: 5 << 20}})
	const keyLength = 1
	data := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{0xff}, 5<<20-keyLength))
	body := `{"StreamName":"stream","Records":[{"PartitionKey":"a","Data":"` + strings.ReplaceAll(data, "/", `\/`) + `"}]}`
	wantAnswer(t, kinesishttp.NewHandler(stream), "PutRecords", body, 200,
		`{"FailedRecordCount":0,"Records":[{"SequenceNumber":"`+number(0, 1)+`","ShardId":"shardId-000000000000"}]}`)
}

// A handler accepts the longest partition keys that its streams accept.
func TestLargestPartitionKeys(t *testing.T) {
	for _, length := range []int{-1, 300_000, math.MaxInt} {
		stream := newStream(putrecords.Config{Limits: putrecords.Limits{PartitionKeyLength: length, BytesPerSecond: -1}, Log: putrecords.Discard()})
		record := `{"Data":"","PartitionKey":"` + escaped(strings.Repeat("A", 300_000)) + `"}`
		if status, answer := call(t, kinesishttp.NewHandler(stream), "PutRecords",
			`{"StreamName":"stream","Records":[`+strings.Repeat(record+",", 4)+record+`]}`); status != 200 {
			t.Errorf("limit %d: %d %s", length, status, cut(answer))
		}
	}
}

// escaped returns s with each character written as one or two \u escapes of JSON.
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

// A countedBody is a body of 1 GiB that counts how many bytes are read.
type countedBody struct{ read int64 }

func (b *countedBody) Read(p []byte) (int, error) {
	if b.read >= 1<<30 { // far more than any test allows
		return 0, io.EOF
	}
	for i := range p {
		p[i] = ' '
	}
	b.read += int64(len(p))
	return len(p), nil
}

func TestBodyTooLarge(t *testing.T) {
	const limit = 5<<20/3*8 + 500*256*12 + 500*1024 + 1<<20
	for _, test := range []struct {
		length  int64 // the Content-Length, or -1 if there is none
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
			t.Errorf("length %d: status %d, header %v, %d bytes, after reading %d", test.length, answer.Code, answer.Header(), answer.Body.Len(), body.read)
		}
	}
	// A body of exactly the limit is accepted.
	handler := kinesishttp.NewHandler(newStream(putrecords.Config{}))
	wantAnswer(t, handler, "PutRecords", smallRequest[:1]+strings.Repeat(" ", limit-len(smallRequest))+smallRequest[1:], 200,
		`{"FailedRecordCount":0,"Records":[{"SequenceNumber":"`+number(0, 1)+`","ShardId":"shardId-000000000000"}]}`)

	// One unlimited stream makes the handler accept bodies of any size.
	for _, limits := range []putrecords.Limits{
		{BytesPerRequest: -1},
		{BytesPerRequest: math.MaxInt, BytesPerRecord: 1 << 20},
		{RecordsPerRequest: -1},
		{RecordsPerRequest: math.MaxInt},
	} {
		unlimited := newStream(putrecords.Config{Name: "unlimited", Limits: limits})
		handler.Add(unlimited)
		if status, _ := call(t, handler, "PutRecords", smallRequest[:1]+strings.Repeat(" ", limit)+smallRequest[1:]); status != 200 {
			t.Errorf("with a stream of %+v: status %d", limits, status)
		}
		handler.Remove(unlimited)
	}
	wantAnswer(t, handler, "PutRecord", `{"PartitionKey":"a","Other":"`+strings.Repeat("x", limit-31)+`"}`, 400, `{"__type":"ValidationException",`+
		`"message":"1 validation error detected: Value null at 'data' failed to satisfy constraint: Member must not be null"}`)
}

// Over HTTP/2, the handler discards a limited part of the body before it answers, so that the
// client sees the answer.
func TestBodyTooLargeInHTTP2(t *testing.T) {
	client := newHTTPClient(t, true)
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
		t.Errorf("status %d after reading %d bytes", recorder.Code, body.read)
	}
	if got := recorder.Header().Get("Connection"); got != "" { // it carries other requests too
		t.Errorf("Connection: %s", got)
	}
}

// A body that is longer or shorter than its Content-Length is rejected.
func TestWrongContentLength(t *testing.T) {
	stream := newStream(putrecords.Config{})
	server := serve(t, kinesishttp.NewHandler(stream))
	exchange := func(length int) (status int) {
		connection, err := net.Dial("tcp", server)
		if err != nil {
			t.Fatal(err)
		}
		defer connection.Close()
		if err := connection.SetDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Fprintf(connection, "%sContent-Length: %d\r\n\r\n%s", requestHead, length, smallRequest); err != nil {
			t.Fatal(err)
		}
		if length > len(smallRequest) { // the rest never comes
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
			t.Errorf("Content-Length %d for %d bytes: status %d, %d records are stored", length, len(smallRequest), status, stored(t, stream))
		}
	}
	if status := exchange(len(smallRequest)); status != http.StatusOK {
		t.Errorf("correct Content-Length: status %d", status)
	}
}
