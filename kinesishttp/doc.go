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
// The stream is made in the bubble: one that was made before has seen a later time, and its shards would not refill.
//
// Two things of the SDK's matter to a test. It retries no record that failed in an answer of status 200. And it sends a request that
// failed as a whole, or a PutRecord that was throttled, up to three times, after sleeps of random length: a fault of whole requests that it
// is to see needs a Count of 3 or -1, or Options.Retryer an aws.NopRetryer.
//
// # On a network
//
// [NewServer] serves a Handler over HTTP/1.1 and HTTP/2, both without TLS.
//
//	log.Fatal(kinesishttp.NewServer("127.0.0.1:4567", kinesishttp.NewHandler(stream)).ListenAndServe())
//
// Anyone who can reach the address is let in: of a signature a Handler asks no more than that there is one, an Authorization header
// or an X-Amz-Signature in the query. AWS's clients are pointed at the server by their endpoint: BaseEndpoint, endpoint, --endpoint-url, or
// the environment variable AWS_ENDPOINT_URL_KINESIS. With curl:
//
//	curl --aws-sigv4 aws:amz:us-east-1:kinesis --user AKID:SECRET http://127.0.0.1:4567 \
//		-H 'Content-Type: application/x-amz-json-1.1' -H 'X-Amz-Target: Kinesis_20131202.PutRecord' \
//		-d '{"StreamName":"orders","PartitionKey":"customer-1","Data":"aGVsbG8="}'
//
// # Operations
//
// PutRecords, PutRecord, DescribeStream, DescribeStreamSummary and ListShards, in AWS JSON 1.1 (application/x-amz-json-1.1) and in
// its CBOR form (application/x-amz-cbor-1.1, which the Java SDK speaks). Any other operation is an UnknownOperationException; any other
// content type, application/json too, is answered with status 404 or 403 and a text in XML. A request finds its stream by name, or by
// the name in its ARN; there need not be any stream.
//
// Members that an operation does not know are ignored. A value of the wrong type is a SerializationException with the text that
// production has for it. One without a text answers a body that does not follow its encoding, repeats a member, has anything after its
// end, or holds a list of more than 131,072 elements; in CBOR also one that nests deeper than 32 levels, though what is repeated within an
// ignored member is not noticed there.
//
// A body that is larger than any request for the handler's streams can be, which is 10 MB with AWS's limits, is not kept, and answered with
// status 413: in HTTP/2 after up to 64 MiB of it have come, otherwise as soon as its length is known. A stream whose BytesPerRequest or
// RecordsPerRequest is unlimited makes that unlimited too. A client that takes longer than 30 seconds over sending a body is
// answered with status 408, and one that takes longer over reading the answer is cut off.
//
// Answers are compact, in JSON with members in alphabetical order, and carry an x-amzn-RequestId, which counts the requests of the handler,
// so that the same calls give the same bytes.
package kinesishttp
