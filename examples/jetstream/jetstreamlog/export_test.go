package jetstreamlog

import (
	"context"
	"time"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/examples/jetstream/grouplog"
)

// Unfence makes the log store groups whether or not their shard is closed.
func (l *Log) Unfence() { l.engine.unfenced = true }

// SetClosingDelay sets how long the numbers of closed shards go on.
func (l *Log) SetClosingDelay(d time.Duration) { l.closingDelay = d }

// SetTimeout sets Options.Timeout, which New needs longer than some tests want to wait.
func (l *Log) SetTimeout(d time.Duration) {
	l.options.Timeout, l.engine.options.Timeout = d, d
	l.Queue = grouplog.NewQueue(l.engine, grouplog.Options{MaxGroup: 4 << 20, Timeout: d, Report: l.options.Report})
}

// A Group is a message that a log has stored.
type Group struct {
	Shard uint32
	Data  []byte // nobody writes to it later
}

// OnPut makes the log call note with each group that it stores.
func (l *Log) OnPut(note func(Group)) {
	l.Queue = grouplog.NewQueue(noting{l.engine, note}, grouplog.Options{MaxGroup: 4 << 20})
}

type noting struct {
	*engine
	note func(Group)
}

func (n noting) Put(ctx context.Context, shard putrecords.Shard, id string, group []byte) (sequence uint64, err error) {
	sequence, err = n.engine.Put(ctx, shard, id, group)
	if err == nil {
		n.note(Group{index(shard), group})
	}
	return sequence, err
}
