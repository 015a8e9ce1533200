package producer_test

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// A naive producer fills requests and checks the error. It looks correct.
type naive struct {
	client  *kinesis.Client
	records []types.PutRecordsRequestEntry
}

func (n *naive) Put(ctx context.Context, partitionKey string, data []byte) error {
	n.records = append(n.records, types.PutRecordsRequestEntry{PartitionKey: &partitionKey, Data: data})
	if len(n.records) < 500 {
		return nil
	}
	return n.Close(ctx)
}

func (n *naive) Close(ctx context.Context) error {
	if len(n.records) == 0 {
		return nil
	}
	_, err := n.client.PutRecords(ctx, &kinesis.PutRecordsInput{StreamName: aws.String("stream"), Records: n.records})
	n.records = nil
	return err
}
