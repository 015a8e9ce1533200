// This program sends records with Telegraf's kinesis output, behind what Telegraf's agent puts
// in front of each output: a buffer, batches and retries, with their defaults.
//
// Each record is a metric. It is believed stored if Telegraf reports it as delivered. Inputs that
// read from a queue acknowledge messages when they get this report.
package main

import (
	"log"
	"time"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/metric"
	"github.com/influxdata/telegraf/models"
	"github.com/influxdata/telegraf/plugins/common/aws"
	"github.com/influxdata/telegraf/plugins/outputs/kinesis"
	"github.com/influxdata/telegraf/plugins/serializers/influx"

	"github.com/putrecords/putrecords/producers/program"
)

// flushInterval is the agent's default for how long a batch waits until it is full.
const flushInterval = 10 * time.Second

func main() { program.Main("github.com/influxdata/telegraf", send) }

func send(t program.Traffic) (believed int, err error) {
	output, err := newOutput(t)
	if err != nil {
		return 0, err
	}
	if err := output.Connect(); err != nil {
		return 0, err
	}
	defer output.Close()

	reports := make(chan telegraf.DeliveryInfo, t.Records)
	go func() {
		for i := range t.Records {
			fields := map[string]any{"data": string(t.Data(i))}
			record := metric.New("record", nil, fields, time.Now())
			tracked, _ := metric.WithTracking(record, func(d telegraf.DeliveryInfo) { reports <- d })
			output.AddMetricNoCopy(tracked)
		}
	}()
	flush(output, func() bool { return len(reports) == t.Records })

	for range t.Records {
		if report := <-reports; report.Delivered() {
			believed++
		}
	}
	return believed, nil
}

// newOutput returns the output that Telegraf makes of this configuration:
//
//	[[outputs.kinesis]]
//	  region = "us-east-1"
//	  endpoint_url = "http://127.0.0.1:4567"
//	  streamname = "orders"
//	  data_format = "influx"
//	  [outputs.kinesis.partition]
//	    method = "random"
//
// The method gives each metric a random partition key, so metrics spread over all shards.
func newOutput(t program.Traffic) (*models.RunningOutput, error) {
	output := &kinesis.KinesisOutput{
		StreamName:       t.Stream,
		Partition:        &kinesis.Partition{Method: "random"},
		CredentialConfig: aws.CredentialConfig{Region: "us-east-1", EndpointURL: t.Endpoint},
	}
	serializer := &influx.Serializer{}
	if err := serializer.Init(); err != nil {
		return nil, err
	}
	output.SetSerializer(serializer)
	return models.NewRunningOutput(output, &models.OutputConfig{Name: "kinesis"}, 0, 0)
}

// flush writes metrics until done returns true. Like the agent, it writes full batches immediately
// and everything at intervals.
func flush(output *models.RunningOutput, done func() bool) {
	interval := time.Tick(flushInterval)
	for !done() {
		var err error
		select {
		case <-output.BatchReady:
			err = output.WriteBatch()
		case <-interval:
			err = output.Write()
		}
		if err != nil {
			log.Print(err)
		}
	}
}
