package kinesishttp

import (
	"slices"
	"time"

	"github.com/putrecords/putrecords"
)

// A shard is a [putrecords.Shard] as AWS encodes it, with members in alphabetical order.
type shard struct {
	AdjacentParentShardID string `json:"AdjacentParentShardId,omitempty"`
	HashKeyRange          hashKeyRange
	ParentShardID         string `json:"ParentShardId,omitempty"`
	SequenceNumberRange   sequenceNumberRange
	ShardID               string `json:"ShardId"`
}

type hashKeyRange struct{ EndingHashKey, StartingHashKey string }

type sequenceNumberRange struct {
	EndingSequenceNumber   string `json:",omitempty"`
	StartingSequenceNumber string
}

func encodeShards(shards []putrecords.Shard) []shard {
	encoded := make([]shard, len(shards))
	for i, sh := range shards {
		keys, numbers := sh.HashKeyRange, sh.SequenceNumberRange
		encoded[i] = shard{
			AdjacentParentShardID: sh.AdjacentParentShardID,
			HashKeyRange:          hashKeyRange{keys.EndingHashKey.String(), keys.StartingHashKey.String()},
			ParentShardID:         sh.ParentShardID,
			SequenceNumberRange:   sequenceNumberRange{numbers.EndingSequenceNumber.String(), numbers.StartingSequenceNumber.String()},
			ShardID:               sh.ShardID,
		}
	}
	return encoded
}

// created returns when a stream was created, as far as its shards show.
func created(shards []putrecords.Shard) time.Time {
	return time.Unix(shards[0].SequenceNumberRange.StartingSequenceNumber.ShardCreated, 0)
}

func isOpen(sh putrecords.Shard) bool { return sh.SequenceNumberRange.EndingSequenceNumber.IsZero() }

// maxLimit is the highest limit that a request may set. A page never has that many shards.
const maxLimit = 10_000

// pageOf returns the first shards after the one with the id start, or from the first shard if start
// is nil. It returns at most limit shards, unless limit is nil, and never more than most. It also
// reports whether more shards follow.
func pageOf(shards []putrecords.Shard, start *string, limit *int, most int) (page []putrecords.Shard, more bool) {
	if start != nil {
		first := slices.IndexFunc(shards, func(sh putrecords.Shard) bool { return sh.ShardID > *start })
		if first == -1 {
			return nil, false
		}
		shards = shards[first:]
	}
	if limit != nil {
		most = min(most, *limit)
	}
	if len(shards) <= most {
		return shards, false
	}
	return shards[:most], true
}
