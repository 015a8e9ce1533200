package kinesistest_test

import (
	"slices"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/kinesistest"
)

func TestNaiveProducerLosesRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // time stands still
		stream := putrecords.MustNew(putrecords.Config{}) // one shard takes 1,000 records a second
		client := kinesistest.NewClient(stream)
		order := types.PutRecordsRequestEntry{PartitionKey: aws.String("customer-1"), Data: []byte("an order")}
		batch := slices.Repeat([]types.PutRecordsRequestEntry{order}, 500)
		for range 3 { // the producer under test checks only the error
			_, err := client.PutRecords(t.Context(), &kinesis.PutRecordsInput{StreamName: aws.String("stream"), Records: batch})
			if err != nil {
				t.Fatal(err)
			}
		}
		if lost := 3*500 - len(kinesistest.Stored(stream)["customer-1"]); lost != 500 {
			t.Errorf("lost %d records, want 500", lost)
		}
	})
}
