package main

import (
	"fmt"
	"net/http"
	"strings"
)

// put makes a call that puts records, and returns how many of them failed.
func (l *loader) put(c *conn, r request) (failed int, err error) {
	status, body, err := c.call(r)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", l.operation(), err)
	}
	if status != http.StatusOK {
		return 0, rejected(l.operation(), status, body)
	}
	if l.single {
		return 0, nil
	}
	failed, found := l.encoding().failedRecordCount(body)
	if !found {
		return 0, fmt.Errorf("%s: the answer has no FailedRecordCount: %s", l.operation(), excerpt(body))
	}
	return failed, nil
}

// checkAnswer decodes an answer and checks that it has a complete result for each record: producing
// those is most of a server's work.
func (l *loader) checkAnswer(body []byte) error {
	type entry struct{ SequenceNumber, ShardID, ErrorCode string }
	var answer struct {
		entry   // of PutRecord
		Records []entry
	}
	if err := l.encoding().decode(body, &answer); err != nil {
		return fmt.Errorf("%s: cannot decode the answer: %w", l.operation(), err)
	}
	entries := answer.Records
	if l.single {
		entries = []entry{answer.entry}
	}
	if len(entries) != l.records {
		return fmt.Errorf("%s: the answer has %d results for %d records", l.operation(), len(entries), l.records)
	}
	for _, r := range entries {
		if r.ErrorCode == "" && (r.SequenceNumber == "" || r.ShardID == "") {
			return fmt.Errorf("%s: a result in the answer has neither ErrorCode nor SequenceNumber and ShardId", l.operation())
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
