package putrecords_test

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"

	"pgregory.net/rapid"

	"github.com/putrecords/putrecords"
)

// Check checks that the stream and the model have the same state. It also checks the invariants
// that need no model: sequence numbers strictly increase within a shard and are within its range,
// those of children are above those of their parents, each hash key belongs to exactly one open
// shard, and Stats match what callers learned.
func (m *machine) Check(t *rapid.T) {
	shards, stats := m.stream.Shards(), m.stream.Stats()
	var modelShards []putrecords.Shard
	var modelStats []putrecords.ShardStats
	for _, sh := range m.model.shards {
		modelShards = append(modelShards, sh.info)
		modelStats = append(modelStats, sh.stats)
	}
	if !slices.Equal(modelShards, shards) { // faster than go-cmp
		agree(t, "shards", modelShards, shards)
	}
	if !slices.Equal(modelStats, stats) {
		agree(t, "statistics", modelStats, stats)
	}
	for i, f := range m.model.faults {
		if hits := m.injections[i].Hits(); hits != f.hits {
			t.Fatalf("%d hits of fault %d, want %d", hits, i, f.hits)
		}
	}
	for _, shard := range shards {
		m.checkRecords(t, shard)
	}
	if err := cmp.Or(checkParents(shards), checkTiles(shards)); err != nil {
		t.Fatal(err)
	}
	m.checkStats(t, stats)
}

func (m *machine) checkRecords(t *rapid.T, shard putrecords.Shard) {
	records := recordsOf(t, m.stream, shard.ShardID)
	kept := m.model.log.kept(shard.ShardID)
	if !slices.EqualFunc(kept, records, sameRecord) {
		agree(t, "records of "+shard.ShardID, kept, records)
		t.Fatalf("records of %s differ in the locations of their times", shard.ShardID)
	}
	if len(kept) < len(m.model.log.records[shard.ShardID]) {
		m.events["retention"]++
	}
	if err := checkOrder(shard, records); err != nil {
		t.Fatal(err)
	}
	for _, record := range records {
		clear(record.Data) // which belongs to the reader
	}
}

// checkOrder checks that the sequence numbers of a shard's records strictly increase, and that they
// are above its starting number and below its ending number.
func checkOrder(shard putrecords.Shard, records []putrecords.Record) error {
	previous := shard.SequenceNumberRange.StartingSequenceNumber
	for _, record := range records {
		if record.SequenceNumber.Compare(previous) <= 0 {
			return fmt.Errorf("%s: sequence number %+v after %+v", shard.ShardID, record.SequenceNumber, previous)
		}
		previous = record.SequenceNumber
	}
	if last := shard.SequenceNumberRange.EndingSequenceNumber; !last.IsZero() && previous.Compare(last) >= 0 {
		return fmt.Errorf("%s: sequence number %+v is not below the ending number %+v", shard.ShardID, previous, last)
	}
	return nil
}

// checkParents checks that the sequence numbers of children are above those of their parents.
func checkParents(shards []putrecords.Shard) error {
	for _, shard := range shards {
		for _, parent := range shards {
			if parent.ShardID != shard.ParentShardID && parent.ShardID != shard.AdjacentParentShardID {
				continue
			}
			last, first := parent.SequenceNumberRange.EndingSequenceNumber, shard.SequenceNumberRange.StartingSequenceNumber
			if last.IsZero() || first.Compare(last) <= 0 {
				return fmt.Errorf("%s starts with %+v, which is not above the ending number %+v of its parent %s", shard.ShardID, first, last, parent.ShardID)
			}
		}
	}
	return nil
}

