package kinesis

import (
	"context"

	"github.com/putrecords/putrecords"

	"github.com/putrecords/putrecords/kinesishttp"
)

// AWS's quotas for an account.
const (
	channelLimit    = 100
	onDemandLimit   = 50
	transitionLimit = 5 // streams that are CREATING or DELETING
)

// shardLimit returns how many open shards the provisioned streams of an account may have. We know
// it for us-east-1 and us-east-2, and use the lower one for all other regions.
func (s *Service) shardLimit() int {
	if s.Region == "us-east-1" {
		return 20_000
	}
	return 6_000
}

// A usage is what the quotas of an account count.
type usage struct{ openShards, onDemandStreams, inTransition int }

// usageOf counts the streams of an account. A stream's shards count from its creation on, and no
// longer when it is DELETING. The caller holds no stream's lock.
func (s *Service) usageOf(account *putrecords.Account) (u usage) {
	for _, st := range s.streamsOf(account) {
		st.mu.Lock()
		mode, status := st.shown.Mode, st.Status()
		st.mu.Unlock()
		if status == putrecords.StreamCreating || status == putrecords.StreamDeleting {
			u.inTransition++
		}
		switch {
		case status == putrecords.StreamDeleting:
		case mode == onDemand:
			u.onDemandStreams++
		default:
			u.openShards += openShards(st.Stream)
		}
	}
	return u
}

// openShards returns how many shards of a stream have not been split or merged. Children that take
// no records yet count.
func openShards(stream *putrecords.Stream) (n int) {
	for _, shard := range stream.Shards() {
		if isOpen(shard) {
			n++
		}
	}
	return n
}

// isOpen reports whether a shard has no ending number.
func isOpen(shard putrecords.Shard) bool {
	return shard.SequenceNumberRange.EndingSequenceNumber.IsZero()
}

// checkQuotas returns AWS's error if an account cannot have another stream.
func (s *Service) checkQuotas(account *putrecords.Account, mode string, shards int) error {
	if mode == provisioned {
		if err := s.checkShardLimit(account, shards); err != nil {
			return err
		}
	}
	switch u := s.usageOf(account); {
	case mode == onDemand && u.onDemandStreams >= onDemandLimit:
		// AWS's message is unknown.
		return errorf(LimitExceededException, "Account %s has %d on-demand streams already, and cannot have more.", account.ID(), u.onDemandStreams)
	case u.inTransition >= transitionLimit:
		return errorf(LimitExceededException, "This request would have exceed the limit on the number  of streams that can "+
			"simultaneously be in CREATING or DELETING for the account %s. Limit: %d.", account.ID(), transitionLimit)
	}
	return nil
}

// checkShardLimit returns AWS's error if an account cannot have more open shards in its provisioned
// streams. The caller holds no stream's lock.
func (s *Service) checkShardLimit(account *putrecords.Account, more int) error {
	open, limit := s.usageOf(account).openShards, s.shardLimit()
	if open+more <= limit {
		return nil
	}
	return errorf(LimitExceededException, "This request would exceed the shard limit for the account %s in %s. Current shard count "+
		"for the account: %d. Limit: %d. Number of additional shards that would have resulted from this request: %d. Refer to the "+
		"AWS Service Limits page (http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current limits and how "+
		"to request higher limits.", account.ID(), s.Region, open, limit, more)
}

type describeLimitsOutput struct {
	ChannelCount             int
	ChannelCountLimit        int
	OnDemandStreamCount      int
	OnDemandStreamCountLimit int
	OpenShardCount           int
	ShardLimit               int
}

func (s *Service) describeLimits(_ context.Context, r *kinesishttp.Request, _ *struct{}) (any, error) {
	u := s.usageOf(r.Account(nil))
	return describeLimitsOutput{
		ChannelCountLimit:        channelLimit,
		OnDemandStreamCount:      u.onDemandStreams,
		OnDemandStreamCountLimit: onDemandLimit,
		OpenShardCount:           u.openShards,
		ShardLimit:               s.shardLimit(),
	}, nil
}
