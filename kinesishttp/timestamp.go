package kinesishttp

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// timeFrom converts milliseconds since 1970 to a time. A time outside the years 1 to 9999 becomes
// the nearest one inside.
func timeFrom(milliseconds float64) *time.Time {
	const first, last = -62135596800_000, 253402300799_999
	t := time.UnixMilli(int64(max(first, min(last, math.Round(milliseconds))))).UTC()
	return &t
}

// A Timestamp is a time that encodes as AWS encodes one. Convert the times in answers to it: a
// time.Time encodes in another form.
type Timestamp time.Time

// MarshalJSON encodes seconds since 1970, formatted as Java formats a double.
func (t Timestamp) MarshalJSON() ([]byte, error) {
	return []byte(javaDouble(float64(time.Time(t).UnixMilli()) / 1000)), nil
}

// javaDouble formats a number with up to three decimals as Java's Double.toString does.
func javaDouble(n float64) string {
	format := byte('f')
	if math.Abs(n) >= 1e7 {
		format = 'E'
	}
	digits, exponent, scientific := strings.Cut(strconv.FormatFloat(n, format, -1, 64), "E+")
	if !strings.Contains(digits, ".") {
		digits += ".0"
	}
	if !scientific {
		return digits
	}
	return digits + "E" + strings.TrimPrefix(exponent, "0")
}

// MarshalCBOR encodes milliseconds since 1970, tagged as if they were seconds.
func (t Timestamp) MarshalCBOR() ([]byte, error) {
	return cborEncoder.Marshal(cbor.Tag{Number: 1, Content: time.Time(t).UnixMilli()})
}
