// Package jetstreamlog is an example of a log that several processes share. It keeps a stream's
// records in NATS JetStream, which replicates them. So several front ends on several machines are
// one Kinesis stream. Import it, or copy it and change what your setup needs.
//
// Each front end makes a [Log] of the same name and a stream on it, and follows the reshards of the
// others:
//
//	log, err := jetstreamlog.New(ctx, js, jetstreamlog.Options{Name: "orders", Replicas: 3, Lane: 1})
//	…
//	stream, err := log.NewStream(ctx, putrecords.Config{Name: "orders"})
//	…
//	go log.Watch(ctx, stream.Adopt)
//
// Reshard with [Log.Reshard], never with the stream's own methods: the other front ends would not
// learn of it.
//
// # Layout of the JetStream stream
//
// The stream's name is NAME in these subjects:
//
//	NAME.records.SHARD      groups of records, by the shard's index
//	NAME.closed.SHARD.LANE  a tombstone: the shard takes no more groups in the lane
//	NAME.layout             the shards, the last message counts
//
// A reshard publishes a layout, and tombstones in all lanes of the shards that it closes, as one
// atomic batch. A group is stored only if its shard and lane have no tombstone. So no front end can
// write to a closed shard, even if it never hears of the reshard.
package jetstreamlog

import (
	"context"
	"iter"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/examples/jetstream/grouplog"
)

// A Log keeps the records of one stream in JetStream. It is safe for concurrent use, and needs no
// end.
type Log struct {
	*grouplog.Queue
	engine       *engine
	options      Options
	closingDelay time.Duration
}

var _ putrecords.Log = (*Log)(nil)

// New returns the log with the name, and creates it if it does not exist. It retries for up to
// Options.Timeout, because a cluster that has just started takes a while until it can create
// anything.
//
// It returns an error if the existing JetStream stream has limits or other settings that would lose
// records or reopen shards, if the server is older than 2.12, or if the server's max_payload is too
// small for the largest record.
func New(ctx context.Context, js jetstream.JetStream, options Options) (*Log, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := checkServer(js.Conn()); err != nil {
		return nil, err
	}
	e := &engine{js: js, options: options, closed: make(chan struct{}, 1)}
	if err := e.open(ctx); err != nil {
		return nil, err
	}
	queue := grouplog.NewQueue(e, grouplog.Options{
		MaxGroup: int(js.Conn().MaxPayload()) - headerRoom,
		Timeout:  options.Timeout,
		Report:   options.Report,
	})
	l := &Log{Queue: queue, engine: e, options: options, closingDelay: closingDelay}
	return l, l.begin(ctx)
}

// NewStream returns a front end's stream on the log: config with the log, its shards, and the front
// end's part of the limits.
func (l *Log) NewStream(ctx context.Context, config putrecords.Config) (*putrecords.Stream, error) {
	shards, err := l.Layout(ctx)
	if err != nil {
		return nil, err
	}
	config.Log, config.Layout, config.Limits = l, shards, Divide(config.Limits, l.options.FrontEnds)
	return putrecords.New(config)
}

// Records implements putrecords.LogReader. It yields what the leader has when the iteration begins.
// It asks for one group after another, so it suits tests and checks more than consumers in a hurry:
// those should read the JetStream stream.
func (l *Log) Records(ctx context.Context, shard putrecords.Shard, position uint64) iter.Seq2[putrecords.Record, error] {
	return func(yield func(putrecords.Record, error) bool) {
		for message, err := range l.engine.messages(ctx, l.engine.recordsSubject(shard), grouplog.Sequence(position)) {
			if err != nil {
				yield(putrecords.Record{}, err)
				return
			}
			for record, err := range grouplog.Decode(shard, message.Sequence, message.Data) {
				if err == nil && record.SequenceNumber.Position < position {
					continue
				}
				if !yield(record, err) || err != nil {
					return
				}
			}
		}
	}
}
