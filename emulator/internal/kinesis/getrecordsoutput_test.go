package kinesis

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/putrecords/putrecords"
	"pgregory.net/rapid"

	"github.com/putrecords/putrecords/kinesishttp"
)

// AppendJSON writes what encoding/json writes.
func TestGetRecordsOutputAppendsJSON(t *testing.T) {
	text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[ -~]*`), rapid.SampledFrom([]string{"\u2028", "<&>", "\x7f", `"`, `\`, "é"}))
	records := rapid.SliceOf(rapid.Custom(func(t *rapid.T) record {
		return record{
			ApproximateArrivalTimestamp: kinesishttp.Timestamp(time.UnixMilli(rapid.Int64Range(0, 3).Draw(t, "arrival"))),
			Data:                        rapid.SliceOf(rapid.Byte()).Draw(t, "data"),
			EncryptionType:              rapid.SampledFrom([]putrecords.EncryptionType{"", putrecords.EncryptionKMS}).Draw(t, "encryption"),
			PartitionKey:                text.Draw(t, "key"),
			SequenceNumber:              rapid.StringMatching(`[0-9]{56}`).Draw(t, "number"),
		}
	}))
	// without is a getRecordsOutput without its method.
	type without getRecordsOutput
	rapid.Check(t, func(t *rapid.T) {
		out := getRecordsOutput{
			MillisBehindLatest: rapid.Int64Min(0).Draw(t, "behind"),
			NextShardIterator:  rapid.StringMatching(`[0-9A-Za-z+/=]*`).Draw(t, "next"),
			Records:            records.Draw(t, "records"),
		}
		if rapid.Bool().Draw(t, "ended") {
			out.ChildShards = []childShard{{ParentShards: []string{shard0, shard1}, ShardID: shard2}}
		}
		want := encodeJSON(without(out))
		if got := out.AppendJSON([]byte("before ")); string(got) != "before "+string(want) || !json.Valid(want) {
			t.Fatalf("got  %s\nwant %s", got, want)
		}
	})
}
