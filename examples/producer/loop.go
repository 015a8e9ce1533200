package producer

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// A loop is the goroutine that owns a producer's state, so nothing needs a lock.
type loop struct {
	*Producer
	queue    queue
	records  int // accepted and not done: in the queue, in flight or resting
	bytes    int // of these records
	inFlight int // requests
	answers  chan answer
	rested   chan []*record // failed records whose backoff is over
}

// run accepts records, sends requests and reports results until the producer is closed and all
// records are done.
func (l *loop) run() {
	defer close(l.finished)
	defer l.cancel(nil)
	timer := time.NewTimer(0) //nolint:forbidigo // records linger
	defer timer.Stop()
	closing := l.closing // nil once closed
	for closing != nil || l.records > 0 {
		l.send(timer, closing != nil)
		puts := l.puts
		if closing == nil || l.records >= l.config.MaxRecords || l.bytes >= l.config.MaxBytes {
			puts = nil
		}
		select {
		case r := <-puts:
			l.records++
			l.bytes += r.size()
			l.queue.add(r, now().Add(l.config.Linger))
		case a := <-l.answers:
			l.inFlight--
			l.settle(a)
		case rested := <-l.rested:
			for _, r := range rested { // linger again, to share requests with other records
				l.queue.makeReady(r, now().Add(l.config.Linger))
			}
		case <-timer.C:
		case <-closing:
			closing = nil
		}
	}
}

func now() time.Time {
	return time.Now() //nolint:forbidigo // the only clock
}

// send starts the requests that are due, up to the limit in flight, and sets the timer for the
// next.
func (l *loop) send(timer *time.Timer, mayLinger bool) {
	for l.inFlight < maxInFlight && len(l.queue.ready) > 0 {
		t := now()
		batch := l.queue.next(t, mayLinger)
		if batch == nil {
			timer.Reset(l.queue.due.Sub(t))
			return
		}
		l.inFlight++
		go func() { l.answers <- l.put(batch) }()
	}
}

// settle reports the records that a request finished. The others rest and are retried.
func (l *loop) settle(a answer) {
	failed := map[int][]*record{} // by attempts
	for i, r := range a.batch {
		result := Result{PartitionKey: r.key, Data: r.data, Attempts: r.attempts}
		failure := a.failure(i)
		switch {
		case failure == nil:
			result.ShardID = aws.ToString(a.out.Records[i].ShardId)
			result.SequenceNumber = aws.ToString(a.out.Records[i].SequenceNumber)
		case l.ctx.Err() != nil && r.failure == nil:
			result.Err = context.Cause(l.ctx)
		case l.ctx.Err() != nil:
			result.Err = fmt.Errorf("%w; its last attempt failed: %w", context.Cause(l.ctx), r.failure)
		case a.final:
			result.Err = failure
		default:
			r.failure = failure
			failed[r.attempts] = append(failed[r.attempts], r)
			continue
		}
		l.records--
		l.bytes -= r.size()
		l.queue.done(r, now())
		l.report(result)
	}
	for _, attempts := range slices.Sorted(maps.Keys(failed)) {
		go l.rest(failed[attempts], l.backoff(attempts))
	}
}

// rest holds failed records until their backoff is over or the producer gives up.
func (l *loop) rest(records []*record, backoff time.Duration) {
	select {
	case <-time.After(backoff): //nolint:forbidigo // backoffs take time
	case <-l.ctx.Done():
	}
	l.rested <- records
}

// backoff returns how long records rest after this many attempts.
func (l *loop) backoff(attempts int) time.Duration {
	backoff := min(firstBackoff<<min(attempts-1, 10), maxBackoff)
	if l.config.Jitter != nil {
		backoff -= time.Duration(l.config.Jitter() * float64(backoff) / 2)
	}
	return backoff
}

// report calls Done and keeps count of the records that are not stored.
func (l *loop) report(result Result) {
	if result.Err != nil {
		if l.notStored == nil {
			l.notStored = &NotStoredError{Err: result.Err}
		}
		l.notStored.Records++
	}
	l.config.Done(result)
}