// checkTiles checks that every hash key belongs to exactly one open shard.
func checkTiles(shards []putrecords.Shard) error {
	var open []putrecords.HashKeyRange
	for _, shard := range shards {
		if shard.SequenceNumberRange.EndingSequenceNumber.IsZero() {
			open = append(open, shard.HashKeyRange)
		}
	}
	slices.SortFunc(open, func(a, b putrecords.HashKeyRange) int { return a.StartingHashKey.Compare(b.StartingHashKey) })
	next := new(big.Int)
	for _, keys := range open {
		if keys.StartingHashKey.Big().Cmp(next) != 0 {
			return fmt.Errorf("hash key %d does not belong to exactly one open shard: %+v", next, shards)
		}
		next = plus(keys.EndingHashKey.Big(), 1)
	}
	if next.Cmp(hashSpace) != 0 {
		return fmt.Errorf("hash key %d belongs to no open shard: %+v", next, shards)
	}
	return nil
}

// checkStats checks that the statistics match what callers learned, unless a fault with AfterAppend
// has lied to them.
func (m *machine) checkStats(t *rapid.T, stats []putrecords.ShardStats) {
	if n := counted(stats); n != m.sent {
		t.Fatalf("the statistics count %+v, but callers sent %+v", n, m.sent)
	}
	if m.lies {
		return
	}
	var throttled, failed putrecords.Count
	for _, s := range stats {
		if s.Stored != m.storedIn[s.ShardID] {
			t.Fatalf("%s counts %+v as stored, but callers learned of %+v", s.ShardID, s.Stored, m.storedIn[s.ShardID])
		}
		add(&throttled, s.Throttled)
		add(&failed, s.Failed)
	}
	if throttled != m.throttled || failed != m.failed {
		t.Fatalf("the statistics count %+v throttled and %+v failed, but callers learned of %+v and %+v", throttled, failed, m.throttled, m.failed)
	}
}

// counted returns the sum of all counts.
func counted(stats []putrecords.ShardStats) (sum putrecords.Count) {
	for _, s := range stats {
		add(&sum, s.Stored)
		add(&sum, s.Throttled)
		add(&sum, s.Failed)
	}
	return sum
}

// hear checks an output without the model, and notes what the caller learns from it. before is what
// the stream had counted before the call.
func (m *machine) hear(t *rapid.T, in *putrecords.Input, out *putrecords.Output, before putrecords.Count) {
	all := before
	for _, e := range in.Records {
		add(&all, putrecords.Count{Records: 1, Bytes: int64(bytesOf(e))})
	}
	if out == nil {
		// A rejected request is not counted, unless it was stored and reported as failed.
		if after := counted(m.stream.Stats()); after == all && m.lies {
			m.sent = after
			m.events["stored before a failed request"]++
		} else if after != before {
			t.Fatalf("a rejected request is counted: %+v before it, %+v after it", before, after)
		}
		return
	}
	m.sent = all
	if len(out.Records) != len(in.Records) {
		t.Fatalf("%d entries for %d records", len(out.Records), len(in.Records))
	}
	failed := 0
	for i, entry := range out.Records {
		count := putrecords.Count{Records: 1, Bytes: int64(bytesOf(in.Records[i]))}
		switch entry.ErrorCode {
		case "":
			m.events["stored"]++
			add(&m.stored, count)
			c := m.storedIn[entry.ShardID]
			add(&c, count)
			m.storedIn[entry.ShardID] = c
			if last := m.told[entry.ShardID]; len(entry.SequenceNumber) != 56 || entry.SequenceNumber <= last {
				t.Fatalf("%s: sequence number %q after %q", entry.ShardID, entry.SequenceNumber, last)
			}
			m.told[entry.ShardID] = entry.SequenceNumber
		case "ProvisionedThroughputExceededException":
			failed++
			m.events["throttled"]++
			add(&m.throttled, count)
		case "InternalFailure":
			failed++
			m.events["failed"]++
			add(&m.failed, count)
		default:
			t.Fatalf("entry %d: %+v", i, entry)
		}
	}
	if out.FailedRecordCount != failed {
		t.Fatalf("FailedRecordCount is %d for %d failed records", out.FailedRecordCount, failed)
	}
}
