package main

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/putrecords/putrecords/internal/vector"
)

const (
	// pollEvery is how often a stream's status is looked at.
	pollEvery = 100 * time.Millisecond
	// longestChange is how long a change to a stream may take. AWS takes up to 18 s, and closes the
	// parents of a reshard within a minute.
	longestChange = time.Minute
)

// deleteStream deletes a stream and does not wait until it is gone. A stream that is changing may
// have to finish first.
func deleteStream(ctx context.Context, c *client, name string) error {
	answer, err := retry(ctx, c, "DeleteStream", map[string]any{"StreamName": name}, "LimitExceededException", "ResourceInUseException")
	if err == nil && answer.Status != http.StatusOK && errorCode(answer) != "ResourceNotFoundException" {
		err = refused("DeleteStream", answer)
	}
	return err
}

// retry calls an operation until the answer has none of the given error codes, or a change to a
// stream must have ended.
//
// An interrupt ends the wait, but not a call: otherwise we would not know whether there is a
// stream.
func retry(ctx context.Context, c *client, operation string, request any, codes ...string) (vector.Answer, error) {
	for deadline := now().Add(longestChange); ; {
		answer, err := c.call(context.WithoutCancel(ctx), operation, request)
		if err != nil || !slices.Contains(codes, errorCode(answer)) || now().After(deadline) {
			return answer, err
		}
		if err := sleep(ctx, pollEvery); err != nil {
			return answer, err
		}
	}
}

// A refusal is an error that the endpoint answers while a vector's stream is made.
type refusal struct {
	operation     string
	status        int
	code, message string
}

func (e *refusal) Error() string {
	if e.code == "" {
		return fmt.Sprintf("%s: status %d, which comes without an error code", e.operation, e.status)
	}
	return fmt.Sprintf("%s: %s: %s", e.operation, e.code, e.message)
}

func refused(operation string, answer vector.Answer) error {
	return &refusal{operation, answer.Status, legible(errorCode(answer)), legible(message(answer))}
}

// legible returns a server's text for an error message: on one line, and not too long.
func legible(text string) string { return shorten(printable(text), 4*longestValue) }

// createStream creates a stream, waits until it is ACTIVE and returns its variables. While the
// endpoint has too many streams, it waits until others are gone. If it returns an error, it has
// deleted the stream.
func createStream(ctx context.Context, c *client, s support, name string, stream *vector.Stream) (vector.Variables, error) {
	request := map[string]any{"StreamName": name, "ShardCount": stream.ShardCount}
	if stream.MaxRecordSizeInKiB > 0 {
		request["MaxRecordSizeInKiB"] = stream.MaxRecordSizeInKiB
	}
	if stream.RecordDistributionStrategy != "" {
		delete(request, "ShardCount") // an on-demand stream starts with four
		request["RecordDistributionStrategy"] = stream.RecordDistributionStrategy
		request["StreamModeDetails"] = map[string]any{"StreamMode": "ON_DEMAND"}
	}
	answer, err := retry(ctx, c, "CreateStream", request, "LimitExceededException")
	if err != nil {
		return vector.Variables{}, err
	}
	if answer.Status != http.StatusOK {
		return vector.Variables{}, refused("CreateStream", answer)
	}
	variables, err := finishStream(ctx, c, s, name, stream.EncryptionType)
	if err != nil {
		_ = deleteStream(context.WithoutCancel(ctx), c, name) // err says more
	}
	return variables, err
}

// finishStream waits until a new stream is ACTIVE, encrypts it if it should be, and returns its
// variables.
func finishStream(ctx context.Context, c *client, s support, name, encryption string) (vector.Variables, error) {
	variables, err := waitActive(ctx, c, s, name)
	if err != nil || encryption != "KMS" {
		return variables, err
	}
	answer, err := c.call(ctx, "StartStreamEncryption", map[string]any{"StreamName": name, "EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"})
	if err == nil && answer.Status != http.StatusOK {
		err = refused("StartStreamEncryption", answer)
	}
	if err != nil {
		return variables, err
	}
	return waitActive(ctx, c, s, name)
}

// An inactiveError says that a stream does not become ACTIVE.
type inactiveError struct{ name, status string }

