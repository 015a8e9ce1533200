package kinesistest_test

import (
	"context"
	"strconv"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/kinesistest"
)

// BenchmarkPutRecords puts the same 500 records of 100 bytes, by each way to a stream.
func BenchmarkPutRecords(b *testing.B) {
	in := &kinesis.PutRecordsInput{StreamName: aws.String("stream")}
	for i := range 500 {
		in.Records = append(in.Records, types.PutRecordsRequestEntry{
			PartitionKey: aws.String("customer-" + strconv.Itoa(i)), Data: make([]byte, 100),
		})
	}
	for _, way := range []struct {
		name string
		to   func(*putrecords.Stream) (put func(context.Context) error)
	}{
		{"client", func(stream *putrecords.Stream) func(context.Context) error {
			client := kinesistest.NewClient(stream)
			return func(ctx context.Context) error {
				_, err := client.PutRecords(ctx, in)
				return err
			}
		}},
		// The client without the SDK's own work: its request is sent again and again.
		{"transport", func(stream *putrecords.Stream) func(context.Context) error {
			options := kinesistest.Options(stream)
			sent := &capture{HTTPClient: options.HTTPClient}
			options.HTTPClient = sent
			if _, err := kinesis.New(options).PutRecords(b.Context(), in); err != nil {
				b.Fatal(err)
			}
			return sent.again
		}},
		{"direct", func(stream *putrecords.Stream) func(context.Context) error {
			client := kinesistest.Direct{Stream: stream}
			return func(ctx context.Context) error {
				_, err := client.PutRecords(ctx, in)
				return err
			}
		}},
	} {
		b.Run(way.name, func(b *testing.B) {
			put := way.to(putrecords.MustNew(putrecords.Config{
				Shards: 4, Log: putrecords.Discard(), Limits: putrecords.Limits{RecordsPerSecond: -1, BytesPerSecond: -1},
			}))
			b.ReportAllocs()
			for b.Loop() {
				if err := put(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/500, "ns/record")
		})
	}
}
