package putrecords

import (
	"encoding/json"
	"fmt"
)

// An ErrorCode is the name of an error, spelled as AWS spells it. It is an error itself, so
//
//	errors.Is(err, putrecords.ResourceNotFoundException)
//
// is true for every [*Error] with that code.
type ErrorCode string

// The codes that PutRecords, PutRecord, SplitShard, MergeShards and UpdateShardCount answer with.
// Those that a stream cannot produce on its own, such as AccessDeniedException and the KMS codes,
// come from [Stream.Inject].
const (
	AccessDeniedException                  ErrorCode = "AccessDeniedException"
	DryRunOperationException               ErrorCode = "DryRunOperationException"
	InternalFailure                        ErrorCode = "InternalFailure"
	InvalidArgumentException               ErrorCode = "InvalidArgumentException"
	KMSAccessDeniedException               ErrorCode = "KMSAccessDeniedException"
	KMSDisabledException                   ErrorCode = "KMSDisabledException"
	KMSInvalidStateException               ErrorCode = "KMSInvalidStateException"
	KMSNotFoundException                   ErrorCode = "KMSNotFoundException"
	KMSOptInRequired                       ErrorCode = "KMSOptInRequired"
	KMSThrottlingException                 ErrorCode = "KMSThrottlingException"
	ProvisionedThroughputExceededException ErrorCode = "ProvisionedThroughputExceededException"
	ResourceInUseException                 ErrorCode = "ResourceInUseException"
	ResourceNotFoundException              ErrorCode = "ResourceNotFoundException"
	UnrecognizedClientException            ErrorCode = "UnrecognizedClientException"
	ValidationException                    ErrorCode = "ValidationException"
)

// Error returns the code itself.
func (c ErrorCode) Error() string { return string(c) }

// perRecord reports whether AWS returns the code for single records in a successful answer.
func (c ErrorCode) perRecord() bool {
	return c == ProvisionedThroughputExceededException || c == InternalFailure
}

// An Error is an answer that rejects a whole request. It encodes as the body that AWS sends. It has
// smithy.APIError's ErrorCode and ErrorMessage methods but does not implement the interface: it has
// no ErrorFault.
type Error struct {
	Code    ErrorCode `json:"__type"`
	Message string    `json:"message,omitempty"`
}

// MarshalJSON encodes the error as the body that AWS sends. With a few codes, AWS spells the member
// "Message".
func (e Error) MarshalJSON() ([]byte, error) {
	switch e.Code {
	case AccessDeniedException, "SerializationException":
		return json.Marshal(struct {
			Code    ErrorCode `json:"__type"`
			Message string    `json:",omitempty"`
		}{e.Code, e.Message})
	}
	type plain Error
	return json.Marshal(plain(e))
}

// Error returns the code and the message, if there is one.
func (e *Error) Error() string {
	if e.Message == "" {
		return string(e.Code)
	}
	return string(e.Code) + ": " + e.Message
}

// Is reports whether target is the error's [ErrorCode].
func (e *Error) Is(target error) bool { return target == error(e.Code) }

// ErrorCode returns the code as a string.
func (e *Error) ErrorCode() string { return string(e.Code) }

// ErrorMessage returns the message.
func (e *Error) ErrorMessage() string { return e.Message }

// HTTPStatusCode returns the status of the HTTP response that carries the error, according to AWS's
// pages on the operations and on common errors. It is 500 or 503 for a failure of the service,
// which the AWS SDK retries, and 400 for most other codes.
func (e *Error) HTTPStatusCode() int {
	switch e.Code {
	case InternalFailure, "InternalFailureException":
		return 500
	case "ServiceUnavailable":
		return 503
	case "InvalidClientTokenId", "MissingAuthenticationToken", "OptInRequired":
		return 403
	}
	return 400
}

// A ConfigError is what [New] returns for an invalid [Config].
type ConfigError struct {
	Field  string // the field of Config, such as "Limits.ByteBurst" or "Layout[2].ShardID"
	Reason string // the value, and the rule that it breaks
}

// Error names the field, the value and the rule.
func (e *ConfigError) Error() string { return "putrecords: Config." + e.Field + ": " + e.Reason }

func configErrorf(field, format string, args ...any) *ConfigError {
	return &ConfigError{Field: field, Reason: fmt.Sprintf(format, args...)}
}

