// Package constraint checks requests against the constraints of the Kinesis API's model, in AWS's
// words. The modules of this repository share it. They may be built at different versions, so what
// it exports stays compatible.
package constraint

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The constraints of the API's model, in AWS's words.
const (
	NotNull  = "Member must not be null"
	NotEmpty = "Member must have length greater than or equal to 1"
	AtMost   = "Member must have length less than or equal to "
	Matching = "Member must satisfy regular expression pattern: "
)

// Violations are the clauses of a ValidationException: the members of a request that break a
// constraint. AWS prints at most ten, so Violations holds the first ten. The zero value holds none.
type Violations []string

// maxViolations is how many clauses AWS prints.
const maxViolations = 10

// Full reports whether there are ten clauses already.
func (v Violations) Full() bool { return len(v) >= maxViolations }

// Add adds a clause, unless there are ten already. The clause says that value, in AWS's form such
// as "Value null" or "Value 'x'", at the path of the member, such as "records.1.member.data",
// breaks the constraint.
func (v *Violations) Add(value, path, constraint string) {
	if !v.Full() {
		*v = append(*v, value+" at '"+path+"' failed to satisfy constraint: "+constraint)
	}
}

// AddAddress reports problems with a stream's name and ARN. A nil value means the member is absent,
// which is valid.
func (v *Violations) AddAddress(streamName, streamARN *string) {
	v.AddName("streamName", streamName)
	v.AddARN("streamARN", streamARN)
}

// AddARN reports problems with the ARN of a stream at the path. A nil ARN means the member is
// absent, which is valid.
func (v *Violations) AddARN(path string, arn *string) {
	v.addString(path, arn, isARN, arnPattern, maxARNLength)
}

// AddName reports problems with the name of a stream, or the id of a shard, at the path. It must be
// 1 to 128 letters, digits, '_', '.' and '-'. A nil name means the member is absent, which is
// valid.
func (v *Violations) AddName(path string, name *string) {
	v.addString(path, name, IsName, namePattern, MaxNameLength)
}

// AddRange reports a number that is below minimum or above maximum. A nil number means the member
// is absent, which is valid.
func (v *Violations) AddRange(path string, n *int, minimum, maximum int) {
	switch {
	case n == nil:
	case *n < minimum:
		v.Add("Value '"+strconv.Itoa(*n)+"'", path, "Member must have value greater than or equal to "+strconv.Itoa(minimum))
	case *n > maximum:
		v.Add("Value '"+strconv.Itoa(*n)+"'", path, "Member must have value less than or equal to "+strconv.Itoa(maximum))
	}
}

// AddLength reports a string with fewer than minimum or more than maximum characters. A nil string
// means the member is absent, which is valid.
func (v *Violations) AddLength(path string, s *string, minimum, maximum int) {
	if s == nil {
		return
	}
	switch n := utf8.RuneCountInString(*s); {
	case n < minimum:
		v.Add("Value '"+*s+"'", path, "Member must have length greater than or equal to "+strconv.Itoa(minimum))
	case n > maximum:
		v.Add("Value '"+*s+"'", path, AtMost+strconv.Itoa(maximum))
	}
}

// AddMissing reports a required member that is missing.
func (v *Violations) AddMissing(path string, missing bool) {
	if missing {
		v.Add("Value null", path, NotNull)
	}
}

// AddEnum reports a required string that is missing or not one of values.
func (v *Violations) AddEnum(path string, s *string, values ...string) {
	switch {
	case s == nil:
		v.AddMissing(path, true)
	case !slices.Contains(values, *s):
		v.Add("Value '"+*s+"'", path, "Member must satisfy enum value set: ["+strings.Join(values, ", ")+"]")
	}
}

// Message returns the message of the ValidationException, or "" if there is no violation.
func (v Violations) Message() string {
	switch len(v) {
	case 0:
		return ""
	case 1:
		return "1 validation error detected: " + v[0]
	}
	return strconv.Itoa(len(v)) + " validation errors detected: " + strings.Join(v, "; ")
}

func (v *Violations) addString(path string, s *string, valid func(string) bool, pattern string, maxLength int) {
	if s == nil || valid(*s) && len(*s) <= maxLength { // no pattern matches ""
		return
	}
	value := "Value '" + *s + "'"
	if !valid(*s) {
		v.Add(value, path, Matching+pattern)
	}
	if *s == "" {
		v.Add(value, path, NotEmpty)
	}
	if utf8.RuneCountInString(*s) > maxLength {
		v.Add(value, path, AtMost+strconv.Itoa(maxLength))
	}
}
