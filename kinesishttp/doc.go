// Package kinesishttp puts streams of package putrecords behind the HTTP API of Amazon Kinesis, for AWS's clients in any language
// and, without a socket, for tests of Go programs that use the AWS SDK.
//
// # In a test
//
// [NewTransport] makes a [Handler] the http.Client of the real SDK. Nothing leaves the process, so it works in a testing/synctest
// bubble, where SDK, stream and test share one virtual clock:
//
//	stream := putrecords.MustNew(putrecords.Config{Name: "orders", Shards: 4})
//	client := kinesis.New(kinesis.Options{
//		Region:     "us-east-1",
//		HTTPClient: &http.Client{Transport: kinesishttp.NewTransport(kinesishttp.NewHandler(stream))},
//		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
//			return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "a secret of 24 characters"}, nil // nobody checks them
//		}),
//	})
//
// Two things of the SDK's matter to a test: it sleeps for random times between its retries of a whole request, unless Options.Retryer is
// an aws.NopRetryer; and it retries no record that failed in an answer of status 200.
//
// # On a network
//
// [NewServer] serves a Handler over HTTP/1.1 and HTTP/2, both without TLS.
//
//	log.Fatal(kinesishttp.NewServer("127.0.0.1:4567", kinesishttp.NewHandler(stream)).ListenAndServe())
//
// Anyone who can reach the address is let in: of a signature a Handler asks no more than that there is one.
//
// # Operations
//
// PutRecords, PutRecord, DescribeStream, DescribeStreamSummary and ListShards, in AWS JSON 1.1 (application/x-amz-json-1.1) and in
// its CBOR form (application/x-amz-cbor-1.1, which the Java SDK speaks). Everything else is an UnknownOperationException. A request
// finds its stream by name, or by the name in its ARN.
//
// Members that an operation does not know are ignored. A value of the wrong type is a SerializationException with the text that
// production has for it; a body that does not follow its encoding, has a member twice, or more behind its end, is one without
// a text. A body that is larger than any request for the handler's streams can be is not kept, and answered with status 413: at
// once, but in HTTP/2 after up to 64 MiB of it have come. A client that takes longer than 30 seconds over sending a body is cut off.
//
// Answers are compact, with members in alphabetical order, and carry an x-amzn-RequestId, which counts the requests of the handler
// so that the same calls give the same bytes.
package kinesishttp
