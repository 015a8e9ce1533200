package kinesis

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/putrecords/putrecords"
)

// ask makes a request that must succeed, and decodes its answer.
func ask[T any](c *emulated, operation, body string) (answer T) {
	c.t.Helper()
	status, encoded := c.call(operation, body)
	if status != 200 {
		c.t.Fatalf("%s %.200s: %d %s", operation, body, status, encoded)
	}
	if encoded == "" { // of an operation without output
		return answer
	}
	if err := json.Unmarshal([]byte(encoded), &answer); err != nil {
		c.t.Fatalf("%s: %v", encoded, err)
	}
	return answer
}

// iterator returns the ShardIterator for a shard of the stream "orders". The rest of the request
// is in members.
func (c *emulated) iterator(shardID, iteratorType, members string) string {
	c.t.Helper()
	body := fmt.Sprintf(`{"StreamName":"orders","ShardId":%q,"ShardIteratorType":%q%s}`, shardID, iteratorType, members)
	return ask[getShardIteratorOutput](c, "GetShardIterator", body).ShardIterator
}

// A read is the answer to a GetRecords request.
type read struct {
	Records []struct {
		Data           string // still in base64
		PartitionKey   string
		SequenceNumber string
	}
	MillisBehindLatest *int64
	NextShardIterator  string
	ChildShards        []childShard
}

// keys returns the partition keys of the records.
func (r *read) keys() string {
	var keys []string
	for _, record := range r.Records {
		keys = append(keys, record.PartitionKey)
	}
	return strings.Join(keys, " ")
}

// get reads from an iterator. The rest of the request is in members.
func (c *emulated) get(iterator, members string) read {
	c.t.Helper()
	return ask[read](c, "GetRecords", fmt.Sprintf(`{"ShardIterator":%q%s}`, iterator, members))
}

// BenchmarkGetRecords reads pages of 10,000 records through the handler. Their bytes are AWS's 10
// MiB.
func BenchmarkGetRecords(b *testing.B) {
	for _, position := range []string{trimHorizon, "middle"} {
		for _, contentType := range []string{"application/x-amz-json-1.1", "application/x-amz-cbor-1.1"} {
			b.Run(position+"/"+contentType[18:22], func(b *testing.B) {
				benchmarkGetRecords(b, position, contentType)
			})
		}
	}
}

func benchmarkGetRecords(b *testing.B, position, contentType string) {
	const records = 100_000
	c := newEmulated(b, 1, Config{})
	data := bytes.Repeat([]byte("0123456789abcdef"), 64)
	entries := make([]putrecords.RequestEntry, 500)
	var number string
	for n := 0; n < records; n += len(entries) {
		for i := range entries {
			entries[i] = putrecords.Entry(fmt.Sprint("key-", n+i), data[:1000])
		}
		out, err := c.stream().Put(b.Context(), entries...)
		if err != nil || out.FailedRecordCount > 0 {
			b.Fatal(out, err)
		}
		if n == records/2 {
			number = out.Records[0].SequenceNumber
		}
	}
	iterator := c.iterator(shard0, trimHorizon, "")
	if position == "middle" {
		iterator = c.iterator(shard0, atSequenceNumber, fmt.Sprintf(`,"StartingSequenceNumber":%q`, number))
	}
	body := []byte(fmt.Sprintf(`{"ShardIterator":%q}`, iterator))
	if contentType != jsonType {
		body = encodeCBOR(b, map[string]any{"ShardIterator": iterator})
	}
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		if status, answer := c.send(contentType, "GetRecords", body); status != 200 || len(answer) < 10<<20 {
			b.Fatal(status, len(answer))
		}
	}
	b.ReportMetric(10_000*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

func encodeCBOR(t tester, v any) []byte {
	t.Helper()
	encoded, err := cbor.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}
