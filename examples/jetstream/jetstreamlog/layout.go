package jetstreamlog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/putrecords/putrecords"
)

// A layout is the shards of the stream, as one message has them.
type layout struct {
	shards   []putrecords.Shard
	sequence uint64 // of the message
}

// Layout returns the stream's shards, as the leader has them.
func (l *Log) Layout(ctx context.Context) ([]putrecords.Shard, error) {
	current, err := l.layout(ctx)
	return current.shards, err
}

func (l *Log) layout(ctx context.Context) (layout, error) {
	message, err := l.engine.last(ctx, l.engine.layoutSubject())
	if err != nil {
		return layout{}, fmt.Errorf("jetstreamlog: read the layout: %w", err)
	}
	current := layout{sequence: message.Sequence}
	if err := json.Unmarshal(message.Data, &current.shards); err != nil {
		return layout{}, fmt.Errorf("jetstreamlog: the layout at %d: %w", message.Sequence, err)
	}
	return current, nil
}

// encode returns the message for a layout, or an error if it is too large.
func (l *Log) encode(shards []putrecords.Shard) (*nats.Msg, error) {
	data, err := json.Marshal(shards)
	if err != nil {
		return nil, err
	}
	if most := int(l.engine.js.Conn().MaxPayload()) - headerRoom; len(data) > most {
		return nil, fmt.Errorf("jetstreamlog: the layout of %d shards is %d bytes; max_payload leaves room for %d", len(shards), len(data), most)
	}
	message := nats.NewMsg(l.engine.layoutSubject())
	message.Data = data
	return message, nil
}

// begin publishes the first layout, unless there is one.
func (l *Log) begin(ctx context.Context) error {
	stream, err := putrecords.New(putrecords.Config{Shards: l.options.Shards, Log: putrecords.Discard()})
	if err != nil {
		return err
	}
	message, err := l.encode(stream.Shards())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, l.options.Timeout)
	defer cancel()
	for {
		if _, err := l.layout(ctx); !errors.Is(err, jetstream.ErrMsgNotFound) {
			return err
		}
		_, err := patiently(ctx, l.options.Timeout, func(ctx context.Context) (*jetstream.PubAck, error) {
			return l.engine.js.PublishMsg(ctx, message, jetstream.WithExpectLastSequencePerSubject(0), jetstream.WithRetryAttempts(0))
		})
		if err != nil && !pause(ctx) { // perhaps because another front end was faster
			return err
		}
	}
}

// watchInterval is how often Watch asks for the layout, unless it has a reason to ask earlier.
const watchInterval = time.Second

// Watch calls take with the layout, and again each time another front end has resharded, until ctx
// is done or take returns an error. It returns that error. take is [putrecords.Stream.Adopt], as a
// rule. Watch looks once a second, and immediately when this front end meets a closed shard.
//
// A stream refuses a layout that reaches it more than 10 s after the reshard, if it got requests
// meanwhile. Then make a new stream with [Log.NewStream], and watch again.
func (l *Log) Watch(ctx context.Context, take func([]putrecords.Shard) error) error {
	ticker := time.NewTicker(watchInterval)
	defer ticker.Stop()
	seen := uint64(0)
	for {
		current, err := l.layout(ctx)
		if err == nil && current.sequence > seen { // never an earlier one, from a leader that was replaced
			if err := take(current.shards); err != nil {
				return err
			}
			seen = current.sequence
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		case <-l.engine.closed:
		}
	}
}
