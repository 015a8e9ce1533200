package kinesis

import (
	"context"

	"github.com/putrecords/putrecords"

	"github.com/putrecords/putrecords/emulator/internal/store"
	"github.com/putrecords/putrecords/kinesishttp"
)

// handleStreams adds the operations that create, delete and list streams.
func (s *Service) handleStreams(h *kinesishttp.Handler) {
	handle(h, "CreateStream", s.createStream)
	handle(h, "DeleteStream", s.deleteStream)
	handle(h, "DescribeLimits", s.describeLimits)
	handle(h, "ListStreams", s.listStreams)
}

type createStreamInput struct {
	MaxRecordSizeInKiB         *int
	RecordDistributionStrategy *string
	ShardCount                 *int
	StreamModeDetails          *streamModeDetails
	StreamName                 *string
	Tags                       map[string]string
	WarmThroughputMiBps        *int // accepted, without effect
}

type streamModeDetails struct {
	StreamMode *string
}

// onDemandShards is how many shards a new on-demand stream has, whatever the request's ShardCount.
const onDemandShards = 4

// maxShardCount is the highest ShardCount that the API's model allows.
const maxShardCount = 100_000

func (s *Service) createStream(_ context.Context, r *kinesishttp.Request, in *createStreamInput) (any, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	account := r.Account(nil)
	_, err := s.add(streamName{account.ID(), *in.StreamName}, putrecords.StreamCreating, func() (store.Stream, error) {
		mode, shards := in.mode(), in.shards()
		if err := s.checkQuotas(account, mode, shards); err != nil {
			return store.Stream{}, err
		}
		if mode == provisioned && in.distribution() == putrecords.DistributionAuto {
			return store.Stream{}, autoNeedsOnDemand()
		}
		kept, arn, err := s.newStream(NewStream{
			AccountID: account.ID(), Name: *in.StreamName, Shards: shards, Limits: s.Limits,
			RecordDistributionStrategy: in.distribution(),
		})
		if err != nil {
			return store.Stream{}, err
		}
		kept.Settings.Mode = mode
		if in.MaxRecordSizeInKiB != nil {
			kept.Settings.MaxRecordSizeInKiB = *in.MaxRecordSizeInKiB
		}
		kept.Tags, err = resourceOwner(arn, account.ID()).add(nil, in.Tags)
		return kept, err
	})
	return nil, err
}

// check returns the ValidationException. AWS's answer for PROVISIONED without ShardCount is
// unknown; we answer as AWS did when ShardCount was always required.
func (in *createStreamInput) check() error {
	var v violations
	v.AddRange("maxRecordSizeInKiB", in.MaxRecordSizeInKiB, minRecordKiB, maxRecordKiB)
	if in.RecordDistributionStrategy != nil {
		v.AddEnum("recordDistributionStrategy", in.RecordDistributionStrategy,
			string(putrecords.DistributionAuto), string(putrecords.UserPartitionKey))
	}
	v.AddRange("shardCount", in.ShardCount, 1, maxShardCount)
	v.AddMissing("shardCount", in.ShardCount == nil && in.StreamModeDetails != nil && in.mode() == provisioned)
	if in.StreamModeDetails != nil {
		v.addMode(in.StreamModeDetails)
	}
	if in.Tags != nil {
		v.addTags(in.Tags)
	}
	v.AddMissing("streamName", in.StreamName == nil)
	v.AddName("streamName", in.StreamName)
	return v.err()
}

// mode returns the stream's mode. A stream is on demand if the request has neither a mode nor a
// shard count.
func (in *createStreamInput) mode() string {
	switch {
	case in.StreamModeDetails != nil && in.StreamModeDetails.StreamMode != nil:
		return *in.StreamModeDetails.StreamMode
	case in.ShardCount != nil:
		return provisioned
	}
	return onDemand
}

// shards returns how many shards the stream has at first.
func (in *createStreamInput) shards() int {
	if in.mode() == onDemand {
		return onDemandShards
	}
	return *in.ShardCount
}

// distribution returns the strategy of the request, or "".
func (in *createStreamInput) distribution() putrecords.RecordDistributionStrategy {
	if in.RecordDistributionStrategy == nil {
		return ""
	}
	return putrecords.RecordDistributionStrategy(*in.RecordDistributionStrategy)
}
