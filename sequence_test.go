package putrecords_test

import (
	"encoding/json"
	"errors"
	"math/big"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/putrecords/putrecords"
)

// Numbers that production has issued, and their parts.
var productionNumbers = []struct {
	digits string
	number putrecords.SequenceNumber
}{
	// AWS's PutRecords page.
	{
		"49543463076548007577105092703039560359975228518395019266",
		putrecords.SequenceNumber{ShardCreated: 1411403981, Position: 0x157d, Arrived: 1411431220, ShardIndex: 0},
	},
	{
		"49543463076570308322303623326179887152428262250726293522",
		putrecords.SequenceNumber{ShardCreated: 1411403981, Position: 0x157c, Arrived: 1411431220, ShardIndex: 1},
	},
	// The starting numbers of a stream with three shards.
	{
		"49600871682957036442365024926191073437251060580128653314",
		putrecords.SequenceNumber{ShardCreated: 1572297165, Arrived: 1572297165, ShardIndex: 0},
	},
	{
		"49600871682979337187563555549332609155523708941634633746",
		putrecords.SequenceNumber{ShardCreated: 1572297165, Arrived: 1572297165, ShardIndex: 1},
	},
	{
		"49600871683001637932762086172474144873796357303140614178",
		putrecords.SequenceNumber{ShardCreated: 1572297165, Arrived: 1572297165, ShardIndex: 2},
	},
	// The ending number of a parent, and the starting number of its child.
	{
		"49606519059099304615023968125168557725133605139493421058",
		putrecords.SequenceNumber{ShardCreated: 1588124484, Position: 1<<63 - 1, Arrived: 1588125508, ShardIndex: 0},
	},
	{
		"49606519424864976988723983581067849899795321077725397026",
		putrecords.SequenceNumber{ShardCreated: 1588125509, Arrived: 1588125509, ShardIndex: 2},
	},
}

func TestProductionNumbers(t *testing.T) {
	for _, test := range productionNumbers {
		number, err := putrecords.ParseSequenceNumber(test.digits)
		if err != nil || number != test.number {
			t.Errorf("ParseSequenceNumber(%s) = %#v, %v; want %#v", test.digits, number, err, test.number)
		}
		if got := test.number.String(); got != test.digits {
			t.Errorf("%#v prints as %s, want %s", test.number, got, test.digits)
		}
	}
}

// number converts 47 hexadecimal digits to decimal.
func number(t testing.TB, hexadecimal string) string {
	t.Helper()
	hexadecimal = strings.ReplaceAll(hexadecimal, " ", "")
	n, ok := new(big.Int).SetString(hexadecimal, 16)
	if !ok || len(hexadecimal) != 47 {
		t.Fatalf("%q is not 47 hexadecimal digits", hexadecimal)
	}
	return n.String()
}

func TestParseSequenceNumberRejects(t *testing.T) {
	const good = "2 054205a0d 1 000000000000157c 00 054207077 00000001 2"
	if _, err := putrecords.ParseSequenceNumber(number(t, good)); err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]string{
		"empty":                       "",
		"not a number":                "LATEST",
		"55 digits":                   strings.Repeat("4", 55),
		"57 digits":                   strings.Repeat("4", 57),
		"sign":                        "+" + number(t, good)[1:],
		"letter":                      number(t, good)[:55] + "a",
		"leading digit 1":             number(t, "1 fffffffff 1 000000000000157c 00 054207077 00000001 2"),
		"leading digit 3":             number(t, "3 054205a0d 1 000000000000157c 00 054207077 00000001 2"),
		"contradictory shard indexes": number(t, "2 054205a0d 2 000000000000157c 00 054207077 00000001 2"),
		"position too large":          number(t, "2 054205a0d 1 800000000000157c 00 054207077 00000001 2"),
		"nonzero padding":             number(t, "2 054205a0d 1 000000000000157c 01 054207077 00000001 2"),
		"another version":             number(t, "2 054205a0d 1 000000000000157c 00 054207077 00000001 3"),
		"zero value":                  number(t, "2 000000000 0 0000000000000000 00 000000000 00000000 2"),
		"all nines":                   strings.Repeat("9", 56),
		// Two of the four numbers on AWS's PutRecords page were edited by hand.
		"third on AWS's page":  "49543463076570308322303623326179887152428262250726293588",
		"fourth on AWS's page": "49543463076548007577105092703039560359975228518395012686",
	} {
		n, err := putrecords.ParseSequenceNumber(s)
		if !errors.Is(err, strconv.ErrSyntax) || !n.IsZero() {
			t.Errorf("%s: ParseSequenceNumber(%s) = %#v, %v; want an error wrapping strconv.ErrSyntax", name, s, n, err)
		} else if !strings.Contains(err.Error(), s) {
			t.Errorf("%s: error %q does not contain %s", name, err, s)
		}
	}
}

func sequenceNumbers() *rapid.Generator[putrecords.SequenceNumber] {
	// Edge cases and small numbers make equal parts likely.
	seconds := rapid.OneOf(rapid.Int64Range(1, 1<<36-1), rapid.SampledFrom([]int64{1, 2, 1<<28 - 1, 1 << 28, 1<<36 - 1}))
	return rapid.Custom(func(t *rapid.T) putrecords.SequenceNumber {
		return putrecords.SequenceNumber{
			ShardCreated: seconds.Draw(t, "created"),
			Position:     rapid.OneOf(rapid.Uint64Range(0, 1<<63-1), rapid.SampledFrom([]uint64{0, 1, 1<<48 - 1, 1 << 48, 1<<63 - 1})).Draw(t, "position"),
			Arrived:      seconds.Draw(t, "arrived"),
			ShardIndex:   rapid.OneOf(rapid.Uint32(), rapid.Uint32Range(0, 32)).Draw(t, "index"),
		}
	})
}

