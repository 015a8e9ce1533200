package putrecords

import (
	"bytes"
	"crypto/md5"
	"encoding/binary"
	"fmt"
	"math/big"
	"math/bits"
	"strconv"
)

// A HashKey is a point in the 128-bit hash space that the shards of a stream divide among
// themselves. It is big-endian, so an MD5 digest is a HashKey as it stands. The zero value is hash
// key 0. A HashKey prints and encodes as AWS writes it, in decimal.
type HashKey [16]byte

// HashKeyOf returns the hash key of a partition key: the MD5 digest of its bytes. AWS: "An MD5 hash
// function is used to map partition keys to 128-bit integer values".
func HashKeyOf(partitionKey string) HashKey {
	var key HashKey
	withMD5(func() { key = md5.Sum([]byte(partitionKey)) })
	return key
}

// HashKeyFromBig returns n as a hash key. It returns an error wrapping strconv.ErrRange if n is nil
// or outside 0 to 2^128-1.
func HashKeyFromBig(n *big.Int) (HashKey, error) {
	if n == nil || n.Sign() < 0 || n.BitLen() > 128 {
		return HashKey{}, fmt.Errorf("putrecords: hash key %v is not between 0 and 2^128-1: %w", n, strconv.ErrRange)
	}
	var key HashKey
	n.FillBytes(key[:])
	return key, nil
}

// ParseHashKey parses a hash key written like an ExplicitHashKey: 1 to 39 decimal digits without a
// sign and without leading zeroes. It returns an error wrapping strconv.ErrRange if the number is
// above 2^128-1, and one wrapping strconv.ErrSyntax for anything else.
func ParseHashKey(decimal string) (HashKey, error) {
	if !isHashKeyDecimal(decimal) {
		return HashKey{}, fmt.Errorf("putrecords: hash key %q is not 1 to 39 decimal digits without leading zeroes: %w",
			decimal, strconv.ErrSyntax)
	}
	key, ok := hashKeyFromDecimal(decimal)
	if !ok {
		return HashKey{}, fmt.Errorf("putrecords: hash key %s is not between 0 and 2^128-1: %w", decimal, strconv.ErrRange)
	}
	return key, nil
}

// hashKeyPattern is the pattern of an ExplicitHashKey, as AWS prints it.
const hashKeyPattern = `^(0|([1-9]\d{0,38}))$`

// isHashKeyDecimal reports whether s matches hashKeyPattern.
func isHashKeyDecimal(s string) bool {
	if s == "" || len(s) > 39 || s[0] == '0' && s != "0" {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// hashKeyFromDecimal returns the value of up to 39 decimal digits, and whether it is below 2^128.
// It computes in two words, because math/big would allocate for every record.
func hashKeyFromDecimal(digits string) (HashKey, bool) {
	var high, low uint64
	for i := range len(digits) {
		carry, l := bits.Mul64(low, 10)
		overflow, h := bits.Mul64(high, 10)
		l, c := bits.Add64(l, uint64(digits[i]-'0'), 0)
		h, c = bits.Add64(h, carry, c)
		if overflow != 0 || c != 0 {
			return HashKey{}, false
		}
		high, low = h, l
	}
	var key HashKey
	binary.BigEndian.PutUint64(key[:8], high)
	binary.BigEndian.PutUint64(key[8:], low)
	return key, true
}

// Big returns the hash key as a new big.Int.
func (k HashKey) Big() *big.Int { return new(big.Int).SetBytes(k[:]) }

// String returns the hash key in decimal.
func (k HashKey) String() string { return k.Big().String() }

// Compare returns -1 if k is below other, 0 if they are equal, and +1 if k is above.
func (k HashKey) Compare(other HashKey) int { return bytes.Compare(k[:], other[:]) }

// MarshalText implements [encoding.TextMarshaler]. It returns the hash key in decimal.
func (k HashKey) MarshalText() ([]byte, error) { return k.Big().Append(nil, 10), nil }

// UnmarshalText implements [encoding.TextUnmarshaler]. It accepts what [ParseHashKey] accepts.
func (k *HashKey) UnmarshalText(text []byte) error {
	key, err := ParseHashKey(string(text))
	if err == nil {
		*k = key
	}
	return err
}

// A HashKeyRange is a range of hash keys. It includes both its ends.
type HashKeyRange struct {
	StartingHashKey HashKey
	EndingHashKey   HashKey
}

// Contains reports whether key lies in the range.
func (r HashKeyRange) Contains(key HashKey) bool {
	return r.StartingHashKey.Compare(key) <= 0 && key.Compare(r.EndingHashKey) <= 0
}

// Midpoint returns the hash key at which the upper half starts when the range is split evenly. The
// lower half has half of the range's keys, rounded down, like the first of EvenRanges(2). Pass it
// to [Stream.SplitShard] to split a shard evenly. SplitShard rejects it if the shard has fewer than
// four keys.
func (r HashKeyRange) Midpoint() HashKey {
	sum := new(big.Int).Add(r.StartingHashKey.Big(), r.EndingHashKey.Big())
	sum.Add(sum, big.NewInt(1))
	var key HashKey
	sum.Rsh(sum, 1).FillBytes(key[:])
	return key
}

// EvenRanges returns n ranges that divide the hash space as AWS divides it among the shards of a
// new stream: range i starts at i*floor(2^128/n), and the last range ends at 2^128-1. It returns
// nil if n is below 1.
func EvenRanges(n int) []HashKeyRange {
	if n < 1 {
		return nil
	}
	step := new(big.Int).Lsh(big.NewInt(1), 128)
	step.Quo(step, big.NewInt(int64(n)))
	ranges := make([]HashKeyRange, n)
	start, end, one := new(big.Int), new(big.Int), big.NewInt(1)
	for i := range ranges {
		start.FillBytes(ranges[i].StartingHashKey[:])
		start.Add(start, step)
		end.Sub(start, one).FillBytes(ranges[i].EndingHashKey[:])
	}
	ranges[n-1].EndingHashKey = lastHashKey()
	return ranges
}

// lastHashKey returns 2^128-1.
func lastHashKey() (key HashKey) {
	for i := range key {
		key[i] = 0xff
	}
	return key
}

// plus returns the hash key n after k, which must lie in the hash space.
func (k HashKey) plus(n int64) HashKey {
	new(big.Int).Add(k.Big(), big.NewInt(n)).FillBytes(k[:])
	return k
}
