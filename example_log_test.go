package putrecords_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/putrecords/putrecords"
)

// A queueLog is a log that finishes later. Append puts records into a queue, and a goroutine stores
// them in the queue's order.
type queueLog struct {
	queue     chan *job
	storage   io.Writer         // in your log, a disk or a network; only run uses it
	positions map[string]uint64 // the last one given in each shard; only run uses it
}

// A job is the records of one Append.
type job struct {
	shardID string
	records []putrecords.Record
	done    chan error
}

// Append begins to store the records. It runs under the shard's lock, so jobs of a shard come into
// the queue in order, and a full queue is an error. The producer sends the records again.
func (l *queueLog) Append(_ context.Context, shard putrecords.Shard, records []putrecords.Record) (wait func() error, err error) {
	j := &job{shard.ShardID, records, make(chan error, 1)}
	select {
	case l.queue <- j:
		return func() error { return <-j.done }, nil
	default:
		return nil, errors.New("the queue is full")
	}
}

// run stores the jobs until the queue is closed.
func (l *queueLog) run() {
	for j := range l.queue {
		j.done <- l.store(j)
	}
}

// store numbers the records and stores them in one write, so all or none. They need no copy: until
// wait returns, they are the log's.
func (l *queueLog) store(j *job) error {
	var lines []byte
	for i := range j.records {
		record := &j.records[i]
		l.positions[j.shardID]++
		record.SequenceNumber.Position = l.positions[j.shardID]
		lines = fmt.Appendf(lines, "%s, position %d: %s\n", j.shardID, record.SequenceNumber.Position, record.Data)
	}
	_, err := l.storage.Write(lines)
	return err
}

// A log that finishes later stores the records of several shards and calls without a wait between
// them. Put returns when all of its records are stored.
func ExampleLog() {
	log := &queueLog{queue: make(chan *job, 100), storage: os.Stdout, positions: make(map[string]uint64)}
	go log.run()
	defer close(log.queue) // once no call of the stream is running
	stream := putrecords.MustNew(putrecords.Config{Shards: 2, Log: log})

	out, err := stream.Put(context.Background(),
		putrecords.Entry("sensor_1", []byte("21.5 °C")),
		putrecords.Entry("sensor_5", []byte("20.1 °C")),
		putrecords.Entry("sensor_1", []byte("21.6 °C")),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("failed:", out.FailedRecordCount)
	// Output:
	// shardId-000000000000, position 1: 21.5 °C
	// shardId-000000000000, position 2: 21.6 °C
	// shardId-000000000001, position 1: 20.1 °C
	// failed: 0
}
