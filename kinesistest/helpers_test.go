package kinesistest_test

import (
	"bytes"
	"context"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

// A capture is an HTTP client that keeps the last request.
type capture struct {
	kinesis.HTTPClient
	request *http.Request
	body    []byte
}

func (c *capture) Do(request *http.Request) (*http.Response, error) {
	var err error
	if c.body, err = io.ReadAll(request.Body); err != nil {
		return nil, err
	}
	c.request = request.Clone(context.Background())
	request.Body = io.NopCloser(bytes.NewReader(c.body))
	return c.HTTPClient.Do(request)
}

// again sends the last request again.
func (c *capture) again(ctx context.Context) error {
	request := c.request.WithContext(ctx)
	request.Body = io.NopCloser(bytes.NewReader(c.body))
	response, err := c.HTTPClient.Do(request)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, response.Body)
	return err
}
