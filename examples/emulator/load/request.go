package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

const (
	keyLength      = 36 // of a UUID
	distinctBodies = 8
)

// newBodies returns the bodies of PutRecords calls. They look random, so partition keys spread over
// all shards, but they are the same each time.
func newBodies(o options) [][]byte {
	type record struct {
		Data         []byte
		PartitionKey string
	}
	random := rand.NewChaCha8([32]byte{})
	bodies := make([][]byte, distinctBodies)
	for i := range bodies {
		records := make([]record, o.records)
		for j := range records {
			data := make([]byte, o.bytes)
			_, _ = random.Read(data) // it never fails
			var id [16]byte
			_, _ = random.Read(id[:])
			records[j] = record{data, fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])}
		}
		bodies[i] = encode(map[string]any{"StreamName": o.stream, "Records": records})
	}
	return bodies
}

// encode returns v as JSON. It panics if v cannot be encoded.
func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// newRequest returns a complete HTTP request. It is not signed: its Authorization header has the
// parts that servers look for, with zeros as the signature.
func newRequest(t target, now time.Time, operation string, body []byte) []byte {
	now = now.UTC()
	head := strings.Join([]string{
		"POST / HTTP/1.1",
		"Host: " + strings.TrimPrefix(t.url, "http://"),
		"Content-Type: application/x-amz-json-1.1",
		fmt.Sprintf("Content-Length: %d", len(body)),
		"X-Amz-Target: Kinesis_20131202." + operation,
		"X-Amz-Date: " + now.Format("20060102T150405Z"),
		"Authorization: AWS4-HMAC-SHA256 Credential=test/" + now.Format("20060102") + "/us-east-1/kinesis/aws4_request, " +
			"SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=" + strings.Repeat("0", 64),
		"\r\n",
	}, "\r\n")
	return append([]byte(head), body...)
}
