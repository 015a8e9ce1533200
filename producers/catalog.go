package main

// A producer is one that the tables show.
type producer struct {
	name    string   // for -only
	title   string   // in the tables, in Markdown; VERSION is the producer's, without a v
	does    string   // with a throttled record, in Markdown; VERSION is the producer's
	dir     string   // has its program in Go, or is empty
	command []string // runs a program in another language, or is the Go program's arguments
}

func (p producer) String() string { return p.name }

// What the loops over an SDK's PutRecords do. Much code looks like them.
const drops = "The loop drops it, because it looks only for an error. The SDK documents that a call without one" +
	" may hold records that failed: "

// lines_test.go checks the lines of source that these name.
var catalog = []producer{
	{
		name:  "telegraf",
		title: "[Telegraf](https://github.com/influxdata/telegraf) VERSION, Kinesis output",
		does: "[Logs](https://github.com/influxdata/telegraf/blob/VERSION/plugins/outputs/kinesis/kinesis.go#L107-L110) how many" +
			" records failed, and drops them. Write [always returns nil](https://github.com/influxdata/telegraf/blob/VERSION/plugins/outputs/kinesis/kinesis.go#L178)," +
			" so the agent does not retry. [Reported](https://github.com/influxdata/telegraf/issues/8818) in 2021.",
		dir: "telegraf",
	},
	{
		name:  "otelcollector",
		title: "[OpenTelemetry Collector](https://github.com/open-telemetry/opentelemetry-collector-contrib) VERSION, awskinesis exporter",
		does: "[Drops it](https://github.com/open-telemetry/opentelemetry-collector-contrib/blob/VERSION/exporter/awskinesisexporter/internal/producer/batcher.go#L49-L69)" +
			" and counts it as sent. It looks only for an error, so its retries never see the record.",
		dir: "otelcollector",
	},
	{
		name:  "otelcollector-packed",
		title: "OpenTelemetry Collector VERSION, awskinesis exporter, one resource for each batch",
		does: "The same. But it packs all logs of a" +
			" [resource](https://github.com/open-telemetry/opentelemetry-collector-contrib/blob/VERSION/exporter/awskinesisexporter/internal/batch/encode_marshaler.go#L40-L44)" +
			" into one record, so it rarely reaches 1,000 records per second.",
		dir:     "otelcollector",
		command: []string{"-one-resource"},
	},
	{
		name:  "redpandaconnect",
		title: "[Redpanda Connect](https://github.com/redpanda-data/connect) VERSION, aws_kinesis output",
		does: "[Sends it again](https://github.com/redpanda-data/connect/blob/VERSION/internal/impl/aws/kinesis/output.go#L275-L304)," +
			" with a growing pause, and returns an error after 30 seconds.",
		dir: "redpandaconnect",
	},
	{
		name:  "dapr",
		title: "[Dapr](https://github.com/dapr/components-contrib) VERSION, aws.kinesis binding",
		does: "The SDK sends it again, up to three attempts in all. Then Invoke" +
			" [returns the error](https://github.com/dapr/components-contrib/blob/VERSION/bindings/aws/kinesis/kinesis.go#L152-L158)." +
			" It uses PutRecord.",
		dir: "dapr",
	},
	{
		name:  "aws-kinesis-writable",
		title: "[aws-kinesis-writable](https://github.com/auth0/kinesis-writable) VERSION",
		does: "Drops it without an event. It retries requests that fail, but its callback does not take the result of" +
			" one that succeeds: `index.js`, line 139.",
		command: []string{"node", "javascript/aws-kinesis-writable.mjs"},
	},
	{
		name:  "kinesisingest",
		title: "@netacea/kinesisingest VERSION",
		does: "Drops it if the request function that its caller supplies does not throw: `dist/KinesisIngest.js`, line 59." +
			" Ours throws unless the status is 200; the package's README does not say what else to check." +
			" It packs up to 20 logs into one record, so it rarely reaches 1,000 records per second.",
		command: []string{"node", "javascript/kinesisingest.mjs"},
	},
	{
		name:    "kinesisingest-unpacked",
		title:   "@netacea/kinesisingest VERSION, logBatchSize 1",
		does:    "The same, without packing.",
		command: []string{"node", "javascript/kinesisingest.mjs", "1"},
	},
	{
		name:    "kinesis-streams",
		title:   "[kinesis-streams](https://github.com/crccheck/kinesis-streams) VERSION",
		does:    "Puts it back into its queue and sends it again, without a pause: `lib/writable.js`, line 116.",
		command: []string{"node", "javascript/kinesis-streams.mjs"},
	},
	{
		name:    "kinesis",
		title:   "[kinesis](https://github.com/mhart/kinesis) VERSION",
		does:    "Sends it again, up to 10 times, with a growing pause: `index.js`, line 406. It uses PutRecord.",
		command: []string{"node", "javascript/kinesis.mjs"},
	},
	{
		name:    "lifion-kinesis",
		title:   "[lifion-kinesis](https://github.com/lifion/lifion-kinesis) VERSION",
		does:    "Sends it again, with a growing pause, until it is stored: `lib/kinesis-client.js`, line 367.",
		command: []string{"node", "javascript/lifion-kinesis.mjs"},
	},
	{
		name:  "a8m",
		title: "[a8m/kinesis-producer](https://github.com/a8m/kinesis-producer) VERSION",
		does: "[Sends it again](https://github.com/a8m/kinesis-producer/blob/VERSION/producer.go#L293), with a growing pause, until" +
			" it is stored. It packs many records into one, so it rarely reaches 1,000 records per second.",
		dir: "a8m",
	},
	{
		name:    "a8m-unpacked",
		title:   "a8m/kinesis-producer VERSION, AggregateBatchSize 1",
		does:    "The same, without packing.",
		dir:     "a8m",
		command: []string{"-aggregate=false"},
	},
	{
		name:  "tj",
		title: "[tj/go-kinesis](https://github.com/tj/go-kinesis) VERSION",
		does: "[Sends it again](https://github.com/tj/go-kinesis/blob/VERSION/kinesis.go#L140-L141) until it is stored. It loses" +
			" records for another reason: after Stop, its loop takes records from the queue and" +
			" [returns](https://github.com/tj/go-kinesis/blob/VERSION/kinesis.go#L92-L95) without sending them.",
		dir: "tj",
	},
	{
		name:  "apex",
		title: "[apex/log](https://github.com/apex/log) VERSION, kinesis handler",
		does: "Hangs, sometimes without one too. It uses tj/go-kinesis, which [logs](https://github.com/tj/go-kinesis/blob/08b17f58cb1b/kinesis.go#L148-L151)" +
			" each retry to the [default logger](https://github.com/tj/go-kinesis/blob/08b17f58cb1b/config.go#L47-L48), and so into" +
			" its own queue. If the queue is full, the only goroutine that empties it blocks, and so do all log calls.",
		dir: "apex",
	},
	{
		name:    "apex-logger",
		title:   "apex/log VERSION, kinesis handler with a Config.Logger",
		does:    "Sends it again, with a growing pause, until it is stored.",
		dir:     "apex",
		command: []string{"-logger"},
	},
	{
		name:  "sdkv2",
		title: "[loop](../producers/sdkv2/main.go) with aws-sdk-go-v2/service/kinesis VERSION",
		does:  drops + "[PutRecords](https://github.com/aws/aws-sdk-go-v2/blob/service/kinesis/VERSION/service/kinesis/api_op_PutRecords.go#L55-L57).",
		dir:   "sdkv2",
	},
	{
		name:  "sdkv1",
		title: "[loop](../producers/sdkv1/main.go) with aws-sdk-go VERSION",
		does:  drops + "[PutRecords](https://github.com/aws/aws-sdk-go/blob/VERSION/service/kinesis/api.go#L2787-L2789).",
		dir:   "sdkv1",
	},
	{
		name:    "javascript-v3",
		title:   "[loop](../producers/javascript/aws-sdk-v3.mjs) with @aws-sdk/client-kinesis VERSION",
		does:    drops + "`dist-types/commands/PutRecordsCommand.d.ts`, line 61.",
		command: []string{"node", "javascript/aws-sdk-v3.mjs"},
	},
	{
		name:    "javascript-v2",
		title:   "[loop](../producers/javascript/aws-sdk-v2.mjs) with aws-sdk for JavaScript VERSION",
		does:    drops + "`clients/kinesis.d.ts`, line 873.",
		command: []string{"node", "javascript/aws-sdk-v2.mjs"},
	},
	{
		name:    "boto3",
		title:   "[loop](../producers/python/boto3_loop.py) with boto3 VERSION",
		does:    drops + "put_records.",
		command: []string{"python3", "python/boto3_loop.py"},
	},
	{
		name:  "example",
		title: "[examples/producer](../examples/producer), this VERSION",
		does:  "[Sends it again](../examples/producer/request.go), with a growing pause, until it is stored.",
		dir:   "example",
	},
}
