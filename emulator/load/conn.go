package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// callTimeout limits one call.
const callTimeout = 30 * time.Second

// A conn is a persistent connection. It writes requests itself because net/http's client takes
// twice the CPU time, which the server on the same machine needs.
type conn struct {
	address string
	timeout time.Duration // of a call
	conn    net.Conn      // nil unless open
	reader  *bufio.Reader
	first   []byte       // of a request
	body    bytes.Buffer // of an answer
}

func newConn(address string) *conn { return &conn{address: address, timeout: callTimeout} }

func (c *conn) dial() error {
	var err error
	if c.conn, err = net.DialTimeout("tcp", c.address, c.timeout); err != nil {
		c.conn = nil
		return err
	}
	c.reader = bufio.NewReaderSize(c.conn, 64<<10)
	return nil
}

func (c *conn) close() {
	if c.conn != nil {
		_ = c.conn.Close()
		c.conn = nil
	}
}

// call sends a request and returns the answer's status and body. The body is valid until the next
// call.
func (c *conn) call(r request) (status int, body []byte, err error) {
	status, err = c.roundTrip(r)
	if err == nil {
		return status, c.body.Bytes(), nil
	}
	c.close()
	var netErr net.Error
	if errors.As(err, &netErr) && netErr.Timeout() {
		err = fmt.Errorf("no answer within %v", c.timeout)
	}
	return 0, nil, err
}

// write sends a request. Bodies are large, and shared with other connections. So only the beginning
// of one is copied, to go with the head in one write, which is all that a small request needs.
func (c *conn) write(r request) error {
	first := min(len(r.body), 4<<10)
	c.first = append(append(c.first[:0], r.head...), r.body[:first]...)
	if _, err := c.conn.Write(c.first); err != nil || first == len(r.body) {
		return err
	}
	_, err := c.conn.Write(r.body[first:])
	return err
}

func (c *conn) roundTrip(r request) (status int, err error) {
	if c.conn == nil {
		if err := c.dial(); err != nil {
			return 0, err
		}
	}
	if err := c.conn.SetDeadline(machine.now().Add(c.timeout)); err != nil {
		return 0, err
	}
	errWrite := c.write(r) // a server may answer and close before reading everything
	resp, err := http.ReadResponse(c.reader, nil)
	if errWrite != nil && err != nil {
		return 0, errWrite
	}
	if err != nil {
		return 0, fmt.Errorf("reading the answer: %w", err)
	}
	c.body.Reset()
	if _, err := c.body.ReadFrom(resp.Body); err != nil {
		return 0, fmt.Errorf("reading the answer: %w", err)
	}
	if resp.Close || errWrite != nil {
		c.close()
	}
	return resp.StatusCode, nil
}
