package audit

import (
	"slices"

	"github.com/putrecords/putrecords"
)

// Reshard returns the nth of many reshards. By turns they split an open shard, here and there, and
// merge two neighbors.
func Reshard(n int) func(*putrecords.Stream) error {
	return func(stream *putrecords.Stream) error {
		open := slices.DeleteFunc(stream.Shards(), func(shard putrecords.Shard) bool {
			return !shard.SequenceNumberRange.EndingSequenceNumber.IsZero()
		})
		slices.SortFunc(open, func(a, b putrecords.Shard) int {
			return a.HashKeyRange.StartingHashKey.Compare(b.HashKeyRange.StartingHashKey)
		})
		if n%2 == 0 {
			shard := open[n*7%len(open)]
			return stream.SplitShard(shard.ShardID, shard.HashKeyRange.Midpoint())
		}
		i := n * 7 % (len(open) - 1)
		return stream.MergeShards(open[i].ShardID, open[i+1].ShardID)
	}
}
