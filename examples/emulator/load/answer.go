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
func (l *load) put(c *conn, request []byte) (failed int, err error) {
	status, body, err := c.call(request)
	if err != nil {
		return 0, fmt.Errorf("PutRecords: %w", err)
	}
	if status != http.StatusOK {
		return 0, refused("PutRecords", status, body)
	}
	failed, found := failedRecordCount(body)
	if !found {
		return 0, fmt.Errorf("PutRecords: the answer has no FailedRecordCount: %s", excerpt(body))
	}
	return failed, nil
}

// failedRecordCount looks for an answer's FailedRecordCount without decoding the answer, which would take more time than many a
// server takes to make it.
func failedRecordCount(body []byte) (failed int, found bool) {
	const name = `FailedRecordCount"` // not the quote before it: it is searched for faster by an F, which is rarer
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

// checkAnswer decodes an answer. It is an error if it lacks what each record gets, for making that is most of a server's work.
func checkAnswer(body []byte, records int) error {
	var answer struct {
		Records []struct{ SequenceNumber, ShardID, ErrorCode string }
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return fmt.Errorf("PutRecords: the answer is not as AWS's: %w", err)
	}
	if len(answer.Records) != records {
		return fmt.Errorf("PutRecords: the answer has %d results for %d records", len(answer.Records), records)
	}
	for _, r := range answer.Records {
		if r.ErrorCode == "" && (r.SequenceNumber == "" || r.ShardID == "") {
			return errors.New("PutRecords: the answer has a result without SequenceNumber and ShardId, or else ErrorCode")
		}
	}
	return nil
}

// refused returns the error of an answer with a status other than 200.
func refused(operation string, status int, body []byte) error {
	return fmt.Errorf("%s was answered with %d %s: %s", operation, status, http.StatusText(status), excerpt(body))
}

// excerpt returns the beginning of an answer.
func excerpt(body []byte) string {
	const most = 1000
	if len(body) > most {
		return strings.ToValidUTF8(string(body[:most]), "") + "…"
	}
	return string(body)
}
