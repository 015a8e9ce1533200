// This program sends records with Dapr's aws.kinesis binding.
//
// Each record is an invocation of the binding's create operation. It is believed stored if the
// invocation returned no error.
package main

import (
	"context"
	"log"
	"sync"
	"sync/atomic"

	"github.com/dapr/components-contrib/bindings"
	"github.com/dapr/components-contrib/bindings/aws/kinesis"
	"github.com/dapr/components-contrib/metadata"
	"github.com/dapr/kit/logger"

	"github.com/putrecords/putrecords/producers/program"
)

// callers is how many invocations are in flight, as from an application that serves many requests.
const callers = 64

func main() { program.Main("github.com/dapr/components-contrib", send) }

func send(t program.Traffic) (believed int, err error) {
	ctx := context.Background()
	binding := kinesis.NewAWSKinesis(logger.NewLogger("dapr"))
	properties := map[string]string{"streamName": t.Stream, "region": "us-east-1", "endpoint": t.Endpoint}
	component := bindings.Metadata{Base: metadata.Base{Properties: properties}}
	if err := binding.Init(ctx, component); err != nil {
		return 0, err
	}

	var accepted atomic.Int64
	var group sync.WaitGroup
	slots := make(chan struct{}, callers)
	for i := range t.Records {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			request := &bindings.InvokeRequest{
				Operation: bindings.CreateOperation,
				Data:      t.Data(i),
				Metadata:  map[string]string{"partitionKey": t.Key(i)},
			}
			if _, err := binding.Invoke(ctx, request); err != nil {
				log.Print(err)
				return
			}
			accepted.Add(1)
		})
	}
	group.Wait()
	return int(accepted.Load()), binding.Close()
}
