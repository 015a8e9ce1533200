package activity_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/putrecords/putrecords"

	"github.com/putrecords/putrecords/emulator/internal/activity"
	"github.com/putrecords/putrecords/kinesishttp"
)

// A nullWriter discards a response. It panics unless the status is 200.
type nullWriter struct{ header http.Header }

func (w nullWriter) Header() http.Header            { return w.header }
func (w nullWriter) Write(data []byte) (int, error) { return len(data), nil }
func (w nullWriter) WriteHeader(status int) {
	if status != http.StatusOK {
		panic(status)
	}
}

// BenchmarkHandler measures what an Activity costs a request of 500 records: none, one that counts
// records it has not seen, one that has seen them, and one that no longer counts.
func BenchmarkHandler(b *testing.B) {
	const records, uncounted = 500, 1<<20/500 + 1 // after so many requests, an Activity no longer counts
	for _, size := range []int{100, 1024} {
		for _, with := range []string{"none", "new", "seen", "full"} {
			b.Run(fmt.Sprintf("bytes=%d/%s", size, with), func(b *testing.B) {
				unlimited := putrecords.Limits{RecordsPerSecond: -1, BytesPerSecond: -1}
				stream := putrecords.MustNew(putrecords.Config{Shards: 4, Log: putrecords.Discard(), Limits: unlimited})
				in := putrecords.Input{StreamName: ptr("stream")}
				for i := range records {
					in.Records = append(in.Records, putrecords.Entry(fmt.Sprintf("%08x-0000-4000-8000-%012x", i*7, i), make([]byte, size)))
				}
				body, err := json.Marshal(in)
				if err != nil {
					b.Fatal(err)
				}
				change := changer(body, records)
				handler := kinesishttp.NewHandler(stream)
				renew := func() {
					watch := activity.New(time.Now, func() []*putrecords.Stream { return []*putrecords.Stream{stream} })
					handler.Answered = watch.Answered
				}
				n := uint64(0)
				serve := func() {
					if n++; with != "seen" {
						change(n)
					}
					request := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/", nil)
					request.Header.Set("Content-Type", "application/x-amz-json-1.1")
					request.Header.Set("X-Amz-Target", "Kinesis_20131202.PutRecords")
					request.Header.Set("X-Amz-Date", "20260304T000000Z")
					request.Header.Set("Authorization",
						"AWS4-HMAC-SHA256 Credential=AKID/20260304/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=0")
					request.Body, request.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
					handler.ServeHTTP(nullWriter{http.Header{}}, request)
				}
				if with != "none" {
					renew()
				}
				if with == "full" {
					for range uncounted {
						serve()
					}
				}
				b.ReportAllocs()
				for b.Loop() {
					if with == "new" && n%uncounted == 0 {
						renew()
					}
					serve()
				}
				b.ReportMetric(float64(b.Elapsed())/float64(b.N)/records, "ns/record")
			})
		}
	}
}

// changer returns a function that changes the data of the records in a body.
func changer(body []byte, records int) func(uint64) {
	var places []int
	for from := 0; len(places) < records; {
		from += bytes.Index(body[from:], []byte(`"Data":"`)) + len(`"Data":"`)
		places = append(places, from)
	}
	return func(n uint64) {
		digits := binary.BigEndian.AppendUint64(nil, n)[2:] // 6 bytes, which are 8 characters
		for _, place := range places {
			base64.StdEncoding.Encode(body[place:], digits)
		}
	}
}

func ptr(s string) *string { return &s }
