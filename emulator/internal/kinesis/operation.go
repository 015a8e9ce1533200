package kinesis

import (
	"context"

	"github.com/putrecords/putrecords"

	"github.com/putrecords/putrecords/internal/constraint"
	"github.com/putrecords/putrecords/kinesishttp"
)

// handle adds an operation whose request is a T. A member that may be absent is a pointer.
func handle[T any](h *kinesishttp.Handler, name string, do func(ctx context.Context, r *kinesishttp.Request, in *T) (any, error)) {
	h.Handle(name, func(ctx context.Context, r *kinesishttp.Request) (any, error) {
		in := new(T)
		if err := r.Decode(in); err != nil {
			return nil, err
		}
		return do(ctx, r, in)
	})
}

// violations turn into the error of package putrecords.
type violations struct{ constraint.Violations }

// err returns the ValidationException, or nil if there is no violation.
func (v violations) err() error {
	if message := v.Message(); message != "" {
		return errorf(putrecords.ValidationException, "%s", message)
	}
	return nil
}

// lookUpValid is lookUp for a request that has passed its other checks. If it has not, lookUpValid
// returns the ValidationException.
func (s *Service) lookUpValid(r *kinesishttp.Request, v violations, name, arn *string) (*stream, error) {
	if err := v.err(); err != nil {
		return nil, err
	}
	return s.lookUp(r, name, arn)
}
