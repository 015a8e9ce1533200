package putrecords_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/putrecords/putrecords"
)

// wantClockError checks that err is not an answer of AWS's, and says what is wrong and what to do.
func wantClockError(t *testing.T, err error) {
	t.Helper()
	var answer *putrecords.Error
	if err == nil || errors.As(err, &answer) || !strings.Contains(err.Error(), "more than a day before") ||
		!strings.Contains(err.Error(), "make a stream for a testing/synctest bubble inside the bubble") {
		t.Errorf("error %v", err)
	}
}

// A clock that goes back by more than a day makes calls fail, rather than throttling forever.
func TestClockGoesBackTooFar(t *testing.T) {
	c := newClock()
	s := putrecords.MustNew(putrecords.Config{Now: c.Now, Limits: putrecords.Limits{RecordsPerSecond: 2}})
	c.advance(-24 * time.Hour)
	mustPut(t, s, keyed("k"))
	c.advance(-time.Second)
	_, err := s.Put(t.Context(), keyed("k"))
	wantClockError(t, err)
	_, err = s.PutRecord(t.Context(), single("k", []byte{}))
	wantClockError(t, err)
	key, _ := putrecords.ParseHashKey("1000")
	wantClockError(t, s.SplitShard("shardId-000000000000", key))
	now := c.now
	c.now = time.Unix(math.MinInt64, 0)
	_, err = s.Put(t.Context(), keyed("k"))
	wantClockError(t, err)
	c.now = now
	if s.Status() != putrecords.StreamActive || len(s.Shards()) != 1 {
		t.Errorf("status %s, %d shards", s.Status(), len(s.Shards()))
	}
	c.advance(time.Second)
	mustPut(t, s, keyed("k"))
	if got := s.Stats()[0].Stored.Records; got != 2 {
		t.Errorf("%d records stored, want those of the two calls that succeeded", got)
	}
}

// A stream that was made outside a synctest bubble says so inside it, where time begins in 2000.
func TestStreamFromOutsideABubble(t *testing.T) {
	s := putrecords.MustNew(putrecords.Config{})
	synctest.Test(t, func(t *testing.T) {
		_, err := s.Put(t.Context(), keyed("k"))
		wantClockError(t, err)
	})
	mustPut(t, s, keyed("k"))
}
