package putrecords

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// A SequenceNumber is a record's number, or a shard's first or last number, split into its parts.
// AWS documents the numbers as opaque; this is the layout that production has used since 2014. A
// number has 47 hexadecimal digits, printed as 56 decimal digits. From the highest digit down:
//
//	 1  2
//	 9  ShardCreated
//	 1  ShardIndex mod 16
//	16  Position
//	 2  00
//	 9  Arrived
//	 8  ShardIndex
//	 1  2, the version of the layout
//
// The zero value stands for no number. It prints and encodes as "", and is below every number.
type SequenceNumber struct {
	ShardCreated int64  // second since 1970 in which the shard was created; below 2^36
	Position     uint64 // the record's position in the shard, from 1; below 2^63
	Arrived      int64  // second since 1970 in which the record arrived; below 2^36
	ShardIndex   uint32 // the number in the shard's id
}

const (
	lastSecond   = 1<<36 - 1 // the last second that the layout holds, in the year 4147
	lastPosition = 1<<63 - 1 // the position in the last number of a closed shard
)

// ParseSequenceNumber parses a number as AWS prints it. It returns an error wrapping
// strconv.ErrSyntax if s is not 56 decimal digits, or if they do not follow the layout. A number
// that was parsed prints as the same digits.
func ParseSequenceNumber(s string) (SequenceNumber, error) {
	if len(s) != numberDigits || strings.Trim(s, "0123456789") != "" {
		return SequenceNumber{}, fmt.Errorf("putrecords: sequence number %q is not 56 decimal digits: %w", s, strconv.ErrSyntax)
	}
	w := wordsFromDecimal(s)
	n := SequenceNumber{
		ShardCreated: int64(w[2] >> 20 & lastSecond),
		Position:     w[2]<<48 | w[1]>>16,
		Arrived:      int64(w[1]<<28&lastSecond | w[0]>>36),
		ShardIndex:   uint32(w[0] >> 4),
	}
	if n.IsZero() || !n.valid() || n.words() != w {
		return SequenceNumber{}, fmt.Errorf("putrecords: sequence number %s does not follow the layout of Kinesis's numbers: %w",
			s, strconv.ErrSyntax)
	}
	return n, nil
}

// String returns the number's 56 decimal digits, or "" for the zero value. A number with a part out
// of range has no digits; it prints as "%!SequenceNumber" and its parts.
func (n SequenceNumber) String() string {
	if n.IsZero() {
		return ""
	}
	if !n.valid() {
		return fmt.Sprintf("%%!SequenceNumber(ShardCreated=%d, Position=%d, Arrived=%d, ShardIndex=%d)",
			n.ShardCreated, n.Position, n.Arrived, n.ShardIndex)
	}
	var digits [numberDigits]byte
	n.words().print(&digits)
	return string(digits[:])
}

// IsZero reports whether n is the zero value, which stands for no number.
func (n SequenceNumber) IsZero() bool { return n == SequenceNumber{} }

// Compare returns -1 if n is below other, 0 if they are equal, and +1 if n is above. It orders
// numbers as their printed forms are ordered.
func (n SequenceNumber) Compare(other SequenceNumber) int {
	return cmp.Or(
		cmp.Compare(n.ShardCreated, other.ShardCreated),
		cmp.Compare(n.ShardIndex%16, other.ShardIndex%16),
		cmp.Compare(n.Position, other.Position),
		cmp.Compare(n.Arrived, other.Arrived),
		cmp.Compare(n.ShardIndex, other.ShardIndex),
	)
}

// MarshalText implements [encoding.TextMarshaler]. It returns the number's digits, or "" for the
// zero value. It returns an error wrapping strconv.ErrRange if a part is out of range.
func (n SequenceNumber) MarshalText() ([]byte, error) {
	if !n.valid() {
		return nil, fmt.Errorf("putrecords: %v: %w", n, strconv.ErrRange)
	}
	return []byte(n.String()), nil
}

// UnmarshalText implements [encoding.TextUnmarshaler]. It accepts what [ParseSequenceNumber]
// accepts, and "" for the zero value.
func (n *SequenceNumber) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*n = SequenceNumber{}
		return nil
	}
	parsed, err := ParseSequenceNumber(string(text))
	if err == nil {
		*n = parsed
	}
	return err
}

