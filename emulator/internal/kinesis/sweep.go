package kinesis

import (
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/putrecords/putrecords/emulator/internal/store"
)

// sweepInterval is an eighth of the shortest retention.
const sweepInterval = defaultRetentionHours * time.Hour / 8

// sweep drops the records of all streams that are older than the retention, once each
// sweepInterval. Until then, older records are still there.
func (s *Service) sweep(now time.Time) {
	s.mu.Lock()
	var streams []*stream
	if now.Sub(s.swept) >= sweepInterval {
		s.swept = now
		streams = slices.Collect(maps.Values(s.streams))
	}
	s.mu.Unlock()
	for _, st := range streams {
		st.sweep(now)
	}
}

// sweep drops records that are older than the retention. While that changes, it is the longer one.
func (st *stream) sweep(now time.Time) {
	st.mu.Lock()
	name, hours := st.kept.Name, max(st.kept.Settings.RetentionHours, st.shown.RetentionHours)
	st.mu.Unlock()
	err := st.log.DropBefore(now.Add(-time.Duration(hours) * time.Hour))
	if err != nil && !errors.Is(err, store.ErrRemoved) {
		st.service.Logger.Error("cannot drop old records", "stream", name, "error", err)
	}
}
