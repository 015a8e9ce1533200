package main

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math"
	"slices"
	"time"

	"github.com/putrecords/putrecords"
)

// A Traffic describes a trace, whatever the stream does with it.
type Traffic struct {
	Records, Bytes int64
	BilledKB       int64         // an on-demand stream bills each record in whole KB
	Length         time.Duration // when the last record came
	PeakRecords    int64         // in the second that has most of them
	PeakBytes      int64         // the same, in perhaps another second
	second         time.Duration // of the latest record
	inSecond       putrecords.Count
	keys           hotKeys
}

// add counts a record. name appends its partition key.
func (t *Traffic) add(a *Arrival, name func([]byte) []byte) {
	t.Records++
	t.Bytes += int64(a.Bytes)
	t.BilledKB += int64(a.Bytes+1023) / 1024
	t.Length = a.At
	if second := a.At / time.Second; second != t.second {
		t.second, t.inSecond = second, putrecords.Count{}
	}
	t.inSecond.Records++
	t.inSecond.Bytes += int64(a.Bytes)
	t.PeakRecords = max(t.PeakRecords, t.inSecond.Records)
	t.PeakBytes = max(t.PeakBytes, t.inSecond.Bytes)
	t.keys.add(a, name)
}

// atLeast returns how many shards the busiest second takes if all shards get the same.
func (t *Traffic) atLeast() int {
	return int(max((t.PeakRecords+999)/1000, (t.PeakBytes+1<<20-1)/(1<<20), 1))
}

// hotKeys counts the records of the hottest keys in constant memory: Space-Saving (Metwally and
// others, 2005), in sets like those of a processor's cache. A key belongs to one set. A new key
// takes the place of the set's rarest one, and its count: so a count may be too high, by what the
// key found in its place. A trace of a few thousand keys is counted exactly.
type hotKeys struct {
	marks [hotSets][hotWays]uint64 // what a key is recognized by
	keys  [hotSets][hotWays]HotKey
}

const (
	hotSets = 4096
	hotWays = 4
)

// A HotKey is a partition key and how often it came.
type HotKey struct {
	Name           []byte
	HashKey        putrecords.HashKey
	Records, Bytes int64 // since it is counted
	tooMany        int64 // what it found in its place
}

func (h *hotKeys) add(a *Arrival, name func([]byte) []byte) {
	mark := binary.LittleEndian.Uint64(a.HashKey[:]) | 1 // not 0, which is a free place
	set := binary.LittleEndian.Uint16(a.HashKey[8:]) % hotSets
	marks, keys := &h.marks[set], &h.keys[set]
	way := slices.Index(marks[:], mark)
	if way < 0 {
		var least int64 = math.MaxInt64
		for i := range keys {
			if n := keys[i].Records + keys[i].tooMany; n < least {
				least, way = n, i
			}
		}
		marks[way] = mark
		keys[way] = HotKey{Name: name(keys[way].Name[:0]), HashKey: a.HashKey, tooMany: least}
	}
	keys[way].Records++
	keys[way].Bytes += int64(a.Bytes)
}

// hottest returns up to n keys, the hottest first. Records that came before a key was counted are
// not included, so the numbers may be too low, but not too high.
func (h *hotKeys) hottest(n int) []HotKey {
	var all []HotKey
	for _, set := range &h.keys {
		for _, key := range set {
			if key.Records > 0 {
				all = append(all, key)
			}
		}
	}
	slices.SortFunc(all, func(a, b HotKey) int {
		return cmp.Or(cmp.Compare(b.Records, a.Records), cmp.Compare(b.Bytes, a.Bytes), bytes.Compare(a.Name, b.Name))
	})
	return all[:min(n, len(all))]
}
