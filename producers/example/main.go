// This program sends records with examples/producer of this repository: New, a Put for each record,
// Close. It believes that a record is stored if Put accepted it and Config.Done got no error for
// it.
package main

import (
	"context"
	"log"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/putrecords/putrecords/examples/producer"
	"github.com/putrecords/putrecords/producers/program"
)

func main() { program.Main("github.com/putrecords/putrecords/examples", send) }

func send(t program.Traffic) (believed int, err error) {
	ctx := context.Background()
	c, err := config.LoadDefaultConfig(ctx, config.WithBaseEndpoint(t.Endpoint))
	if err != nil {
		return 0, err
	}
	p, err := producer.New(kinesis.NewFromConfig(c), producer.Config{
		StreamName: t.Stream,
		Done: func(r producer.Result) {
			if r.Err == nil {
				believed++
			}
		},
	})
	if err != nil {
		return 0, err
	}
	for i := range t.Records {
		if err := p.Put(ctx, t.Key(i), t.Data(i)); err != nil {
			log.Print(err)
		}
	}
	if err := p.Close(ctx); err != nil {
		log.Print(err)
	}
	return believed, nil
}
