package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/putrecords/putrecords/internal/vector"
)

// A support says which operations and members an endpoint has, as vectors name them.
type support map[string]bool

// missing returns those of features that the endpoint does not have.
func (s support) missing(features []string) []string {
	var missing []string
	for _, feature := range features {
		if !s[feature] {
			missing = append(missing, feature)
		}
	}
	return missing
}

// names returns what the endpoint has.
func (s support) names() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(s)), func(feature string) bool { return !s[feature] })
}

// greet returns an error if the endpoint does not answer as Kinesis does.
func greet(ctx context.Context, c *client) error {
	answer, err := c.call(ctx, "ListStreams", struct{}{})
	if err != nil {
		return err
	}
	body, _ := answer.Body.(map[string]any)
	if _, listed := body["StreamNames"]; !listed && errorCode(answer) == "" {
		return fmt.Errorf("ListStreams: the answer is not Kinesis's: status %d, and neither StreamNames nor __type in the body", answer.Status)
	}
	switch code := errorCode(answer); code {
	case "UnrecognizedClientException", "InvalidSignatureException", "ExpiredTokenException", "MissingAuthenticationTokenException":
		return fmt.Errorf("ListStreams: the endpoint refuses the credentials: %s: %s", code, legible(message(answer)))
	}
	return nil
}

// message returns the message of an error.
func message(answer vector.Answer) string {
	return member(answer.Body, "message") + member(answer.Body, "Message")
}

// probeOperations finds out which operations the endpoint has. Each is called without members, so
// nothing is changed.
func probeOperations(ctx context.Context, c *client, features []string) (support, error) {
	s := make(support)
	for _, feature := range features {
		operation, _, _ := strings.Cut(feature, ".")
		if operation == vector.Throttling {
			continue
		}
		if _, probed := s[operation]; probed {
			continue
		}
		answer, err := c.call(ctx, operation, struct{}{})
		var foreign *foreignError
		if errors.As(err, &foreign) && foreign.status == http.StatusInternalServerError {
			answer, err = askWithMembers(ctx, c, operation)
		}
		if err != nil { // no answer, or not one of Kinesis's: is the server still there?
			if silent := greet(ctx, c); silent != nil {
				return nil, fmt.Errorf("the server has stopped answering after %s: %w", operation, silent)
			}
		}
		s[operation] = err == nil && !isUnknown(answer)
	}
	return s, nil
}

// askWithMembers calls an operation with all members that it needs. Some servers fail in the same
// way on an operation that they do not have and on one without members. Operations that need a
// stream for that count as there.
func askWithMembers(ctx context.Context, c *client, operation string) (vector.Answer, error) {
	if slices.Contains([]string{"CreateStream", "GetRecords", "UpdateStreamMode"}, operation) {
		return vector.Answer{}, nil
	}
	return c.call(ctx, operation, toNoStream)
}

// toNoStream is a request to a stream that does not exist. It has the members that operations need.
var toNoStream = map[string]any{
	"AdjacentShardToMerge": "shardId-000000000001",
	"Data":                 "",
	"EncryptionType":       "KMS",
	"KeyId":                "alias/aws/kinesis",
	"MaxRecordSizeInKiB":   1024,
	"NewStartingHashKey":   "1",
	"PartitionKey":         "k",
	"Records":              []any{map[string]any{"Data": "", "PartitionKey": "k"}},
	"ResourceARN":          "arn:aws:kinesis:us-east-1:000000000000:stream/conformance-none",
	"RetentionPeriodHours": 24,
	"ScalingType":          "UNIFORM_SCALING",
	"ShardId":              "shardId-000000000000",
	"ShardIteratorType":    "LATEST",
	"ShardLevelMetrics":    []string{"ALL"},
	"ShardToMerge":         "shardId-000000000000",
	"ShardToSplit":         "shardId-000000000000",
	"StreamARN":            "arn:aws:kinesis:us-east-1:000000000000:stream/conformance-none",
	"StreamModeDetails":    map[string]string{"StreamMode": "PROVISIONED"},
	"StreamName":           "conformance-none",
	"TagKeys":              []string{"k"},
	"Tags":                 map[string]string{"k": "v"},
	"TargetShardCount":     1,
}

// isUnknown reports whether an answer says that the endpoint does not have the operation.
func isUnknown(answer vector.Answer) bool {
	switch answer.Status {
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return true
	}
	switch errorCode(answer) {
	case "UnknownOperationException", "UnknownOperation", "InvalidAction", "UnsupportedOperation", "NotImplemented", "NotImplementedException":
		return true
	}
	return false
}

// A server may not know a member that AWS has added, and ignore it. nonsense has a value for each
// that AWS refuses: a server that accepts it does not know the member.
var nonsense = map[string]any{
	"DryRun":                     "nonsense",
	"MaxRecordSizeInKiB":         1,
	"RecordDistributionStrategy": "NONSENSE",
	"ShardFilter":                map[string]any{"Type": "NONSENSE"},
	"StreamModeDetails":          map[string]any{"StreamMode": "NONSENSE"},
}

// probe returns a request that is right, except for the nonsense in one member. For a member of an
// operation that needs more than a stream, it is a request to PutRecords.
func probe(feature string, v vector.Variables) (operation string, request map[string]any) {
	operation, name, _ := strings.Cut(feature, ".")
	stream := v.Stream
	switch operation {
	case "CreateStream":
		request = map[string]any{"StreamName": stream + "-" + name, "ShardCount": 1}
	case "DescribeStream", "DescribeStreamSummary", "ListShards":
		request = map[string]any{"StreamName": stream}
	case "GetShardIterator":
		request = map[string]any{"StreamName": stream, "ShardId": "shardId-000000000000", "ShardIteratorType": "LATEST"}
	case "PutRecord":
		request = map[string]any{"StreamName": stream, "Data": "", "PartitionKey": "k"}
	default:
		operation = "PutRecords"
		request = map[string]any{"StreamName": stream, "Records": []any{map[string]any{"Data": "", "PartitionKey": "k"}}}
	}
	request[name] = nonsense[name]
	if name == "StreamARN" { // some servers look at it only if there is no name
		request[name] = v.ARN
		delete(request, "StreamName")
	}
	return operation, request
}

// probeMembers finds out which members the endpoint has. stream is a stream to try them on.
func probeMembers(ctx context.Context, c *client, s support, features []string, stream vector.Variables) error {
	for _, feature := range features {
		operation, _, isMember := strings.Cut(feature, ".")
		if !isMember || !s[operation] {
			continue
		}
		operation, request := probe(feature, stream)
		answer, err := c.call(ctx, operation, request)
		var foreign *foreignError
		if errors.As(err, &foreign) { // as if the server did not know the member; the vectors show the rest
			continue
		}
		if err != nil {
			return err
		}
		s[feature] = (answer.Status == http.StatusOK) == strings.HasSuffix(feature, ".StreamARN")
		if operation == "CreateStream" && answer.Status == http.StatusOK {
			if err := deleteStream(context.WithoutCancel(ctx), c, member(any(request), "StreamName")); err != nil {
				return err
			}
		}
	}
	return nil
}
