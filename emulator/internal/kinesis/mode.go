package kinesis

import (
	"context"
	"slices"
	"time"

	"github.com/putrecords/putrecords"

	"github.com/putrecords/putrecords/emulator/internal/store"
	"github.com/putrecords/putrecords/kinesishttp"
)

// AWS changes the mode of a stream at most twice in 24 hours.
const (
	maxModeSwitches  = 2
	modeSwitchPeriod = 24 * time.Hour
)

type updateStreamModeInput struct {
	StreamARN           *string
	StreamModeDetails   *streamModeDetails
	WarmThroughputMiBps *int // accepted, without effect
}

// updateStreamMode changes the mode. The shards stay.
func (s *Service) updateStreamMode(_ context.Context, r *kinesishttp.Request, in *updateStreamModeInput) (any, error) {
	var v violations
	v.AddMissing("streamARN", in.StreamARN == nil)
	v.AddARN("streamARN", in.StreamARN)
	v.AddMissing("streamModeDetails", in.StreamModeDetails == nil)
	if in.StreamModeDetails != nil {
		v.addMode(in.StreamModeDetails)
	}
	st, err := s.lookUpValid(r, v, nil, in.StreamARN)
	if err != nil {
		return nil, err
	}
	mode := *in.StreamModeDetails.StreamMode
	return nil, st.change(func(next *store.Stream) (bool, error) {
		if next.Settings.Mode == mode {
			return false, nil
		}
		return true, switchMode(next, mode, s.Now())
	})
}

// switchMode gives a stream the other mode.
func switchMode(next *store.Stream, mode string, now time.Time) error {
	if next.Settings.RecordDistributionStrategy == putrecords.DistributionAuto {
		return autoNeedsOnDemand()
	}
	next.ModeSwitches = slices.DeleteFunc(next.ModeSwitches, func(at time.Time) bool { return now.Sub(at) >= modeSwitchPeriod })
	if len(next.ModeSwitches) >= maxModeSwitches {
		return rateExceeded(next.Name, next.AccountID)
	}
	next.ModeSwitches = append(next.ModeSwitches, now)
	next.Settings.Mode = mode
	return nil
}

// addMode reports a missing or unknown mode.
func (v *violations) addMode(details *streamModeDetails) {
	v.AddEnum("streamModeDetails.streamMode", details.StreamMode, onDemand, provisioned)
}
