package putrecords_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/putrecords/putrecords"
)

func TestViolations(t *testing.T) {
	var v putrecords.Violations
	name, arn := "orders", "arn:aws:kinesis:us-east-1:000000000000:stream/orders"
	v.AddAddress(nil, nil)
	v.AddAddress(&name, &arn)
	if err := v.Err(); err != nil {
		t.Errorf("error without violations: %v", err)
	}
	v.Add("Value '0'", "limit", "Member must have value greater than or equal to 1")
	const limit = "Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1"
	wantError(t, v.Err(), putrecords.ValidationException, "1 validation error detected: "+limit)
	name = "?"
	v.AddAddress(&name, &arn)
	wantError(t, v.Err(), putrecords.ValidationException, "2 validation errors detected: "+limit+"; "+
		"Value '?' at 'streamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+")
	for i := range 9 {
		v.Add("Value null", fmt.Sprint("member", i), "Member must not be null")
	}
	if text := v.Err().Error(); len(v) != 10 || !strings.Contains(text, ": 10 validation errors detected: ") || strings.Contains(text, "member8") {
		t.Errorf("eleven violations give: %s", text)
	}
}
