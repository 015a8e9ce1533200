package kinesis

import (
	"bytes"
	"log/slog"
	"testing"
	"time"

	"github.com/putrecords/putrecords"

	"github.com/putrecords/putrecords/emulator/internal/store"
)

// Records are dropped once they are older than their stream's retention, an eighth of 24 hours
// later at most. While the retention changes, the longer one counts.
func TestOldRecordsAreDropped(t *testing.T) {
	const lag = sweepInterval
	for _, test := range []struct {
		kept, shown int
		age         time.Duration
		want        int
	}{
		{24, 24, 24 * time.Hour, 1},
		{24, 24, 24*time.Hour + lag, 0},
		{48, 24, 24*time.Hour + lag, 1},
		{24, 48, 24*time.Hour + lag, 1},
		{48, 24, 48*time.Hour + lag, 0},
		{8760, 8760, 8760 * time.Hour, 1},
		{8760, 8760, 8760*time.Hour + lag, 0},
	} {
		disk, err := store.Open(t.TempDir(), store.DiskOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer disk.Close()
		for _, s := range []store.Store{store.NewMemory([32]byte{}), disk} {
			now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
			service, err := New(Config{
				AccountID: "000000000000",
				Region:    "us-east-1",
				Now:       func() time.Time { return now },
				Store:     s,
				Logger:    slog.New(slog.DiscardHandler),
			})
			if err != nil {
				t.Fatal(err)
			}
			stream, err := service.Create(NewStream{Name: "orders"})
			if err != nil {
				t.Fatal(err)
			}
			st := service.streams[stream]
			st.kept.Settings.RetentionHours, st.shown.RetentionHours = test.kept, test.shown
			if _, err := stream.Put(t.Context(), putrecords.Entry("k", nil)); err != nil {
				t.Fatal(err)
			}
			for _, elapsed := range []time.Duration{test.age - lag, lag} {
				now = now.Add(elapsed)
				service.settle()
			}
			got := 0
			for _, err := range stream.AllRecords() {
				if err != nil {
					t.Fatal(err)
				}
				got++
			}
			if got != test.want {
				t.Errorf("%T, %+v: %d records", s, test, got)
			}
		}
	}
}

// A stream whose deletion has begun has no records to drop.
func TestNothingIsDroppedFromADeletedStream(t *testing.T) {
	clock := &testClock{now: start}
	var logged bytes.Buffer
	s := newService(t, clock, func(c *Config) { c.Logger = slog.New(slog.NewTextHandler(&logged, nil)) })
	stream, err := s.Create(NewStream{Name: "orders"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.find(stream).delete(); err != nil {
		t.Fatal(err)
	}
	s.find(stream).sweep(start)
	if logged.Len() > 0 {
		t.Errorf("logged %s", &logged)
	}
}
