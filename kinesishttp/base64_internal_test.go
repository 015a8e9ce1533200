package kinesishttp

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// encoding/base64 is the oracle: the reader decodes a blob to the same bytes or rejects it too.
func TestBlobsAgreeWithEncodingBase64(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		encoded := rapid.Custom(func(t *rapid.T) string {
			s := []byte(base64.StdEncoding.EncodeToString(rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "data")))
			if len(s) > 0 && rapid.Bool().Draw(t, "corrupt") {
				at := rapid.IntRange(0, len(s)-1).Draw(t, "at")
				s[at] = rapid.SampledFrom([]byte("=-_ AB/+\n\r\x00*z9")).Draw(t, "with")
			}
			return string(s)
		})
		texts := rapid.SliceOfN(encoded, 1, 5).Draw(t, "texts")
		body, err := json.Marshal(texts)
		if err != nil {
			t.Fatal(err)
		}
		r := jsonReaders.New().(*jsonReader)
		r.reset(body)
		var blobs [][]byte
		r.list(func() { blobs = append(blobs, r.blob()) })
		valid := true
		for i, text := range texts {
			want, err := base64.StdEncoding.Strict().DecodeString(text)
			if err != nil || strings.ContainsAny(text, "\r\n") {
				valid = false
				want = nil
			}
			if !bytes.Equal(blobs[i], want) || (blobs[i] == nil) != (want == nil) {
				t.Fatalf("%q reads as %q, want %q", text, blobs[i], want)
			}
		}
		if valid != (r.first == "") {
			t.Fatalf("%q: problem %q", texts, r.first)
		}
	})
}
