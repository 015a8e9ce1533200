package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
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

// readCSV reads lines with the columns time, key and bytes, in any order. It ignores others.
func readCSV(r io.Reader, add addFunc) error {
	lines := csv.NewReader(r)
	lines.ReuseRecord = true
	lines.FieldsPerRecord = -1
	header, err := lines.Read()
	if errors.Is(err, io.EOF) {
		return errors.New("the trace is empty")
	}
	if err != nil {
		return err
	}
	columns := [3]int{-1, -1, -1}
	for i, name := range header {
		for k, wanted := range [3]string{"time", "key", "bytes"} {
			if strings.TrimPrefix(name, "\ufeff") == wanted {
				columns[k] = i
			}
		}
	}
	if min(columns[0], columns[1], columns[2]) < 0 {
		return fmt.Errorf("the first line is %.80q, but must name the columns time, key and bytes", strings.Join(header, ","))
	}
	for {
		fields, err := lines.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		var syntax *csv.ParseError
		var raw rawRecord
		var number int64
		switch {
		case errors.As(err, &syntax):
			number, err = int64(syntax.StartLine), syntax.Err
		case err != nil:
			return err
		default:
			line, _ := lines.FieldPos(0)
			number = int64(line)
			raw, err = csvRecord(fields, columns)
		}
		if err := add(raw, err, "line", number); err != nil {
			return err
		}
	}
}

func csvRecord(fields []string, columns [3]int) (raw rawRecord, err error) {
	if last := max(columns[0], columns[1], columns[2]); len(fields) <= last {
		return raw, fmt.Errorf("%d columns, want at least %d", len(fields), last+1)
	}
	if raw.time, err = parseTime(fields[columns[0]]); err != nil {
		return raw, err
	}
	raw.key = []byte(fields[columns[1]])
	raw.bytes, err = strconv.Atoi(fields[columns[2]])
	if err != nil {
		err = fmt.Errorf("bytes are %.40q, not a whole number", fields[columns[2]])
	}
	return raw, err
}

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

// maxLine is how long a line of NDJSON may be.
const maxLine = 64 << 10

// readNDJSON reads lines that are objects with the members time, key and bytes.
func readNDJSON(r io.Reader, add addFunc) error {
	lines := bufio.NewReaderSize(r, maxLine)
	for number := int64(1); ; number++ {
		line, isPrefix, err := lines.ReadLine()
		if errors.Is(err, io.EOF) {
			return nil
		}
		var raw rawRecord
		tooLong := isPrefix
		for isPrefix && err == nil {
			_, isPrefix, err = lines.ReadLine()
		}
		if err != nil {
			return err
		}
		if !tooLong && len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if tooLong {
			err = fmt.Errorf("longer than %d bytes", maxLine)
		} else {
			raw, err = ndjsonRecord(line)
		}
		if err := add(raw, err, "line", number); err != nil {
			return err
		}
	}
}

func ndjsonRecord(line []byte) (raw rawRecord, err error) {
	var in struct {
		Time  json.RawMessage
		Key   *string
		Bytes *int
	}
	if err := json.Unmarshal(line, &in); err != nil {
		return raw, err
	}
	if in.Time == nil || in.Key == nil || in.Bytes == nil {
		return raw, errors.New("it needs the members time, key and bytes")
	}
	raw.time, err = jsonTime(in.Time)
	raw.key, raw.bytes = []byte(*in.Key), *in.Bytes
	return raw, err
}

// jsonTime parses a time that is a string or a number.
func jsonTime(value json.RawMessage) (time.Time, error) {
	var s string
	if json.Unmarshal(value, &s) != nil {
		s = string(value)
	}
	return parseTime(s)
}

// readGetRecords reads what "aws kinesis get-records" prints, several times if there are several.
func readGetRecords(r io.Reader, add addFunc) error {
	in := json.NewDecoder(r)
	number := int64(0)
	for {
		if err := expect(in, '{'); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		for in.More() {
			member, err := in.Token()
			if err != nil {
				return err
			}
			if member != "Records" {
				if err := in.Decode(&json.RawMessage{}); err != nil {
					return err
				}
				continue
			}
			if number, err = readRecords(in, add, number); err != nil {
				return err
			}
		}
		if _, err := in.Token(); err != nil { // }
			return err
		}
	}
}

// readRecords reads a list of records, and returns the number of the last.
func readRecords(in *json.Decoder, add addFunc, number int64) (int64, error) {
	if err := expect(in, '['); err != nil {
		return number, err
	}
	for in.More() {
		number++
		var value json.RawMessage
		if err := in.Decode(&value); err != nil {
			return number, err
		}
		raw, err := getRecordsRecord(value)
		if err := add(raw, err, "record", number); err != nil {
			return number, err
		}
	}
	_, err := in.Token() // ]
	return number, err
}

// expect reads a token, which must be the delimiter.
func expect(in *json.Decoder, want json.Delim) error {
	token, err := in.Token()
	if err == nil && token != want {
		err = fmt.Errorf("%v, where %v must be", token, want)
	}
	return err
}

func getRecordsRecord(value []byte) (raw rawRecord, err error) {
	var in struct {
		ApproximateArrivalTimestamp json.RawMessage
		Data                        *string
		PartitionKey                *string
	}
	if err := json.Unmarshal(value, &in); err != nil {
		return raw, err
	}
	if in.ApproximateArrivalTimestamp == nil || in.Data == nil || in.PartitionKey == nil {
		return raw, errors.New("it needs the members ApproximateArrivalTimestamp, Data and PartitionKey")
	}
	if raw.time, err = jsonTime(in.ApproximateArrivalTimestamp); err != nil {
		return raw, err
	}
	decoded, err := base64.StdEncoding.DecodeString(*in.Data)
	raw.key, raw.bytes = []byte(*in.PartitionKey), len(decoded)
	return raw, err
}
