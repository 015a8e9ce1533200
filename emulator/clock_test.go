package main

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/putrecords/putrecords/emulator/internal/clock"
)

func TestClockWatch(t *testing.T) {
	const week = 7 * 24 * time.Hour
	type reading struct{ wall, elapsed time.Duration } // the wall clock's is since noon
	for name, test := range map[string]struct {
		readings []reading // the first is at the start
		want     []string  // by how far, for each line
	}{
		"steady":                    {[]reading{{0, 0}, {0, 0}, {1, 1}, {week, week}}, nil},
		"set back by an hour":       {[]reading{{0, 0}, {-time.Hour, 0}}, []string{"1h0m0s"}},
		"set back during an hour":   {[]reading{{0, 0}, {0, time.Hour}}, []string{"1h0m0s"}},
		"set back before 1970":      {[]reading{{0, time.Hour}, {-60 * 365 * 24 * time.Hour, time.Hour}}, []string{"525600h0m0s"}},
		"set back once":             {[]reading{{0, 0}, {-time.Hour, 0}, {-time.Hour, 0}, {0, time.Hour}}, []string{"1h0m0s"}},
		"set back twice":            {[]reading{{0, 0}, {-time.Hour, 0}, {-time.Hour - time.Second, 0}}, []string{"1h0m0s", "1s"}},
		"set forward":               {[]reading{{0, 0}, {time.Hour, 0}, {time.Hour + 1, 1}}, nil},
		"set forward and back":      {[]reading{{0, 0}, {time.Hour, 0}, {0, 0}}, []string{"1h0m0s"}},
		"set back and forward":      {[]reading{{0, 0}, {-time.Hour, 0}, {0, 0}}, []string{"1h0m0s"}},
		"half a second back":        {[]reading{{0, 0}, {-time.Second / 2, 0}}, []string{"1s"}},
		"less than half a second":   {[]reading{{0, 0}, {1 - time.Second/2, 0}}, nil},
		"little by little":          {[]reading{{0, 0}, {-400 * time.Millisecond, 0}, {-800 * time.Millisecond, 0}, {-1200 * time.Millisecond, 0}}, nil},
		"an hour and a few seconds": {[]reading{{0, 0}, {-time.Hour - 1500*time.Millisecond, 0}}, []string{"1h0m2s"}},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			readings := test.readings
			watch := newClockWatch(slog.New(slog.NewTextHandler(&log, nil)), func() (time.Time, time.Duration) {
				next := readings[0]
				readings = readings[1:]
				return time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC).Add(next.wall), next.elapsed
			})
			for len(readings) > 0 {
				watch.check()
			}
			lines := strings.SplitAfter(log.String(), "\n")
			if len(lines)-1 != len(test.want) {
				t.Fatalf("logged %q, want %d lines", &log, len(test.want))
			}
			for i, by := range test.want {
				want := " level=WARN msg=\"the wall clock was set back; the streams' time goes on as if it had not been\" by=" + by + "\n"
				if !strings.HasSuffix(lines[i], want) {
					t.Errorf("line %d is %q, want %q", i, lines[i], want)
				}
			}
		})
	}
}

func TestClockWatchChecksEachRequest(t *testing.T) {
	readings, answers := 0, 0
	watch := newClockWatch(slog.New(slog.DiscardHandler), func() (time.Time, time.Duration) {
		readings++
		return time.Unix(0, 0), 0
	})
	handler := watch.watch(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { answers++ }))
	for range 3 {
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", nil))
	}
	if readings != 4 || answers != 3 {
		t.Errorf("the clock was read %d times for %d answers", readings, answers)
	}
}

func TestSystemClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		read := systemClock()
		start, _ := read()
		time.Sleep(time.Hour) // in the bubble
		wall, elapsed := read()
		if wall.Sub(start) != time.Hour || elapsed != time.Hour {
			t.Errorf("after an hour the wall clock has advanced by %v, elapsed is %v", wall.Sub(start), elapsed)
		}
	})
}

// With a monotonic reading in the wall clock's time, the two clocks would always agree. A bubble's
// clock has none, so this test needs the real one.
func TestSystemClockHasNoMonotonicReading(t *testing.T) {
	wall, _ := systemClock()()
	if strings.Contains(wall.String(), " m=") {
		t.Errorf("got %v", wall)
	}
}

// After a restart the time of the streams' records does not go back.
func TestGoOnFromTheLatestRecord(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for _, test := range []struct {
		latest time.Time
		want   time.Time
		lines  int
	}{
		{time.Time{}, now, 0},
		{now.Add(-1), now, 0},
		{now, now, 0},
		{now.Add(1), now.Add(1), 1},
		{now.AddDate(2000, 0, 0), now.AddDate(2000, 0, 0), 1},
	} {
		var log bytes.Buffer
		streams := clock.New(func() (time.Time, time.Duration) { return now, 0 })
		goOnFrom(test.latest, streams, slog.New(slog.NewTextHandler(&log, nil)))
		if got := streams.Now(); !got.Equal(test.want) || strings.Count(log.String(), "\n") != test.lines {
			t.Errorf("latest record %v: the time is %v, logged %q", test.latest, got, &log)
		}
	}
}
