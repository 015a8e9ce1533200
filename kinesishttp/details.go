package kinesishttp

import (
	"cmp"
	"slices"
	"time"

	"github.com/putrecords/putrecords"
)

// Details are what DescribeStream, DescribeStreamSummary and ListShards say about a stream that the
// stream itself does not know. A field that is zero has the value that its comment says.
type Details struct {
	CreationTimestamp    time.Time // zero is the second in which the stream's first shard was created
	StreamMode           string    // "PROVISIONED" or "ON_DEMAND"; "" is ON_DEMAND if the stream distributes records
	RetentionPeriodHours int       // 0 is 24
	KeyID                string    // of a stream that is encrypted; "" is "alias/aws/kinesis"
	ShardLevelMetrics    []string  // in the order in which they are shown

	// TrimHorizon is the time of the oldest record that the stream may still hold. Shards that
	// ended before it are not listed. The creation of the stream's first shard stands for any
	// earlier time, including the zero one.
	TrimHorizon time.Time

	// Shards, if not nil, are shown instead of those of Stream.Shards. On AWS, a split or a merge
	// shows when the stream is ACTIVE again. Return the shards from before it until then.
	Shards []putrecords.Shard
}

// details returns the details of a stream. All fields are set.
func (h *Handler) details(stream *putrecords.Stream) Details {
	shards := stream.Shards()
	var d Details
	if h.Details != nil {
		d = h.Details(stream)
	}
	if d.CreationTimestamp.IsZero() {
		d.CreationTimestamp = created(shards)
	}
	if d.TrimHorizon.Before(created(shards)) {
		d.TrimHorizon = created(shards)
	}
	if d.StreamMode == "" {
		d.StreamMode = provisioned
		if stream.RecordDistributionStrategy() == putrecords.DistributionAuto { // only on-demand streams have it
			d.StreamMode = onDemand
		}
	}
	d.RetentionPeriodHours = cmp.Or(d.RetentionPeriodHours, 24)
	d.KeyID = cmp.Or(d.KeyID, "alias/aws/kinesis") // the key that AWS manages
	if d.Shards == nil {
		d.Shards = shards
	}
	return d
}

// The modes of a stream.
const (
	provisioned = "PROVISIONED"
	onDemand    = "ON_DEMAND"
)

// listed returns the shards that are listed while the stream has the status. A stream that is
// CREATING has none yet; AWS is known to show that in DescribeStream.
func (d Details) listed(status putrecords.StreamStatus) []putrecords.Shard {
	if status == putrecords.StreamCreating {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(d.Shards), func(sh putrecords.Shard) bool { return !endsAfter(sh, d.TrimHorizon) })
}
