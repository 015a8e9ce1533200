package main

import (
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Each second has its first lines, and one that says how many were left out.
func TestLineLimit(t *testing.T) {
	const most = linesPerSecond
	for _, test := range []struct {
		lines, allowed int
		want           string // the end of the line about those left out; "" means no line
	}{
		{0, 0, ""},
		{most - 1, most - 1, ""},
		{most, most, ""},
		{most + 1, most, " about=tests lines=1\n"},
		{most + 1000, most, " about=tests lines=1000\n"},
	} {
		synctest.Test(t, func(t *testing.T) {
			log := &buffer{}
			limit := newLineLimit(slog.New(slog.NewTextHandler(log, nil)), "tests")
			for range 2 { // what a second left out does not count in the next one
				allowed := 0
				for range test.lines {
					if limit.allow() {
						allowed++
					}
				}
				before := log.String()
				time.Sleep(time.Second - time.Nanosecond)
				synctest.Wait()
				if log.String() != before {
					t.Errorf("%d lines: logged %q before the second is over", test.lines, log.String()[len(before):])
				}
				time.Sleep(time.Nanosecond)
				synctest.Wait()
				if line := log.String()[len(before):]; allowed != test.allowed || (test.want == "") != (line == "") || !strings.HasSuffix(line, test.want) {
					t.Errorf("%d lines: %d are allowed and then %q is logged, want %d and %q", test.lines, allowed, line, test.allowed, test.want)
				}
			}
		})
	}
}

// At the end of the program the second is cut short.
func TestLineLimitFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &buffer{}
		limit := newLineLimit(slog.New(slog.NewTextHandler(log, nil)), "tests")
		for range linesPerSecond + 3 {
			limit.allow()
		}
		limit.flush()
		limit.flush()
		time.Sleep(time.Hour)
		synctest.Wait()
		if line := log.String(); strings.Count(line, "\n") != 1 || !strings.HasSuffix(line, " about=tests lines=3\n") {
			t.Errorf("logged %q", line)
		}
	})
}