func (e *inactiveError) Error() string {
	return fmt.Sprintf("the stream %s is not ACTIVE after %v, but %q", e.name, longestChange, e.status)
}

var arnRegexp = regexp.MustCompile(`^arn:[^:]*:kinesis:([^:]*):(\d{12}):stream/(.+)$`)

// waitActive waits until a stream is ACTIVE and returns its variables.
func waitActive(ctx context.Context, c *client, s support, name string) (vector.Variables, error) {
	operation, description := "DescribeStreamSummary", "StreamDescriptionSummary"
	if !s[operation] {
		operation, description = "DescribeStream", "StreamDescription"
	}
	for deadline := now().Add(longestChange); ; {
		answer, err := c.call(ctx, operation, map[string]any{"StreamName": name})
		if err != nil {
			return vector.Variables{}, err
		}
		status := member(answer.Body, description, "StreamStatus")
		switch {
		case errorCode(answer) == "LimitExceededException":
		case answer.Status != http.StatusOK:
			return vector.Variables{}, refused(operation, answer)
		case status == "":
			return vector.Variables{}, fmt.Errorf("%s: the answer about the stream %s has no %s.StreamStatus", operation, name, description)
		}
		if status == "ACTIVE" {
			arn := member(answer.Body, description, "StreamARN")
			parts := arnRegexp.FindStringSubmatch(arn)
			if parts == nil || parts[3] != name {
				return vector.Variables{}, fmt.Errorf("%s: %q is not the ARN of the stream %s", operation, arn, name)
			}
			return vector.Variables{Stream: name, Account: parts[2], Region: parts[1], ARN: arn}, nil
		}
		if now().After(deadline) {
			return vector.Variables{}, &inactiveError{name, status}
		}
		if err := sleep(ctx, pollEvery); err != nil {
			return vector.Variables{}, err
		}
	}
}

// settle waits until a reshard is done: the stream is ACTIVE and the closing seconds of the shards
// that have ended have passed.
func settle(ctx context.Context, c *client, s support, name string) error {
	if _, err := waitActive(ctx, c, s, name); err != nil {
		return err
	}
	shards, err := listShards(ctx, c, name)
	if err != nil {
		return err
	}
	latest := now()
	for _, shard := range shards {
		closing, ok := vector.Arrived(member(shard, "SequenceNumberRange", "EndingSequenceNumber"))
		if end := closing.Add(time.Second); ok && end.After(latest) {
			latest = end
		}
	}
	return sleep(ctx, min(latest.Sub(now()), longestChange))
}

// listShards returns the shards of a stream.
func listShards(ctx context.Context, c *client, name string) ([]any, error) {
	answer, err := c.call(ctx, "ListShards", map[string]any{"StreamName": name})
	if err != nil {
		return nil, err
	}
	body, _ := answer.Body.(map[string]any)
	shards, ok := body["Shards"].([]any)
	if !ok {
		return nil, refused("ListShards", answer)
	}
	return shards, nil
}

// checkExisting returns an error unless a stream's shards are those of a new stream.
func checkExisting(shards []any, name string) error {
	for i, shard := range shards {
		if id := member(shard, "ShardId"); id != fmt.Sprintf("shardId-%012d", i) || member(shard, "SequenceNumberRange", "EndingSequenceNumber") != "" {
			return usageErrorf("-stream %s: the stream has been resharded; the vectors need one that has not", name)
		}
	}
	return nil
}

// shareable are the operations that vectors can call on a stream that they share.
var shareable = []string{"DescribeStream", "DescribeStreamSummary", "ListShards", "ListStreams", "PutRecord", "PutRecords", "stored"}

// needsOwnStream reports whether a vector changes its stream, or reads it from its beginning.
func needsOwnStream(v *vector.Vector) bool {
	return v.Stream.StreamName != "" || v.Stream.EncryptionType == "KMS" || v.Stream.RecordDistributionStrategy != "" ||
		v.Stream.MaxRecordSizeInKiB > 0 ||
		slices.ContainsFunc(v.Steps, func(step vector.Step) bool { return !slices.Contains(shareable, step.Action) })
}
