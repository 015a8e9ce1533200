package kinesishttp

import (
	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/internal/constraint"
)

// violations turn into the error of package putrecords.
type violations struct{ constraint.Violations }

// err returns the ValidationException, or nil if there is no violation.
func (v violations) err() error {
	if message := v.Message(); message != "" {
		return &putrecords.Error{Code: putrecords.ValidationException, Message: message}
	}
	return nil
}
