package kinesishttp

import (
	"fmt"

	"github.com/emmansun/base64" // decodes several times faster than encoding/base64
)

// strictBase64 rejects anything that is not base64, as production does, except line breaks.
var strictBase64 = base64.StdEncoding.Strict()

// explainBase64 returns production's message about a string that is not base64.
func explainBase64(s string) string {
	reason := "Invalid last non-pad Base64 character dectected"
	if n := utf16Length(s); n%4 != 0 {
		reason = fmt.Sprintf("Base64 encoded length is expected a multiple of 4 bytes but found: %d", n)
	} else if c, found := invalidBase64Character(s); found {
		reason = fmt.Sprintf("Invalid Base64 character: '%c'", c)
	}
	return "'" + s + "'" + toBlob + ": " + reason
}

// utf16Length returns the length of a string as Java counts it.
func utf16Length(s string) (n int) {
	for _, c := range s {
		n++
		if c > 0xffff {
			n++
		}
	}
	return n
}

// invalidBase64Character returns the first character that is not in the base64 alphabet. A '=' is
// invalid if anything except '=' follows it.
func invalidBase64Character(s string) (c rune, found bool) {
	padded := false
	for _, c := range s {
		switch {
		case padded && c != '=':
			return '=', true
		case c == '=':
			padded = true
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '+', c == '/':
		default:
			return c, true
		}
	}
	return 0, false
}