func errorf(code ErrorCode, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

const noAccountText = "No account found for the given parameters"

// internalFailureText returns AWS's message for a record that it failed to store. A PutRecord fails
// as a whole request, for which production sends no message.
func internalFailureText(operation string) string {
	if operation == putRecord {
		return ""
	}
	return "Internal service failure."
}

func dryRunSucceeded(operation string) *Error {
	return errorf(DryRunOperationException, "DryRunOperation validation succeeded while calling %s operation.: "+
		"Request would have succeeded, but DryRun flag is set.", operation)
}

func (p place) streamNotFound(name string) *Error {
	return errorf(ResourceNotFoundException, "Stream %s under account %s not found.", name, p.accountID)
}

func (s *Stream) shardNotFound(shardID string) *Error {
	return errorf(ResourceNotFoundException, "Could not find shard %s in stream %s under account %s.", shardID, s.name, s.accountID)
}

func (s *Stream) rateExceeded(shardID string) *Error {
	return errorf(ProvisionedThroughputExceededException, "Rate exceeded for shard %s in stream %s under account %s.",
		shardID, s.name, s.accountID)
}

func (s *Stream) invalidOrdering(number string) *Error {
	return errorf(InvalidArgumentException, "ExclusiveMinimumSequenceNumber %s used in PutRecord on stream %s under account %s is invalid.",
		number, s.name, s.accountID)
}

func (s *Stream) notActive(status StreamStatus) *Error {
	return errorf(ResourceInUseException, "Stream %s under account %s not ACTIVE, instead in state %s", s.name, s.accountID, status)
}

func (s *Stream) shardClosed(shardID string) *Error {
	return errorf(InvalidArgumentException, "Shard %s in stream %s under account %s has already been merged or split, "+
		"and thus is not eligible for merging or splitting.", shardID, s.name, s.accountID)
}

func (s *Stream) splitKeyOutside(parent *shard, key HashKey) *Error {
	return errorf(InvalidArgumentException, "NewStartingHashKey %s used in SplitShard() on shard %s in stream %s under account %s "+
		"is not both greater than one plus the shard's StartingHashKey %s and less than the shard's EndingHashKey %s.",
		key, parent.id, s.name, s.accountID, parent.keys.StartingHashKey, parent.keys.EndingHashKey)
}

func (s *Stream) notAdjacent(shardID, adjacentShardID string) *Error {
	return errorf(InvalidArgumentException, "Shards %s and %s in stream %s under account %s are not an adjacent pair of shards "+
		"eligible for merging", shardID, adjacentShardID, s.name, s.accountID)
}

func overDouble(open, target int) *Error {
	return errorf(InvalidArgumentException, "UpdateShardCount cannot scale up over double your current open shard count. "+
		"Current open shard count: %d Target shard count: %d", open, target)
}

// The principal and the key in default messages are made up. Set Fault.Message for others.
const (
	principal = "user/producer"
	kmsKey    = "key/00000000-0000-0000-0000-000000000000"
	kmsAlias  = "alias/aws/kinesis"
)

// defaultError is the answer of a fault without a message of its own. The message is AWS's, if this
// package knows it, or else the sentence that describes the code on AWS's page, or else the code
// itself.
func (s *Stream) defaultError(fault *Fault, operation, shardID string) *Error {
	switch fault.Code {
	case ProvisionedThroughputExceededException:
		return s.rateExceeded(shardID)
	case ResourceNotFoundException:
		return s.streamNotFound(s.name)
	case ResourceInUseException:
		return s.notActive(StreamUpdating)
	case DryRunOperationException:
		return dryRunSucceeded(operation)
	}
	return &Error{Code: fault.Code, Message: s.defaultText(fault, operation)}
}

func (s *Stream) defaultText(fault *Fault, operation string) string {
	key := func() string { return s.arn("kms", s.region, kmsKey) }
	switch fault.Code {
	case InternalFailure:
		if fault.WholeRequest {
			return ""
		}
		return internalFailureText(operation)
	case UnrecognizedClientException:
		return noAccountText
	case AccessDeniedException:
		return fmt.Sprintf("User: %s is not authorized to perform: kinesis:%s on resource: %s because no identity-based policy "+
			"allows the kinesis:%s action", s.arn("iam", "", principal), operation, s.ARN(), operation)
	case InvalidArgumentException:
		return "A specified parameter exceeds its restrictions, is not supported, or can't be used. " +
			"For more information, see the returned message."
	case KMSAccessDeniedException:
		return fmt.Sprintf("User: %s is not authorized to perform: kms:GenerateDataKey on resource: %s",
			s.arn("iam", "", principal), key())
	case KMSDisabledException:
		return key() + " is disabled."
	case KMSInvalidStateException:
		return key() + " is pending deletion."
	case KMSNotFoundException:
		return "Alias " + s.arn("kms", s.region, kmsAlias) + " is not found."
	case KMSOptInRequired:
		return "The AWS access key ID needs a subscription for the service."
	case KMSThrottlingException:
		return "The request was denied due to request throttling. For more information about throttling, see Limits in the " +
			"AWS Key Management Service Developer Guide."
	}
	return string(fault.Code)
}
