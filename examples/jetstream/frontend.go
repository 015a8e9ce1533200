package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/examples/jetstream/grouplog"
	"github.com/putrecords/putrecords/examples/jetstream/internal/cluster"
	"github.com/putrecords/putrecords/examples/jetstream/jetstreamlog"
	"github.com/putrecords/putrecords/kinesishttp"
)

// A frontEnd serves the Kinesis API. On another machine it would be the same.
type frontEnd struct {
	conn    *nats.Conn
	log     *jetstreamlog.Log
	handler *kinesishttp.Handler
	server  *http.Server
	url     string
	client  *kinesis.Client // what a client of this front end uses

	stream atomic.Pointer[putrecords.Stream] // the one that the handler serves
	stop   context.CancelFunc                // of follow
}

// newFrontEnd starts a front end that uses a lane of the log.
func (s *scene) newFrontEnd(ctx context.Context, lane int) (*frontEnd, error) {
	conn, err := cluster.Connect(s.url)
	if err != nil {
		return nil, err
	}
	f := &frontEnd{conn: conn, handler: kinesishttp.NewHandler()}
	js, err := jetstream.New(conn)
	if err != nil {
		return nil, err
	}
	f.log, err = jetstreamlog.New(ctx, js, jetstreamlog.Options{
		Name: s.name, Shards: 4, Replicas: s.replicas, Lane: lane, Timeout: time.Minute,
		Report: func(err error) {
			if !errors.Is(err, grouplog.ErrClosed) {
				s.out.printf("front end %d: %v\n", lane+1, err)
			}
		},
	})
	if err != nil {
		return nil, err
	}
	if err := f.newStream(ctx); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	f.url = "http://" + listener.Addr().String()
	f.server = kinesishttp.NewServer("", f.handler)
	go func() { _ = f.server.Serve(listener) }()
	following, stop := context.WithCancel(context.Background())
	f.stop = stop
	go f.follow(following)
	f.client = newClient(f.url)
	return f, nil
}

// newStream makes a stream with the log's present shards, and serves it.
func (f *frontEnd) newStream(ctx context.Context) error {
	stream, err := f.log.NewStream(ctx, streamConfig)
	if err != nil {
		return err
	}
	f.handler.Add(stream) // replaces the one before
	f.stream.Store(stream)
	return nil
}

// follow adopts the reshards of all front ends until ctx is done. If one comes too late, because
// this front end was cut off, it makes a new stream.
func (f *frontEnd) follow(ctx context.Context) {
	for ctx.Err() == nil {
		if err := f.log.Watch(ctx, f.stream.Load().Adopt); err != nil && ctx.Err() == nil {
			_ = f.newStream(ctx) // if that fails, Adopt will again
		}
	}
}

func (f *frontEnd) shards() []putrecords.Shard { return f.stream.Load().Shards() }

func (f *frontEnd) close() {
	f.stop()
	_ = f.server.Close()
	f.conn.Close()
}

// newClient returns the AWS SDK's client. It does not retry, so that the audit sees every failure.
func newClient(url string) *kinesis.Client {
	return kinesis.New(kinesis.Options{
		BaseEndpoint: aws.String(url),
		Region:       "us-east-1",
		Retryer:      aws.NopRetryer{},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "not checked"}, nil
		}),
	})
}

// put puts records as an application does.
func (f *frontEnd) put(ctx context.Context, keys []string, data [][]byte) (stored []bool, err error) {
	in := &kinesis.PutRecordsInput{StreamName: aws.String(streamConfig.Name)}
	for i, key := range keys {
		in.Records = append(in.Records, types.PutRecordsRequestEntry{PartitionKey: aws.String(key), Data: data[i]})
	}
	out, err := f.client.PutRecords(ctx, in)
	if err != nil {
		return nil, err
	}
	for _, entry := range out.Records {
		stored = append(stored, entry.ErrorCode == nil)
	}
	return stored, nil
}
