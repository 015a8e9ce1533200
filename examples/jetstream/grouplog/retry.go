package grouplog

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/putrecords/putrecords"
)

// How long put pauses between two attempts: first the shorter time, then twice as long each time.
const (
	minPause = time.Millisecond
	maxPause = 100 * time.Millisecond
)

// put stores a group. While the outcome is open it tries again, under the same ID, so the group is
// stored once. The oldest append of a group sets the deadline.
func (q *Queue) put(shard putrecords.Shard, group []*pending) (sequence uint64, err error) {
	if group[0].late(time.Now()) {
		return 0, errors.New("not tried: the groups before it took too long")
	}
	ctx, cancel := context.WithDeadline(context.Background(), group[0].deadline)
	defer cancel()
	size := 0
	for _, p := range group {
		size += p.size
	}
	encoded := make([]byte, 0, size)
	for _, p := range group {
		encoded = encode(encoded, p.records)
	}
	id := rand.Text()
	pause, patience := minPause, q.options.Attempt
	for {
		attempt, cancel := context.WithTimeout(ctx, patience)
		sequence, err = q.store.Put(attempt, shard, id, encoded)
		if attempt.Err() != nil {
			patience *= 2
		}
		cancel()
		if err == nil || errors.Is(err, ErrClosed) {
			return sequence, err
		}
		select {
		case <-ctx.Done():
			return 0, fmt.Errorf("undecided after %v: %w", q.options.Timeout, err)
		case <-time.After(pause):
		}
		pause = min(2*pause, maxPause)
	}
}
