package grouplog

import (
	"encoding/binary"
	"errors"
	"iter"
	"time"

	"github.com/putrecords/putrecords"
)

// A group's records have the positions sequence<<indexBits + 0, 1, 2, ...
const (
	indexBits  = 16
	maxRecords = 1 << indexBits
)

// Overhead is how many bytes Encode adds to a record's data and keys, at most: 6 for each second
// that a sequence number can hold, 5 for the nanoseconds and for each length.
const Overhead = 6 + 5 + 6 + 3*5

// Encode returns the records as one message. Each record is: the time it arrived, in seconds and
// nanoseconds; the second in its number; its partition key, explicit hash key and data, each after
// its length. All numbers are varints.
func Encode(records []putrecords.Record) []byte {
	return encode(make([]byte, 0, encodedSize(records)), records)
}

// encode appends records to a group.
func encode(group []byte, records []putrecords.Record) []byte {
	for i := range records {
		r := &records[i]
		group = binary.AppendVarint(group, r.Arrived.Unix())
		group = binary.AppendVarint(group, int64(r.Arrived.Nanosecond()))
		group = binary.AppendVarint(group, r.SequenceNumber.Arrived)
		group = appendBytes(group, r.PartitionKey)
		group = appendBytes(group, r.ExplicitHashKey)
		group = appendBytes(group, r.Data)
	}
	return group
}

// encodedSize returns the most bytes that Encode needs.
func encodedSize(records []putrecords.Record) int {
	size := 0
	for i := range records {
		size += Overhead + len(records[i].PartitionKey) + len(records[i].ExplicitHashKey) + len(records[i].Data)
	}
	return size
}

func appendBytes[T string | []byte](group []byte, b T) []byte {
	return append(binary.AppendUvarint(group, uint64(len(b))), b...)
}

var errGroup = errors.New("grouplog: the message is not a group of records")

// Decode yields the records of a shard's group that was stored at the sequence.
func Decode(shard putrecords.Shard, sequence uint64, group []byte) iter.Seq2[putrecords.Record, error] {
	return func(yield func(putrecords.Record, error) bool) {
		d := decoder{rest: group}
		for index := uint64(0); len(d.rest) > 0; index++ {
			number := shard.SequenceNumberRange.StartingSequenceNumber
			number.Position = sequence<<indexBits | index
			arrived := time.Unix(d.number(), d.number()).UTC()
			number.Arrived = d.number()
			record := putrecords.Record{
				SequenceNumber:  number,
				PartitionKey:    string(d.bytes()),
				ExplicitHashKey: string(d.bytes()),
				Data:            append([]byte{}, d.bytes()...),
				Arrived:         arrived,
			}
			if d.broken {
				yield(putrecords.Record{}, errGroup)
				return
			}
			if !yield(record, nil) {
				return
			}
		}
	}
}

// Sequence returns the sequence of the group that has the record at the position.
func Sequence(position uint64) uint64 { return position >> indexBits }

// A decoder reads a group from its start. Once it is broken, it returns zeroes.
type decoder struct {
	rest   []byte
	broken bool
}

func (d *decoder) number() int64 {
	v, n := binary.Varint(d.rest)
	d.skip(n)
	return v
}

func (d *decoder) bytes() []byte {
	length, n := binary.Uvarint(d.rest)
	d.skip(n)
	if length > uint64(len(d.rest)) {
		d.skip(0)
		return nil
	}
	b := d.rest[:length]
	d.rest = d.rest[length:]
	return b
}

// skip moves past n bytes. If n is not positive, no number was there.
func (d *decoder) skip(n int) {
	if n <= 0 {
		d.rest, d.broken = nil, true
		return
	}
	d.rest = d.rest[n:]
}
