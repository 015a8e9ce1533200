package kinesis

import (
	"context"

	"github.com/putrecords/putrecords"

	"github.com/putrecords/putrecords/emulator/internal/store"
	"github.com/putrecords/putrecords/kinesishttp"
)

// The bounds of MaxRecordSizeInKiB.
const (
	minRecordKiB = 1 << 10
	maxRecordKiB = 10 << 10
)

type updateMaxRecordSizeInput struct {
	MaxRecordSizeInKiB *int
	StreamARN          *string
}

func (s *Service) updateMaxRecordSize(_ context.Context, r *kinesishttp.Request, in *updateMaxRecordSizeInput) (any, error) {
	var v violations
	v.AddMissing("maxRecordSizeInKiB", in.MaxRecordSizeInKiB == nil)
	v.AddRange("maxRecordSizeInKiB", in.MaxRecordSizeInKiB, minRecordKiB, maxRecordKiB)
	v.AddARN("streamARN", in.StreamARN)
	st, err := s.lookUpValid(r, v, nil, in.StreamARN)
	if err != nil {
		return nil, err
	}
	return nil, st.change(func(next *store.Stream) (bool, error) {
		next.Settings.MaxRecordSizeInKiB = *in.MaxRecordSizeInKiB
		return st.Limits().BytesPerRecord != *in.MaxRecordSizeInKiB<<10, nil
	})
}

// limitsOf returns the limits of a stream with its MaxRecordSizeInKiB. A stream that takes records
// above 1 MiB also takes requests of 10 MiB at least, as [putrecords.LargeRecordLimits] does.
func limitsOf(settings store.Settings) putrecords.Limits {
	l := settings.Limits
	if settings.MaxRecordSizeInKiB == 0 {
		return l
	}
	l.BytesPerRecord = settings.MaxRecordSizeInKiB << 10
	if settings.MaxRecordSizeInKiB > minRecordKiB && l.BytesPerRequest != putrecords.Unlimited {
		l.BytesPerRequest = max(l.BytesPerRequest, putrecords.LargeRecordLimits().BytesPerRequest)
	}
	if l.ByteBurst > 0 { // or the record would be throttled forever
		l.ByteBurst = max(l.ByteBurst, int64(l.BytesPerRecord))
	}
	return l
}

// setLimits puts limits in force. If records may get larger, the shards start with a full burst of
// bytes. Otherwise even an idle shard would throttle the first large record, because its bucket
// holds only the burst of before. AWS's behavior is unknown.
func (st *stream) setLimits(l putrecords.Limits) error {
	if l.BytesPerRecord > st.Limits().BytesPerRecord {
		filling := l
		filling.BytesPerSecond = putrecords.Unlimited // what was unlimited starts full
		if err := st.SetLimits(filling); err != nil {
			return err
		}
	}
	return st.SetLimits(l)
}
