package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"time"

	"github.com/putrecords/putrecords"
)

var errDamaged = errors.New("damaged records")

// groupKey returns the key of the group that starts at a position.
func groupKey(shardID string, first uint64) []byte {
	return binary.BigEndian.AppendUint64(append([]byte(shardID), 0), first)
}

// splitKey returns the parts of a key that groupKey made.
func splitKey(key []byte) (shardID string, first uint64, err error) {
	n := len(key) - 9
	if n < 0 || key[n] != 0 {
		return "", 0, errDamaged
	}
	return string(key[:n]), binary.BigEndian.Uint64(key[n+1:]), nil
}

// A group is successive records of a shard. Its value is a header and a body. The header:
//
//	number of records
//	second and nanosecond of the newest arrival
//	ShardCreated and ShardIndex of the records' sequence numbers
//
// For each record, the body has:
//
//	second and nanosecond of the arrival, minus those of the record before
//	second in the number, minus the second of the arrival
//	length of the partition key, the explicit hash key and the data
//	partition key, explicit hash key, data
//
// Numbers are varints. Counts, lengths and the index are unsigned; the others are signed. When the
// last group of a shard is dropped, its header stays, because it tells the shard's latest position.
type group struct {
	stream uint64
	shard  *diskShard
	groupHeader
	body                 []byte
	seconds, nanoseconds int64 // of the latest record's arrival
}

type groupHeader struct {
	first, count uint64 // position and number; first is in the key
	newest       time.Time
	created      int64
	index        uint32
}

// recordHeaderBytes is what a record takes besides its keys and data, at most in almost all cases.
const recordHeaderBytes = 16

func (g *group) append(r *putrecords.Record) {
	if g.count == 0 {
		g.newest, g.created, g.index = r.Arrived, r.SequenceNumber.ShardCreated, r.SequenceNumber.ShardIndex
	}
	if r.Arrived.After(g.newest) {
		g.newest = r.Arrived
	}
	g.count++
	seconds, nanoseconds := r.Arrived.Unix(), int64(r.Arrived.Nanosecond())
	b := binary.AppendVarint(g.body, seconds-g.seconds)
	b = binary.AppendVarint(b, nanoseconds-g.nanoseconds)
	b = binary.AppendVarint(b, r.SequenceNumber.Arrived-seconds)
	b = binary.AppendUvarint(b, uint64(len(r.PartitionKey)))
	b = binary.AppendUvarint(b, uint64(len(r.ExplicitHashKey)))
	b = binary.AppendUvarint(b, uint64(len(r.Data)))
	b = append(b, r.PartitionKey...)
	b = append(b, r.ExplicitHashKey...)
	b = append(b, r.Data...)
	g.body = b
	g.seconds, g.nanoseconds = seconds, nanoseconds
}

func (h *groupHeader) encode() []byte {
	b := binary.AppendUvarint(nil, h.count)
	b = binary.AppendVarint(b, h.newest.Unix())
	b = binary.AppendVarint(b, int64(h.newest.Nanosecond()))
	b = binary.AppendVarint(b, h.created)
	return binary.AppendUvarint(b, uint64(h.index))
}

func (g *group) value() []byte { return append(g.encode(), g.body...) }

// A storedGroup is a group that was read from the database.
type storedGroup struct {
	shardID string
	groupHeader
	body []byte // part of the value
}

func parseGroup(key, value []byte) (g storedGroup, err error) {
	if g.shardID, g.first, err = splitKey(key); err != nil {
		return g, err
	}
	d := decoder{rest: value}
	g.count = d.uvarint()
	seconds, nanoseconds := d.varint(), d.varint()
	g.newest = time.Unix(seconds, nanoseconds).UTC()
	g.created = d.varint()
	index := d.uvarint()
	g.index, g.body = uint32(index), d.rest
	if d.damaged || g.count == 0 || index > math.MaxUint32 {
		return g, errDamaged
	}
	return g, nil
}

// end returns the position after the group.
func (g *storedGroup) end() uint64 { return g.first + g.count }

// records yields copies of the records.
func (g *storedGroup) records(yield func(putrecords.Record, error) bool) {
	d := decoder{rest: g.body}
	number := putrecords.SequenceNumber{ShardCreated: g.created, ShardIndex: g.index}
	var seconds, nanoseconds int64
	for number.Position = g.first; len(d.rest) > 0; number.Position++ {
		seconds += d.varint()
		nanoseconds += d.varint()
		number.Arrived = seconds + d.varint()
		partitionKey, explicitHashKey, data := d.uvarint(), d.uvarint(), d.uvarint()
		r := putrecords.Record{
			SequenceNumber:  number,
			PartitionKey:    string(d.bytes(partitionKey)),
			ExplicitHashKey: string(d.bytes(explicitHashKey)),
			Data:            append([]byte{}, d.bytes(data)...),
			Arrived:         time.Unix(seconds, nanoseconds).UTC(),
		}
		if d.damaged {
			yield(putrecords.Record{}, errDamaged)
			return
		}
		if !yield(r, nil) {
			return
		}
	}
	if len(g.body) > 0 && number.Position != g.end() {
		yield(putrecords.Record{}, errDamaged)
	}
}

// clone returns a copy that stays valid when the transaction ends.
func (g storedGroup) clone() storedGroup {
	g.body = bytes.Clone(g.body)
	return g
}

// A decoder reads a value. After damage it returns zeroes.
type decoder struct {
	rest    []byte
	damaged bool
}

func (d *decoder) uvarint() uint64 {
	n, length := binary.Uvarint(d.rest)
	if length <= 0 {
		d.rest, d.damaged = nil, true
		return 0
	}
	d.rest = d.rest[length:]
	return n
}

func (d *decoder) varint() int64 {
	n := d.uvarint()
	return int64(n>>1) ^ -int64(n&1)
}

func (d *decoder) bytes(n uint64) []byte {
	if n > uint64(len(d.rest)) {
		d.rest, d.damaged = nil, true
		return nil
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}
