package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// put makes a PutRecords call and returns how many of its records failed.
func (l *loader) put(c *conn, request []byte) (failed int, err error) {
	status, body, err := c.call(request)
	if err != nil {
		return 0, fmt.Errorf("PutRecords: %w", err)
	}
	if status != http.StatusOK {
		return 0, rejected("PutRecords", status, body)
	}
	failed, found := failedRecordCount(body)
	if !found {
		return 0, fmt.Errorf("PutRecords: the answer has no FailedRecordCount: %s", excerpt(body))
	}
	return failed, nil
}

// failedRecordCount finds an answer's FailedRecordCount without decoding the answer. Decoding would
// take longer than many servers take to write it.
func failedRecordCount(body []byte) (failed int, found bool) {
	const name = `FailedRecordCount"` // no first quote: an F is rarer, so faster to find
	for {
		_, rest, found := bytes.Cut(body, []byte(name))
		if !found {
			return 0, false
		}
		body = rest
		rest = bytes.TrimLeft(rest, " \t\r\n")
		rest, isName := bytes.CutPrefix(rest, []byte(":"))
		rest = bytes.TrimLeft(rest, " \t\r\n")
		digits := len(rest) - len(bytes.TrimLeft(rest, "0123456789"))
		if !isName || digits == 0 || digits > 9 {
			continue
		}
		for _, digit := range rest[:digits] {
			failed = 10*failed + int(digit-'0')
		}
		return failed, true
	}
}

// checkAnswer decodes an answer and checks that it has a complete result for each record: producing
// those is most of a server's work.
func checkAnswer(body []byte, records int) error {
	var answer struct {
		Records []struct{ SequenceNumber, ShardID, ErrorCode string }
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return fmt.Errorf("PutRecords: cannot decode the answer: %w", err)
	}
	if len(answer.Records) != records {
		return fmt.Errorf("PutRecords: the answer has %d results for %d records", len(answer.Records), records)
	}
	for _, r := range answer.Records {
		if r.ErrorCode == "" && (r.SequenceNumber == "" || r.ShardID == "") {
			return errors.New("PutRecords: a result in the answer has neither ErrorCode nor SequenceNumber and ShardId")
		}
	}
	return nil
}

// rejected returns the error for an answer whose status is not 200.
func rejected(operation string, status int, body []byte) error {
	return fmt.Errorf("%s returned %d %s: %s", operation, status, http.StatusText(status), excerpt(body))
}

// excerpt returns the start of an answer.
func excerpt(body []byte) string {
	const most = 1000
	if len(body) > most {
		return strings.ToValidUTF8(string(body[:most]), "") + "…"
	}
	return string(body)
}
