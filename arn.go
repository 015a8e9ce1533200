package putrecords

import (
	"regexp"
	"strings"
)

// The names and ARNs of streams, as the API's model constrains them.
const (
	namePattern = `[a-zA-Z0-9_.-]+`
	arnPattern  = `arn:aws.*:kinesis:.*:\d{12}:stream/\S+`

	maxNameLength = 128
	maxARNLength  = 2048
)

var (
	nameRegexp = regexp.MustCompile(`^` + namePattern + `$`)
	arnRegexp  = regexp.MustCompile(`^arn:aws.*:kinesis:(.*):(\d{12}):stream/(\S+)$`)
)

// ARN returns the stream's Amazon Resource Name. Its partition is aws-cn or aws-us-gov if the
// region begins with "cn-" or "us-gov-", and aws otherwise.
func (s *Stream) ARN() string {
	partition := "aws"
	switch {
	case strings.HasPrefix(s.region, "cn-"):
		partition = "aws-cn"
	case strings.HasPrefix(s.region, "us-gov-"):
		partition = "aws-us-gov"
	}
	return "arn:" + partition + ":kinesis:" + s.region + ":" + s.accountID + ":stream/" + s.name
}

// A reference is what a request says about the stream it is for. Region and account are known only
// from an ARN.
type reference struct {
	name, region, accountID string
}

// parseReference reads a name and an ARN that have passed their constraints. It returns an error if
// both are missing, or if they disagree.
func parseReference(streamName, streamARN *string) (reference, error) {
	if streamARN == nil {
		if streamName == nil {
			return reference{}, errorf(InvalidArgumentException, "Stream arn and stream name can't be empty at the same time")
		}
		return reference{name: *streamName}, nil
	}
	parts := arnRegexp.FindStringSubmatch(*streamARN)
	r := reference{region: parts[1], accountID: parts[2], name: parts[3]}
	if streamName != nil && *streamName != r.name {
		return reference{}, errorf(InvalidArgumentException, "Input stream name %s doesn't match the inferred name in stream arn %s",
			*streamName, r.name)
	}
	return r, nil
}

// CheckAddress checks that a request's name and ARN mean this stream. It makes the checks of
// PutRecords in AWS's order: the constraints on both members, that at least one is there, that they
// agree, and that they are the stream's. The error is an [*Error]. It is for servers that answer
// operations that this package does not.
func (s *Stream) CheckAddress(streamName, streamARN *string) error {
	var v Violations
	v.AddAddress(streamName, streamARN)
	if err := v.Err(); err != nil {
		return err
	}
	return s.checkReference(streamName, streamARN)
}

// checkReference checks a name and an ARN that have passed their constraints.
func (s *Stream) checkReference(streamName, streamARN *string) error {
	to, err := parseReference(streamName, streamARN)
	if err != nil {
		return err
	}
	if streamARN != nil && to.region != s.region {
		return errorf(InvalidArgumentException, "The region specified in the ARN '%s' does not match the endpoint region", *streamARN)
	}
	if streamARN != nil && to.accountID != s.accountID {
		return &Error{Code: UnrecognizedClientException, Message: noAccountText}
	}
	if to.name != s.name {
		return s.streamNotFound(to.name)
	}
	return nil
}
