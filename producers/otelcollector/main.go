// This program sends records with the OpenTelemetry Collector's awskinesis exporter, whose
// queue, retries, timeout and encoding are the defaults.
//
// Each record is a log record. The exporter puts all logs of a resource into one Kinesis record,
// under a random partition key. So each log record gets a resource of its own, or with
// -one-resource all of a batch share one. A record is believed stored if the exporter counted it in
// the metric otelcol_exporter_sent_log_records.
package main

import (
	"context"
	"flag"
	"log"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/awskinesisexporter"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"

	"github.com/putrecords/putrecords/producers/program"
)

// batchSize is how many log records the exporter gets at a time, as from a Collector's batch
// processor. 500 is the exporter's default for max_records_per_batch.
const batchSize = 500

var oneResource = flag.Bool("one-resource", false, "put all logs of a batch into one resource")

func main() {
	flag.Parse()
	const contrib = "github.com/open-telemetry/opentelemetry-collector-contrib"
	program.Main(contrib+"/exporter/awskinesisexporter", send)
}

func send(t program.Traffic) (believed int, err error) {
	factory := awskinesisexporter.NewFactory()
	config := factory.CreateDefaultConfig().(*awskinesisexporter.Config)
	config.AWS.Region = "us-east-1"
	config.AWS.KinesisEndpoint = t.Endpoint
	config.AWS.StreamName = t.Stream

	telemetry := componenttest.NewTelemetry()
	settings := exporter.Settings{
		ID:                component.NewID(factory.Type()),
		TelemetrySettings: telemetry.NewTelemetrySettings(),
	}
	if settings.Logger, err = zap.NewProduction(); err != nil {
		return 0, err
	}
	ctx := context.Background()
	logs, err := factory.CreateLogs(ctx, settings, config)
	if err != nil {
		return 0, err
	}
	if err := logs.Start(ctx, componenttest.NewNopHost()); err != nil {
		return 0, err
	}

	for start := 0; start < t.Records; start += batchSize {
		// If the queue is full, this returns an error and count sees the batch as enqueue_failed.
		if err := logs.ConsumeLogs(ctx, batch(t, start, min(start+batchSize, t.Records))); err != nil {
			log.Print(err)
		}
	}
	// Shutdown stops retries, so wait until the exporter has sent or given up each record.
	for count(telemetry, "sent", "send_failed", "enqueue_failed") < t.Records {
		time.Sleep(10 * time.Millisecond)
	}
	return count(telemetry, "sent"), logs.Shutdown(ctx)
}

// batch returns records start to end-1 as logs.
func batch(t program.Traffic, start, end int) plog.Logs {
	logs := plog.NewLogs()
	var resource plog.ResourceLogs
	for i := start; i < end; i++ {
		if i == start || !*oneResource {
			resource = logs.ResourceLogs().AppendEmpty()
			resource.ScopeLogs().AppendEmpty()
		}
		record := resource.ScopeLogs().At(0).LogRecords().AppendEmpty()
		record.Body().SetStr(string(t.Data(i)))
	}
	return logs
}

// count returns how many log records have had one of the outcomes, according to the exporter's
// metrics.
func count(telemetry *componenttest.Telemetry, outcomes ...string) (total int) {
	for _, outcome := range outcomes {
		metric, err := telemetry.GetMetric("otelcol_exporter_" + outcome + "_log_records")
		if err != nil {
			continue // there is no metric before the first such outcome
		}
		for _, point := range metric.Data.(metricdata.Sum[int64]).DataPoints {
			total += int(point.Value)
		}
	}
	return total
}
