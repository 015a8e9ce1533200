package kinesishttp_test

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/kinesishttp"
)

// docs/uses.md shows code of this file. TestDocsShowCodeThatRuns in the root package compares them.

// serveEmulator serves a stream over HTTP. Its storage can be a Log of your own.
func serveEmulator(address string, storage putrecords.Log) error {
	stream, err := putrecords.New(putrecords.Config{Name: "orders", Shards: 4, Log: storage})
	if err != nil {
		return err // it names the field and the rule
	}
	return kinesishttp.NewServer(address, kinesishttp.NewHandler(stream)).ListenAndServe()
}

func ExampleNewServer() {
	err := serveEmulator("127.0.0.1:65536", putrecords.Discard()) // with a real port it blocks
	fmt.Println(err)
	// Output: listen tcp: address 65536: invalid port
}

// newEmulator returns a handler that also creates streams, in an account.
func newEmulator(account *putrecords.Account) *kinesishttp.Handler {
	handler := kinesishttp.NewAccountHandler(account)
	handler.Handle("CreateStream", func(_ context.Context, r *kinesishttp.Request) (any, error) {
		var in struct {
			ShardCount int
			StreamName *string
		}
		if err := r.Decode(&in); err != nil {
			return nil, err
		}
		name, err := account.StreamName(in.StreamName, nil) // checks it
		if err != nil {
			return nil, err
		}
		stream, err := putrecords.New(putrecords.Config{
			Name: name, Shards: in.ShardCount, AccountID: account.ID(), Region: account.Region(),
		})
		if err != nil {
			return nil, err
		}
		return nil, account.Add(stream) // a nil answer is an empty body
	})
	handler.Refused = func(_ context.Context, operation string, err *putrecords.Error) {
		fmt.Println("refused", operation+":", err)
	}
	return handler
}

// An operation of your own, beside those of the handler.
func ExampleHandler_Handle() {
	account, err := putrecords.NewAccount("123456789012", "eu-west-1")
	if err != nil {
		log.Fatal(err)
	}
	client := &http.Client{Transport: kinesishttp.NewTransport(newEmulator(account))}
	call := func(operation, body string) {
		request, err := http.NewRequest(http.MethodPost, "http://kinesis.test", strings.NewReader(body))
		if err != nil {
			log.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/x-amz-json-1.1")
		request.Header.Set("X-Amz-Target", "Kinesis_20131202."+operation)
		request.Header.Set("X-Amz-Date", "20260101T000000Z")
		request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-1/kinesis/aws4_request, "+
			"SignedHeaders=host, Signature=0")
		response, err := client.Do(request)
		if err != nil {
			log.Fatal(err)
		}
		defer response.Body.Close()
		answer, _ := io.ReadAll(response.Body)
		fmt.Printf("%d %s\n", response.StatusCode, cmp.Or(string(answer), "(no body)"))
	}
	call("CreateStream", `{"StreamName":"orders","ShardCount":2}`)
	call("CreateStream", `{"StreamName":"orders","ShardCount":2}`)
	call("CreateStream", `{"StreamName":"clicks","ShardCount":"2"}`)
	call("DeleteStream", `{"StreamName":"orders"}`)
	// Output:
	// 200 (no body)
	// refused CreateStream: ResourceInUseException: Stream orders under account 123456789012 already exists.
	// 400 {"__type":"ResourceInUseException","message":"Stream orders under account 123456789012 already exists."}
	// refused CreateStream: SerializationException: class java.lang.String can not be converted to an Integer
	// 400 {"__type":"SerializationException","Message":"class java.lang.String can not be converted to an Integer"}
	// refused DeleteStream: UnknownOperationException: This server does not have the operation "DeleteStream".
	// 400 {"__type":"UnknownOperationException","message":"This server does not have the operation \"DeleteStream\"."}
}
