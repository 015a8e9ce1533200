package store

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// A Disk keeps streams in a directory, in one bbolt database:
//
//	bucket   key                            value
//	meta     "format"                       the version of this layout
//	meta     "key"                          the secret of Key
//	streams  ID                             a Stream as JSON
//	records  ID                             a bucket for each stream:
//	           shard ID, 0, first position  a group of successive records
//
// IDs and positions are big-endian, so groups are in order.
//
// One goroutine makes all changes. It commits everything that is pending in one transaction. Once a
// record is acknowledged, the kernel has it, so it survives if the process is killed. It also
// survives a power cut if DiskOptions.Sync is set. Without Sync, a power cut can damage the whole
// database.
//
// The file does not shrink. New records reuse the space of dropped ones.
type Disk struct {
	options  DiskOptions
	db       *bbolt.DB
	key      [32]byte
	arrived  time.Time     // of LatestArrival
	wake     chan struct{} // receives when something is pending
	finished chan struct{} // closed when the writer has ended

	mu      sync.Mutex
	closed  bool
	latest  uint64 // ID
	streams map[uint64]Stream
	logs    map[uint64]*diskLog
	pending *batch
}

// DiskOptions configure a Disk.
type DiskOptions struct {
	// Sync has each commit wait for the device, so acknowledged records survive a power cut.
	Sync bool

	// Failed is called with the reason when records could not be stored. It must not call the Disk.
	// It may be nil.
	Failed func(error)
}

// format is the version of the layout. Increase it when an older program would misread the data.
const format = "1"

const fileName = "streams.db"

var (
	metaBucket    = []byte("meta")
	streamsBucket = []byte("streams")
	recordsBucket = []byte("records")
	formatKey     = []byte("format")
	secretKey     = []byte("key")
)

// Open opens the store in a directory, and creates both if they do not exist. It returns an error
// if another process has the store open.
func Open(dir string, options DiskOptions) (d *Disk, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if problem := recover(); problem != nil { // bbolt panics when the file is damaged
			d, err = nil, fmt.Errorf("cannot read the data in %s: it is damaged: %v", dir, problem)
		}
	}()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	if options.Failed == nil {
		options.Failed = func(error) {}
	}
	d = &Disk{
		options:  options,
		wake:     make(chan struct{}, 1),
		finished: make(chan struct{}),
		streams:  map[uint64]Stream{},
		logs:     map[uint64]*diskLog{},
		pending:  newBatch(),
	}
	if d.db, err = openFile(filepath.Join(dir, fileName), options.Sync); err != nil {
		return nil, fmt.Errorf("cannot open the data in %s: %w", dir, err)
	}
	if err := d.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot read the data in %s: %w", dir, err), d.db.Close())
	}
	if options.Sync {
		syncDirectory(dir)
		syncDirectory(filepath.Dir(dir))
	}
	go d.write()
	return d, nil
}

// openFile opens a database. It returns an error if its file is shorter than it should be.
func openFile(path string, sync bool) (*bbolt.DB, error) {
	if info, err := os.Stat(path); err == nil && info.Size() > 0 {
		if err := checkSize(path, info.Size()); err != nil {
			return nil, err
		}
	}
	return openDatabase(path, bbolt.Options{
		NoSync: !sync,
		// With the free pages in the file, each commit would write all of them. Without them,
		// opening the file takes longer: it reads the tree.
		NoFreelistSync: true,
		FreelistType:   bbolt.FreelistMapType,
	})
}

