package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

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
