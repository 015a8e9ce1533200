package kinesishttp_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/kinesishttp"
)

// benchmarkInputs returns 64 PutRecords requests with 500 records of size bytes. All their keys are
// different, so no cache holds what a call needs.
func benchmarkInputs(size int) []putrecords.Input {
	random := rand.New(rand.NewPCG(1, 2))
	name := "stream"
	inputs := make([]putrecords.Input, 64)
	for i := range inputs {
		inputs[i].StreamName = &name
		for range 500 {
			data := make([]byte, size)
			for j := range data {
				data[j] = byte(random.Uint32())
			}
			key := fmt.Sprintf("%08x-%04x-4000-8000-%012x", random.Uint32(), random.Uint32()>>16, random.Uint64()>>16)
			inputs[i].Records = append(inputs[i].Records, putrecords.Entry(key, data))
		}
	}
	return inputs
}

// encodeAll encodes each value.
func encodeAll[T any](b *testing.B, values []T, encode func(any) ([]byte, error)) [][]byte {
	b.Helper()
	bodies := make([][]byte, len(values))
	for i, value := range values {
		body, err := encode(value)
		if err != nil {
			b.Fatal(err)
		}
		bodies[i] = body
	}
	return bodies
}

// A nullWriter discards a response. It panics unless the status is 200.
type nullWriter struct{ header http.Header }

func (w *nullWriter) Header() http.Header              { return w.header }
func (w *nullWriter) Write(data []byte) (int, error)   { return len(data), nil }
func (w *nullWriter) SetReadDeadline(time.Time) error  { return nil }
func (w *nullWriter) SetWriteDeadline(time.Time) error { return nil }
func (w *nullWriter) WriteHeader(status int) {
	if status != http.StatusOK {
		panic(status)
	}
}

// encoders are the encodings of requests.
var encoders = []struct {
	name, contentType string
	encode            func(any) ([]byte, error)
}{{"JSON", jsonType, json.Marshal}, {"CBOR", cborType, cbor.Marshal}}

// BenchmarkPutRecords makes calls of 500 records.
func BenchmarkPutRecords(b *testing.B) {
	for _, size := range []int{100, 1024} {
		inputs := benchmarkInputs(size)
		for _, encoder := range encoders {
			b.Run(fmt.Sprintf("%s/bytes=%d", encoder.name, size), func(b *testing.B) {
				benchmarkHandler(b, encoder.contentType, "PutRecords", encodeAll(b, inputs, encoder.encode))
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/500, "ns/record")
			})
		}
	}
}

// BenchmarkOneRecord makes calls of one record of 100 bytes.
func BenchmarkOneRecord(b *testing.B) {
	var one []putrecords.PutRecordInput
	var many []putrecords.Input
	for _, in := range benchmarkInputs(100) {
		record := in.Records[0]
		one = append(one, putrecords.PutRecordInput{StreamName: in.StreamName, Data: record.Data, PartitionKey: record.PartitionKey})
		many = append(many, putrecords.Input{StreamName: in.StreamName, Records: in.Records[:1]})
	}
	for _, encoder := range encoders {
		b.Run("PutRecord/"+encoder.name, func(b *testing.B) {
			benchmarkHandler(b, encoder.contentType, "PutRecord", encodeAll(b, one, encoder.encode))
		})
		b.Run("PutRecords/"+encoder.name, func(b *testing.B) {
			benchmarkHandler(b, encoder.contentType, "PutRecords", encodeAll(b, many, encoder.encode))
		})
	}
}

// BenchmarkServer puts one record of 100 bytes a call over a connection to a server.
func BenchmarkServer(b *testing.B) {
	server := httptest.NewServer(benchmarkedHandler())
	defer server.Close()
	connection, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer connection.Close()
	var request bytes.Buffer
	body := []byte(`{"StreamName":"stream","Data":"` + strings.Repeat("abcd", 34) + `","PartitionKey":"` + strings.Repeat("k", 36) + `"}`)
	if err := newRequest(b, jsonType, "PutRecord", body).Write(&request); err != nil {
		b.Fatal(err)
	}
	answer := make([]byte, 4<<10)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := connection.Write(request.Bytes()); err != nil {
			b.Fatal(err)
		}
		if n, err := connection.Read(answer); err != nil || !bytes.HasPrefix(answer, []byte("HTTP/1.1 200 OK\r\n")) {
			b.Fatalf("%s, error %v", answer[:n], err)
		}
	}
}

// benchmarkedHandler returns a handler for a stream that keeps nothing and throttles nothing.
func benchmarkedHandler() http.Handler {
	return kinesishttp.NewHandler(putrecords.MustNew(putrecords.Config{
		Shards: 4, Log: putrecords.Discard(), Limits: putrecords.Limits{RecordsPerSecond: -1, BytesPerSecond: -1},
	}))
}

// benchmarkHandler makes requests with bodies that take turns.
func benchmarkHandler(b *testing.B, contentType, operation string, bodies [][]byte) {
	heap := make([]byte, 64<<20) // with a tiny heap, the garbage collector would run all the time
	handler := benchmarkedHandler()
	request := newRequest(b, contentType, operation, nil)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		body := bodies[i%len(bodies)]
		request.Body, request.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		handler.ServeHTTP(&nullWriter{http.Header{}}, request)
	}
	runtime.KeepAlive(heap)
}

// BenchmarkManyNames reads bodies of as many structures, with as many members, as fit.
func BenchmarkManyNames(b *testing.B) {
	const structures, members = 1 << 17, 16
	var inJSON, inCBOR strings.Builder
	for i := range members {
		fmt.Fprintf(&inJSON, `,"%c":1`, 'a'+i)
		fmt.Fprintf(&inCBOR, "\x61%c\x01", 'a'+i)
	}
	record := ",{" + inJSON.String()[1:] + "}"
	for _, encoding := range []struct{ name, contentType, body string }{
		{"JSON", jsonType, `{"Records":[` + strings.Repeat(record, structures/2)[1:] + `]}`},
		{"CBOR", cborType, "\xa1\x67Records\x9a\x00\x02\x00\x00" + strings.Repeat("\xb0"+inCBOR.String(), structures)},
	} {
		b.Run(encoding.name, func(b *testing.B) {
			handler := kinesishttp.NewHandler()
			request := newRequest(b, encoding.contentType, "PutRecords", nil)
			b.SetBytes(int64(len(encoding.body)))
			b.ReportAllocs()
			for b.Loop() {
				request.Body = io.NopCloser(strings.NewReader(encoding.body))
				answer := httptest.NewRecorder()
				if handler.ServeHTTP(answer, request); answer.Code != http.StatusBadRequest {
					b.Fatal(answer.Code)
				}
			}
		})
	}
}
