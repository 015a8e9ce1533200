package vector

import (
	"testing"
	"time"
)

// A $time is a time on the vector's clock in seconds, and moves with that clock.
func TestTimeFollowsTheClock(t *testing.T) {
	for _, c := range []struct {
		text  string
		shift time.Duration
		want  float64
	}{
		{"1970-01-01T00:00:00Z", 0, 0},
		{"2026-03-04T05:06:08Z", 0, 1772600768},
		{"2026-03-04T05:06:07.8Z", 0, 1772600767.8},
		{"2026-03-04T05:06:07.801999999Z", 0, 1772600767.801},
		{"2026-03-04T05:06:07.8Z", 90 * time.Second, 1772600857.8},
		{"2026-03-04T05:06:07.8Z", -time.Second, 1772600766.8},
	} {
		e := expander{exact: true, shift: c.shift}
		got, err := e.expand(map[string]any{"Timestamp": map[string]any{"$time": c.text}})
		if err != nil {
			t.Fatal(err)
		}
		if got := got.(map[string]any)["Timestamp"]; got != c.want {
			t.Errorf("%s shifted by %s is %v, want %v", c.text, c.shift, got, c.want)
		}
	}
}

// A $time has no meaning without a clock, and must be a time.
func TestTimeIsRejected(t *testing.T) {
	for _, c := range []struct {
		name, text string
		exact      bool
	}{
		{"no clock", "2026-03-04T05:06:08Z", false},
		{"not a time", "05:06:08", true},
	} {
		run := NewRun(&Vector{Steps: []Step{{Request: map[string]any{"$time": c.text}}}}, Variables{}, c.exact, 0)
		if got, err := run.Request(); err == nil {
			t.Errorf("%s: %v, want an error", c.name, got)
		}
	}
}
