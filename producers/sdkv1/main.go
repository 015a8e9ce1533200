// This program sends records with the AWS SDK for Go v1 in the way that much code does: PutRecords
// in batches of 500, checking only the error. The SDK does what it documents: a call without an
// error may hold records that failed, and FailedRecordCount says how many. The loop believes that
// the records of each call without an error are stored.
package main

import (
	"log"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/aws/session"
	"github.com/aws/aws-sdk-go/service/kinesis"
	"github.com/putrecords/putrecords/producers/program"
)

func main() { program.Main("github.com/aws/aws-sdk-go", send) }

func send(t program.Traffic) (believed int, err error) {
	s, err := session.NewSession(&aws.Config{Endpoint: &t.Endpoint})
	if err != nil {
		return 0, err
	}
	client := kinesis.New(s)
	batch := &kinesis.PutRecordsInput{StreamName: &t.Stream}
	for i := range t.Records {
		batch.Records = append(batch.Records, &kinesis.PutRecordsRequestEntry{
			PartitionKey: aws.String(t.Key(i)),
			Data:         t.Data(i),
		})
		if len(batch.Records) < 500 && i < t.Records-1 {
			continue
		}
		if _, err := client.PutRecords(batch); err != nil {
			log.Print(err)
		} else {
			believed += len(batch.Records)
		}
		batch.Records = nil
	}
	return believed, nil
}