func checkSize(path string, size int64) error {
	db, err := openDatabase(path, bbolt.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	defer db.Close()
	return db.View(func(tx *bbolt.Tx) error {
		if tx.Size() > size {
			return fmt.Errorf("%s is damaged: it has %d bytes instead of %d", path, size, tx.Size())
		}
		return nil
	})
}

func openDatabase(path string, options bbolt.Options) (*bbolt.DB, error) {
	options.Timeout = 1 // nanosecond: do not wait for another process
	db, err := bbolt.Open(path, 0o600, &options)
	if errors.Is(err, berrors.ErrTimeout) {
		return nil, errors.New("another process is using it")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return db, nil
}

// syncDirectory makes the names in a directory survive a power cut, where the system can do that.
func syncDirectory(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}

// load reads everything except the records. It sets up a new database first.
func (d *Disk) load() error {
	fresh := false
	err := d.db.View(func(tx *bbolt.Tx) error {
		first, _ := tx.Cursor().First()
		fresh = first == nil
		return nil
	})
	if err == nil && fresh {
		err = d.db.Update(create)
	}
	if err == nil {
		err = d.db.View(d.read)
	}
	return err
}

func create(tx *bbolt.Tx) error {
	for _, name := range [][]byte{streamsBucket, recordsBucket} {
		if _, err := tx.CreateBucket(name); err != nil {
			return err
		}
	}
	meta, err := tx.CreateBucket(metaBucket)
	if err != nil {
		return err
	}
	var key [32]byte
	if _, err := rand.Read(key[:]); err != nil {
		return err
	}
	return errors.Join(meta.Put(secretKey, key[:]), meta.Put(formatKey, []byte(format)))
}

func (d *Disk) read(tx *bbolt.Tx) error {
	meta, streams, records := tx.Bucket(metaBucket), tx.Bucket(streamsBucket), tx.Bucket(recordsBucket)
	if meta == nil {
		return fmt.Errorf("%s belongs to another program", fileName)
	}
	if found := meta.Get(formatKey); string(found) != format {
		return fmt.Errorf("its format is %q, and this program reads only %q", found, format)
	}
	if streams == nil || records == nil || copy(d.key[:], meta.Get(secretKey)) != len(d.key) {
		return fmt.Errorf("%s is damaged", fileName)
	}
	d.latest = streams.Sequence()
	return streams.ForEach(func(id, value []byte) error {
		var s Stream
		if err := json.Unmarshal(value, &s); err != nil {
			return fmt.Errorf("stream %x: %w", id, err)
		}
		log := &diskLog{disk: d, id: s.ID, shards: map[string]*diskShard{}}
		groups := records.Bucket(id)
		if groups == nil || !bytes.Equal(idKey(s.ID), id) {
			return fmt.Errorf("stream %x is damaged", id)
		}
		if err := log.load(groups); err != nil {
			return fmt.Errorf("stream %s: %w", s.Name, err)
		}
		d.streams[s.ID], d.logs[s.ID] = s, log
		return nil
	})
}

func idKey(id uint64) []byte { return binary.BigEndian.AppendUint64(nil, id) }

// Streams implements [Store].
func (d *Disk) Streams() ([]Stream, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return sorted(d.streams), nil
}

// Add implements [Store].
func (d *Disk) Add(s *Stream) error {
	d.mu.Lock()
	d.latest++
	s.ID = d.latest
	d.mu.Unlock()
	value, err := json.Marshal(s)
	if err != nil {
		return err
	}
	err = d.change(func(tx *bbolt.Tx) error {
		streams := tx.Bucket(streamsBucket)
		if _, err := tx.Bucket(recordsBucket).CreateBucket(idKey(s.ID)); err != nil {
			return err
		}
		// Another stream with a higher ID may have been added first.
		return errors.Join(streams.SetSequence(max(s.ID, streams.Sequence())), streams.Put(idKey(s.ID), value))
	})
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.streams[s.ID] = *s
	d.logs[s.ID] = &diskLog{disk: d, id: s.ID, shards: map[string]*diskShard{}}
	return nil
}

// Update implements [Store]. Records whose Append has returned are stored no later than the change.
func (d *Disk) Update(s Stream) error {
	value, err := json.Marshal(s)
	if err != nil {
		return err
	}
	removed := false
	err = d.change(func(tx *bbolt.Tx) error {
		streams := tx.Bucket(streamsBucket)
		if removed = streams.Get(idKey(s.ID)) == nil; removed {
			return nil
		}
		return streams.Put(idKey(s.ID), value)
	})
	if err == nil && removed {
		err = ErrRemoved
	}
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.logs[s.ID] != nil { // not removed in the meantime
		d.streams[s.ID] = s
	}
	return nil
}

// Remove implements [Store].
func (d *Disk) Remove(id uint64) error {
	d.setRemoved(id, true) // first, so no record is acknowledged and then gone
	err := d.change(func(tx *bbolt.Tx) error {
		err := tx.Bucket(recordsBucket).DeleteBucket(idKey(id))
		if errors.Is(err, berrors.ErrBucketNotFound) {
			return nil
		}
		return errors.Join(err, tx.Bucket(streamsBucket).Delete(idKey(id)))
	})
	if err != nil {
		d.setRemoved(id, false)
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.streams, id)
	delete(d.logs, id)
	return nil
}

// setRemoved has the log of a stream return errors, or work again.
func (d *Disk) setRemoved(id uint64, removed bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if log := d.logs[id]; log != nil {
		log.removed = removed
	}
}

// Log implements [Store].
func (d *Disk) Log(id uint64) Log {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.logs[id]
}

// Key implements [Store].
func (d *Disk) Key() [32]byte { return d.key }

// LatestArrival implements [Store].
func (d *Disk) LatestArrival() time.Time { return d.arrived }

// Close implements [Store].
func (d *Disk) Close() error {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return nil
	}
	d.closed = true
	close(d.wake)
	d.mu.Unlock()
	<-d.finished
	return errors.Join(d.db.Sync(), d.db.Close())
}
