package embeddedlog_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/examples/embeddedlog"
)

// newStream returns a stream that continues the one that used the log before, if there was one.
func newStream(log *embeddedlog.Log) (*putrecords.Stream, error) {
	layout, err := log.Layout()
	if err != nil {
		return nil, err
	}
	var stream *putrecords.Stream
	config := putrecords.Config{
		Name: "orders", Layout: layout, Log: log,
		Resharded: func(putrecords.Reshard) { // before the new shards take records
			if err := log.SaveLayout(stream.Shards()); err != nil {
				panic(err) // a restart would not find those records
			}
		},
	}
	if layout == nil { // the first start
		config.Shards = 2
	}
	stream, err = putrecords.New(config)
	if err != nil {
		return nil, err
	}
	return stream, log.SaveLayout(stream.Shards())
}

// run is the life of a program: it starts, puts an order, reads all orders and stops.
func run(path, order string) error {
	log, err := embeddedlog.Open(path)
	if err != nil {
		return err
	}
	defer log.Close()
	stream, err := newStream(log)
	if err != nil {
		return err
	}
	out, err := stream.Put(context.Background(), putrecords.Entry("customer-1", []byte(order)))
	if err != nil {
		return err
	}
	if out.FailedRecordCount > 0 {
		return fmt.Errorf("%q is not stored: %s", order, out.Records[0].ErrorMessage)
	}
	for record, err := range stream.AllRecords() {
		if err != nil {
			return err
		}
		fmt.Printf("shard %d, position %d: %s\n", record.SequenceNumber.ShardIndex, record.SequenceNumber.Position, record.Data)
	}
	return nil
}

// The second run finds the order of the first, and continues its positions.
func Example() {
	dir, err := os.MkdirTemp("", "embeddedlog")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	for _, order := range []string{"a book", "a lamp"} {
		fmt.Println("start")
		if err := run(filepath.Join(dir, "orders.db"), order); err != nil {
			fmt.Println(err)
			return
		}
	}
	// Output:
	// start
	// shard 1, position 1: a book
	// start
	// shard 1, position 1: a book
	// shard 1, position 2: a lamp
}
