package putrecords

// A RecordDistributionStrategy says what decides the shard of a record.
type RecordDistributionStrategy string

// The record distribution strategies of the Kinesis API.
const (
	UserPartitionKey RecordDistributionStrategy = "USER_PARTITION_KEY" // the record's keys decide
	DistributionAuto RecordDistributionStrategy = "AUTO"               // the stream decides
)

// RecordDistributionStrategy returns UserPartitionKey or DistributionAuto.
func (s *Stream) RecordDistributionStrategy() RecordDistributionStrategy { return s.distribution }

// distribute gives each record the starting hash key of one open shard after another, so that the
// shards get equally many. A dry run takes no turn. How AWS spreads records is unknown.
func (c *call) distribute(dryRun bool) {
	open := c.stream.layoutAt(c.now).open
	turn := c.stream.distributed.Load()
	if !dryRun {
		n := uint64(len(c.entries))
		turn = c.stream.distributed.Add(n) - n
	}
	for i := range c.entries {
		c.keys[i] = open[turn%uint64(len(open))].keys.StartingHashKey
		turn++
	}
}
