package clients_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/kinesishttp"
)

// docs/uses.md shows code of this file. TestDocsShowCodeThatRuns in the root package compares them.

// The AWS SDK's own client talks to a stream in process, without a socket.
func Example_sdk() {
	stream := putrecords.MustNew(putrecords.Config{
		Name: "orders", Limits: putrecords.Limits{RecordsPerSecond: 2},
	})
	client := kinesis.New(kinesis.Options{
		Region:     "us-east-1",
		HTTPClient: &http.Client{Transport: kinesishttp.NewTransport(kinesishttp.NewHandler(stream))},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "a secret of 24 characters"}, nil // nobody checks them
		}),
	})
	entry := types.PutRecordsRequestEntry{
		PartitionKey: aws.String("customer-1"), Data: []byte("an order"),
	}
	out, err := client.PutRecords(context.Background(), &kinesis.PutRecordsInput{
		StreamName: aws.String("orders"), Records: []types.PutRecordsRequestEntry{entry, entry, entry},
	})
	fmt.Println(err, *out.FailedRecordCount)
	fmt.Println(*out.Records[2].ErrorMessage)
	// Output:
	// <nil> 1
	// Rate exceeded for shard shardId-000000000000 in stream orders under account 000000000000.
}
