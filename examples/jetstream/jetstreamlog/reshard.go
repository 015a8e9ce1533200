package jetstreamlog

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/synadia-io/orbit.go/jetstreamext"

	"github.com/putrecords/putrecords"
)

// closingDelay is how long the numbers of closed shards go on after a reshard: longer than the
// clocks of front ends differ and than the layout takes to reach them. The shards themselves close
// immediately.
const closingDelay = 10 * time.Second

// maxBatch is how many messages JetStream allows in an atomic batch.
const maxBatch = 1000

// reshardID is the header that says which call made a layout.
const reshardID = "Putrecords-Reshard-Id"

// Reshard changes the layout. change splits and merges shards of a scratch stream that has the
// present layout; it is called again if another front end reshards first. The parents take no more
// records from any front end after that, and each front end sends records to the children as soon
// as it has adopted the layout.
//
// If the error is the one of change, nothing has happened. After any other error, the reshard may
// have happened, or may still. One call can close up to 124 shards.
func (l *Log) Reshard(ctx context.Context, change func(*putrecords.Stream) error) error {
	ctx, cancel := context.WithTimeout(ctx, l.options.Timeout)
	defer cancel()
	id := rand.Text()
	for {
		base, err := l.layout(ctx)
		if err != nil {
			return err
		}
		shards, err := l.changed(base.shards, change)
		if err != nil {
			return err
		}
		batch, err := l.batch(base, shards, id)
		if err != nil {
			return err
		}
		done, err := l.publish(ctx, base, batch, id)
		if done || err != nil {
			return err
		}
	}
}

// changed returns what change makes of the shards. Closed shards whose records have expired are
// left out.
func (l *Log) changed(shards []putrecords.Shard, change func(*putrecords.Stream) error) ([]putrecords.Shard, error) {
	closing := func() time.Time { return time.Now().Add(l.closingDelay) }
	scratch, err := putrecords.New(putrecords.Config{Layout: shards, Log: putrecords.Discard(), Now: closing})
	if err != nil {
		return nil, err
	}
	if err := change(scratch); err != nil {
		return nil, err
	}
	expired := func(shard putrecords.Shard) bool {
		end := shard.SequenceNumberRange.EndingSequenceNumber
		return !end.IsZero() && l.options.Retention > 0 && time.Since(time.Unix(end.Arrived+1, 0)) > l.options.Retention
	}
	return slices.DeleteFunc(scratch.Shards(), expired), nil
}

// batch returns the messages of a reshard: tombstones for the shards that it closes, and the
// layout.
func (l *Log) batch(base layout, shards []putrecords.Shard, id string) ([]*nats.Msg, error) {
	closed := make(map[string]bool)
	for _, shard := range base.shards {
		closed[shard.ShardID] = !shard.SequenceNumberRange.EndingSequenceNumber.IsZero()
	}
	var batch []*nats.Msg
	for _, shard := range shards {
		if shard.SequenceNumberRange.EndingSequenceNumber.IsZero() || closed[shard.ShardID] {
			continue
		}
		for lane := range Lanes {
			batch = append(batch, nats.NewMsg(l.engine.closedSubject(shard, lane)))
		}
	}
	if len(batch)+1 > maxBatch {
		return nil, fmt.Errorf("jetstreamlog: %d shards close at once; at most %d can", len(batch)/Lanes, (maxBatch-1)/Lanes)
	}
	message, err := l.encode(shards)
	if err != nil {
		return nil, err
	}
	message.Header.Set(jetstream.ExpectedLastSubjSeqHeader, strconv.FormatUint(base.sequence, 10))
	message.Header.Set(reshardID, id)
	return append(batch, message), nil
}

// publish publishes a batch, and tries again while its outcome is open. If it returns false,
// another reshard came first.
func (l *Log) publish(ctx context.Context, base layout, batch []*nats.Msg, id string) (done bool, err error) {
	for {
		_, err = patiently(ctx, l.options.Timeout, func(ctx context.Context) (*jetstreamext.BatchAck, error) {
			// Without flow control, only the last message has an answer.
			return jetstreamext.PublishMsgBatch(ctx, l.engine.js, batch, jetstreamext.BatchFlowControl{})
		})
		if err == nil {
			return true, nil
		}
		// Perhaps an earlier attempt was stored. Then it is the next layout.
		next, nextErr := l.engine.next(ctx, l.engine.layoutSubject(), base.sequence+1)
		switch {
		case nextErr == nil:
			return next.Header.Get(reshardID) == id, nil
		case !errors.Is(nextErr, jetstream.ErrMsgNotFound):
			return false, errors.Join(err, nextErr)
		case !pause(ctx):
			return false, fmt.Errorf("jetstreamlog: reshard: undecided: %w", err)
		}
	}
}
