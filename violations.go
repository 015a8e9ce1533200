package putrecords

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The constraints of the API's model, in AWS's words.
const (
	notNull        = "Member must not be null"
	notEmpty       = "Member must have length greater than or equal to 1"
	atMost         = "Member must have length less than or equal to "
	hashKeyPattern = `Member must satisfy regular expression pattern: ^(0|([1-9]\d{0,38}))$`
	namePattern    = `Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+`
	arnPattern     = `Member must satisfy regular expression pattern: arn:aws.*:kinesis:.*:\d{12}:stream/\S+`

	maxNameLength = 128
	maxARNLength  = 2048
)

// Violations are the clauses of a ValidationException: the members of a request that break a constraint of the API's model. AWS prints
// ten at most, and so these are the first ten. They are for servers that answer more of Kinesis's operations than this package
// does. The zero value holds none.
type Violations []string

// maxViolations is how many AWS prints.
const maxViolations = 10

// Add adds a clause, unless there are ten: that value, in AWS's form, such as "Value null" or "Value 'x'", at the path of the member,
// such as "records.1.member.data", breaks the constraint.
func (v *Violations) Add(value, path, constraint string) {
	if len(*v) < maxViolations {
		*v = append(*v, value+" at '"+path+"' failed to satisfy constraint: "+constraint)
	}
}

// AddAddress adds what is wrong with the name and the ARN of a stream, of which nil is missing, and right.
func (v *Violations) AddAddress(streamName, streamARN *string) {
	v.AddName("streamName", streamName)
	v.addString("streamARN", streamARN, arnRegexp, arnPattern, maxARNLength)
}

// AddName adds what is wrong with the name of a stream, or the id of a shard, at the path: it has 1 to 128 letters, digits, '_', '.' and
// '-'. Nil is missing, and right.
func (v *Violations) AddName(path string, name *string) {
	v.addString(path, name, nameRegexp, namePattern, maxNameLength)
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

// alone is the place of a record that is not one of a list.
const alone = -1

// addMember adds a clause about a member of the record at place i.
func (v *Violations) addMember(value string, i int, member, constraint string) {
	if len(*v) == maxViolations {
		return // a request may have any number of records
	}
	if i != alone {
		member = "records." + strconv.Itoa(i+1) + ".member." + member
	}
	v.Add(value, member, constraint)
}

func (v *Violations) addString(path string, s *string, valid *regexp.Regexp, pattern string, maxLength int) {
	if s == nil {
		return
	}
	value := "Value '" + *s + "'"
	if !valid.MatchString(*s) {
		v.Add(value, path, pattern)
	}
	if *s == "" {
		v.Add(value, path, notEmpty)
	}
	if utf8.RuneCountInString(*s) > maxLength {
		v.Add(value, path, atMost+strconv.Itoa(maxLength))
	}
}
