package kinesishttp_test

import (
	"fmt"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/kinesishttp"
)

// docs/uses.md shows code of this file. TestDocsShowCodeThatRuns in the root package compares them.

// serveEmulator serves a stream over HTTP. Its storage can be a Log of your own.
func serveEmulator(address string, storage putrecords.Log) error {
	stream, err := putrecords.New(putrecords.Config{Name: "orders", Shards: 4, Log: storage})
	if err != nil {
		return err // it names the field and the rule
	}
	return kinesishttp.NewServer(address, kinesishttp.NewHandler(stream)).ListenAndServe()
}

func ExampleNewServer() {
	err := serveEmulator("127.0.0.1:65536", putrecords.Discard()) // with a real port it blocks
	fmt.Println(err)
	// Output: listen tcp: address 65536: invalid port
}
