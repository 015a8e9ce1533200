package main

import (
	"bytes"
	"fmt"
	"net/http"
	"time"
)

const (
	shards         = 4
	untilListening = 10 * time.Second
	untilActive    = 10 * time.Second
	betweenChecks  = 100 * time.Millisecond
)

// prepareStream makes sure that the stream exists and that the endpoint answers a call completely.
func (l *loader) prepareStream() error {
	c := newConn(l.address)
	defer c.close()
	if err := l.dialStarting(c); err != nil {
		return err
	}
	status, err := l.streamStatus(c)
	if err != nil {
		return err
	}
	if status == missing {
		if err := l.createStream(c); err != nil {
			return err
		}
	}
	for start := l.clock.now(); status != "ACTIVE" && status != "UPDATING" && status != unknown; {
		if l.clock.now().Sub(start) > untilActive {
			return fmt.Errorf("stream %q is still %s after %v, not ACTIVE", l.stream, status, untilActive)
		}
		l.clock.sleep(betweenChecks)
		if status, err = l.streamStatus(c); err != nil {
			return err
		}
	}
	if _, err := l.put(c, l.requests[0]); err != nil {
		return err
	}
	return l.checkAnswer(c.body.Bytes())
}

// dialStarting dials a server that may have just been started and not be listening yet.
func (l *loader) dialStarting(c *conn) error {
	start := l.clock.now()
	for {
		err := c.dial()
		if err == nil || l.clock.now().Sub(start) > untilListening {
			return err
		}
		l.clock.sleep(betweenChecks)
	}
}

// Stream statuses in addition to those of Kinesis.
const (
	missing = "missing"
	unknown = "unknown" // the server does not implement the operation
)

func (l *loader) streamStatus(c *conn) (string, error) {
	const operation = "DescribeStreamSummary"
	status, body, err := l.call(c, operation, map[string]any{"StreamName": l.stream})
	if err != nil {
		return "", fmt.Errorf("%s: %w", operation, err)
	}
	if bytes.Contains(body, []byte("ResourceNotFoundException")) {
		return missing, nil
	}
	if bytes.Contains(body, []byte("UnknownOperationException")) {
		return unknown, nil
	}
	if status != http.StatusOK {
		return "", rejected(operation, status, body)
	}
	var answer struct {
		StreamDescriptionSummary struct{ StreamStatus string }
	}
	if err := l.encoding().decode(body, &answer); err != nil {
		return "", fmt.Errorf("%s: cannot decode the answer: %w", operation, err)
	}
	return answer.StreamDescriptionSummary.StreamStatus, nil
}

func (l *loader) createStream(c *conn) error {
	const operation = "CreateStream"
	status, body, err := l.call(c, operation, map[string]any{"StreamName": l.stream, "ShardCount": shards})
	if err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	if status != http.StatusOK {
		return rejected(operation, status, body)
	}
	return nil
}

func (l *loader) call(c *conn, operation string, in map[string]any) (status int, body []byte, err error) {
	e := l.encoding()
	return c.call(newRequest(l.target, l.clock.now(), e, operation, e.encode(in)))
}