// A number prints in 56 digits as the table in its documentation says, and parsing reverses that.
func TestSequenceNumberLayout(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := sequenceNumbers().Draw(t, "n")
		if want := numberText(n); n.String() != want || len(want) != 56 {
			t.Fatalf("%#v prints as %s, want %s", n, n, want)
		}
		if got, err := putrecords.ParseSequenceNumber(n.String()); got != n || err != nil {
			t.Fatalf("ParseSequenceNumber(%s) = %#v, %v; want %#v", n, got, err, n)
		}
	})
}

// The next number, made of a number's digits, is the one that prints from the next position.
func TestNextNumber(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := sequenceNumbers().Draw(t, "n")
		n.Position = min(n.Position, 1<<63-3)
		digits := [56]byte([]byte(n.String()))
		for range 2 {
			putrecords.PrintNext(&digits)
			n.Position++
			if want := n.String(); string(digits[:]) != want {
				t.Fatalf("the number at position %d prints as %s, want %s", n.Position, digits, want)
			}
		}
	})
}

// Digits that ParseSequenceNumber accepts print unchanged.
func TestParseSequenceNumberInverts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hexadecimal := rapid.StringMatching(`2[0-9a-f]{9}[0-3][0-7][0-9a-f]{15}0[01]0[0-9a-f]{8}0000000[0-3][23]`).Draw(t, "hexadecimal")
		n, _ := new(big.Int).SetString(hexadecimal, 16)
		parsed, err := putrecords.ParseSequenceNumber(n.String())
		follows := hexadecimal[10] == hexadecimal[45] && hexadecimal[28] == '0' && hexadecimal[46] == '2'
		if (err == nil) != follows {
			t.Fatalf("%s: error %v", hexadecimal, err)
		}
		if err == nil && parsed.String() != n.String() {
			t.Fatalf("%s parses as %#v, which prints as %s", n, parsed, parsed)
		}
	})
}

func TestSequenceNumberOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := sequenceNumbers().Draw(t, "a"), sequenceNumbers().Draw(t, "b")
		if rapid.Bool().Draw(t, "same shard") {
			b.ShardCreated, b.ShardIndex = a.ShardCreated, a.ShardIndex
			if a.Position != b.Position && (a.Compare(b) < 0) != (a.Position < b.Position) {
				t.Fatalf("%#v and %#v are not ordered by position", a, b)
			}
		}
		// All numbers have the same length, so their strings sort like the numbers.
		if got, want := a.Compare(b), strings.Compare(a.String(), b.String()); got != want {
			t.Fatalf("%#v.Compare(%#v) = %d, want %d", a, b, got, want)
		}
	})
}

func TestZeroSequenceNumber(t *testing.T) {
	var zero putrecords.SequenceNumber
	if !zero.IsZero() || zero.String() != "" {
		t.Errorf("the zero number prints as %q", zero)
	}
	if text, err := json.Marshal(zero); string(text) != `""` || err != nil {
		t.Errorf("the zero number encodes as %s, %v", text, err)
	}
	n := productionNumbers[0].number
	if err := json.Unmarshal([]byte(`""`), &n); err != nil || !n.IsZero() {
		t.Errorf(`"" decodes as %#v, %v`, n, err)
	}
	for _, other := range productionNumbers {
		if zero.Compare(other.number) != -1 || other.number.Compare(zero) != 1 {
			t.Errorf("the zero number is not below %s", other.digits)
		}
	}
}

func TestSequenceNumberOutOfRange(t *testing.T) {
	for name, n := range map[string]putrecords.SequenceNumber{
		"ShardCreated=-1":              {ShardCreated: -1},
		"ShardCreated=68719476736":     {ShardCreated: 1 << 36},
		"Position=9223372036854775808": {Position: 1 << 63},
		"Arrived=-1":                   {Arrived: -1},
		"Arrived=68719476736":          {Arrived: 1 << 36},
	} {
		if got := n.String(); !strings.HasPrefix(got, "%!SequenceNumber(") || !strings.Contains(got, name) {
			t.Errorf("%#v prints as %q, want its parts", n, got)
		}
		if _, err := n.MarshalText(); !errors.Is(err, strconv.ErrRange) || !strings.Contains(err.Error(), name) {
			t.Errorf("MarshalText of %#v: error %v, want one that wraps strconv.ErrRange and contains %s", n, err, name)
		}
	}
}

func TestSequenceNumberJSON(t *testing.T) {
	for _, test := range productionNumbers {
		text, err := json.Marshal(test.number)
		if err != nil || string(text) != `"`+test.digits+`"` {
			t.Errorf("%#v encodes as %s, %v", test.number, text, err)
		}
		var n putrecords.SequenceNumber
		if err := json.Unmarshal(text, &n); err != nil || n != test.number {
			t.Errorf("%s decodes as %#v, %v", text, n, err)
		}
	}
	kept := productionNumbers[0].number
	if err := json.Unmarshal([]byte(`"1"`), &kept); err == nil || kept != productionNumbers[0].number {
		t.Errorf(`"1" decodes as %#v, %v`, kept, err)
	}
}
