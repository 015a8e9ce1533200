package kinesistest_test

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/kinesistest"
)

// A recordPutter is what the code under test needs of the SDK's client. Both *kinesis.Client and
// kinesistest.Direct have it.
type recordPutter interface {
	PutRecord(context.Context, *kinesis.PutRecordInput, ...func(*kinesis.Options)) (*kinesis.PutRecordOutput, error)
}

// order is code under test.
func order(ctx context.Context, client recordPutter, customer, what string) error {
	_, err := client.PutRecord(ctx, &kinesis.PutRecordInput{
		StreamName: aws.String("orders"), PartitionKey: &customer, Data: []byte(what),
	})
	return err
}

func ExampleDirect() {
	stream := putrecords.MustNew(putrecords.Config{Name: "orders"})
	for _, what := range []string{"bread", "milk"} {
		if err := order(context.Background(), kinesistest.Direct{Stream: stream}, "customer-1", what); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println(kinesistest.Stored(stream))
	// Output: map[customer-1:[bread milk]]
}
