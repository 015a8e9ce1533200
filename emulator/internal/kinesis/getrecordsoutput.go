package kinesis

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"

	"github.com/emmansun/base64" // encodes several times faster than encoding/base64

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/kinesishttp"
)

type getRecordsOutput struct {
	ChildShards        []childShard `json:",omitzero"` // at a closed shard's end
	MillisBehindLatest int64
	NextShardIterator  string `json:",omitzero"` // except there
	Records            []record
}

// A record is a record as GetRecords shows it.
type record struct {
	ApproximateArrivalTimestamp kinesishttp.Timestamp
	Data                        []byte
	EncryptionType              putrecords.EncryptionType `json:",omitzero"`
	PartitionKey                string
	SequenceNumber              string
}

type childShard struct {
	HashKeyRange struct{ EndingHashKey, StartingHashKey string }
	ParentShards []string
	ShardID      string `json:"ShardId"`
}

// AppendJSON appends what encoding/json would, in a fraction of the time. An answer may hold 10,000
// records and 10 MiB.
func (out getRecordsOutput) AppendJSON(b []byte) []byte {
	size := 1 << 10
	for i := range out.Records {
		size += base64.StdEncoding.EncodedLen(len(out.Records[i].Data)) + len(out.Records[i].PartitionKey) + 256
	}
	a := jsonAnswer{b: append(make([]byte, 0, len(b)+size), b...)}
	a.raw(`{`)
	if out.ChildShards != nil {
		a.raw(`"ChildShards":`)
		a.value(out.ChildShards)
		a.raw(`,`)
	}
	a.raw(`"MillisBehindLatest":`)
	a.b = strconv.AppendInt(a.b, out.MillisBehindLatest, 10)
	if out.NextShardIterator != "" {
		a.raw(`,"NextShardIterator":"`)
		a.raw(out.NextShardIterator) // base64
		a.raw(`"`)
	}
	a.raw(`,"Records":[`)
	for i := range out.Records {
		if i > 0 {
			a.raw(`,`)
		}
		a.record(&out.Records[i])
	}
	a.raw(`]}`)
	return a.b
}

// A jsonAnswer is JSON that is being written.
type jsonAnswer struct {
	b       []byte
	arrived time.Time // of the latest record
	stamp   []byte    // the same, encoded; many records arrive in one call
}

func (a *jsonAnswer) raw(json string) { a.b = append(a.b, json...) }

func (a *jsonAnswer) record(r *record) {
	if arrived := time.Time(r.ApproximateArrivalTimestamp); a.stamp == nil || !arrived.Equal(a.arrived) {
		a.arrived, a.stamp = arrived, encodeJSON(r.ApproximateArrivalTimestamp)
	}
	a.raw(`{"ApproximateArrivalTimestamp":`)
	a.b = append(a.b, a.stamp...)
	a.raw(`,"Data":"`)
	a.b = base64.StdEncoding.AppendEncode(a.b, r.Data)
	if r.EncryptionType != "" {
		a.raw(`","EncryptionType":"`)
		a.raw(string(r.EncryptionType))
	}
	a.raw(`","PartitionKey":`)
	a.text(r.PartitionKey)
	a.raw(`,"SequenceNumber":"`)
	a.raw(r.SequenceNumber)
	a.raw(`"}`)
}

// text writes a string.
func (a *jsonAnswer) text(s string) {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			a.value(s)
			return
		}
	}
	a.raw(`"`)
	a.raw(s)
	a.raw(`"`)
}

func (a *jsonAnswer) value(v any) { a.b = append(a.b, encodeJSON(v)...) }

// encodeJSON encodes v without HTML's escapes, which AWS does not use.
func encodeJSON(v any) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		panic(err) // everything in an answer can be encoded
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
