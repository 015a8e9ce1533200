package jetstreamlog

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/putrecords/putrecords/examples/jetstream/grouplog"
)

// largestRecord is AWS's limit for the data and the partition key, unless a stream is set up for
// larger ones. An explicit hash key adds up to 39 digits.
const largestRecord = 1<<20 + 39 + grouplog.Overhead

// checkServer returns an error if the server cannot do what a log needs.
func checkServer(conn *nats.Conn) error {
	var major, minor int
	version := conn.ConnectedServerVersion()
	if _, err := fmt.Sscanf(version, "%d.%d.", &major, &minor); err != nil || major < 2 || major == 2 && minor < 12 {
		return fmt.Errorf("jetstreamlog: the server's version is %q; atomic batches need 2.12", version)
	}
	if most, need := conn.MaxPayload(), int64(largestRecord+headerRoom); most < need {
		return fmt.Errorf("jetstreamlog: the server's max_payload is %d bytes; the largest record needs %d", most, need)
	}
	return nil
}

// config returns the configuration of a new JetStream stream. It has no limits: MaxAge would also
// delete layouts and tombstones. Groups expire because each has a time to live.
func (o Options) config() jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name:               o.Name,
		Subjects:           []string{o.Name + ".records.*", o.Name + ".closed.*.*", o.Name + ".layout"},
		Storage:            jetstream.FileStorage,
		Replicas:           o.Replicas,
		Duplicates:         2 * maxTimeout,
		AllowAtomicPublish: true,
		AllowMsgTTL:        true,
	}
}

// open finds the JetStream stream, or creates it.
func (e *engine) open(ctx context.Context) (err error) {
	e.stream, err = patiently(ctx, e.options.Timeout, func(ctx context.Context) (jetstream.Stream, error) {
		stream, err := e.js.Stream(ctx, e.options.Name)
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			stream, err = e.js.CreateStream(ctx, e.options.config())
		}
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // another front end was faster
			stream, err = e.js.Stream(ctx, e.options.Name)
		}
		return stream, err
	})
	if err != nil {
		return fmt.Errorf("jetstreamlog: open %s: %w", e.options.Name, err)
	}
	if problem := unfit(e.stream.CachedInfo().Config, e.options.config()); problem != "" {
		return fmt.Errorf("jetstreamlog: the JetStream stream %s %s", e.options.Name, problem)
	}
	return nil
}

// unfit returns what keeps an existing JetStream stream from being a log, or "".
func unfit(config, wanted jetstream.StreamConfig) string {
	switch {
	case config.MaxAge > 0, config.MaxMsgs > 0, config.MaxBytes > 0, config.MaxMsgsPerSubject > 0:
		return "has a MaxAge, MaxMsgs, MaxBytes or MaxMsgsPerSubject, which would delete tombstones and so reopen closed shards"
	case config.MaxMsgSize > 0:
		return "has a MaxMsgSize"
	case config.Retention != jetstream.LimitsPolicy:
		return "deletes messages that are consumed"
	case config.Storage != jetstream.FileStorage:
		return "is not stored in files"
	case config.AllowDirect:
		return "has AllowDirect, so reads may be stale"
	case !config.AllowAtomicPublish || !config.AllowMsgTTL:
		return "lacks AllowAtomicPublish or AllowMsgTTL"
	case config.Duplicates < wanted.Duplicates:
		return fmt.Sprintf("remembers message IDs for %v, not %v", config.Duplicates, wanted.Duplicates)
	case fmt.Sprint(config.Subjects) != fmt.Sprint(wanted.Subjects):
		return fmt.Sprintf("has the subjects %q, not %q", config.Subjects, wanted.Subjects)
	}
	return ""
}
