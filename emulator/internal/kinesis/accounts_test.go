package kinesis

import "testing"

// An ARN of an account without streams is answered as production answers one of an account that
// does not exist. Once the account has had a stream, only the stream is missing.
func TestARNOfAnotherAccount(t *testing.T) {
	w := newTwin(t, nil)
	const request = `{"StreamARN":"arn:aws:kinesis:us-east-1:111122223333:stream/none"}`
	for _, operation := range []string{"DescribeStreamSummary", "ListShards", "ListTagsForStream"} {
		w.want(operation, request, "UnrecognizedClientException: No account found for the given parameters")
	}
	for _, service := range []*Service{w.json, w.cbor} {
		must(service.Create(NewStream{Name: "orders", AccountID: "111122223333", Shards: 1}))
	}
	for _, operation := range []string{"DescribeStreamSummary", "ListShards", "ListTagsForStream"} {
		w.want(operation, request, "ResourceNotFoundException: Stream none under account 111122223333 not found.")
	}
}
