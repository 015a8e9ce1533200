package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

const (
	keyLength = 36 // of a UUID
	// distinctBodies is how many calls have different partition keys. With few, the processor's
	// caches could hold everything that a server looks up for them.
	distinctBodies = 64
)

// newBodies returns the bodies of calls that put records. They look random, so partition keys
// spread over all shards, but they are the same each time.
func newBodies(o options) [][]byte {
	random := rand.NewChaCha8([32]byte{})
	bodies := make([][]byte, distinctBodies)
	for i := range bodies {
		in := newRecord(random, o.bytes)
		if !o.single {
			records := []any{in}
			for len(records) < o.records {
				records = append(records, newRecord(random, o.bytes))
			}
			in = map[string]any{"Records": records}
		}
		in["StreamName"] = o.stream
		bodies[i] = o.encoding().encode(in)
	}
	return bodies
}

// newRecord returns a record with a UUID as its partition key.
func newRecord(random *rand.ChaCha8, size int) map[string]any {
	data := make([]byte, size)
	_, _ = random.Read(data) // it never fails
	var id [16]byte
	_, _ = random.Read(id[:])
	key := fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
	return map[string]any{"Data": data, "PartitionKey": key}
}

// A request is a complete HTTP request, ready to send. Requests to several endpoints share their
// bodies, which may be large.
type request struct{ head, body []byte }

// newRequest returns a request. It is not signed: its Authorization header has the parts that
// servers look for, with zeros as the signature.
func newRequest(t target, now time.Time, e encoding, operation string, body []byte) request {
	now = now.UTC()
	head := strings.Join([]string{
		"POST / HTTP/1.1",
		"Host: " + strings.TrimPrefix(t.url, "http://"),
		"Content-Type: " + e.contentType,
		fmt.Sprintf("Content-Length: %d", len(body)),
		"X-Amz-Target: Kinesis_20131202." + operation,
		"X-Amz-Date: " + now.Format("20060102T150405Z"),
		"Authorization: AWS4-HMAC-SHA256 Credential=test/" + now.Format("20060102") + "/us-east-1/kinesis/aws4_request, " +
			"SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=" + strings.Repeat("0", 64),
		"\r\n",
	}, "\r\n")
	return request{[]byte(head), body}
}
