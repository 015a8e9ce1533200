package putrecords_test

import (
	"encoding/hex"
	"errors"
	"math/big"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/putrecords/putrecords"
)

const (
	lastHashKey  = "340282366920938463463374607431768211455" // 2^128-1
	afterHashKey = "340282366920938463463374607431768211456" // 2^128
)

func parseHashKey(t testing.TB, decimal string) putrecords.HashKey {
	t.Helper()
	key, err := putrecords.ParseHashKey(decimal)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestHashKeyOf(t *testing.T) {
	for key, digest := range map[string]string{
		"abcd": "e2fc714c4727ee9395f324cd2e7f331f",
		"":     "d41d8cd98f00b204e9800998ecf8427e",
	} {
		if got := putrecords.HashKeyOf(key); hex.EncodeToString(got[:]) != digest {
			t.Errorf("HashKeyOf(%q) = %x, want %s", key, got[:], digest)
		}
	}
}

func TestParseHashKey(t *testing.T) {
	for _, test := range []struct {
		decimal string
		err     error
	}{
		{"0", nil},
		{"1", nil},
		{"9", nil},
		{"10", nil},
		{"18446744073709551615", nil}, // 2^64-1
		{"18446744073709551616", nil},
		{"99999999999999999999999999999999999999", nil},
		{"340282366920938463463374607431768211454", nil},
		{lastHashKey, nil},
		{afterHashKey, strconv.ErrRange},
		{"340282366920938463463374607431768211460", strconv.ErrRange},
		{"999999999999999999999999999999999999999", strconv.ErrRange},
		{"1000000000000000000000000000000000000000", strconv.ErrSyntax}, // 40 digits
		{"", strconv.ErrSyntax},
		{"00", strconv.ErrSyntax},
		{"01", strconv.ErrSyntax},
		{"-1", strconv.ErrSyntax},
		{"+1", strconv.ErrSyntax},
		{" 1", strconv.ErrSyntax},
		{"1\n", strconv.ErrSyntax},
		{"1/", strconv.ErrSyntax}, // the characters next to the digits
		{"1:", strconv.ErrSyntax},
		{"0x10", strconv.ErrSyntax},
		{"١", strconv.ErrSyntax},
	} {
		key, err := putrecords.ParseHashKey(test.decimal)
		if !errors.Is(err, test.err) || (err == nil) != (test.err == nil) {
			t.Errorf("ParseHashKey(%q): error %v, want %v", test.decimal, err, test.err)
		}
		if err == nil && key.String() != test.decimal {
			t.Errorf("ParseHashKey(%q) = %v", test.decimal, key)
		}
		if err != nil && !strings.Contains(err.Error(), test.decimal[:min(1, len(test.decimal))]) {
			t.Errorf("ParseHashKey(%q): error %q does not contain the value", test.decimal, err)
		}
		var unmarshaled putrecords.HashKey
		if err := unmarshaled.UnmarshalText([]byte(test.decimal)); !errors.Is(err, test.err) || unmarshaled != key {
			t.Errorf("UnmarshalText(%q) = %v, %v; want what ParseHashKey returns", test.decimal, unmarshaled, err)
		}
	}
}

func TestHashKeyFromBig(t *testing.T) {
	last, _ := new(big.Int).SetString(lastHashKey, 10)
	for _, n := range []*big.Int{big.NewInt(0), big.NewInt(1), last} {
		if key, err := putrecords.HashKeyFromBig(n); err != nil || key.Big().Cmp(n) != 0 {
			t.Errorf("HashKeyFromBig(%v) = %v, %v", n, key, err)
		}
	}
	for _, n := range []*big.Int{nil, big.NewInt(-1), new(big.Int).Add(last, big.NewInt(1))} {
		if key, err := putrecords.HashKeyFromBig(n); !errors.Is(err, strconv.ErrRange) || key != (putrecords.HashKey{}) {
			t.Errorf("HashKeyFromBig(%v) = %v, %v; want strconv.ErrRange", n, key, err)
		}
	}
}

func hashKeys() *rapid.Generator[putrecords.HashKey] {
	return rapid.Custom(func(t *rapid.T) putrecords.HashKey {
		// With few distinct bytes, keys often share a prefix.
		return putrecords.HashKey(rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 0x7f, 0x80, 0xff}), 16, 16).Draw(t, "key"))
	})
}

// Hash keys behave like the big integers they stand for.
func TestHashKeyAgreesWithBig(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := hashKeys().Draw(t, "a"), hashKeys().Draw(t, "b")
		if got, want := a.Compare(b), a.Big().Cmp(b.Big()); got != want {
			t.Fatalf("%v.Compare(%v) = %d, want %d", a, b, got, want)
		}
		if got, err := putrecords.ParseHashKey(a.Big().String()); got != a || err != nil {
			t.Fatalf("ParseHashKey(%v) = %v, %v", a.Big(), got, err)
		}
		if text, err := a.MarshalText(); string(text) != a.Big().String() || err != nil {
			t.Fatalf("MarshalText of %v: %s, %v", a.Big(), text, err)
		}
		c := hashKeys().Draw(t, "c")
		r := putrecords.HashKeyRange{StartingHashKey: a, EndingHashKey: b}
		if got, want := r.Contains(c), a.Big().Cmp(c.Big()) <= 0 && c.Big().Cmp(b.Big()) <= 0; got != want {
			t.Fatalf("%v contains %v: %t, want %t", r, c, got, want)
		}
	})
}

