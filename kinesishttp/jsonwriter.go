package kinesishttp

import (
	"strconv"

	"github.com/putrecords/putrecords/kinesishttp/internal/jsonv2"
)

// marshalJSON encodes an answer, unless the answer encodes itself. It writes the answers to puts
// itself, which is several times faster and makes the same bytes.
func marshalJSON(answer any) ([]byte, error) {
	var w jsonWriter
	switch answer := answer.(type) {
	case *putRecordsAnswer:
		w.putRecords(answer)
	case *putRecordAnswer:
		w.putRecord(answer)
	case interface{ AppendJSON(b []byte) []byte }:
		return answer.AppendJSON(nil), nil
	default:
		w.unusual = true
	}
	if w.unusual {
		return jsonv2.Marshal(answer)
	}
	return w.bytes, nil
}

// A jsonWriter writes structures. Their members are in the order of their names.
type jsonWriter struct {
	bytes   []byte
	unusual bool // a message has a character that needs an escape, or one that is not ASCII
}

func (w *jsonWriter) putRecords(answer *putRecordsAnswer) {
	w.bytes = make([]byte, 0, bytesPerAnswer+bytesPerResult*len(answer.Records))
	w.begin('{')
	w.text("EncryptionType", string(answer.EncryptionType))
	w.name("FailedRecordCount")
	w.bytes = strconv.AppendInt(w.bytes, int64(answer.FailedRecordCount), 10)
	w.bytes = append(w.bytes, ',')
	w.name("Records")
	w.begin('[')
	for i := range answer.Records {
		record := &answer.Records[i]
		w.unusual = w.unusual || !isPlain(record.ErrorMessage)
		w.begin('{')
		w.text("ErrorCode", string(record.ErrorCode))
		w.text("ErrorMessage", record.ErrorMessage)
		w.text("SequenceNumber", record.SequenceNumber)
		w.text("ShardId", record.ShardID)
		w.end("},")
	}
	w.end("]")
	w.end("}")
}

func (w *jsonWriter) putRecord(answer *putRecordAnswer) {
	w.bytes = make([]byte, 0, bytesPerAnswer+bytesPerResult)
	w.begin('{')
	w.text("EncryptionType", string(answer.EncryptionType))
	w.text("SequenceNumber", answer.SequenceNumber)
	w.text("ShardId", answer.ShardID)
	w.end("}")
}

func (w *jsonWriter) begin(bracket byte) { w.bytes = append(w.bytes, bracket) }

// end replaces the comma after the last part.
func (w *jsonWriter) end(bracket string) {
	if last := len(w.bytes) - 1; w.bytes[last] == ',' {
		w.bytes = w.bytes[:last]
	}
	w.bytes = append(w.bytes, bracket...)
}

func (w *jsonWriter) name(name string) {
	w.bytes = append(w.bytes, '"')
	w.bytes = append(w.bytes, name...)
	w.bytes = append(w.bytes, `":`...)
}

// text writes a member, unless its value is "".
func (w *jsonWriter) text(name, value string) {
	if value != "" {
		w.name(name)
		w.bytes = append(w.bytes, '"')
		w.bytes = append(w.bytes, value...)
		w.bytes = append(w.bytes, `",`...)
	}
}

// isPlain reports whether a text is ASCII that JSON needs no escapes for.
func isPlain(s string) bool {
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}
