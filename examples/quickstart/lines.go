package main

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/putrecords/putrecords"
)

// limits are those that AWS publishes for a request.
var limits = putrecords.Limits{
	RecordsPerRequest:  500,
	BytesPerRecord:     1 << 20,
	BytesPerRequest:    5 << 20,
	PartitionKeyLength: 256,
}

// An input is a log that has been read.
type input struct {
	name  string
	lines []line // without the blank ones
	blank int
}

// A line is a line of a log that becomes a record.
type line struct {
	number int // in the log, from 1
	key    string
	data   []byte // without the LF or CRLF
}

// where returns the place of line i as programs print it.
func (in input) where(i int) string { return fmt.Sprintf("%s:%d", in.name, in.lines[i].number) }

// entries returns the lines as records.
func (in input) entries() []putrecords.RequestEntry {
	entries := make([]putrecords.RequestEntry, len(in.lines))
	for i, l := range in.lines {
		entries[i] = putrecords.Entry(l.key, l.data)
	}
	return entries
}

// parseLog reads the lines of a log. It is an error if a line lacks the field that is its partition key, or if AWS would refuse
// it.
func parseLog(name string, log []byte, keyField int) (input, error) {
	in := input{name: name}
	number := 0
	for data := range bytes.Lines(log) {
		number++
		if rest, found := bytes.CutSuffix(data, []byte("\n")); found {
			data = bytes.TrimSuffix(rest, []byte("\r"))
		}
		fields := bytes.Fields(data)
		if len(fields) == 0 {
			in.blank++
			continue
		}
		if len(fields) < keyField {
			return input{}, fmt.Errorf("%s:%d: the line has %s, but -key asks for field %d",
				name, number, count(len(fields), "field"), keyField)
		}
		l := line{number: number, key: string(fields[keyField-1]), data: data}
		if err := l.check(); err != nil {
			return input{}, fmt.Errorf("%s:%d: %w", name, number, err)
		}
		in.lines = append(in.lines, l)
	}
	return in, nil
}

// check returns why AWS would refuse the line as a record.
func (l line) check() error {
	if n := utf8.RuneCountInString(l.key); n > limits.PartitionKeyLength {
		return fmt.Errorf("the partition key has %d characters, and AWS takes at most %d; -key chooses another field", n, limits.PartitionKeyLength)
	}
	if n := len(l.data) + len(l.key); n > limits.BytesPerRecord {
		return fmt.Errorf("the line and its partition key are %d bytes together, and AWS takes at most %d", n, limits.BytesPerRecord)
	}
	return nil
}
