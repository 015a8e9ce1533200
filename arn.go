package putrecords

import (
	"cmp"
	"regexp"
	"strings"
)

// The names and ARNs of streams, as the API's model constrains them. isName and parseARN match
// these patterns without regexp, which takes seconds for a name or an ARN of several megabytes.
const (
	namePattern = `[a-zA-Z0-9_.-]+`
	arnPattern  = `arn:aws.*:kinesis:.*:\d{12}:stream/\S+`

	maxNameLength = 128
	maxARNLength  = 2048
)

// isName reports whether s matches namePattern.
func isName(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', isDigit(c), c == '_', c == '.', c == '-':
		default:
			return false
		}
	}
	return s != ""
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// parseARN returns the parts of an ARN, and whether it matches arnPattern. If there are several
// ways to take it apart, the name is as short as possible, and then the region.
func parseARN(arn string) (reference, bool) {
	const partition, service, resource = "arn:aws", ":kinesis:", ":stream/"
	for end := len(arn); ; {
		end = strings.LastIndex(arn[:end], resource)
		account := end - 12
		if account < 1 {
			return reference{}, false
		}
		name, head := arn[end+len(resource):], arn[:account-1]
		if name == "" || arn[account-1] != ':' || !isAccountID(arn[account:end]) {
			continue
		}
		at := strings.LastIndex(head, service)
		if strings.ContainsAny(name, "\t\n\f\r ") ||
			at < len(partition) || !strings.HasPrefix(head, partition) || strings.Contains(head, "\n") {
			return reference{}, false
		}
		return reference{name: name, region: head[at+len(service):], accountID: arn[account:end]}, true
	}
}

func isARN(s string) bool {
	_, ok := parseARN(s)
	return ok
}

func isAccountID(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return len(s) == 12
}

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
	if !isAccountID(p.accountID) {
		return configErrorf("AccountID", "%q is not 12 digits", p.accountID)
	}
	if !regionRegexp.MatchString(p.region) {
		return configErrorf("Region", "%q is not lower-case letters, digits and hyphens", p.region)
	}
	return nil
}

var regionRegexp = regexp.MustCompile(`^[a-z0-9-]+$`)

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
	r, _ := parseARN(*streamARN)
	if streamName != nil && *streamName != r.name {
		return reference{}, errorf(InvalidArgumentException, "Input stream name %s doesn't match the inferred name in stream arn %s",
			*streamName, r.name)
	}
	return r, nil
}

// CheckAddress checks that a request's name and ARN mean this stream. It makes the checks of
// PutRecords in AWS's order: the constraints on both members, that at least one is there, that they
// agree, and that they are the stream's. The error is an [*Error]. Use it in a server for
// operations that this package does not have.
func (s *Stream) CheckAddress(streamName, streamARN *string) error {
	var v Violations
	v.AddAddress(streamName, streamARN)
	if err := v.Err(); err != nil {
		return err
	}
	return s.checkReference(streamName, streamARN)
}

// resolve returns the name that a name and an ARN stand for, both of which have passed their
// constraints. An ARN must be one of the place.
func (p place) resolve(streamName, streamARN *string) (name string, err error) {
	to, err := parseReference(streamName, streamARN)
	switch {
	case err != nil:
		return "", err
	case streamARN != nil && to.region != p.region:
		return "", errorf(InvalidArgumentException, "The region specified in the ARN '%s' does not match the endpoint region", *streamARN)
	case streamARN != nil && to.accountID != p.accountID:
		return "", &Error{Code: UnrecognizedClientException, Message: noAccountText}
	}
	return to.name, nil
}

// checkReference checks that a name and an ARN that have passed their constraints mean the stream.
func (s *Stream) checkReference(streamName, streamARN *string) error {
	name, err := s.resolve(streamName, streamARN)
	if err == nil && name != s.name {
		err = s.streamNotFound(name)
	}
	return err
}
