package putrecords

import "regexp"

var (
	nameRegexp = regexp.MustCompile(`^[a-zA-Z0-9_.-]+$`)
	arnRegexp  = regexp.MustCompile(`^arn:aws.*:kinesis:(.*):(\d{12}):stream/(\S+)$`)
)

// An address is what a request says of the stream it is for. Region and account are known from an ARN alone.
type address struct {
	name, region, accountID string
}

// addressOf returns the stream that a name and an ARN stand for, which must have passed their constraints. It is an error if there is
// neither, or if they disagree.
func addressOf(streamName, streamARN *string) (address, error) {
	if streamARN == nil {
		if streamName == nil {
			return address{}, errorf(InvalidArgumentException, "Stream arn and stream name can't be empty at the same time")
		}
		return address{name: *streamName}, nil
	}
	parts := arnRegexp.FindStringSubmatch(*streamARN)
	a := address{region: parts[1], accountID: parts[2], name: parts[3]}
	if streamName != nil && *streamName != a.name {
		return address{}, errorf(InvalidArgumentException, "Input stream name %s doesn't match the inferred name in stream arn %s",
			*streamName, a.name)
	}
	return a, nil
}

// CheckAddress makes the checks of PutRecords on the name and the ARN in a request, in AWS's order: the constraints on the two, that one
// is there, that they agree, and that they are the stream's. The error is an [*Error]. It is for servers that answer more of Kinesis's
// operations than this package does.
func (s *Stream) CheckAddress(streamName, streamARN *string) error {
	var v Violations
	v.AddAddress(streamName, streamARN)
	if err := v.Err(); err != nil {
		return err
	}
	return s.checkAddress(streamName, streamARN)
}

// checkAddress checks a name and an ARN that have passed their constraints.
func (s *Stream) checkAddress(streamName, streamARN *string) error {
	to, err := addressOf(streamName, streamARN)
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
