package kinesishttp

import (
	"fmt"
	"slices"
	"strings"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/internal/constraint"
)

// violations adds checks for members that package putrecords does not have.
type violations struct{ constraint.Violations }

// err returns the ValidationException, or nil if there is no violation.
func (v violations) err() error {
	if message := v.Message(); message != "" {
		return &putrecords.Error{Code: putrecords.ValidationException, Message: message}
	}
	return nil
}

// checkRange checks that a number is between 1 and maximum.
func (v *violations) checkRange(path string, n *int, maximum int) {
	switch {
	case n == nil:
	case *n < 1:
		v.Add(fmt.Sprintf("Value '%d'", *n), path, "Member must have value greater than or equal to 1")
	case *n > maximum:
		v.Add(fmt.Sprintf("Value '%d'", *n), path, fmt.Sprintf("Member must have value less than or equal to %d", maximum))
	}
}

// checkEnum checks that a required string is one of values.
func (v *violations) checkEnum(path string, s *string, values []string) {
	switch {
	case s == nil:
		v.Add("Value null", path, constraint.NotNull)
	case !slices.Contains(values, *s):
		v.Add("Value '"+*s+"'", path, "Member must satisfy enum value set: ["+strings.Join(values, ", ")+"]")
	}
}
