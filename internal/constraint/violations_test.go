package constraint_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/putrecords/putrecords/internal/constraint"
)

func TestViolations(t *testing.T) {
	var v constraint.Violations
	want := func(message string) {
		t.Helper()
		if got := v.Message(); got != message {
			t.Errorf("got message %q, want %q", got, message)
		}
	}
	name, arn := "orders", "arn:aws:kinesis:us-east-1:000000000000:stream/orders"
	v.AddAddress(nil, nil)
	v.AddAddress(&name, &arn)
	want("")
	v.Add("Value '0'", "limit", "Member must have value greater than or equal to 1")
	const limit = "Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1"
	want("1 validation error detected: " + limit)
	name = "?"
	v.AddAddress(&name, &arn)
	want("2 validation errors detected: " + limit + "; " +
		"Value '?' at 'streamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+")
	for i := range 9 {
		if v.Full() != (len(v) == 10) {
			t.Errorf("with %d violations, Full is %t", len(v), v.Full())
		}
		v.Add("Value null", fmt.Sprint("member", i), constraint.NotNull)
	}
	if text := v.Message(); len(v) != 10 || !strings.HasPrefix(text, "10 validation errors detected: ") || strings.Contains(text, "member8") {
		t.Errorf("eleven violations give: %s", text)
	}
}
