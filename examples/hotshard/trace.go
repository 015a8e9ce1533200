package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"

	"github.com/putrecords/putrecords"
)

// A Trace reads the records that a file holds: CSV, NDJSON, or what "aws kinesis get-records"
// prints; plain, or compressed with gzip or zstd. Its first bytes say which.
type Trace struct {
	Strict bool         // fail at the first bad line
	Report func(string) // is told of each bad line, unless Strict

	Traffic    Traffic
	Bad        int64 // lines that were skipped
	Late       int64 // records whose time is before an earlier record's; they count as of that time
	StoredOnly bool  // the trace is from get-records, which shows only records that were stored

	first  time.Time     // of the first record
	latest time.Duration // since then
	chunk  []Arrival
	key    []byte // of the latest record
}

// A rawRecord is a record as the trace has it.
type rawRecord struct {
	time  time.Time
	key   []byte
	bytes int // of data
}

// longest is how long a trace may be. It keeps a mistyped year from making all columns too wide.
const longest = 366 * 24 * time.Hour

// maxRecordBytes is AWS's limit for most streams.
const maxRecordBytes = 1 << 20

// source reads a trace. The source fails if the trace cannot be read on.
func (t *Trace) source(r io.Reader) Source {
	return func(yield func([]Arrival, error) bool) {
		t.chunk = make([]Arrival, 0, chunkSize)
		err := t.read(r, func() bool {
			more := yield(t.chunk, nil)
			t.chunk = t.chunk[:0]
			return more
		})
		if errors.Is(err, errStopped) || len(t.chunk) > 0 && !yield(t.chunk, nil) {
			return
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

// errStopped ends reading because nobody wants more.
var errStopped = errors.New("stopped")

// read reads all records. flush is called when the chunk is full, and reports whether to go on.
func (t *Trace) read(r io.Reader, flush func() bool) error {
	plain, err := decompressed(r)
	if err != nil {
		return err
	}
	add := func(raw rawRecord, err error, where string, number int64) error {
		if err == nil {
			err = t.add(raw)
		}
		if err != nil {
			return t.bad(fmt.Errorf("%s %d: %w", where, number, err))
		}
		if len(t.chunk) == chunkSize && !flush() {
			return errStopped
		}
		return nil
	}
	start, err := plain.Peek(peeked)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch formatOf(start) {
	case formatCSV:
		return readCSV(plain, add)
	case formatNDJSON:
		return readNDJSON(plain, add)
	default:
		t.StoredOnly = true
		err := readGetRecords(plain, add)
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
}

// bad counts a bad line and tells of it. With Strict, it returns the error.
func (t *Trace) bad(err error) error {
	t.Bad++
	if t.Strict {
		return err
	}
	t.Report(err.Error())
	return nil
}

// add adds a record to the chunk, unless AWS would reject it.
func (t *Trace) add(raw rawRecord) error {
	size := raw.bytes + len(raw.key)
	switch n := utf8.RuneCount(raw.key); {
	case n < 1 || n > 256:
		return fmt.Errorf("the key has %d characters, not 1 to 256", n)
	case raw.bytes < 0:
		return fmt.Errorf("%d bytes", raw.bytes)
	case size > maxRecordBytes:
		return fmt.Errorf("%d bytes, with the key, are more than the %d that a record may have", size, maxRecordBytes)
	}
	if t.Traffic.Records == 0 {
		t.first = raw.time
	}
	at := raw.time.Sub(t.first)
	if at > longest {
		return fmt.Errorf("%v is over %.0f days after the first record", raw.time, longest.Hours()/24)
	}
	if at < t.latest {
		t.Late++
		at = t.latest
	}
	t.latest = at
	t.key = append(t.key[:0], raw.key...)
	t.chunk = append(t.chunk, Arrival{At: at, HashKey: putrecords.HashKeyOf(string(t.key)), Bytes: size})
	t.Traffic.add(&t.chunk[len(t.chunk)-1], func(b []byte) []byte { return append(b, t.key...) })
	return nil
}

// peeked is how many bytes of a trace decide its format.
const peeked = 4096

// decompressed returns the contents of a file that may be compressed.
func decompressed(r io.Reader) (*bufio.Reader, error) {
	file := bufio.NewReaderSize(r, 64<<10)
	start, err := file.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	var plain io.Reader
	switch {
	case bytes.HasPrefix(start, []byte{0x1f, 0x8b}):
		plain, err = gzip.NewReader(file)
	case bytes.HasPrefix(start, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		plain, err = zstd.NewReader(file, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20))
	default:
		return file, nil
	}
	if err != nil {
		return nil, err
	}
	return bufio.NewReaderSize(plain, 64<<10), nil
}

type format int

const (
	formatCSV format = iota
	formatNDJSON
	formatGetRecords
)

// formatOf returns the format of a trace that starts so. JSON is told apart by its first member.
func formatOf(start []byte) format {
	rest, isObject := bytes.CutPrefix(bytes.TrimLeft(start, " \t\r\n"), []byte("{"))
	if !isObject {
		return formatCSV
	}
	rest = bytes.TrimLeft(rest, " \t\r\n")
	for _, member := range []string{`"Records"`, `"NextShardIterator"`, `"MillisBehindLatest"`, `"ChildShards"`} {
		if bytes.HasPrefix(rest, []byte(member)) {
			return formatGetRecords
		}
	}
	return formatNDJSON
}

// An addFunc takes a record, or why there is none, and where it is.
type addFunc func(raw rawRecord, err error, where string, number int64) error

// parseTime parses a time of RFC 3339, or seconds since 1970.
func parseTime(s string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	whole, fraction, _ := strings.Cut(s, ".")
	seconds, err := strconv.ParseInt(whole, 10, 64)
	nanoseconds, fractionErr := strconv.ParseUint((fraction + "000000000")[:9], 10, 32)
	if err != nil || fractionErr != nil || seconds < 0 || seconds > 1<<37 {
		return time.Time{}, fmt.Errorf("the time is %.40q, neither like 2026-01-05T12:00:00.5Z nor seconds since 1970", s)
	}
	return time.Unix(seconds, int64(nanoseconds)), nil
}