func TestHashKeyRangeContains(t *testing.T) {
	r := putrecords.HashKeyRange{StartingHashKey: parseHashKey(t, "10"), EndingHashKey: parseHashKey(t, "20")}
	for decimal, want := range map[string]bool{"9": false, "10": true, "11": true, "19": true, "20": true, "21": false} {
		if got := r.Contains(parseHashKey(t, decimal)); got != want {
			t.Errorf("%v contains %s: %t", r, decimal, got)
		}
	}
}

func TestParseHashKeyAgreesWithBig(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		decimal := rapid.StringMatching(`[1-9][0-9]{0,38}|3402823669[0-9]{29}`).Draw(t, "decimal")
		n, _ := new(big.Int).SetString(decimal, 10)
		key, err := putrecords.ParseHashKey(decimal)
		if fits := n.BitLen() <= 128; (err == nil) != fits || fits && key.Big().Cmp(n) != 0 {
			t.Fatalf("ParseHashKey(%s) = %v, %v", decimal, key, err)
		}
	})
}

func TestEvenRanges(t *testing.T) {
	for _, n := range []int{-1, 0} {
		if got := putrecords.EvenRanges(n); len(got) != 0 {
			t.Errorf("EvenRanges(%d) returns %d ranges, want none", n, len(got))
		}
	}
	// The ranges of a production stream with three shards.
	want := []string{
		"0", "113427455640312821154458202477256070484", "113427455640312821154458202477256070485",
		"226854911280625642308916404954512140969", "226854911280625642308916404954512140970", lastHashKey,
	}
	for i, r := range putrecords.EvenRanges(3) {
		if r.StartingHashKey.String() != want[2*i] || r.EndingHashKey.String() != want[2*i+1] {
			t.Errorf("range %d of 3 is %v, want %s to %s", i, r, want[2*i], want[2*i+1])
		}
	}
}

// The ranges cover the hash space without gaps or overlaps, and all except the last hold
// floor(2^128/n) keys.
func TestEvenRangesTile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.OneOf(rapid.IntRange(1, 100), rapid.IntRange(1, 10_000)).Draw(t, "n")
		ranges := putrecords.EvenRanges(n)
		if len(ranges) != n {
			t.Fatalf("%d ranges, want %d", len(ranges), n)
		}
		step := new(big.Int).Quo(hashSpace, big.NewInt(int64(n)))
		next := new(big.Int)
		for i, r := range ranges {
			if r.StartingHashKey.Big().Cmp(next) != 0 {
				t.Fatalf("range %d starts at %v, want %v", i, r.StartingHashKey, next)
			}
			length := new(big.Int).Sub(r.EndingHashKey.Big(), next)
			next.Add(r.EndingHashKey.Big(), big.NewInt(1))
			if length.Add(length, big.NewInt(1)).Cmp(step) != 0 && i < n-1 {
				t.Fatalf("range %d has %v keys, want %v", i, length, step)
			}
		}
		if next.Cmp(hashSpace) != 0 {
			t.Fatalf("the last range ends before %v", next)
		}
	})
}

// The lower half of an even split has half of the keys, rounded down.
func TestMidpoint(t *testing.T) {
	for _, test := range []struct{ first, last, want string }{
		{"0", lastHashKey, "170141183460469231731687303715884105728"},
		{"0", "113427455640312821154458202477256070484", "56713727820156410577229101238628035242"},
		{"113427455640312821154458202477256070485", "226854911280625642308916404954512140969", "170141183460469231731687303715884105727"},
		{"340282366920938463463374607431768211452", lastHashKey, "340282366920938463463374607431768211454"},
		{"10", "14", "12"},
		{"10", "13", "12"},
		{"10", "12", "11"},
		{"10", "11", "11"},
		{"10", "10", "10"},
	} {
		r := putrecords.HashKeyRange{StartingHashKey: parseHashKey(t, test.first), EndingHashKey: parseHashKey(t, test.last)}
		if got := r.Midpoint(); got != parseHashKey(t, test.want) {
			t.Errorf("Midpoint of %s to %s is %v, want %s", test.first, test.last, got, test.want)
		}
	}
	if got, want := putrecords.EvenRanges(1)[0].Midpoint(), putrecords.EvenRanges(2)[1].StartingHashKey; got != want {
		t.Errorf("Midpoint of the whole space is %v, want %v", got, want)
	}
}

// The halves differ by one key at most.
func TestMidpointProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := putrecords.HashKeyRange{StartingHashKey: hashKeys().Draw(t, "first"), EndingHashKey: hashKeys().Draw(t, "last")}
		if r.StartingHashKey.Compare(r.EndingHashKey) > 0 {
			r.StartingHashKey, r.EndingHashKey = r.EndingHashKey, r.StartingHashKey
		}
		middle := r.Midpoint().Big()
		lower, upper := new(big.Int).Sub(middle, r.StartingHashKey.Big()), new(big.Int).Sub(plus(r.EndingHashKey.Big(), 1), middle)
		if difference := new(big.Int).Sub(upper, lower); !r.Contains(r.Midpoint()) || difference.Sign() < 0 || difference.Cmp(big.NewInt(1)) > 0 {
			t.Fatalf("the midpoint %v of %v leaves %v and %v keys", middle, r, lower, upper)
		}
	})
}
