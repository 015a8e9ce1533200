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

func TestConstraints(t *testing.T) {
	at := func(value, constraint string) string {
		return "1 validation error detected: Value " + value + " at 'member' failed to satisfy constraint: " + constraint
	}
	text := func(n int) *string { s := strings.Repeat("é", n); return &s }
	arn, bad := "arn:aws:kinesis:us-east-1:000000000000:stream/orders", "orders"
	for _, test := range []struct {
		name string
		add  func(*constraint.Violations)
		want string
	}{
		{"length, absent", func(v *constraint.Violations) { v.AddLength("member", nil, 1, 3) }, ""},
		{"length, too short", func(v *constraint.Violations) { v.AddLength("member", text(0), 1, 3) }, at("''", constraint.NotEmpty)},
		{"length, shortest", func(v *constraint.Violations) { v.AddLength("member", text(1), 1, 3) }, ""},
		{"length, longest", func(v *constraint.Violations) { v.AddLength("member", text(3), 1, 3) }, ""},
		{"length, too long", func(v *constraint.Violations) { v.AddLength("member", text(4), 1, 3) }, at("'éééé'", constraint.AtMost+"3")},
		{"there", func(v *constraint.Violations) { v.AddMissing("member", false) }, ""},
		{"missing", func(v *constraint.Violations) { v.AddMissing("member", true) }, at("null", constraint.NotNull)},
		{"enum, missing", func(v *constraint.Violations) { v.AddEnum("member", nil, "A", "B") }, at("null", constraint.NotNull)},
		{
			"enum, other", func(v *constraint.Violations) { v.AddEnum("member", &bad, "A", "B") },
			at("'orders'", "Member must satisfy enum value set: [A, B]"),
		},
		{"ARN, absent", func(v *constraint.Violations) { v.AddARN("member", nil) }, ""},
		{"ARN", func(v *constraint.Violations) { v.AddARN("member", &arn) }, ""},
		{
			"ARN, malformed", func(v *constraint.Violations) { v.AddARN("member", &bad) },
			at("'orders'", constraint.Matching+`arn:aws.*:kinesis:.*:\d{12}:stream/\S+`),
		},
	} {
		var v constraint.Violations
		test.add(&v)
		if got := v.Message(); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}
