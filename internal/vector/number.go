package vector

import (
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"time"
)

// A number is the parts of a sequence number. This package does not use the library's parser, which
// the vectors test.
type number struct {
	shard            uint32
	created, arrived int64 // seconds since 1970
	position         string
}

// firstPosition is the position in a shard's starting number.
const firstPosition = "0000000000000000"

var numberRegexp = regexp.MustCompile(`^2([0-9a-f]{9})([0-9a-f])([0-7][0-9a-f]{15})00([0-9a-f]{9})([0-9a-f]{8})2$`)

// parseNumber parses a sequence number. It returns an error if the number does not have AWS's
// layout.
func parseNumber(text string) (number, error) {
	if !isDecimal(text) || len(text) != 56 {
		return number{}, fmt.Errorf("%q is not 56 digits", text)
	}
	value, _ := new(big.Int).SetString(text, 10)
	parts := numberRegexp.FindStringSubmatch(value.Text(16))
	if parts == nil || parts[2] != parts[5][7:] {
		return number{}, fmt.Errorf("%s is %x, which does not have the layout of a sequence number", text, value)
	}
	hexadecimal := func(digits string) int64 {
		v, _ := strconv.ParseInt(digits, 16, 64)
		return v
	}
	return number{uint32(hexadecimal(parts[5])), hexadecimal(parts[1]), hexadecimal(parts[4]), parts[3]}, nil
}

// String returns the number as AWS prints it.
func (n number) String() string {
	text := fmt.Sprintf("2%09x%x%s00%09x%08x2", n.created, n.shard%16, n.position, n.arrived, n.shard)
	value, _ := new(big.Int).SetString(text, 16)
	return value.String()
}

// parseParts parses the parts of a sequence number in a vector. The position may be absent.
func parseParts(parts map[string]any) (n number, err error) {
	shard, ok := parts["shard"].(float64)
	if !ok {
		return n, fmt.Errorf("%v has no shard", parts)
	}
	n.shard = uint32(shard)
	n.position, _ = parts["position"].(string)
	for name, second := range map[string]*int64{"created": &n.created, "arrived": &n.arrived} {
		text, _ := parts[name].(string)
		t, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return n, fmt.Errorf("%v: %s: %w", parts, name, err)
		}
		*second = t.Unix()
	}
	return n, nil
}

// Arrived returns the second in a sequence number, and whether the number has AWS's layout. In a
// shard's ending number it is the closing second.
func Arrived(text string) (time.Time, bool) {
	n, err := parseNumber(text)
	return time.Unix(n.arrived, 0), err == nil
}
