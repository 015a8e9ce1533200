// Package kinesishttp serves streams of package putrecords over the HTTP API of Amazon
// Kinesis. Use it to test Go code that calls the AWS SDK, without opening a socket, or
// to serve AWS clients in any language.
//
// # In a test
//
// [NewTransport] connects the AWS SDK's client to a [Handler]. Nothing leaves the
// process, so it works in a testing/synctest bubble, where the SDK, the stream and the
// test share one virtual clock:
//
//	stream := putrecords.MustNew(putrecords.Config{Name: "orders", Shards: 4})
//	client := kinesis.New(kinesis.Options{
//		Region:     "us-east-1",
//		HTTPClient: &http.Client{Transport: kinesishttp.NewTransport(kinesishttp.NewHandler(stream))},
//		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
//			return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "not checked"}, nil
//		}),
//	})
//
// Create the stream inside the bubble. A stream created outside it has seen a later time, and
// its calls fail.
//
// The SDK retries some failures and not others:
//
//   - It does not retry the failed records of a response with status 200. Your code must.
//   - It retries a request that failed as a whole, and a throttled PutRecord. It makes up to three
//     attempts and sleeps for random times between them. If your code must see a whole-request
//     fault, give the fault a Count of 3 or -1, or set Options.Retryer to aws.NopRetryer{}.
//   - On a network, it may send a request twice if the answer comes at once, and then its records
//     are stored twice. smithy-go v1.28.9, which it uses, takes such an answer for a broken
//     connection. A server should wait a millisecond before it answers, as the emulator of this
//     repository does. NewTransport's clients are not affected.
//
// # On a network
//
// [NewServer] serves a Handler over HTTP/1.1 and HTTP/2, both without TLS:
//
//	log.Fatal(kinesishttp.NewServer("127.0.0.1:4567", kinesishttp.NewHandler(stream)).ListenAndServe())
//
// Anyone who can reach the address can use the streams. A Handler requires a signature, in an
// Authorization header or an X-Amz-Signature query parameter, but does not verify it. If the header
// lacks one of its parts, or the request has no date, the answer is an
// IncompleteSignatureException. To point an AWS client at the server, set its endpoint
// (BaseEndpoint, endpoint or --endpoint-url) or the environment variable AWS_ENDPOINT_URL_KINESIS.
// With curl:
//
//	curl --aws-sigv4 aws:amz:us-east-1:kinesis --user AKID:SECRET http://127.0.0.1:4567 \
//		-H 'Content-Type: application/x-amz-json-1.1' -H 'X-Amz-Target: Kinesis_20131202.PutRecord' \
//		-d '{"StreamName":"orders","PartitionKey":"customer-1","Data":"aGVsbG8="}'
//
// # Accounts
//
// A Handler serves the streams of one account and region or of several. [NewHandler] makes the
// accounts of its streams, [NewAccountHandler] takes accounts, and [Handler.FindAccount] asks for
// them. A request finds its stream by name, or by the name in its ARN, in the account it means:
//
//   - that of the ARN, if the request has one and the handler has that account. Otherwise AWS's
//     answer is that there is no such account;
//   - or else the one whose ID is the access key ID in the signature, if that is 12 digits, as with
//     LocalStack. If the handler does not have it, the answer is that of an account without
//     streams;
//   - or else the handler's first account in the region.
//
// The region is the one that the signature is for. If the handler has the account in other regions
// only, it takes the first of them, so clients may be set up for any region. A Handler may have no
// streams and no accounts at all. Then the account is the signature's, or 000000000000.
//
// # Requests
//
// A Handler supports PutRecords, PutRecord, DescribeStream, DescribeStreamSummary and ListShards,
// in AWS JSON 1.1 (application/x-amz-json-1.1) and in CBOR (application/x-amz-cbor-1.1, which the
// Java SDK uses). [Handler.Handle] adds operations. Any other operation is an
// UnknownOperationException with a message of ours; production has none. [Handler.Refused] tells a
// program of it. A request with any other content type, including application/json, gets status 404
// or 403 and an XML body.
//
// Descriptions of a stream say what the stream knows. [Handler.Details] adds the rest, such as its
// retention period. Without it, they show what a new stream on AWS has. A stream that is CREATING
// lists no shards. A NextToken of ListShards is valid for 300 seconds of the stream's clock. It is
// sealed with [Handler.TokenKey].
//
// Members that an operation does not have are ignored. A value of the wrong type is a
// SerializationException with production's message. A malformed body is a SerializationException
// without a message. A body is malformed if it is not valid in its encoding, repeats a member, has
// data after its end, or contains a list of more than 131,072 elements or a structure of more than
// 1,024 members. A CBOR body is also malformed if it nests more than 32 levels deep. In CBOR, a
// repeated member inside an ignored member goes unnoticed.
//
// # Limits
//
// A Handler rejects a body larger than any request for its streams can be, which is about 17 MB
// with AWS's default limits. (With [Handler.FindAccount], the streams that count are those of the
// handler's own accounts and of the account that the signature means.) That leaves room for an
// escape at every character of a partition key and for a backslash before every character of the
// data. The client gets status 413: over HTTP/1.1 as soon as the size is known, over HTTP/2 after
// the server has discarded up to 64 MiB. If the BytesPerRequest or RecordsPerRequest of a stream is
// unlimited, so is the body.
//
// Handler.MaxBodyMemory limits the memory for the bodies of all requests that are not answered yet.
// A request for whose body there is no memory left gets status 503 and the code ServiceUnavailable,
// which AWS's clients retry. Decoding a complete body takes up to as much memory again. A request
// whose method or headers are wrong takes no memory for its body.
//
// A client that takes more than 30 seconds to send a body gets status 408. A client that takes more
// than 30 seconds to read the response is cut off.
//
// # Responses
//
// Responses are compact, and members of JSON responses are in alphabetical order. The
// x-amzn-RequestId and x-amz-id-2 headers count the handler's requests, so the same calls always
// get the same bytes.
package kinesishttp
