// This program sends records with Redpanda Connect's aws_kinesis output, in a stream
// that its stream builder makes.
//
// Each record is a message. It is believed stored if the function that produces it returned no
// error. That function waits until the output has delivered the message or given up.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	_ "github.com/redpanda-data/benthos/v4/public/components/pure"
	"github.com/redpanda-data/benthos/v4/public/service"
	_ "github.com/redpanda-data/connect/v4/public/components/aws"

	"github.com/putrecords/putrecords/producers/program"
)

// output is what a user configures. The output's documentation recommends batches. A PutRecords
// request takes up to 500 records. Credentials come from the environment.
const output = `
aws_kinesis:
  region: us-east-1
  endpoint: %q
  stream: %q
  partition_key: ${! @key }
  batching:
    count: 500
    period: 100ms
`

func main() { program.Main("github.com/redpanda-data/connect/v4", send) }

func send(t program.Traffic) (believed int, err error) {
	builder := service.NewStreamBuilder()
	builder.SetLogger(slog.New(slog.NewTextHandler(os.Stderr, nil)))
	produce, err := builder.AddProducerFunc()
	if err != nil {
		return 0, err
	}
	if err := builder.AddOutputYAML(fmt.Sprintf(output, t.Endpoint, t.Stream)); err != nil {
		return 0, err
	}
	stream, err := builder.Build()
	if err != nil {
		return 0, err
	}
	ran := make(chan error, 1)
	go func() { ran <- stream.Run(context.Background()) }()

	var delivered atomic.Int64
	var settled sync.WaitGroup
	for i := range t.Records {
		settled.Go(func() {
			message := service.NewMessage(t.Data(i))
			message.MetaSetMut("key", t.Key(i))
			if produce(context.Background(), message) == nil {
				delivered.Add(1)
			}
		})
	}
	settled.Wait()
	if err := stream.StopWithin(10 * time.Second); err != nil {
		return 0, err
	}
	return int(delivered.Load()), <-ran
}
