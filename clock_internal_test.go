package putrecords

import (
	"testing"
	"time"
)

// A stream's time goes on with what elapses when the machine's clock is set back by up to a day.
func TestSteadyClock(t *testing.T) {
	const day = 24 * time.Hour
	start := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	var machine time.Time
	var elapsed time.Duration
	clock := &steadyClock{read: func() (time.Time, time.Duration) { return machine, elapsed }}
	for _, step := range []struct {
		name             string
		machine, elapsed time.Duration // since start
		want             time.Duration
	}{
		{"starts with the machine's clock", 0, time.Hour, 0},
		{"follows it", time.Second, time.Hour + time.Second, time.Second},
		{"follows it when it is set forward", 10 * time.Minute, time.Hour + 2*time.Second, 10 * time.Minute},
		{"goes on when it is set back", -time.Hour, time.Hour + 3*time.Second, 10*time.Minute + time.Second},
		{"goes on after that", -time.Hour + 2*time.Second, time.Hour + 5*time.Second, 10*time.Minute + 3*time.Second},
		{"goes on while the machine's clock is behind", 9 * time.Minute, time.Hour + 6*time.Second, 10*time.Minute + 4*time.Second},
		{"follows it when it has caught up", 11 * time.Minute, time.Hour + 7*time.Second, 11 * time.Minute},
		{"goes on when it is set back by a day", 11*time.Minute - day, time.Hour + 7*time.Second, 11 * time.Minute},
		{"follows it when it is set back by more", 11*time.Minute - day - 1, time.Hour + 7*time.Second, 11*time.Minute - day - 1},
	} {
		machine, elapsed = start.Add(step.machine), step.elapsed
		if got := clock.now().Sub(start); got != step.want {
			t.Fatalf("%s: reads %v after the start, want %v", step.name, got, step.want)
		}
	}
}
