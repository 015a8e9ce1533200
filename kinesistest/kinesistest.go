package kinesistest

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/kinesishttp"
)

// NewClient returns the AWS SDK's client, connected to streams. It panics if they are not all in
// one region. A request by name means a stream of the first one's account; use the ARN for another
// account's. If an account has several streams of the same name, the last one wins.
func NewClient(streams ...*putrecords.Stream) *kinesis.Client {
	return kinesis.New(Options(streams...))
}

// Options returns the options of the client that [NewClient] returns. Use it to make a client with
// other options:
//
//	client := kinesis.New(kinesistest.Options(stream), kinesistest.WithoutRetries)
//
// The HTTPClient is an [*http.Client]. To make its network slow or broken, wrap its Transport.
func Options(streams ...*putrecords.Stream) kinesis.Options {
	return kinesis.Options{
		Region:      regionOf(streams),
		HTTPClient:  &http.Client{Transport: kinesishttp.NewTransport(kinesishttp.NewHandler(streams...))},
		Credentials: aws.CredentialsProviderFunc(credentials),
	}
}

// WithoutRetries is an option that makes the SDK send each request only once. It works for a whole
// client, as shown at [Options], or for one call:
//
//	_, err := client.PutRecords(ctx, in, kinesistest.WithoutRetries)
func WithoutRetries(o *kinesis.Options) { o.Retryer = aws.NopRetryer{} }

// Stored returns the data that a stream holds, by partition key. The data of a key are in the order
// in which consumers read them; a record that was stored twice is there twice. If a key's records
// are in several shards, the parents come before their children. Stored panics if the stream's Log
// returns an error.
func Stored(stream *putrecords.Stream) map[string][]string {
	stored := map[string][]string{}
	for record, err := range stream.AllRecords() {
		if err != nil {
			panic(fmt.Errorf("kinesistest: reading stream %s: %w", stream.Name(), err))
		}
		stored[record.PartitionKey] = append(stored[record.PartitionKey], string(record.Data))
	}
	return stored
}

// credentials returns credentials that nobody checks. With GODEBUG=fips140=only, the SDK cannot
// sign requests with a shorter secret.
func credentials(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "a secret of 24 characters"}, nil
}

// regionOf returns the region of streams, or Config's default if there are none.
func regionOf(streams []*putrecords.Stream) string {
	if len(streams) == 0 {
		return "us-east-1"
	}
	region := inARN(streams[0])
	for _, stream := range streams[1:] {
		if inARN(stream) != region {
			panic(fmt.Sprintf("kinesistest: a client has one region, but the streams include %s and %s",
				streams[0].ARN(), stream.ARN()))
		}
	}
	return region
}

// inARN returns the region in a stream's ARN.
func inARN(stream *putrecords.Stream) string { return strings.Split(stream.ARN(), ":")[3] }
