package clock_test

import (
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/putrecords/putrecords/emulator/internal/clock"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// A machine is a machine's clock in a test's hands.
type machine struct {
	wall    time.Time
	elapsed time.Duration
}

func (m *machine) read() (time.Time, time.Duration) { return m.wall, m.elapsed }

// pass lets time pass.
func (m *machine) pass(d time.Duration) {
	m.wall, m.elapsed = m.wall.Add(d), m.elapsed+d
}

// setBy sets the wall clock ahead, or back if d is negative.
func (m *machine) setBy(d time.Duration) { m.wall = m.wall.Add(d) }

func start() (*machine, *clock.Clock) {
	m := &machine{wall: noon, elapsed: time.Minute}
	return m, clock.New(m.read)
}

// want checks what the clock shows, as the time since noon.
func want(t *testing.T, c *clock.Clock, since time.Duration, running bool) {
	t.Helper()
	now, runs := c.Read()
	if now != noon.Add(since) || runs != running { // == compares the monotonic reading and the location too
		t.Errorf("the clock is at %v, running %v, want %v, %v", now, runs, noon.Add(since), running)
	}
	if again := c.Now(); again != now {
		t.Errorf("Now is %v after Read has returned %v", again, now)
	}
}

func set(t *testing.T, c *clock.Clock, since time.Duration, running bool) {
	t.Helper()
	to := noon.Add(since)
	if err := c.Set(&to, &running); err != nil {
		t.Error(err)
	}
}

func run(t *testing.T, c *clock.Clock, running bool) {
	t.Helper()
	if err := c.Set(nil, &running); err != nil {
		t.Error(err)
	}
}

func advance(t *testing.T, c *clock.Clock, d time.Duration) {
	t.Helper()
	if err := c.Advance(d); err != nil {
		t.Error(err)
	}
}

func TestClockFollowsTheMachine(t *testing.T) {
	m, c := start()
	want(t, c, 0, true)
	m.pass(1)
	want(t, c, 1, true)
	m.pass(time.Hour)
	want(t, c, time.Hour+1, true)
}

func TestClockGoesOnWhenTheMachinesClockIsSetBack(t *testing.T) {
	for _, back := range []time.Duration{1, time.Hour, 25 * time.Hour, 60 * 365 * 24 * time.Hour} {
		m, c := start()
		m.setBy(-back)
		want(t, c, 0, true)
		m.pass(time.Second)
		want(t, c, time.Second, true)
		m.setBy(back) // it was a mistake
		want(t, c, time.Second, true)
		m.pass(time.Second)
		want(t, c, 2*time.Second, true)
	}
}

func TestClockFollowsWhenTheMachinesClockIsSetAhead(t *testing.T) {
	m, c := start()
	m.setBy(time.Hour)
	want(t, c, time.Hour, true)
	m.setBy(-time.Hour)
	m.pass(time.Second)
	want(t, c, time.Hour+time.Second, true)
}

func TestStoppedClockStandsStill(t *testing.T) {
	m, c := start()
	m.pass(time.Second)
	run(t, c, false)
	m.pass(time.Hour)
	m.setBy(time.Hour)
	m.setBy(-3 * time.Hour)
	want(t, c, time.Second, false)
	advance(t, c, time.Minute)
	want(t, c, time.Minute+time.Second, false)
	set(t, c, time.Hour, false)
	want(t, c, time.Hour, false)
}

func TestClockRunsOnFromWhereItWasStopped(t *testing.T) {
	m, c := start()
	run(t, c, false)
	m.pass(time.Hour)
	run(t, c, true)
	want(t, c, 0, true)
	m.pass(time.Second)
	want(t, c, time.Second, true)
	m.setBy(time.Minute)
	want(t, c, time.Second+time.Minute, true)
}

func TestClockRunsOnFromTheTimeThatIsSet(t *testing.T) {
	for _, to := range []time.Duration{0, 1, 24 * time.Hour, 10 * 365 * 24 * time.Hour} {
		m, c := start()
		set(t, c, to, true)
		want(t, c, to, true)
		m.pass(time.Second)
		want(t, c, to+time.Second, true)
		m.setBy(-time.Minute)
		m.pass(time.Second)
		want(t, c, to+2*time.Second, true)
		advance(t, c, time.Hour)
		m.pass(time.Second)
		want(t, c, to+3*time.Second+time.Hour, true)
	}
}

// 292 years is the longest time.Duration.
func TestClockRunsOnFromCenturiesAhead(t *testing.T) {
	m, c := start()
	to := time.Date(3000, 1, 1, 0, 0, 0, 0, time.UTC)
	if err := c.Set(&to, nil); err != nil {
		t.Fatal(err)
	}
	m.pass(time.Second)
	if now := c.Now(); now != to.Add(time.Second) {
		t.Errorf("the clock is at %v", now)
	}
	advance(t, c, 200*365*24*time.Hour)
	m.pass(time.Second)
	if now := c.Now(); now != to.Add(200*365*24*time.Hour+2*time.Second) {
		t.Errorf("the clock is at %v", now)
	}
}

func TestClockDoesNotGoBack(t *testing.T) {
	const refusal = "the clock is at 2026-01-01T12:00:01.5Z and cannot go back"
	_, c := start()
	set(t, c, 1500*time.Millisecond, false)
	for _, since := range []time.Duration{1500*time.Millisecond - 1, 0, -time.Hour} {
		to, running := noon.Add(since), true
		if err := c.Set(&to, &running); err == nil || err.Error() != refusal {
			t.Errorf("%v: got %v", since, err)
		}
	}
	if err := c.Advance(-1); err == nil || err.Error() != "the clock cannot go back" {
		t.Errorf("got %v", err)
	}
	want(t, c, 1500*time.Millisecond, false)
	set(t, c, 1500*time.Millisecond, false)
	advance(t, c, 0)
	want(t, c, 1500*time.Millisecond, false)
}

func TestClockStaysWithinSequenceNumbers(t *testing.T) {
	const refusal = "sequence numbers hold times before 4147-08-20T07:32:16Z"
	m, c := start()
	last := time.Date(4147, 8, 20, 7, 32, 15, 999_999_999, time.UTC)
	beyond, running := last.Add(1), false
	if err := c.Set(&beyond, &running); err == nil || err.Error() != refusal {
		t.Errorf("got %v", err)
	}
	want(t, c, 0, true)
	if err := c.Set(&last, nil); err != nil {
		t.Error(err)
	}
	if err := c.Advance(1); err == nil || err.Error() != refusal {
		t.Errorf("got %v", err)
	}
	if now := c.Now(); now != last {
		t.Errorf("the clock is at %v, want %v", now, last)
	}
	m.pass(1)
	if now := c.Now(); now != beyond { // puts fail from now on
		t.Errorf("the clock is at %v, want %v", now, beyond)
	}
	run(t, c, false) // still possible
}

func TestSetWithoutArgumentsChangesNothing(t *testing.T) {
	m, c := start()
	for _, running := range []bool{true, false} {
		run(t, c, running)
		if err := c.Set(nil, nil); err != nil {
			t.Error(err)
		}
		want(t, c, 0, running)
	}
	run(t, c, true)
	m.pass(1)
	want(t, c, 1, true)
}

// A time with a monotonic reading would be compared by that, and one in another location would be
// printed in that.
func TestTimesAreInUTCWithoutMonotonicReading(t *testing.T) {
	began := time.Now()
	c := clock.New(func() (time.Time, time.Duration) {
		now := time.Now()
		return now.Round(0).In(time.FixedZone("", 3600)), now.Sub(began)
	})
	check := func() {
		t.Helper()
		if now := c.Now(); now != now.Round(0) || now.Location() != time.UTC {
			t.Errorf("the clock is at %v", now)
		}
	}
	check()
	check()
	to := time.Now().Add(time.Hour)
	if err := c.Set(&to, nil); err != nil {
		t.Error(err)
	}
	check()
	running := false
	if err := c.Set(nil, &running); err != nil {
		t.Error(err)
	}
	check()
}

// Whatever happens, the clock does not go back, and elapsed time counts while it runs.
func TestClockNeverGoesBack(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	upTo := func(d time.Duration) time.Duration { return time.Duration(random.Int64N(int64(d))) }
	m, c := start()
	before, running := c.Read()
	for step := range 10_000 {
		passed := time.Duration(0)
		switch random.IntN(6) {
		case 0, 1:
			passed = upTo(time.Minute)
			m.pass(passed)
		case 2:
			m.setBy(upTo(48*time.Hour) - 24*time.Hour)
		case 3:
			running = !running
			run(t, c, running)
		case 4:
			advance(t, c, upTo(time.Hour))
		case 5:
			to := before.Add(upTo(48*time.Hour) - 24*time.Hour)
			now := c.Now()
			if err := c.Set(&to, nil); (err != nil) != to.Before(now) {
				t.Fatalf("step %d: set to %v at %v: %v", step, to, now, err)
			}
		}
		now, runs := c.Read()
		if runs != running {
			t.Fatalf("step %d: the clock runs: %v", step, runs)
		}
		if least := before.Add(passed); now.Before(before) || running && now.Before(least) {
			t.Fatalf("step %d: the clock is at %v after %v and another %v", step, now, before, passed)
		}
		before = now
	}
}

// The race detector watches.
func TestClockIsSafeForConcurrentUse(t *testing.T) {
	began := time.Now()
	c := clock.New(func() (time.Time, time.Duration) {
		now := time.Now()
		return now.Round(0), now.Sub(began)
	})
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			before := c.Now()
			for range 100 {
				running := i%2 == 0
				if err := c.Set(nil, &running); err != nil {
					t.Error(err)
				}
				if err := c.Advance(time.Millisecond); err != nil {
					t.Error(err)
				}
				now := c.Now()
				if now.Before(before.Add(time.Millisecond)) {
					t.Errorf("%v after %v", now, before)
				}
				to := before
				if err := c.Set(&to, nil); err == nil || !strings.Contains(err.Error(), "cannot go back") {
					t.Errorf("got %v", err)
				}
				before = now
			}
		})
	}
	all.Wait()
}
