// This program sends records with the AWS SDK for Go v2 in the way that much code does: PutRecords
// in batches of 500, checking only the error. The SDK does what it documents: a call without an
// error may hold records that failed, and FailedRecordCount says how many. The loop believes that
// the records of each call without an error are stored.
package main

import (
	"context"
	"log"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/putrecords/putrecords/producers/program"
)

func main() { program.Main("github.com/aws/aws-sdk-go-v2/service/kinesis", send) }

func send(t program.Traffic) (believed int, err error) {
	ctx := context.Background()
	c, err := config.LoadDefaultConfig(ctx, config.WithBaseEndpoint(t.Endpoint))
	if err != nil {
		return 0, err
	}
	client := kinesis.NewFromConfig(c)
	batch := &kinesis.PutRecordsInput{StreamName: &t.Stream}
	for i := range t.Records {
		batch.Records = append(batch.Records, types.PutRecordsRequestEntry{
			PartitionKey: aws.String(t.Key(i)),
			Data:         t.Data(i),
		})
		if len(batch.Records) < 500 && i < t.Records-1 {
			continue
		}
		if _, err := client.PutRecords(ctx, batch); err != nil {
			log.Print(err)
		} else {
			believed += len(batch.Records)
		}
		batch.Records = nil
	}
	return believed, nil
}
