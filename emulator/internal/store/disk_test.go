package store

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

// newStream adds a stream to a store and returns its log and ID.
func newStream(t *testing.T, s Store) (Log, uint64) {
	t.Helper()
	stream := Stream{Name: "orders"}
	if err := s.Add(&stream); err != nil {
		t.Fatal(err)
	}
	return s.Log(stream.ID), stream.ID
}

func wantOpenError(t *testing.T, dir string, parts ...string) {
	t.Helper()
	d, err := Open(dir, DiskOptions{})
	if err == nil {
		d.Close()
		t.Errorf("opened, want an error with %q", parts)
		return
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q lacks %q", err, part)
		}
	}
}

// A directory in use is refused, until it is closed.
func TestDirectoryInUse(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir)
	wantOpenError(t, dir, dir, "another process is using it")
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if err := open(t, dir).Close(); err != nil {
		t.Error(err)
	}
}

// edit changes the database of a new store.
func edit(t *testing.T, change func(*bbolt.Tx) error) (dir string) {
	t.Helper()
	dir = t.TempDir()
	d := open(t, dir)
	log, _ := newStream(t, d)
	put(t, log, 0, makeRecords(0, 3, 3, start))
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := bbolt.Open(filepath.Join(dir, fileName), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(change), db.Close()); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestFormats(t *testing.T) {
	for value, want := range map[string]string{
		"2": `its format is "2", and this program reads only "1"`,
		"0": `its format is "0", and this program reads only "1"`,
		"":  `its format is "", and this program reads only "1"`,
	} {
		dir := edit(t, func(tx *bbolt.Tx) error { return tx.Bucket(metaBucket).Put(formatKey, []byte(value)) })
		wantOpenError(t, dir, dir, want)
	}
}

// A database that another program made, or that lacks a part, is refused and stays as it is.
func TestForeignDatabase(t *testing.T) {
	first := idKey(1)
	for name, test := range map[string]struct {
		change func(*bbolt.Tx) error
		want   string
	}{
		"another program's": {func(tx *bbolt.Tx) error { return tx.DeleteBucket(metaBucket) }, "another program"},
		"no streams":        {func(tx *bbolt.Tx) error { return tx.DeleteBucket(streamsBucket) }, "damaged"},
		"no records":        {func(tx *bbolt.Tx) error { return tx.DeleteBucket(recordsBucket) }, "damaged"},
		"a short secret":    {func(tx *bbolt.Tx) error { return tx.Bucket(metaBucket).Put(secretKey, make([]byte, 31)) }, "damaged"},
		"a broken stream":   {func(tx *bbolt.Tx) error { return tx.Bucket(streamsBucket).Put(first, []byte("{")) }, "JSON"},
		"a wrong ID":        {func(tx *bbolt.Tx) error { return tx.Bucket(streamsBucket).Put(first, []byte(`{"ID":2}`)) }, "damaged"},
		"no bucket":         {func(tx *bbolt.Tx) error { return tx.Bucket(recordsBucket).DeleteBucket(first) }, "damaged"},
		"a foreign key": {
			func(tx *bbolt.Tx) error { return tx.Bucket(recordsBucket).Bucket(first).Put([]byte("x"), []byte("y")) },
			"damaged",
		},
	} {
		dir := edit(t, test.change)
		before := readFile(t, dir)
		wantOpenError(t, dir, dir, test.want)
		if !bytes.Equal(readFile(t, dir), before) {
			t.Errorf("%s: the file has changed", name)
		}
	}
}

func readFile(t *testing.T, dir string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, fileName))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// A file that is no database, or the beginning of one, is refused.
func TestDamagedFile(t *testing.T) {
	whole := readFile(t, edit(t, func(*bbolt.Tx) error { return nil }))
	page := os.Getpagesize()
	for _, data := range [][]byte{
		[]byte("not a database"),
		bytes.Repeat([]byte("not a database\n"), 10000),
		make([]byte, 4*page),
		whole[:page],
		whole[:2*page],
		whole[:3*page],
		append(make([]byte, 2*page), whole[2*page:]...),
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, fileName), data, 0o600); err != nil {
			t.Fatal(err)
		}
		wantOpenError(t, dir, dir)
	}
}

// Bytes that are wrong inside the file lead to errors, not to the end of the program.
func TestDamagedPages(t *testing.T) {
	whole := readFile(t, edit(t, func(*bbolt.Tx) error { return nil }))
	page := os.Getpagesize()
	for at := 2 * page; at+page <= len(whole); at += page {
		data := bytes.Clone(whole)
		for i := range page {
			data[at+i] ^= 0xff
		}
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, fileName), data, 0o600); err != nil {
			t.Fatal(err)
		}
		d, err := Open(dir, DiskOptions{})
		if err != nil {
			continue
		}
		if err := d.Close(); err != nil { // the page is not in use
			t.Error(err)
		}
	}
}

