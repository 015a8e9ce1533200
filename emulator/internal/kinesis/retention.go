package kinesis

import (
	"context"

	"github.com/putrecords/putrecords/emulator/internal/store"
	"github.com/putrecords/putrecords/kinesishttp"
)

// The bounds of RetentionPeriodHours.
const (
	minRetentionHours = 24
	maxRetentionHours = 8760
)

type retentionInput struct {
	RetentionPeriodHours *int
	StreamARN            *string
	StreamName           *string
}

func (s *Service) increaseRetention(_ context.Context, r *kinesishttp.Request, in *retentionInput) (any, error) {
	return nil, s.setRetention(r, in, func(name string, requested, existing int) error {
		if requested < existing {
			return invalidArgument("Requested retention period (%d hours) for stream %s can not be shorter than existing retention period "+
				"(%d hours). Use DecreaseRetentionPeriod API.", requested, name, existing)
		}
		return nil
	})
}

func (s *Service) decreaseRetention(_ context.Context, r *kinesishttp.Request, in *retentionInput) (any, error) {
	return nil, s.setRetention(r, in, func(name string, requested, existing int) error {
		if requested > existing {
			return invalidArgument("Requested retention period (%d hours) for stream %s can not be longer than existing retention period "+
				"(%d hours). Use IncreaseRetentionPeriod API.", requested, name, existing)
		}
		return nil
	})
}

// setRetention sets the retention period of a stream. check tells whether the operation may do
// that.
//
// A number below 1 is a ValidationException, as it was in 2018; what AWS answers today is unknown.
func (s *Service) setRetention(r *kinesishttp.Request, in *retentionInput, check func(name string, requested, existing int) error) error {
	var v violations
	v.AddMissing("retentionPeriodHours", in.RetentionPeriodHours == nil)
	if hours := in.RetentionPeriodHours; hours != nil {
		v.AddRange("retentionPeriodHours", hours, 1, max(*hours, 1))
	}
	v.AddAddress(in.StreamName, in.StreamARN)
	st, err := s.lookUpValid(r, v, in.StreamName, in.StreamARN)
	if err != nil {
		return err
	}
	return st.change(func(next *store.Stream) (bool, error) {
		requested, existing := *in.RetentionPeriodHours, next.Settings.RetentionHours
		switch {
		case requested < minRetentionHours:
			return false, invalidArgument("Minimum allowed retention period is %d hours. Requested retention period (%d hours) is too short.",
				minRetentionHours, requested)
		case requested > maxRetentionHours:
			return false, invalidArgument("Maximum allowed retention period is %d hours. Requested retention period (%d hours) is too long.",
				maxRetentionHours, requested)
		}
		next.Settings.RetentionHours = requested
		return requested != existing, check(st.Name(), requested, existing)
	})
}
