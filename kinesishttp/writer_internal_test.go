package kinesishttp

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/kinesishttp/internal/jsonv2"
)

// messages are at the edges of what JSON escapes. A Fault's message may be any string.
var messages = []string{
	"", "Internal service failure.", "\x00", "\n", "\x1f", " ", `"`, "/", `\`, "~", "\x7f", "\u0080", "é", "\u2028", "😀", "<&>", "\xff", "\xed\xa0\x80",
}

func drawMessage(t *rapid.T) string {
	return rapid.OneOf(
		rapid.SampledFrom(messages),
		rapid.StringN(-1, 300, -1),
		rapid.StringOfN(rapid.RuneFrom([]rune("a ~")), 20, 70_000, -1),
	).Draw(t, "message")
}

// Answers to puts are written as the generic encoders write them, or rejected with the same error.
func TestWritersAgreeWithGenericEncoders(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		encryption := rapid.SampledFrom([]putrecords.EncryptionType{"", putrecords.EncryptionKMS}).Draw(t, "encryption")
		number := rapid.StringMatching(`[0-9]{56}`)
		shard := rapid.StringMatching(`shardId-[0-9]{12}`)
		result := rapid.Custom(func(t *rapid.T) putrecords.ResultEntry {
			if rapid.Bool().Draw(t, "stored") {
				return putrecords.ResultEntry{SequenceNumber: number.Draw(t, "number"), ShardID: shard.Draw(t, "shard")}
			}
			code := rapid.SampledFrom([]putrecords.ErrorCode{putrecords.InternalFailure, putrecords.ProvisionedThroughputExceededException})
			return putrecords.ResultEntry{ErrorCode: code.Draw(t, "code"), ErrorMessage: drawMessage(t)}
		})
		records := rapid.SliceOfN(result, 0, rapid.SampledFrom([]int{1, 30, 300}).Draw(t, "at most")).Draw(t, "records")
		failed := rapid.OneOf(rapid.IntRange(0, 600), rapid.IntRange(60_000, 70_000)).Draw(t, "failed")
		for _, answer := range []any{
			&putRecordsAnswer{EncryptionType: encryption, FailedRecordCount: failed, Records: records},
			&putRecordsAnswer{EncryptionType: encryption, FailedRecordCount: failed},
			&putRecordAnswer{EncryptionType: encryption, SequenceNumber: number.Draw(t, "number"), ShardID: shard.Draw(t, "shard")},
		} {
			wantEncoded(t, answer, marshalJSON, jsonv2.Marshal)
			wantEncoded(t, answer, marshalCBOR, cborEncoder.Marshal)
		}
	})
}

func wantEncoded(t rapid.TB, answer any, marshal, oracle func(any) ([]byte, error)) {
	want, wantErr := oracle(answer)
	got, err := marshal(answer)
	if !bytes.Equal(got, want) || (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error() {
		t.Fatalf("%+v: %q, error %v; want %q, error %v", answer, got, err, want, wantErr)
	}
}

// A message is escaped as the generic encoders escape it.
func TestWritersOfMessages(t *testing.T) {
	for _, message := range messages {
		answer := &putRecordsAnswer{FailedRecordCount: 1, Records: []putrecords.ResultEntry{
			{ErrorCode: putrecords.InternalFailure, ErrorMessage: message},
		}}
		wantEncoded(t, answer, marshalJSON, jsonv2.Marshal)
		wantEncoded(t, answer, marshalCBOR, cborEncoder.Marshal)
	}
}

// Lengths and counts are written in the shortest form that holds them.
func TestWritersAtTheLimitsOfLengths(t *testing.T) {
	for _, n := range []int{0, 1, 22, 23, 24, 25, 255, 256, 257, 65_535, 65_536, 65_537} {
		answer := &putRecordsAnswer{
			FailedRecordCount: n,
			Records:           make([]putrecords.ResultEntry, n),
		}
		if n > 0 {
			answer.Records[0] = putrecords.ResultEntry{ErrorCode: putrecords.InternalFailure, ErrorMessage: string(bytes.Repeat([]byte("a"), n))}
		}
		for _, marshal := range [][2]func(any) ([]byte, error){{marshalJSON, jsonv2.Marshal}, {marshalCBOR, cborEncoder.Marshal}} {
			got, err := marshal[0](answer)
			if want, _ := marshal[1](answer); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d records: error %v, or not the generic encoder's bytes", n, err)
			}
		}
	}
}