// Any damage to a group's value is an error or other records, never a panic.
func TestDamagedGroup(t *testing.T) {
	g := group{shard: &diskShard{}, groupHeader: groupHeader{first: 1}}
	for _, r := range makeRecords(0, 3, 3, start) {
		g.append(&r)
	}
	key, value := groupKey("a", 1), g.value()
	decode := func(value []byte) (n int, err error) {
		stored, err := parseGroup(key, value)
		if err != nil {
			return 0, err
		}
		for _, err := range stored.records {
			if err != nil {
				return n, err
			}
			n++
		}
		return n, nil
	}
	if n, err := decode(value); n != 3 || err != nil {
		t.Fatalf("%d records, error %v", n, err)
	}
	header := len(g.encode())
	for n := range value {
		if _, err := decode(value[:n]); (err == nil) != (n == header) { // a group that was dropped
			t.Errorf("%d of %d bytes: error %v", n, len(value), err)
		}
	}
	for i := range value {
		for b := range 256 {
			damaged := bytes.Clone(value)
			damaged[i] = byte(b)
			_, _ = decode(damaged)
		}
	}
}

// When all records of a shard are dropped, its positions go on.
func TestPositionsGoOnAfterAllIsDropped(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir)
	_, id := newStream(t, d)
	for round := range uint64(3) {
		log := d.Log(id)
		for range 3 {
			put(t, log, 0, makeRecords(0, 2, 2, start))
		}
		for range 2 {
			if err := log.DropBefore(start.Add(1)); err != nil {
				t.Fatal(err)
			}
		}
		if records := read(t, log, 0, 1); len(records) != 0 {
			t.Errorf("%d records are left", len(records))
		}
		if latest := log.LatestPosition(shard(0).ShardID); latest != 6*(round+1) {
			t.Errorf("the latest position is %d after round %d", latest, round)
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		d = open(t, dir)
	}
	d.Close()
}

