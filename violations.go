package putrecords

import (
	"strconv"

	"github.com/putrecords/putrecords/internal/constraint"
)

// violations are the members of a request that break a constraint of the API's model.
type violations struct{ constraint.Violations }

// err returns the ValidationException, or nil if there is no violation.
func (v violations) err() error {
	if message := v.Message(); message != "" {
		return &Error{Code: ValidationException, Message: message}
	}
	return nil
}

// alone is the index of a record that is not in a list.
const alone = -1

// addMember adds a clause about a member of the record at index i.
func (v *violations) addMember(value string, i int, member, constraint string) {
	if v.Full() {
		return // a request may have any number of records, so build no path in vain
	}
	if i != alone {
		member = "records." + strconv.Itoa(i+1) + ".member." + member
	}
	v.Add(value, member, constraint)
}
