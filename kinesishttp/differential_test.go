package kinesishttp_test

import (
	"encoding/json"
	"errors"
	"net/http/httptest"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/kinesishttp"
)

// A request gets the same answer and stores the same records whether it calls a stream, a handler
// in JSON, or a handler in CBOR.
func TestHandlerAnswersAsStreamDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		config := putrecords.Config{
			Name: "orders", Shards: rapid.IntRange(1, 3).Draw(t, "shards"),
			EncryptionType: rapid.SampledFrom([]putrecords.EncryptionType{"", putrecords.EncryptionKMS}).Draw(t, "encryption"),
			Limits:         putrecords.Limits{RecordsPerSecond: rapid.IntRange(1, 4).Draw(t, "records per second")},
		}
		called := newStream(config)
		out, err := called.PutRecords(t.Context(), in)
		wantStatus, want := 200, any(out)
		if refused := (&putrecords.Error{}); errors.As(err, &refused) {
			wantStatus, want = refused.HTTPStatusCode(), refused
		}

		body, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		served := newStream(config)
		status, answer := serveDrawn(t, served, jsonType, body)
		if wantBody, err := json.Marshal(want); err != nil || status != wantStatus || !cmp.Equal(decodeJSON(t, string(wantBody)), decodeJSON(t, string(answer))) {
			t.Fatalf("in JSON: status %d %s, want %d %s", status, answer, wantStatus, wantBody)
		}
		wantSameRecords(t, called, served)

		body, err = cbor.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		served = newStream(config)
		status, answer = serveDrawn(t, served, cborType, body)
		if status != wantStatus {
			t.Fatalf("in CBOR: status %d, want %d", status, wantStatus)
		}
		var got putrecords.Output
		if err := cbor.Unmarshal(answer, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(out, &got); status == 200 && diff != "" {
			t.Fatalf("in CBOR (-want +got):\n%s", diff)
		}
		wantSameRecords(t, called, served)
	})
}

func drawInput(t *rapid.T) *putrecords.Input {
	name := rapid.SampledFrom([]string{"orders", "orders", "orders", "others", "", "?"})
	entry := rapid.Custom(func(t *rapid.T) putrecords.RequestEntry {
		e := putrecords.RequestEntry{Data: rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "data")}
		if rapid.IntRange(0, 19).Draw(t, "has a key") > 0 {
			e.PartitionKey = rapid.Ptr(rapid.StringN(-1, 300, -1), false).Draw(t, "key")
		}
		hashKeys := []string{"0", "7", "340282366920938463463374607431768211455", "340282366920938463463374607431768211456", "01", ""}
		if i := rapid.IntRange(0, 30).Draw(t, "hash key"); i < len(hashKeys) {
			e.ExplicitHashKey = &hashKeys[i]
		}
		return e
	})
	yes := true
	in := &putrecords.Input{
		Records:    rapid.SliceOfN(entry, 0, 8).Draw(t, "records"),
		StreamName: rapid.Ptr(name, true).Draw(t, "name"),
		DryRun:     rapid.SampledFrom([]*bool{nil, nil, nil, new(bool), &yes}).Draw(t, "dry run"),
	}
	if rapid.IntRange(0, 3).Draw(t, "has an ARN") == 0 {
		arn := "arn:aws:kinesis:us-east-1:000000000000:stream/" + name.Draw(t, "ARN's name")
		in.StreamARN = &arn
	}
	return in
}

func serveDrawn(t *rapid.T, stream *putrecords.Stream, contentType string, body []byte) (int, []byte) {
	answer := httptest.NewRecorder()
	kinesishttp.NewHandler(stream).ServeHTTP(answer, newRequest(t, contentType, "PutRecords", body))
	return answer.Code, answer.Body.Bytes()
}

func wantSameRecords(t *rapid.T, called, served *putrecords.Stream) {
	for _, sh := range called.Shards() {
		if diff := cmp.Diff(recordsOf(t, called, sh.ShardID), recordsOf(t, served, sh.ShardID)); diff != "" {
			t.Fatalf("%s (-called +served):\n%s", sh.ShardID, diff)
		}
	}
	if diff := cmp.Diff(called.Stats(), served.Stats()); diff != "" {
		t.Fatalf("stats (-called +served):\n%s", diff)
	}
}
