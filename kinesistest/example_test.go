package kinesistest_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/kinesistest"
)

// A naive producer checks only the error, so it loses the record that was throttled.
func ExampleNewClient() {
	limits := putrecords.Limits{RecordsPerSecond: 2}
	stream := putrecords.MustNew(putrecords.Config{Name: "orders", Limits: limits})
	client := kinesistest.NewClient(stream)

	var entries []types.PutRecordsRequestEntry
	for _, order := range []string{"bread", "milk", "apples"} {
		entries = append(entries, types.PutRecordsRequestEntry{PartitionKey: aws.String("customer-1"), Data: []byte(order)})
	}
	out, err := client.PutRecords(context.Background(), &kinesis.PutRecordsInput{
		StreamName: aws.String("orders"), Records: entries,
	})
	fmt.Println(err, *out.FailedRecordCount)
	fmt.Println(*out.Records[2].ErrorMessage)
	fmt.Println(kinesistest.Stored(stream))
	// Output:
	// <nil> 1
	// Rate exceeded for shard shardId-000000000000 in stream orders under account 000000000000.
	// map[customer-1:[bread milk]]
}

// This client sends each request only once, so its caller sees a single failure.
func ExampleWithoutRetries() {
	stream := putrecords.MustNew(putrecords.Config{Name: "orders"})
	client := kinesis.New(kinesistest.Options(stream), kinesistest.WithoutRetries)

	stream.Inject(putrecords.Fault{Code: putrecords.ProvisionedThroughputExceededException, WholeRequest: true})
	_, err := client.PutRecord(context.Background(), &kinesis.PutRecordInput{
		StreamName: aws.String("orders"), PartitionKey: aws.String("customer-1"), Data: []byte("bread"),
	})
	var throttled *types.ProvisionedThroughputExceededException
	fmt.Println(errors.As(err, &throttled))
	// Output: true
}
