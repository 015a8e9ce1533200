package kinesishttp

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/putrecords/putrecords"
)

// violations are the clauses of a ValidationException about members that package putrecords does not check.
type violations []string

const notEmpty = "Member must have length greater than or equal to 1"

func (v *violations) add(value, path, constraint string) {
	*v = append(*v, value+" at '"+path+"' failed to satisfy constraint: "+constraint)
}

// checkRange checks that a number is between 1 and maximum.
func (v *violations) checkRange(path string, n *int, maximum int) {
	switch {
	case n == nil:
	case *n < 1:
		v.add(fmt.Sprintf("Value '%d'", *n), path, "Member must have value greater than or equal to 1")
	case *n > maximum:
		v.add(fmt.Sprintf("Value '%d'", *n), path, fmt.Sprintf("Member must have value less than or equal to %d", maximum))
	}
}

var shardIDRegexp = regexp.MustCompile(`^[a-zA-Z0-9_.-]+$`)

func (v *violations) checkShardID(path string, id *string) {
	if id == nil {
		return
	}
	value := "Value '" + *id + "'"
	if !shardIDRegexp.MatchString(*id) {
		v.add(value, path, "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+")
	}
	if *id == "" {
		v.add(value, path, notEmpty)
	}
	if len(*id) > 128 {
		v.add(value, path, "Member must have length less than or equal to 128")
	}
}

// checkEnum checks that a required string is one of values.
func (v *violations) checkEnum(path string, s *string, values []string) {
	switch {
	case s == nil:
		v.add("Value null", path, "Member must not be null")
	case !slices.Contains(values, *s):
		v.add("Value '"+*s+"'", path, "Member must satisfy enum value set: ["+strings.Join(values, ", ")+"]")
	}
}

func (v violations) err() error {
	switch len(v) {
	case 0:
		return nil
	case 1:
		return &putrecords.Error{Code: putrecords.ValidationException, Message: "1 validation error detected: " + v[0]}
	}
	return &putrecords.Error{
		Code:    putrecords.ValidationException,
		Message: fmt.Sprintf("%d validation errors detected: %s", len(v), strings.Join(v, "; ")),
	}
}
