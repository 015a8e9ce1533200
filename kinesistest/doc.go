// Package kinesistest connects the AWS SDK's client for Kinesis to streams of package putrecords,
// for tests of code that uses the SDK. Everything stays in the process: there is no server, no
// socket and no account.
//
//	stream := putrecords.MustNew(putrecords.Config{Name: "orders"})
//	client := kinesistest.NewClient(stream)
//	// … run the code under test with client …
//	if got := kinesistest.Stored(stream)["customer-1"]; !slices.Equal(got, []string{"an order"}) {
//		t.Errorf("stored %q", got)
//	}
//
// The client is the real *kinesis.Client. Region and account are the streams', and nobody checks
// the credentials. It supports the operations of [kinesishttp.Handler]: PutRecords, PutRecord and
// those that describe a stream and its shards. Throttling needs no setup. Other failures come from
// [putrecords.Stream.Inject].
//
// # Time
//
// In a testing/synctest bubble, the SDK, the stream and the test share one virtual clock, so the
// SDK's waits between retries take no real time. Make the stream inside the bubble: a stream made
// outside it has seen a later time, and its calls fail.
//
// If a stream has a Config.Now of its own, the SDK does not follow that clock: it waits in real
// time, or in the bubble's.
//
// # Retries
//
// The SDK does not retry the failed records of a successful response. The code under test must.
//
// The SDK does retry a request that failed as a whole if the failure may be temporary: three
// attempts, with random waits between them. This includes a throttled PutRecord. So a whole-request
// [putrecords.Fault] reaches the code under test only if its Count is 3 or more, or -1. Or turn
// retries off with [WithoutRetries].
//
// # Speed
//
// With 500 records of 100 bytes in a request, the client takes 6 to 8 µs a record. More than half
// of that is the SDK's own work. If that is too slow, use [Direct], which takes 0.7 µs. It has the
// methods PutRecords and PutRecord, for code that takes an interface. In a clone of the repository,
// this measures both:
//
//	go test -run '^$' -bench . ./kinesistest
//
// # The SDK's version
//
// This module requires the first release of the SDK's client, v1.0.0, so it never raises the
// version that your module uses. If your module does not use the client yet, get a newer one first:
//
//	go get github.com/aws/aws-sdk-go-v2/service/kinesis@latest
package kinesistest
