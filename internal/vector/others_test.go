package vector

import "testing"

// With $others an object may have more members, but those that a vector names must be right.
func TestOthers(t *testing.T) {
	want := map[string]any{"$others": true, "a": 1.0, "b": map[string]any{"$absent": true}}
	for _, c := range []struct {
		name string
		got  map[string]any
		want []Difference
	}{
		{"no others", map[string]any{"a": 1.0}, nil},
		{"others", map[string]any{"a": 1.0, "c": 2.0, "d": nil}, nil},
		{"a wrong member", map[string]any{"a": 2.0, "c": 2.0}, []Difference{{Code, "a", "is 2, want 1"}}},
		{"a missing member", map[string]any{"c": 2.0}, []Difference{{Code, "a", "is missing, want 1"}}},
		{"an absent member", map[string]any{"a": 1.0, "b": 2.0}, []Difference{{Code, "b", "is 2, want no such member"}}},
	} {
		m := matcher{times: &times{}}
		m.match("", want, c.got)
		if len(m.differences) != len(c.want) || len(c.want) > 0 && m.differences[0] != c.want[0] {
			t.Errorf("%s: the differences are %v, want %v", c.name, m.differences, c.want)
		}
	}
}

// Without $others an object has exactly the members that a vector names.
func TestNoOthers(t *testing.T) {
	m := matcher{times: &times{}}
	m.match("", map[string]any{"a": 1.0}, map[string]any{"a": 1.0, "c": 2.0})
	if len(m.differences) != 1 || m.differences[0] != (Difference{Members, "c", "is 2, want no such member"}) {
		t.Errorf("the differences are %v", m.differences)
	}
}