// DropBefore drops what many commits have written, and each group once it is old enough.
func TestDropManyGroups(t *testing.T) {
	const groups = dropGroups + 1
	d := open(t, t.TempDir())
	defer d.Close()
	log, _ := newStream(t, d)
	big := makeRecords(0, 1, groupBytes, start) // a group of its own
	var wait func() error
	for i := range groups + 1 {
		big[0].Data = big[0].Data[:groupBytes-i%2]
		big[0].Arrived = start.Add(time.Duration(i))
		var err error
		if wait, err = log.Append(t.Context(), shard(0), big); err != nil {
			t.Fatal(err)
		}
		if i%100 == 0 { // keep the queue short
			if err := wait(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := wait(); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 1, groups - 1, groups, groups + 1} {
		if err := log.DropBefore(start.Add(time.Duration(n))); err != nil {
			t.Fatal(err)
		}
		left := 0
		for r, err := range log.Records(t.Context(), shard(0), 1) {
			if err != nil || r.Arrived.Before(start.Add(time.Duration(n))) {
				t.Fatalf("a record arrived at %v, error %v", r.Arrived, err)
			}
			left++
		}
		if want := groups + 1 - n; left != want {
			t.Errorf("%d records are left of those since %d, want %d", left, n, want)
		}
	}
}

// A reader may be slow: what it has not read yet can be dropped, and the stream removed.
func TestSlowReader(t *testing.T) {
	d := open(t, t.TempDir())
	defer d.Close()
	log, id := newStream(t, d)
	for i := range 4 {
		put(t, log, 0, makeRecords(0, 10, groupBytes/10, start.Add(time.Duration(i))))
	}
	var positions []uint64
	for r, err := range log.Records(t.Context(), shard(0), 1) {
		if err != nil {
			t.Fatal(err)
		}
		if positions = append(positions, r.SequenceNumber.Position); len(positions) == 1 {
			put(t, log, 0, makeRecords(0, 1, 1, start.Add(4))) // not part of the iteration
			if err := log.DropBefore(start.Add(3)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := len(positions); n != 20 || positions[9] != 10 || positions[10] != 31 || positions[19] != 40 {
		t.Errorf("read the positions %d", positions)
	}
	var last error
	n := 0
	for _, err := range log.Records(t.Context(), shard(0), 1) {
		if n++; n == 1 {
			if err := d.Remove(id); err != nil {
				t.Fatal(err)
			}
		}
		last = err
	}
	if n != 11 || !errors.Is(last, ErrRemoved) {
		t.Errorf("after the removal: %d steps, error %v", n, last)
	}
}

// The positions of one shard do not lead into another's.
func TestShardsAreApart(t *testing.T) {
	d := open(t, t.TempDir())
	defer d.Close()
	log, _ := newStream(t, d)
	for index, n := range []int{5, 7, 6} {
		for i := range n {
			put(t, log, index, makeRecords(index, 2, 2, start.Add(time.Duration(i))))
		}
	}
	if err := log.DropBefore(start.Add(4)); err != nil { // groups of different shards then start alike
		t.Fatal(err)
	}
	for index, latest := range []int{10, 14, 12} {
		for position := range uint64(16) {
			got := len(read(t, log, index, position))
			if want := latest - max(int(position)-1, 8); got != max(want, 0) {
				t.Errorf("shard %d from position %d: %d records, want %d", index, position, got, want)
			}
		}
	}
	if got := read(t, log, 3, 1); got != nil {
		t.Errorf("shard 3 has %d records", len(got))
	}
}

// blocked keeps the store from committing until release is called.
func blocked(t *testing.T, d *Disk) (release func()) {
	t.Helper()
	tx, err := d.db.Begin(true)
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
	}
}

// When too much is queued, Append returns an error immediately. What is queued gets stored, with
// positions without gaps.
func TestQueueIsBounded(t *testing.T) {
	var failures []error
	d, err := Open(t.TempDir(), DiskOptions{Failed: func(err error) { failures = append(failures, err) }})
	if err != nil {
		t.Fatal(err)
	}
	log, _ := newStream(t, d)
	release := blocked(t, d)
	mebibyte := makeRecords(0, 1, 1<<20, start)
	var waits []func() error
	for len(waits) < 1000 {
		wait, err := log.Append(t.Context(), shard(0), mebibyte)
		if errors.Is(err, errQueueFull) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		waits = append(waits, wait)
	}
	// The store may or may not have taken the first records when it was blocked.
	if n := len(waits); n < batchBytes>>20-1 || n > 2*batchBytes>>20 {
		t.Errorf("%d MiB were queued", n)
	}
	release()
	for _, wait := range waits {
		if err := wait(); err != nil {
			t.Error(err)
		}
	}
	put(t, log, 0, mebibyte)
	if got, want := len(read(t, log, 0, 1)), len(waits)+1; got != want || log.LatestPosition(shard(0).ShardID) != uint64(want) {
		t.Errorf("%d records are stored, want %d", got, want)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if len(failures) != 1 || !errors.Is(failures[0], errQueueFull) {
		t.Errorf("reported %v", failures)
	}
}

// One Append may be larger than the queue.
func TestHugeAppend(t *testing.T) {
	d := open(t, t.TempDir())
	defer d.Close()
	log, _ := newStream(t, d)
	put(t, log, 0, makeRecords(0, 1, batchBytes, start))
	if got := read(t, log, 0, 1); len(got) != 1 || len(got[0].Data) != batchBytes {
		t.Errorf("%d records", len(got))
	}
}

// When a commit fails, so do its records and changes. Later records get higher positions, and what
// was stored before stays.
func TestFailedCommit(t *testing.T) {
	dir := t.TempDir()
	var failures []error
	d, err := Open(dir, DiskOptions{Failed: func(err error) { failures = append(failures, err) }})
	if err != nil {
		t.Fatal(err)
	}
	log, id := newStream(t, d)
	put(t, log, 0, makeRecords(0, 2, 2, start))

	cause := errors.New("disk on fire")
	if err := d.change(func(*bbolt.Tx) error { return cause }); !errors.Is(err, cause) {
		t.Errorf("the change returned %v", err)
	}
	d.mu.Lock()
	d.pending.changes = append(d.pending.changes, func(*bbolt.Tx) error { return cause })
	wait, err := d.logs[id].enqueue(shard(0).ShardID, makeRecords(0, 3, 3, start), 100)
	d.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	if err := wait(); !errors.Is(err, cause) {
		t.Errorf("wait returned %v", err)
	}
	if latest := log.LatestPosition(shard(0).ShardID); latest != 2 {
		t.Errorf("the latest position is %d", latest)
	}
	put(t, log, 0, makeRecords(0, 1, 1, start))
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if len(failures) != 2 || !errors.Is(failures[0], cause) || !errors.Is(failures[1], cause) {
		t.Errorf("reported %v", failures)
	}
	d = open(t, dir)
	defer d.Close()
	var positions []uint64
	for _, r := range read(t, d.Log(id), 0, 1) {
		positions = append(positions, r.SequenceNumber.Position)
	}
	if got := fmt.Sprint(positions); got != "[1 2 6]" {
		t.Errorf("the positions are %s", got)
	}
}

// A stream that could not be removed stays as it was.
func TestFailedRemoval(t *testing.T) {
	cause := errors.New("disk on fire")
	d, err := Open(t.TempDir(), DiskOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	log, id := newStream(t, d)
	put(t, log, 0, makeRecords(0, 2, 2, start))
	d.mu.Lock()
	d.pending.changes = append(d.pending.changes, func(*bbolt.Tx) error { return cause })
	d.mu.Unlock()
	if err := d.Remove(id); !errors.Is(err, cause) {
		t.Fatalf("Remove returned %v", err)
	}
	put(t, log, 0, makeRecords(0, 1, 1, start))
	if err := d.Update(Stream{ID: id, Name: "renamed"}); err != nil {
		t.Error(err)
	}
	if streams, err := d.Streams(); len(streams) != 1 || streams[0].Name != "renamed" || len(read(t, d.Log(id), 0, 1)) != 3 {
		t.Errorf("streams %v, error %v", streams, err)
	}
	if err := d.Remove(id); err != nil {
		t.Error(err)
	}
	if streams, err := d.Streams(); len(streams) != 0 {
		t.Errorf("streams %v are left, error %v", streams, err)
	}
}

// An update is stored with the records that were appended before it, also if nobody waits for them.
func TestUpdateComesAfterAppends(t *testing.T) {
	d := open(t, t.TempDir())
	defer d.Close()
	log, id := newStream(t, d)
	for i := range uint64(20) {
		if _, err := log.Append(t.Context(), shard(0), makeRecords(0, 1+rand.IntN(3), 10, start)); err != nil {
			t.Fatal(err)
		}
		if err := d.Update(Stream{ID: id, Name: strconv.FormatUint(i, 10)}); err != nil {
			t.Fatal(err)
		}
		if latest := log.LatestPosition(shard(0).ShardID); latest < i+1 {
			t.Errorf("only %d records are stored with update %d", latest, i)
		}
	}
}

// A shard is storing records from Append until they are stored or have failed.
func TestStoring(t *testing.T) {
	d, err := Open(t.TempDir(), DiskOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	log, _ := newStream(t, d)
	storing := func(want ...bool) {
		t.Helper()
		for index := range want {
			if got := log.Storing(shard(index).ShardID); got != want[index] {
				t.Errorf("shard %d: storing is %t", index, got)
			}
		}
	}
	storing(false, false)
	for _, failure := range []error{nil, errors.New("disk on fire"), nil} {
		release := blocked(t, d)
		if failure != nil { // of the commit with the first records
			d.mu.Lock()
			d.pending.changes = append(d.pending.changes, func(*bbolt.Tx) error { return failure })
			d.mu.Unlock()
		}
		var waits []func() error
		for range 2 * groupBytes / 1000 / 100 { // more than one group
			wait, err := log.Append(t.Context(), shard(0), makeRecords(0, 100, 1000, start))
			if err != nil {
				t.Fatal(err)
			}
			waits = append(waits, wait)
		}
		storing(true, false)
		release()
		if err := waits[0](); !errors.Is(err, failure) {
			t.Errorf("the first wait returned %v, want %v", err, failure)
		}
		for _, wait := range waits[1:] {
			_ = wait()
		}
		storing(false, false)
	}
}

// The caller may change records when Append has returned.
func TestAppendCopies(t *testing.T) {
	d := open(t, t.TempDir())
	defer d.Close()
	log, _ := newStream(t, d)
	release := blocked(t, d)
	records := makeRecords(0, 1, 4, start)
	wait, err := log.Append(t.Context(), shard(0), records)
	if err != nil {
		t.Fatal(err)
	}
	want := string(records[0].Data)
	clear(records[0].Data)
	release()
	if err := wait(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		got := read(t, log, 0, 1)
		if len(got) != 1 || string(got[0].Data) != want {
			t.Errorf("%d records, data %q", len(got), got[0].Data)
		}
		clear(got[0].Data) // the reader's own
	}
}

// A store knows the latest arrival of what it holds when it is opened, also if that is dropped.
func TestLatestArrival(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir)
	log, id := newStream(t, d)
	if got := d.LatestArrival(); !got.IsZero() {
		t.Errorf("%v in a new store", got)
	}
	for index, age := range []time.Duration{2, 5, 3} {
		put(t, log, index, makeRecords(index, 2, 2, start.Add(age)))
	}
	for range 2 {
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		d = open(t, dir)
		if got := d.LatestArrival(); !got.Equal(start.Add(5)) {
			t.Errorf("%v, want %v", got, start.Add(5))
		}
		if err := d.Log(id).DropBefore(start.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	d.Close()
}
