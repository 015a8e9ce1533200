package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

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
