// Package embeddedlog is an example of a log that survives a restart. It keeps a stream's records
// in bbolt, a database embedded in the program. Copy it and change what your storage needs.
package embeddedlog

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"iter"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/putrecords/putrecords"
)

// A Log keeps the records of one stream in a file. It implements putrecords.Log and
// putrecords.LogReader. Each shard is a bucket: the keys are positions, the values are records. It
// deletes nothing.
type Log struct {
	db *bolt.DB

	mu   sync.Mutex
	next *batch // collects records until its commit begins; or nil
}

var _ putrecords.LogReader = (*Log)(nil) // otherwise the stream could not be read

// Open opens the log in a file, or creates it. Close it after the last call of the stream.
func Open(path string) (*Log, error) {
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: time.Second}) // if another process has it open
	if err != nil {
		return nil, err
	}
	return &Log{db: db}, nil
}

// Close closes the file.
func (l *Log) Close() error { return l.db.Close() }

// A batch is the records of several appends. One transaction stores them all, or none.
type batch struct {
	appends []appended
	commit  func() error // Log.commit, once; every call returns its error
}

// An appended is the records of one append.
type appended struct {
	shardID string
	records []putrecords.Record
}

// Append implements putrecords.Log. It adds the records to the next batch, which settles their
// place in the order. The first wait of a batch commits it, and meanwhile another collects records.
// There is no queue to fill up: a batch holds only the records of calls that wait for it.
func (l *Log) Append(_ context.Context, shard putrecords.Shard, records []putrecords.Record) (wait func() error, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.next == nil {
		b := &batch{}
		b.commit = sync.OnceValue(func() error { return l.commit(b) })
		l.next = b
	}
	l.next.appends = append(l.next.appends, appended{shard.ShardID, records})
	return l.next.commit, nil
}

// commit stores a batch. The database has one transaction at a time that writes, and the next batch
// begins inside this batch's, so batches are stored in order.
func (l *Log) commit(b *batch) error {
	tx, err := l.db.Begin(true)
	l.mu.Lock()
	l.next = nil
	l.mu.Unlock()
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after Commit
	for _, a := range b.appends {
		if err := a.store(tx); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// store numbers the records and stores them.
func (a appended) store(tx *bolt.Tx) error {
	bucket, err := tx.CreateBucketIfNotExists([]byte(a.shardID))
	if err != nil {
		return err
	}
	for i := range a.records {
		record := &a.records[i]
		record.SequenceNumber.Position, err = bucket.NextSequence() // continues after a restart
		if err != nil {
			return err
		}
		value, err := json.Marshal(row{*record, []byte(record.PartitionKey)})
		if err != nil {
			return err
		}
		if err := bucket.Put(key(record.SequenceNumber.Position), value); err != nil {
			return err
		}
	}
	return nil
}

// A row is a record as it is stored. A partition key may be invalid UTF-8, which JSON keeps only in
// a []byte.
type row struct {
	putrecords.Record
	PartitionKey []byte
}

// key returns the key of a position. Keys sort as positions do.
func key(position uint64) []byte { return binary.BigEndian.AppendUint64(nil, position) }

// Records implements putrecords.LogReader. It yields what the log holds when the iteration begins.
func (l *Log) Records(_ context.Context, shard putrecords.Shard, position uint64) iter.Seq2[putrecords.Record, error] {
	return func(yield func(putrecords.Record, error) bool) {
		end, err := l.latestPosition(shard.ShardID)
		if err != nil {
			yield(putrecords.Record{}, err)
			return
		}
		for ; position <= end; position++ {
			record, err := l.record(shard.ShardID, position)
			if !yield(record, err) || err != nil {
				return
			}
		}
	}
}

func (l *Log) latestPosition(shardID string) (position uint64, err error) {
	err = l.db.View(func(tx *bolt.Tx) error {
		if bucket := tx.Bucket([]byte(shardID)); bucket != nil {
			position = bucket.Sequence()
		}
		return nil
	})
	return position, err
}

// record reads one record. Its transaction ends before the record is yielded: the database may not
// write while a transaction of the same goroutine reads, and a loop over the records may put more.
func (l *Log) record(shardID string, position uint64) (putrecords.Record, error) {
	var r row
	err := l.db.View(func(tx *bolt.Tx) error {
		return json.Unmarshal(tx.Bucket([]byte(shardID)).Get(key(position)), &r)
	})
	r.Record.PartitionKey = string(r.PartitionKey)
	return r.Record, err
}
