package constraint

import "strings"

// The names and ARNs of streams, as the API's model constrains them. IsName and ParseARN match
// these patterns without regexp, which takes seconds for a name or an ARN of several megabytes.
const (
	namePattern = `[a-zA-Z0-9_.-]+`
	arnPattern  = `arn:aws.*:kinesis:.*:\d{12}:stream/\S+`

	MaxNameLength = 128 // characters
	maxARNLength  = 2048
)

// IsName reports whether s matches the pattern of names. A name may not be longer than
// MaxNameLength, which IsName does not check.
func IsName(s string) bool {
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

// An ARN is what the Amazon Resource Name of a stream says about it.
type ARN struct{ Name, Region, AccountID string }

// ParseARN returns the parts of an ARN, and whether it matches the pattern of ARNs. If there are
// several ways to take it apart, the name is as short as possible, and then the region.
func ParseARN(arn string) (ARN, bool) {
	const partition, service, resource = "arn:aws", ":kinesis:", ":stream/"
	for end := len(arn); ; {
		end = strings.LastIndex(arn[:end], resource)
		account := end - 12
		if account < 1 {
			return ARN{}, false
		}
		name, head := arn[end+len(resource):], arn[:account-1]
		if name == "" || arn[account-1] != ':' || !IsAccountID(arn[account:end]) {
			continue
		}
		at := strings.LastIndex(head, service)
		if strings.ContainsAny(name, "\t\n\f\r ") ||
			at < len(partition) || !strings.HasPrefix(head, partition) || strings.Contains(head, "\n") {
			return ARN{}, false
		}
		return ARN{Name: name, Region: head[at+len(service):], AccountID: arn[account:end]}, true
	}
}

func isARN(s string) bool {
	_, ok := ParseARN(s)
	return ok
}

// IsAccountID reports whether s is 12 digits.
func IsAccountID(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return len(s) == 12
}

// IsRegion reports whether s is lower-case letters, digits and hyphens.
func IsRegion(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && !isDigit(c) && c != '-' {
			return false
		}
	}
	return s != ""
}
