package putrecords

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// The constraints of the API's model, in AWS's words.
const (
	notNull  = "Member must not be null"
	notEmpty = "Member must have length greater than or equal to 1"
	atMost   = "Member must have length less than or equal to "
	matching = "Member must satisfy regular expression pattern: "
)

// Violations are the clauses of a ValidationException: the members of a request that break a
// constraint of the API's model. AWS prints at most ten, so Violations holds the first ten. Use it
// in a server for operations that this package does not have. The zero value holds none.
type Violations []string

// maxViolations is how many clauses AWS prints.
const maxViolations = 10

// Add adds a clause, unless there are ten already. value is in AWS's form, such as "Value null" or
// "Value 'x'". path leads to the member, such as "records.1.member.data". constraint is the rule
// that the member breaks, in AWS's words.
func (v *Violations) Add(value, path, constraint string) {
	if len(*v) < maxViolations {
		*v = append(*v, value+" at '"+path+"' failed to satisfy constraint: "+constraint)
	}
}

// AddAddress reports problems with a stream's name and ARN. A nil value means the member is absent,
// which is valid.
func (v *Violations) AddAddress(streamName, streamARN *string) {
	v.AddName("streamName", streamName)
	v.addString("streamARN", streamARN, isARN, arnPattern, maxARNLength)
}

// AddName reports problems with the name of a stream, or the id of a shard, at the path. It must be
// 1 to 128 letters, digits, '_', '.' and '-'. A nil name means the member is absent, which is
// valid.
func (v *Violations) AddName(path string, name *string) {
	v.addString(path, name, isName, namePattern, maxNameLength)
}

// Err returns the ValidationException, an [*Error], or nil if there is no violation.
func (v Violations) Err() error {
	switch len(v) {
	case 0:
		return nil
	case 1:
		return errorf(ValidationException, "1 validation error detected: %s", v[0])
	}
	return errorf(ValidationException, "%d validation errors detected: %s", len(v), strings.Join(v, "; "))
}

// alone is the index of a record that is not in a list.
const alone = -1

// addMember adds a clause about a member of the record at index i.
func (v *Violations) addMember(value string, i int, member, constraint string) {
	if len(*v) == maxViolations {
		return // a request may have any number of records, so skip building a path that nobody sees
	}
	if i != alone {
		member = "records." + strconv.Itoa(i+1) + ".member." + member
	}
	v.Add(value, member, constraint)
}

func (v *Violations) addString(path string, s *string, valid func(string) bool, pattern string, maxLength int) {
	if s == nil {
		return
	}
	value := "Value '" + *s + "'"
	if !valid(*s) {
		v.Add(value, path, matching+pattern)
	}
	if *s == "" {
		v.Add(value, path, notEmpty)
	}
	if utf8.RuneCountInString(*s) > maxLength {
		v.Add(value, path, atMost+strconv.Itoa(maxLength))
	}
}
