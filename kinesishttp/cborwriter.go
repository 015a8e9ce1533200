package kinesishttp

import (
	"encoding/binary"
	"math"
)

// marshalCBOR encodes an answer. It writes the answers to puts itself, which is several times
// faster and makes the same bytes.
func marshalCBOR(answer any) ([]byte, error) {
	var w cborWriter
	switch answer := answer.(type) {
	case *putRecordsAnswer:
		w.putRecords(answer)
	case *putRecordAnswer:
		w.putRecord(answer)
	default:
		return cborEncoder.Marshal(answer)
	}
	return w.bytes, nil
}

// A cborWriter writes structures. Their members with shorter names come first; names of the same
// length are in order.
type cborWriter struct{ bytes []byte }

func (w *cborWriter) putRecords(answer *putRecordsAnswer) {
	w.bytes = make([]byte, 0, bytesPerAnswer+bytesPerResult*len(answer.Records))
	w.head(cborMap, 2+present(string(answer.EncryptionType)))
	w.string("Records")
	w.head(cborArray, len(answer.Records))
	for i := range answer.Records {
		record := &answer.Records[i]
		w.head(cborMap, present(record.ShardID, string(record.ErrorCode), record.ErrorMessage, record.SequenceNumber))
		w.text("ShardId", record.ShardID)
		w.text("ErrorCode", string(record.ErrorCode))
		w.text("ErrorMessage", record.ErrorMessage)
		w.text("SequenceNumber", record.SequenceNumber)
	}
	w.text("EncryptionType", string(answer.EncryptionType))
	w.string("FailedRecordCount")
	w.head(cborUnsigned, answer.FailedRecordCount)
}

func (w *cborWriter) putRecord(answer *putRecordAnswer) {
	w.bytes = make([]byte, 0, bytesPerAnswer+bytesPerResult)
	w.head(cborMap, 2+present(string(answer.EncryptionType)))
	w.text("ShardId", answer.ShardID)
	w.text("EncryptionType", string(answer.EncryptionType))
	w.text("SequenceNumber", answer.SequenceNumber)
}

// present returns how many texts are not "".
func present(texts ...string) (n int) {
	for _, text := range texts {
		if text != "" {
			n++
		}
	}
	return n
}

// text writes a member, unless its value is "".
func (w *cborWriter) text(name, value string) {
	if value != "" {
		w.string(name)
		w.string(value)
	}
}

func (w *cborWriter) string(s string) {
	w.head(cborText, len(s))
	w.bytes = append(w.bytes, s...)
}

// head writes the head of an item in its shortest form.
func (w *cborWriter) head(majorType byte, number int) {
	majorType <<= 5
	switch {
	case number < 24:
		w.bytes = append(w.bytes, majorType|byte(number))
	case number <= math.MaxUint8:
		w.bytes = append(w.bytes, majorType|24, byte(number))
	case number <= math.MaxUint16:
		w.bytes = binary.BigEndian.AppendUint16(append(w.bytes, majorType|25), uint16(number))
	default:
		w.bytes = binary.BigEndian.AppendUint32(append(w.bytes, majorType|26), uint32(number))
	}
}
