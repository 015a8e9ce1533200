package kinesishttp_test

import (
	"encoding/json"
	"maps"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/kinesishttp"
)

// seeds are request bodies. Some of them are valid.
var seeds = []string{
	smallRequest,
	`{"StreamName":"stream","Records":[{"Data":"aGk=","PartitionKey":"a","ExplicitHashKey":"0"},{"Data":"","PartitionKey":"é"}],"DryRun":false}`,
	`{"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/stream","Data":"aGk=","PartitionKey":"a","SequenceNumberForOrdering":"0"}`,
	`{"StreamName":"stream","Records":[null,{"Data":34,"PartitionKey":[]}],"DryRun":"yes"}`,
	`{"StreamName":"stream","Limit":1,"ExclusiveStartShardId":"shardId-000000000000"}`,
	`{"StreamName":"stream","MaxResults":1,"ShardFilter":{"Type":"AT_TIMESTAMP","Timestamp":1.77e9}}`,
	`{"NextToken":"eyJTdHJlYW1OYW1lIjoic3RyZWFtIn0=","MaxResults":1e400}`,
	`{"StreamName":"stream","ShardFilter":{"Type":"AFTER_SHARD_ID","ShardId":"a"},"StreamCreationTimestamp":-1e300}`,
}

func FuzzJSON(f *testing.F) {
	for i := range operations {
		for _, seed := range seeds {
			f.Add(byte(i), []byte(seed))
		}
	}
	f.Fuzz(func(t *testing.T, operation byte, body []byte) {
		checkAnswer(t, jsonType, operation, body, json.Unmarshal)
	})
}

func FuzzCBOR(f *testing.F) {
	for i := range operations {
		for _, seed := range seeds {
			var v map[string]any
			if err := json.Unmarshal([]byte(seed), &v); err != nil {
				v = map[string]any{"NextToken": "", "MaxResults": 1e300}
			}
			if _, single := v["Data"]; single {
				v["Data"] = []byte("hi")
			}
			body, err := cbor.Marshal(v)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(byte(i), body)
		}
		f.Add(byte(i), []byte("\xa2jStreamNamefstreamgRecords\x81\xa2dDataBhilPartitionKeyaa"))
	}
	f.Fuzz(func(t *testing.T, operation byte, body []byte) {
		checkAnswer(t, cborType, operation, body, cbor.Unmarshal)
	})
}

// checkAnswer makes a request with an arbitrary body. The response must be a success or a client
// error, and the stream must hold exactly the records that the response says are stored.
func checkAnswer(t *testing.T, contentType string, operation byte, body []byte, decode func([]byte, any) error) {
	name := operations[int(operation)%len(operations)]
	stream := newStream(putrecords.Config{Shards: 2, Limits: putrecords.Limits{RecordsPerSecond: 2}})
	recorder := httptest.NewRecorder()
	kinesishttp.NewHandler(stream).ServeHTTP(recorder, newRequest(t, contentType, name, body))
	var answer map[string]any
	if err := decode(recorder.Body.Bytes(), &answer); err != nil {
		t.Fatalf("the answer is not a structure: %q: %v", recorder.Body, err)
	}
	n := stored(t, stream)
	switch recorder.Code {
	case 200:
		want := 0
		switch name {
		case "PutRecord":
			want = 1
		case "PutRecords":
			for _, result := range answer["Records"].([]any) {
				if isStoredResult(result) {
					want++
				}
			}
		}
		if n != want {
			t.Errorf("%d records are stored, but the answer is %v", n, answer)
		}
	case 400:
		code, ok := answer["__type"].(string)
		if !ok || code == "" || len(answer) > 2 {
			t.Errorf("the error is %v", answer)
		}
		if n != 0 {
			t.Errorf("%d records are stored, but the answer is %v", n, answer)
		}
	default:
		t.Errorf("status %d, %v", recorder.Code, answer)
	}
}

func isStoredResult(result any) bool {
	switch result := result.(type) {
	case map[string]any:
		return slices.Contains(slices.Collect(maps.Keys(result)), "SequenceNumber")
	case map[any]any:
		return result["SequenceNumber"] != nil
	}
	return false
}
