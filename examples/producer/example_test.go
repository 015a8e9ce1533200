package producer_test

import (
	"context"
	"fmt"
	"time"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/examples/producer"
	"github.com/putrecords/putrecords/kinesistest"
)

func Example() {
	stream := putrecords.MustNew(putrecords.Config{Name: "orders"})
	// In production, use kinesis.NewFromConfig, which returns a client for AWS.
	client := kinesistest.NewClient(stream)

	p, err := producer.New(client, producer.Config{
		StreamName: "orders",
		Done: func(r producer.Result) {
			if r.Err != nil {
				fmt.Printf("lost %s of %s: %v\n", r.Data, r.PartitionKey, r.Err)
				return
			}
			fmt.Printf("%s of %s is in %s\n", r.Data, r.PartitionKey, r.ShardID)
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	// Without a timeout, Close would wait as long as AWS is down.
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := p.Put(ctx, "customer-1", []byte("an order")); err != nil {
		fmt.Println(err)
	}
	if err := p.Put(ctx, "customer-2", []byte("another order")); err != nil {
		fmt.Println(err)
	}
	if err := p.Close(ctx); err != nil { // waits until all records are stored
		fmt.Println(err)
	}
	// Output:
	// an order of customer-1 is in shardId-000000000000
	// another order of customer-2 is in shardId-000000000000
}
