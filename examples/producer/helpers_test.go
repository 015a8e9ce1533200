package producer_test

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/examples/producer"
	"github.com/putrecords/putrecords/kinesistest"
)

// newClient returns the AWS SDK's client for a stream. It reaches the stream through a network, and
// through what breaks makes of it.
func newClient(stream *putrecords.Stream, breaks ...func(network http.RoundTripper) http.RoundTripper) *kinesis.Client {
	options := kinesistest.Options(stream)
	client := options.HTTPClient.(*http.Client)
	client.Transport = network{client.Transport}
	for _, wrap := range breaks {
		client.Transport = wrap(client.Transport)
	}
	return kinesis.New(options)
}

// A network takes 10 ms to deliver a request.
type network struct{ http.RoundTripper }

func (n network) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(10 * time.Millisecond)
	return n.RoundTripper.RoundTrip(r)
}

// A readBack describes the records in a stream. Their data are serial numbers.
type readBack struct {
	copies  map[int]int // by serial number
	inOrder bool        // whether the first copies of each key are in order
}

// read reads the shards in index order, so parents come before their children.
func read(t *testing.T, stream *putrecords.Stream) readBack {
	t.Helper()
	back := readBack{copies: map[int]int{}, inOrder: true}
	latest := map[string]int{}
	for record, err := range stream.AllRecords() {
		if err != nil {
			t.Fatal(err)
		}
		n := serial(t, record.Data)
		back.copies[n]++
		if back.copies[n] > 1 {
			continue
		}
		if last, ok := latest[record.PartitionKey]; ok && n < last {
			back.inOrder = false
		}
		latest[record.PartitionKey] = n
	}
	return back
}

// lost returns how many of the first n serial numbers are missing.
func (b readBack) lost(n int) (lost int) {
	for serial := range n {
		if b.copies[serial] == 0 {
			lost++
		}
	}
	return lost
}

// duplicates returns the serial number of each copy except the first.
func (b readBack) duplicates() (serials []int) {
	for _, serial := range slices.Sorted(maps.Keys(b.copies)) {
		serials = append(serials, slices.Repeat([]int{serial}, b.copies[serial]-1)...)
	}
	return serials
}

// A putter is a producer, correct or naive.
type putter interface {
	Put(ctx context.Context, partitionKey string, data []byte) error
	Close(ctx context.Context) error
}

// newProducer returns a producer for the stream named "stream".
func newProducer(t *testing.T, client producer.Client, config producer.Config) *producer.Producer {
	t.Helper()
	config.StreamName = "stream"
	if config.Done == nil {
		config.Done = func(r producer.Result) {
			if r.Err != nil {
				t.Errorf("%s is not stored: %v", r.Data, r.Err)
			}
		}
	}
	p, err := producer.New(client, config)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// withKey matches records with the given partition key.
func withKey(partitionKey string) func(putrecords.Attempt) bool {
	return func(a putrecords.Attempt) bool { return a.PartitionKey == partitionKey }
}

func serial(t *testing.T, data []byte) int {
	t.Helper()
	n, err := strconv.Atoi(string(data))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func put(t *testing.T, p putter, partitionKey, data string) {
	t.Helper()
	if err := p.Put(t.Context(), partitionKey, []byte(data)); err != nil {
		t.Error(err)
	}
}

func closeProducer(t *testing.T, p putter) {
	t.Helper()
	if err := p.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
