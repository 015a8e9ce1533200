package kinesis

import (
	"slices"
	"time"

	"github.com/putrecords/putrecords"
)

// details are what descriptions say about a stream that a putrecords.Stream does not know. While
// the stream is UPDATING, they are the old ones.
type details struct {
	CreationTimestamp    time.Time
	StreamMode           string
	RetentionPeriodHours int
	KeyID                string // "" unless the stream is encrypted
	ShardLevelMetrics    []string
	TrimHorizon          time.Time // records that arrived before are no longer there

	// Shards are those from before a reshard while that has the stream UPDATING, or nil.
	Shards []putrecords.Shard
}

// details returns the details of a stream, or those of a new one if it was deleted.
func (s *Service) details(of *putrecords.Stream) details {
	st := s.find(of)
	if st == nil {
		return details{StreamMode: provisioned, RetentionPeriodHours: defaultRetentionHours}
	}
	now := s.Now()
	st.mu.Lock()
	defer st.mu.Unlock()
	var shards []putrecords.Shard
	if st.Status() == putrecords.StreamUpdating && st.until.IsZero() {
		shards = st.before
	}
	return details{
		CreationTimestamp:    st.kept.Created,
		StreamMode:           st.shown.Mode,
		RetentionPeriodHours: st.shown.RetentionHours,
		KeyID:                st.shown.KeyID,
		ShardLevelMetrics:    slices.Clone(st.shown.ShardLevelMetrics),
		TrimHorizon:          now.Add(-time.Duration(st.shown.RetentionHours) * time.Hour),
		Shards:               shards,
	}
}
