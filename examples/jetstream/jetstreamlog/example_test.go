package jetstreamlog_test

import (
	"context"
	"fmt"
	"os"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/examples/jetstream/internal/cluster"
	"github.com/putrecords/putrecords/examples/jetstream/jetstreamlog"
)

// frontEnd returns a front end's stream, which follows the reshards of the others until ctx is
// done.
func frontEnd(ctx context.Context, js jetstream.JetStream, lane int) (*jetstreamlog.Log, *putrecords.Stream, error) {
	log, err := jetstreamlog.New(ctx, js, jetstreamlog.Options{Name: "orders", Replicas: 1, Lane: lane, FrontEnds: 2})
	if err != nil {
		return nil, nil, err
	}
	stream, err := log.NewStream(ctx, putrecords.Config{Name: "orders"})
	if err != nil {
		return nil, nil, err
	}
	go log.Watch(ctx, stream.Adopt) //nolint:errcheck // it ends with ctx
	return log, stream, nil
}

// run puts records through two front ends, with a split in between.
func run(ctx context.Context, url string) error {
	conn, err := cluster.Connect(url)
	if err != nil {
		return err
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	_, first, err := frontEnd(ctx, js, 0)
	if err != nil {
		return err
	}
	log, second, err := frontEnd(ctx, js, 1)
	if err != nil {
		return err
	}
	if _, err := first.Put(ctx, putrecords.Entry("customer-1", []byte("a book"))); err != nil {
		return err
	}
	if err := log.Reshard(ctx, func(s *putrecords.Stream) error { return s.UpdateShardCount(2) }); err != nil {
		return err
	}
	// Until a front end has heard of the split, it fails records, and a client puts them again.
	for {
		out, err := second.Put(ctx, putrecords.Entry("customer-1", []byte("a lamp")))
		if err != nil {
			return err
		}
		if out.FailedRecordCount == 0 {
			break
		}
	}
	stream, err := log.NewStream(ctx, putrecords.Config{})
	if err != nil {
		return err
	}
	for record, err := range stream.AllRecords() {
		if err != nil {
			return err
		}
		fmt.Printf("shard %d: %s\n", record.SequenceNumber.ShardIndex, record.Data)
	}
	return nil
}

// Two front ends are one stream, even when it is split.
func Example() {
	dir, err := os.MkdirTemp("", "jetstreamlog")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	servers, err := cluster.Start(dir, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer servers.Stop()
	if err := run(context.Background(), servers.URL()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// shard 0: a book
	// shard 2: a lamp
}
