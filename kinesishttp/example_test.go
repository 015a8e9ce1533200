package kinesishttp_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/kinesishttp"
)

// The README shows code of this file; the root package's TestReadme holds it to that.

// The AWS SDK's own client, without a socket.
func ExampleNewTransport() {
	stream := putrecords.MustNew(putrecords.Config{Name: "orders", Limits: putrecords.Limits{RecordsPerSecond: 2}})
	client := kinesis.New(kinesis.Options{
		Region:     "us-east-1",
		HTTPClient: &http.Client{Transport: kinesishttp.NewTransport(kinesishttp.NewHandler(stream))},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "a secret of 24 characters"}, nil // nobody checks them
		}),
	})
	entry := types.PutRecordsRequestEntry{PartitionKey: aws.String("customer-1"), Data: []byte("an order")}
	out, err := client.PutRecords(context.Background(), &kinesis.PutRecordsInput{
		StreamName: aws.String("orders"), Records: []types.PutRecordsRequestEntry{entry, entry, entry},
	})
	fmt.Println(err, *out.FailedRecordCount)
	fmt.Println(*out.Records[2].ErrorMessage)
	// Output:
	// <nil> 1
	// Rate exceeded for shard shardId-000000000000 in stream orders under account 000000000000.
}

// serveEmulator is an emulator; storage is a Log of your own.
func serveEmulator(address string, storage putrecords.Log) error {
	stream, err := putrecords.New(putrecords.Config{Name: "orders", Shards: 4, Log: storage})
	if err != nil {
		return err // it names the field and the rule
	}
	return kinesishttp.NewServer(address, kinesishttp.NewHandler(stream)).ListenAndServe()
}

func ExampleNewServer() {
	taken, err := net.Listen("tcp", "127.0.0.1:0") // or it would serve for ever
	if err != nil {
		log.Fatal(err)
	}
	err = serveEmulator(taken.Addr().String(), putrecords.Discard())
	fmt.Println(errors.Is(err, syscall.EADDRINUSE))
	// Output: true
}
