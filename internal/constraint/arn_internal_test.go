package constraint

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// IsName and ParseARN match what the patterns of the API's model match.
func TestNamesAndARNsMatchAWSPatterns(t *testing.T) {
	names := regexp.MustCompile(`^` + namePattern + `$`)
	arns := regexp.MustCompile(`^arn:aws.*:kinesis:(.*):(\d{12}):stream/(\S+)$`)
	piece := rapid.SampledFrom([]string{
		"arn:aws", "-cn", ":kinesis:", "us-east-1", ":", "123456789012", "12345678901", ":stream/",
		":123456789012:stream/", ":kinesis::", "orders", "/", "é", " ", "\n", "\r", "\v", "\x00", "\xff", "_", ".", "-", "Z",
	})
	rapid.Check(t, func(t *rapid.T) {
		s := strings.Join(rapid.SliceOfN(piece, 0, 6).Draw(t, "pieces"), "")
		if rapid.Bool().Draw(t, "nearly an ARN") {
			s = "arn:aws" + s + ":kinesis:us-east-1:123456789012:stream/" + strings.Join(rapid.SliceOfN(piece, 0, 4).Draw(t, "name"), "")
		}
		if got, want := IsName(s), names.MatchString(s); got != want {
			t.Fatalf("IsName(%q) = %t", s, got)
		}
		var want ARN
		parts := arns.FindStringSubmatch(s)
		if parts != nil {
			want = ARN{Region: parts[1], AccountID: parts[2], Name: parts[3]}
		}
		if got, ok := ParseARN(s); ok != (parts != nil) || got != want {
			t.Fatalf("ParseARN(%q) = %+v, %t; want %+v, %t", s, got, ok, want, parts != nil)
		}
	})
}
