package kinesis

import (
	"slices"
	"time"

	"github.com/putrecords/putrecords"

	"github.com/putrecords/putrecords/kinesishttp"
)

// details returns the details of a stream, or those of a new one if it was deleted. While the
// stream is UPDATING, they are the old ones.
func (s *Service) details(of *putrecords.Stream) kinesishttp.Details {
	st := s.find(of)
	if st == nil {
		return kinesishttp.Details{StreamMode: provisioned, RetentionPeriodHours: defaultRetentionHours}
	}
	now := s.Now()
	st.mu.Lock()
	defer st.mu.Unlock()
	var shards []putrecords.Shard
	if st.Status() == putrecords.StreamUpdating && st.until.IsZero() {
		shards = st.before
	}
	return kinesishttp.Details{
		CreationTimestamp:    st.kept.Created,
		StreamMode:           st.shown.Mode,
		RetentionPeriodHours: st.shown.RetentionHours,
		KeyID:                st.shown.KeyID,
		ShardLevelMetrics:    slices.Clone(st.shown.ShardLevelMetrics),
		TrimHorizon:          now.Add(-time.Duration(st.shown.RetentionHours) * time.Hour),
		Shards:               shards,
	}
}
