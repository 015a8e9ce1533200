package kinesishttp

import (
	"slices"
	"strings"

	"github.com/putrecords/putrecords"
)

// A shard is a shard as AWS encodes it, its members in alphabetical order.
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

func shardsOf(shards []putrecords.Shard) []shard {
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

func isOpen(sh putrecords.Shard) bool { return sh.SequenceNumberRange.EndingSequenceNumber.IsZero() }

// pageOf returns the shards behind the one with the id start, if there is one, at most limit of them, or at most usual if that is nil.
func pageOf(shards []putrecords.Shard, start *string, limit *int, usual int) (page []putrecords.Shard, more bool) {
	if start != nil {
		behind, _ := slices.BinarySearchFunc(shards, *start+"\x00", func(sh putrecords.Shard, id string) int { return strings.Compare(sh.ShardID, id) })
		shards = shards[behind:]
	}
	if limit != nil {
		usual = *limit
	}
	if len(shards) <= usual {
		return shards, false
	}
	return shards[:usual], true
}
