package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/putrecords/putrecords/internal/vector"
)

// A client calls Kinesis's operations, and a control API. It is safe for concurrent use.
type client struct {
	endpoint    string // URL, without a path
	region      string
	credentials credentials
	timeout     time.Duration // of a call
	http        http.Client
}

// longestAnswer is the length in bytes of the longest answer that is read: more than GetRecords
// returns, with its base64.
const longestAnswer = 32 << 20

// A foreignError is an answer that is not one of Kinesis's.
type foreignError struct {
	request string
	status  int
	kind    string // Content-Type
	body    string // its beginning
}

func (e *foreignError) Error() string {
	return fmt.Sprintf("%s: the answer is not Kinesis's: status %d, Content-Type %q, body %q", e.request, e.status, e.kind, e.body)
}

// call calls an operation. A request is anything that encodes as JSON.
func (c *client) call(ctx context.Context, operation string, request any) (vector.Answer, error) {
	body, err := json.Marshal(request)
	if err != nil {
		return vector.Answer{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint+"/", bytes.NewReader(body))
	if err != nil {
		return vector.Answer{}, err
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "Kinesis_20131202."+operation)
	answer := vector.Answer{Sent: now()}
	sign(r, body, c.credentials, c.region, answer.Sent)
	response, text, err := c.do(r)
	answer.Received = now()
	if err != nil {
		return answer, fmt.Errorf("%s: %w", operation, err)
	}
	answer.Status = response.StatusCode
	if len(text) > 0 && json.Unmarshal(text, &answer.Body) != nil {
		return answer, foreign(operation, response, text)
	}
	addErrorType(&answer, response.Header)
	return answer, nil
}

// addErrorType adds the code of an error that is only in a header, as AWS's protocol allows.
func addErrorType(answer *vector.Answer, header http.Header) {
	code, _, _ := strings.Cut(header.Get("X-Amzn-Errortype"), ":")
	if answer.Status < 400 || code == "" {
		return
	}
	if answer.Body == nil {
		answer.Body = map[string]any{}
	}
	if body, ok := answer.Body.(map[string]any); ok && body["__type"] == nil {
		body["__type"] = code
	}
}

// do sends a request and reads the answer.
func (c *client) do(r *http.Request) (*http.Response, []byte, error) {
	response, err := c.http.Do(r)
	if err != nil {
		return nil, nil, c.explain(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, longestAnswer+1))
	if err != nil {
		return nil, nil, c.explain(err)
	}
	if len(text) > longestAnswer {
		return nil, nil, fmt.Errorf("the answer is longer than %d bytes", longestAnswer)
	}
	return response, text, nil
}

// explain says in a few words why there is no answer.
func (c *client) explain(err error) error {
	var timeout net.Error
	switch {
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Errorf("no answer from %s within %v", c.endpoint, c.timeout)
	}
	var request *url.Error
	if errors.As(err, &request) {
		err = request.Err
	}
	return fmt.Errorf("no answer from %s: %w", c.endpoint, err)
}

func foreign(request string, response *http.Response, text []byte) error {
	const most = 200
	return &foreignError{request, response.StatusCode, response.Header.Get("Content-Type"), string(text[:min(most, len(text))])}
}

// now is the time of this machine.
func now() time.Time { return time.Now() } //nolint:forbidigo // the server has a clock of its own

// sleep waits, or returns an error when ctx is done.
func sleep(ctx context.Context, duration time.Duration) error {
	timer := time.NewTimer(duration) //nolint:forbidigo // as above
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// errorCode returns the code of an answer that is an error, without a namespace, or "".
func errorCode(answer vector.Answer) string {
	code := member(answer.Body, "__type")
	return code[strings.LastIndexByte(code, '#')+1:]
}

// member returns a string at a path of members, or "".
func member(value any, path ...string) string {
	for _, name := range path {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	text, _ := value.(string)
	return text
}
