package jetstreamlog

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/examples/jetstream/grouplog"
)

// An engine is a grouplog.Store on JetStream, and reads it back. It always asks the leader.
type engine struct {
	js       jetstream.JetStream
	stream   jetstream.Stream
	options  Options
	closed   chan struct{} // holds a value after a closed shard has been met
	unfenced bool          // for the test that shows what the fence is for
}

// headerRoom is how much of max_payload is left for the headers of a group.
const headerRoom = 1 << 10

func (e *engine) recordsSubject(shard putrecords.Shard) string {
	return fmt.Sprintf("%s.records.%d", e.options.Name, index(shard))
}

func (e *engine) closedSubject(shard putrecords.Shard, lane int) string {
	return fmt.Sprintf("%s.closed.%d.%d", e.options.Name, index(shard), lane)
}

func (e *engine) layoutSubject() string { return e.options.Name + ".layout" }

func index(shard putrecords.Shard) uint32 {
	return shard.SequenceNumberRange.StartingSequenceNumber.ShardIndex
}

// Put implements grouplog.Store. A group is stored if its shard's lane has no tombstone.
func (e *engine) Put(ctx context.Context, shard putrecords.Shard, id string, group []byte) (sequence uint64, err error) {
	options := []jetstream.PublishOpt{
		jetstream.WithMsgID(id),
		jetstream.WithRetryAttempts(0), // the queue retries; the client would, out of order
	}
	if !e.unfenced {
		options = append(options, jetstream.WithExpectLastSequenceForSubject(0, e.closedSubject(shard, e.options.Lane)))
	}
	if e.options.Retention > 0 {
		options = append(options, jetstream.WithMsgTTL(e.options.Retention))
	}
	ack, err := e.js.PublishMsg(ctx, &nats.Msg{Subject: e.recordsSubject(shard), Data: group}, options...)
	if hasCode(err, jetstream.JSErrCodeStreamWrongLastSequence) {
		select {
		case e.closed <- struct{}{}:
		default:
		}
		return 0, fmt.Errorf("%w: it was split or merged", grouplog.ErrClosed)
	}
	if err != nil {
		return 0, err
	}
	return ack.Sequence, nil
}

// hasCode reports whether err is JetStream's answer with the code.
func hasCode(err error, code jetstream.ErrorCode) bool {
	var answer *jetstream.APIError
	return errors.As(err, &answer) && answer.ErrorCode == code
}

// next returns the first message of the subject from the sequence on, or ErrMsgNotFound.
func (e *engine) next(ctx context.Context, subject string, sequence uint64) (*jetstream.RawStreamMsg, error) {
	return patiently(ctx, e.options.Timeout, func(ctx context.Context) (*jetstream.RawStreamMsg, error) {
		return e.stream.GetMsg(ctx, max(sequence, 1), jetstream.WithGetMsgSubject(subject))
	})
}

// last returns the last message of the subject, or ErrMsgNotFound.
func (e *engine) last(ctx context.Context, subject string) (*jetstream.RawStreamMsg, error) {
	return patiently(ctx, e.options.Timeout, func(ctx context.Context) (*jetstream.RawStreamMsg, error) {
		return e.stream.GetLastMsgForSubject(ctx, subject)
	})
}

// messages yields the messages of the subject from the sequence on, up to the one that is the last
// when the iteration begins.
func (e *engine) messages(ctx context.Context, subject string, sequence uint64) iter.Seq2[*jetstream.RawStreamMsg, error] {
	return func(yield func(*jetstream.RawStreamMsg, error) bool) {
		last, err := e.last(ctx, subject)
		for err == nil && sequence <= last.Sequence {
			var message *jetstream.RawStreamMsg
			if message, err = e.next(ctx, subject, sequence); err == nil && message.Sequence <= last.Sequence {
				if !yield(message, nil) {
					return
				}
			}
			if err == nil {
				sequence = message.Sequence + 1
			}
		}
		if err != nil && !errors.Is(err, jetstream.ErrMsgNotFound) { // no message, or the rest has expired
			yield(nil, err)
		}
	}
}

// How long JetStream has to answer before it is asked again: first the shorter time, then the
// longer one. Without a leader nobody answers.
const (
	minPatience = 500 * time.Millisecond
	maxPatience = 2 * time.Second
)

// patiently calls ask until it gets JetStream's answer, for up to the timeout. It tries again when
// there is no leader, or none that answers.
func patiently[T any](ctx context.Context, timeout time.Duration, ask func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	patience := minPatience
	for {
		attempt, cancel := context.WithTimeout(ctx, patience)
		answer, err := ask(attempt)
		if attempt.Err() != nil {
			patience = maxPatience
		}
		cancel()
		if !temporary(err) || !pause(ctx) {
			return answer, err
		}
	}
}

// pause returns false if ctx is done.
func pause(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(50 * time.Millisecond):
		return true
	}
}

// noSuitablePeers is JetStream's answer when servers of the cluster have not found each other yet.
const noSuitablePeers jetstream.ErrorCode = 10005

// temporary reports whether another attempt may get a better answer.
func temporary(err error) bool {
	var answer *jetstream.APIError
	switch {
	case err == nil || errors.Is(err, nats.ErrConnectionClosed):
		return false
	case !errors.As(err, &answer):
		return true // no answer
	}
	return answer.Code == 503 || answer.ErrorCode == noSuitablePeers
}
