package putrecords

import (
	"cmp"
	"strings"

	"github.com/putrecords/putrecords/internal/constraint"
)

// A place is the account and the region of a stream.
type place struct {
	accountID string
	region    string
}

// newPlace returns a place with the defaults filled in.
func newPlace(accountID, region string) place {
	return place{cmp.Or(accountID, "000000000000"), cmp.Or(region, "us-east-1")}
}

// check returns the first problem it finds in a place.
func (p place) check() error {
	if !constraint.IsAccountID(p.accountID) {
		return configErrorf("AccountID", "%q is not 12 digits", p.accountID)
	}
	if !constraint.IsRegion(p.region) {
		return configErrorf("Region", "%q is not lower-case letters, digits and hyphens", p.region)
	}
	return nil
}

// ARN returns the stream's Amazon Resource Name. Its partition is aws-cn or aws-us-gov if the
// region begins with "cn-" or "us-gov-", and aws otherwise.
func (s *Stream) ARN() string { return s.arn("kinesis", s.region, "stream/"+s.name) }

// arn returns an ARN in the place's partition and account.
func (p place) arn(service, region, resource string) string {
	partition := "aws"
	switch {
	case strings.HasPrefix(p.region, "cn-"):
		partition = "aws-cn"
	case strings.HasPrefix(p.region, "us-gov-"):
		partition = "aws-us-gov"
	}
	return "arn:" + partition + ":" + service + ":" + region + ":" + p.accountID + ":" + resource
}

// parseReference reads a name and an ARN that have passed their constraints. Without an ARN, the
// region and the account are "". It returns an error if both are missing, or if they disagree.
func parseReference(streamName, streamARN *string) (constraint.ARN, error) {
	if streamARN == nil {
		if streamName == nil {
			return constraint.ARN{}, errorf(InvalidArgumentException, "Stream arn and stream name can't be empty at the same time")
		}
		return constraint.ARN{Name: *streamName}, nil
	}
	r, _ := constraint.ParseARN(*streamARN)
	if streamName != nil && *streamName != r.Name {
		return constraint.ARN{}, errorf(InvalidArgumentException, "Input stream name %s doesn't match the inferred name in stream arn %s",
			*streamName, r.Name)
	}
	return r, nil
}

// resolve returns the name that a name and an ARN stand for, both of which have passed their
// constraints. An ARN must be one of the place.
func (p place) resolve(streamName, streamARN *string) (name string, err error) {
	to, err := parseReference(streamName, streamARN)
	switch {
	case err != nil:
		return "", err
	case streamARN != nil && to.Region != p.region:
		return "", errorf(InvalidArgumentException, "The region specified in the ARN '%s' does not match the endpoint region", *streamARN)
	case streamARN != nil && to.AccountID != p.accountID:
		return "", &Error{Code: UnrecognizedClientException, Message: noAccountText}
	}
	return to.Name, nil
}

// checkReference checks that a name and an ARN that have passed their constraints mean the stream.
func (s *Stream) checkReference(streamName, streamARN *string) error {
	name, err := s.resolve(streamName, streamARN)
	if err == nil && name != s.name {
		err = s.streamNotFound(name)
	}
	return err
}
