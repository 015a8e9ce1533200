package kinesishttp_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/kinesishttp"
)

// requestBody returns a PutRecords request with 500 records of size bytes.
func requestBody(tb testing.TB, size int) []byte {
	tb.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	name := "stream"
	in := putrecords.Input{StreamName: &name}
	for range 500 {
		data := make([]byte, size)
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		key := fmt.Sprintf("%08x-%04x-4000-8000-%012x", random.Uint32(), random.Uint32()>>16, random.Uint64()>>16)
		in.Records = append(in.Records, putrecords.Entry(key, data))
	}
	body, err := json.Marshal(in)
	if err != nil {
		tb.Fatal(err)
	}
	return body
}

// A nullWriter discards a response. It panics unless the status is 200.
type nullWriter struct{ header http.Header }

func (w *nullWriter) Header() http.Header            { return w.header }
func (w *nullWriter) Write(data []byte) (int, error) { return len(data), nil }
func (w *nullWriter) WriteHeader(status int) {
	if status != http.StatusOK {
		panic(status)
	}
}

func BenchmarkHandler(b *testing.B) {
	for _, size := range []int{100, 1024} {
		b.Run(fmt.Sprintf("bytes=%d", size), func(b *testing.B) {
			handler := kinesishttp.NewHandler(putrecords.MustNew(putrecords.Config{
				Shards: 4, Log: putrecords.Discard(), Limits: putrecords.Limits{RecordsPerSecond: -1, BytesPerSecond: -1},
			}))
			body := requestBody(b, size)
			request := newRequest(b, jsonType, "PutRecords", body)
			b.ReportAllocs()
			for b.Loop() {
				request.Body = io.NopCloser(bytes.NewReader(body))
				handler.ServeHTTP(&nullWriter{http.Header{}}, request)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/500, "ns/record")
		})
	}
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
