package kinesishttp_test

import (
	"bytes"
	"encoding/base64"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/internal/seal"
	"github.com/putrecords/putrecords/kinesishttp"
)

const malformedToken = "InvalidArgumentException: The NextToken is not one that ListShards has returned."

// withKey returns a handler of a stream, whose TokenKey begins with a byte.
func withKey(stream *putrecords.Stream, first byte) *kinesishttp.Handler {
	handler := kinesishttp.NewHandler(stream)
	handler.TokenKey = [32]byte{first}
	return handler
}

// A token is opaque, and works in each handler that has the same key, and in no other.
func TestTokensAreSealed(t *testing.T) {
	stream := newStream(putrecords.Config{Shards: 2})
	_, token := listShards(t, withKey(stream, 1), `{"StreamName":"stream","MaxResults":1}`)
	sealed, err := base64.StdEncoding.DecodeString(token)
	if err != nil || bytes.Contains(sealed, []byte("stream")) || bytes.Contains(sealed, []byte("shard")) {
		t.Errorf("token %q: %v", sealed, err)
	}
	if _, again := listShards(t, withKey(stream, 1), `{"StreamName":"stream","MaxResults":1}`); again != token {
		t.Errorf("tokens %s and %s", token, again)
	}
	if ids, _ := listShards(t, withKey(stream, 1), `{"NextToken":"`+token+`"}`); !cmp.Equal([]string{"01"}, ids) {
		t.Errorf("another handler with the key lists %v", ids)
	}
	plaintext, ok := seal.New([32]byte{1}).Open("ListShards", token)
	if !ok {
		t.Fatal("the token does not open")
	}
	ofAnotherOperation := seal.New([32]byte{1}).Seal("ListStreams", plaintext)
	flipped := []byte(token)
	flipped[40] ^= 1
	wantRefused(t, withKey(stream, 1), "ListShards", map[string]string{
		`{"NextToken":"` + ofAnotherOperation + `"}`:                                 malformedToken,
		`{"NextToken":"` + string(flipped) + `"}`:                                    malformedToken,
		`{"NextToken":"` + base64.StdEncoding.EncodeToString(plaintext) + `"}`:       malformedToken,
		`{"NextToken":"` + seal.New([32]byte{}).Seal("ListShards", plaintext) + `"}`: malformedToken,
	})
	for _, key := range []byte{0, 2} {
		wantRefused(t, withKey(stream, key), "ListShards", map[string]string{`{"NextToken":"` + token + `"}`: malformedToken})
	}
	status, got := callCBOR(t, withKey(stream, 2), "ListShards", map[string]any{"NextToken": token})
	want := map[string]any{"__type": "InvalidArgumentException", "message": "The NextToken is not one that ListShards has returned."}
	if diff := cmp.Diff(want, got); status != 400 || diff != "" {
		t.Errorf("in CBOR: %d (-want +got):\n%s", status, diff)
	}
}

// A token is valid for 300 seconds of the stream's clock. The token of the next page has a time of
// its own.
func TestTokensExpire(t *testing.T) {
	now := start
	handler := kinesishttp.NewHandler(newStream(putrecords.Config{Shards: 3, Now: func() time.Time { return now }}))
	_, token := listShards(t, handler, `{"StreamName":"stream","MaxResults":1}`)
	for _, age := range []time.Duration{0, 300*time.Second - 1, 300 * time.Second, -time.Hour} {
		now = start.Add(age)
		if ids, _ := listShards(t, handler, `{"NextToken":"`+token+`"}`); !cmp.Equal([]string{"01", "02"}, ids) {
			t.Errorf("after %v: shards %v", age, ids)
		}
	}
	now = start.Add(300 * time.Second)
	_, second := listShards(t, handler, `{"NextToken":"`+token+`","MaxResults":1}`)
	now = start.Add(300*time.Second + 1)
	wantRefused(t, handler, "ListShards", map[string]string{
		`{"NextToken":"` + token + `"}`:                       "ExpiredNextTokenException: The NextToken has expired. A token is valid for 300 seconds.",
		`{"NextToken":"` + token + `","StreamName":"others"}`: "InvalidArgumentException: NextToken does not match the provided StreamName.",
	})
	if ids, _ := listShards(t, handler, `{"NextToken":"`+second+`"}`); !cmp.Equal([]string{"02"}, ids) {
		t.Errorf("the second page's token: shards %v", ids)
	}
	status, got := callCBOR(t, handler, "ListShards", map[string]any{"NextToken": token})
	want := map[string]any{"__type": "ExpiredNextTokenException", "message": "The NextToken has expired. A token is valid for 300 seconds."}
	if diff := cmp.Diff(want, got); status != 400 || diff != "" {
		t.Errorf("in CBOR: %d (-want +got):\n%s", status, diff)
	}
}

// A token of one account's stream does not list the stream of that name in another account.
func TestTokensAreBoundToTheirStream(t *testing.T) {
	handler := kinesishttp.NewHandler(
		newStream(putrecords.Config{AccountID: "111111111111", Shards: 2}),
		newStream(putrecords.Config{AccountID: "222222222222", Shards: 2}),
	)
	const first, second = "arn:aws:kinesis:us-east-1:111111111111:stream/stream", "arn:aws:kinesis:us-east-1:222222222222:stream/stream"
	_, token := listShards(t, handler, `{"StreamARN":"`+first+`","MaxResults":1}`)
	if ids, _ := listShards(t, handler, `{"StreamARN":"`+first+`","NextToken":"`+token+`"}`); len(ids) != 1 {
		t.Errorf("with its own ARN: shards %v", ids)
	}
	const mismatch = "InvalidArgumentException: NextToken does not match the provided StreamARN."
	wantRefused(t, handler, "ListShards", map[string]string{
		`{"StreamARN":"` + second + `","NextToken":"` + token + `"}`:                       mismatch,
		`{"StreamARN":"` + second + `","StreamName":"stream","NextToken":"` + token + `"}`: mismatch,
	})
}