func (n SequenceNumber) valid() bool {
	return 0 <= n.ShardCreated && n.ShardCreated <= lastSecond && n.Position <= lastPosition &&
		0 <= n.Arrived && n.Arrived <= lastSecond
}

func (n SequenceNumber) words() words {
	created, arrived, index := uint64(n.ShardCreated), uint64(n.Arrived), uint64(n.ShardIndex)
	return words{
		arrived<<36 | index<<4 | 2,
		n.Position<<16 | arrived>>28,
		2<<56 | created<<20 | index%16<<16 | n.Position>>48,
	}
}

// words are the 188 bits of a number, least significant word first. Printing or parsing them takes
// a few divisions or multiplications of words. math/big would allocate and take ten times as long.
type words [3]uint64

const (
	numberDigits = 56   // decimal digits of a number
	wordDigits   = 19   // decimal digits that fit a word
	wordScale    = 1e19 // 10 to the power of wordDigits
)

// print writes the number in groups of 19, 19 and 18 digits, from the right.
func (w words) print(digits *[numberDigits]byte) {
	q1, r := bits.Div64(w[2], w[1], wordScale) // w[2] is below 2^60
	q0, group := bits.Div64(r, w[0], wordScale)
	print19(digits[56-24:], group)
	q0, group = bits.Div64(q1, q0, wordScale)
	print19(digits[37-24:], group)
	top := q0 / 1e16
	print8(digits[10:], q0%1e8)
	print8(digits[2:], q0/1e8%1e8)
	digits[1], digits[0] = byte('0'+top%10), byte('0'+top/10)
}

// printNext replaces a printed number by the one at the next position of the same shard and second.
// Positions start at bit 80, so it adds 2^80, eight digits at a time. That takes a third of the
// time of printing the number from its words.
//
// Each byte is a digit. A digit and its sum are 0xf6 too large while they are added, so a sum above
// 9 carries into the next byte, and a carry out of a word goes on into the word before it.
func printNext(digits *[numberDigits]byte) {
	step := [numberDigits / 8]uint64{3: 0x01, 0x02_00_08_09_02_05_08_01, 0x09_06_01_04_06_02_09_01, 0x07_04_07_00_06_01_07_06}
	const tooLarge, ones, zeroes = 0xf6f6_f6f6_f6f6_f6f6, 0x0101_0101_0101_0101, 0x3030_3030_3030_3030
	var carry uint64
	for i := len(step) - 1; i >= 0 && (step[i] > 0 || carry > 0); i-- {
		word := digits[8*i:]
		var sum uint64
		sum, carry = bits.Add64(binary.BigEndian.Uint64(word)-zeroes, step[i]+tooLarge, carry)
		sum -= sum >> 7 & ones * 0xf6 // from the bytes that did not carry
		binary.BigEndian.PutUint64(word, sum+zeroes)
	}
}

// print19 writes 19 digits into the last 19 of 24 bytes, and zeroes into the first 5.
func print19(digits []byte, n uint64) {
	print8(digits[16:], n%1e8)
	n /= 1e8
	print8(digits[8:], n%1e8)
	print8(digits, n/1e8)
}

// print8 writes a number of eight digits. It divides all parts of a word at once: into four digits
// in each half, then two in each quarter, then one in each byte. One division for each digit would
// double the time that printing a number takes.
func print8(digits []byte, n uint64) {
	n = n/10000 | n%10000<<32
	hundreds := n * 10486 >> 20 & 0x7f_0000_007f
	n = hundreds | (n-100*hundreds)<<16
	tens := n * 103 >> 10 & 0xf_000f_000f_000f
	n = tens | (n-10*tens)<<8
	binary.LittleEndian.PutUint64(digits, n|0x3030_3030_3030_3030)
}

// wordsFromDecimal returns the value of 56 digits, which is always below 2^192.
func wordsFromDecimal(digits string) (w words) {
	for start := numberDigits % wordDigits; start <= numberDigits; start += wordDigits {
		var carry uint64
		for _, digit := range digits[max(start-wordDigits, 0):start] {
			carry = carry*10 + uint64(digit-'0')
		}
		for i := range w {
			high, low := bits.Mul64(w[i], wordScale)
			var c uint64
			w[i], c = bits.Add64(low, carry, 0)
			carry = high + c
		}
	}
	return w
}
