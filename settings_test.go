package putrecords_test

import (
	"errors"
	"testing"
	"time"

	"github.com/putrecords/putrecords"
)

// New limits apply from the next call on. A shard keeps its tokens, as far as the new burst holds
// them.
func TestSetLimits(t *testing.T) {
	set := func(t *testing.T, s *putrecords.Stream, limits putrecords.Limits) {
		t.Helper()
		if err := s.SetLimits(limits); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("keeps the tokens", func(t *testing.T) {
		c := newClock()
		s := putrecords.MustNew(putrecords.Config{Now: c.Now, Limits: putrecords.Limits{RecordsPerSecond: 10}})
		if n := stored(t, s, repeat(7, keyed("k"))...); n != 7 {
			t.Fatalf("%d of 7 stored", n)
		}
		set(t, s, putrecords.Limits{RecordsPerSecond: 20})
		if n := stored(t, s, repeat(5, keyed("k"))...); n != 3 {
			t.Errorf("%d stored, want the 3 that were left", n)
		}
		c.advance(100 * time.Millisecond)
		if n := stored(t, s, repeat(5, keyed("k"))...); n != 2 {
			t.Errorf("%d stored after 100 ms at the new rate, want 2", n)
		}
	})
	t.Run("fills up at the old rate until then", func(t *testing.T) {
		c := newClock()
		s := putrecords.MustNew(putrecords.Config{Now: c.Now, Limits: putrecords.Limits{RecordsPerSecond: 10}})
		stored(t, s, repeat(10, keyed("k"))...)
		c.advance(500 * time.Millisecond)
		set(t, s, putrecords.Limits{RecordsPerSecond: 1000})
		if n := stored(t, s, repeat(10, keyed("k"))...); n != 5 {
			t.Errorf("%d stored, want 5", n)
		}
	})
	t.Run("a smaller burst", func(t *testing.T) {
		s := putrecords.MustNew(putrecords.Config{Now: newClock().Now})
		stored(t, s, keyed("k"))
		set(t, s, putrecords.Limits{RecordsPerSecond: 3})
		if n := stored(t, s, repeat(5, keyed("k"))...); n != 3 {
			t.Errorf("%d stored, want the new burst of 3", n)
		}
	})
	t.Run("to unlimited and back", func(t *testing.T) {
		s := putrecords.MustNew(putrecords.Config{Now: newClock().Now, Limits: putrecords.Limits{RecordsPerSecond: 2}})
		stored(t, s, repeat(2, keyed("k"))...)
		set(t, s, putrecords.Limits{RecordsPerSecond: putrecords.Unlimited})
		if n := stored(t, s, repeat(500, keyed("k"))...); n != 500 {
			t.Errorf("%d of 500 stored without a limit", n)
		}
		set(t, s, putrecords.Limits{RecordsPerSecond: 2})
		if n := stored(t, s, repeat(3, keyed("k"))...); n != 2 {
			t.Errorf("%d stored, want a full bucket of 2", n)
		}
	})
	t.Run("bytes and requests", func(t *testing.T) {
		s := putrecords.MustNew(putrecords.Config{Now: newClock().Now})
		set(t, s, putrecords.Limits{RecordsPerRequest: 1, BytesPerSecond: 10, BytesPerRecord: 5, ByteBurst: 6})
		if n := stored(t, s, sized(5)); n != 1 {
			t.Error("a record of 5 bytes is throttled")
		}
		if n := stored(t, s, sized(2)); n != 0 {
			t.Error("a record of 2 bytes is stored with a token left")
		}
		if _, err := s.Put(t.Context(), keyed("k"), keyed("k")); !errors.Is(err, putrecords.ValidationException) {
			t.Errorf("two records: %v", err)
		}
	})
	t.Run("invalid ones change nothing", func(t *testing.T) {
		s := putrecords.MustNew(putrecords.Config{Now: newClock().Now})
		var invalid *putrecords.ConfigError
		if err := s.SetLimits(putrecords.Limits{ByteBurst: 1}); !errors.As(err, &invalid) || invalid.Field != "Limits.ByteBurst" {
			t.Errorf("error %v", err)
		}
		if got := s.Limits(); got != putrecords.MustNew(putrecords.Config{}).Limits() {
			t.Errorf("limits %+v", got)
		}
	})
}

// A change of the limits keeps pending reshards, faults and statistics. Shards that take no records
// yet get the new limits too.
func TestSetLimitsKeepsTheRest(t *testing.T) {
	c := newClock()
	s := putrecords.MustNew(putrecords.Config{Now: c.Now, ReshardDelay: 25 * time.Second})
	stored(t, s, keyed("k"))
	mustSplit(t, s, shard0, "1000")
	fault := s.Inject(putrecords.Fault{})
	if err := s.SetLimits(putrecords.Limits{RecordsPerSecond: 2}); err != nil {
		t.Fatal(err)
	}
	if s.Status() != putrecords.StreamUpdating || s.Stats()[0].Stored.Records != 1 {
		t.Errorf("status %s, statistics %+v", s.Status(), s.Stats())
	}
	if stored(t, s, keyed("k")) != 0 || fault.Hits() != 1 {
		t.Error("the fault is lost")
	}
	c.advance(time.Minute)
	if n := stored(t, s, hashed("0"), hashed("0"), hashed("0")); n != 2 {
		t.Errorf("a child stored %d, want 2", n)
	}
}

func TestSetEncryptionType(t *testing.T) {
	s := putrecords.MustNew(putrecords.Config{})
	for _, test := range []struct{ set, want, shown putrecords.EncryptionType }{
		{putrecords.EncryptionKMS, putrecords.EncryptionKMS, putrecords.EncryptionKMS},
		{putrecords.EncryptionNone, putrecords.EncryptionNone, ""},
		{"", putrecords.EncryptionNone, ""},
	} {
		if err := s.SetEncryptionType(test.set); err != nil || s.EncryptionType() != test.want {
			t.Errorf("%q: %q, %v", test.set, s.EncryptionType(), err)
		}
		if out := mustPut(t, s, keyed("k")); out.EncryptionType != test.shown {
			t.Errorf("%q: answers show %q", test.set, out.EncryptionType)
		}
	}
	var invalid *putrecords.ConfigError
	if err := s.SetEncryptionType("SSE"); !errors.As(err, &invalid) || s.EncryptionType() != putrecords.EncryptionNone {
		t.Errorf("%v, %s", err, s.EncryptionType())
	}
}
