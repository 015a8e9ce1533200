package vector

import (
	"fmt"
	"math/big"
	"testing"

	"github.com/putrecords/putrecords"
	"pgregory.net/rapid"
)

// This package and the library, which do not share code, agree on each number that has the layout.
func TestNumbersPrintAsInTheLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := putrecords.SequenceNumber{
			ShardCreated: rapid.Int64Range(0, 1<<36-1).Draw(t, "created"),
			Position:     rapid.Uint64Range(1, 1<<63-1).Draw(t, "position"),
			Arrived:      rapid.Int64Range(0, 1<<36-1).Draw(t, "arrived"),
			ShardIndex:   rapid.Uint32().Draw(t, "shard"),
		}
		ours := number{n.ShardIndex, n.ShardCreated, n.Arrived, fmt.Sprintf("%016x", n.Position)}
		if ours.String() != n.String() {
			t.Fatalf("%+v is %s here, and %s in the library", ours, ours, n)
		}
		if parsed, err := parseNumber(n.String()); parsed != ours || err != nil {
			t.Fatalf("%s is %+v, %v, want %+v", n, parsed, err, ours)
		}
	})
}

// This package and the library agree on which numbers have the layout. The library's zero value is
// no number.
func TestNumbersParseAsInTheLibrary(t *testing.T) {
	text := rapid.OneOf(
		rapid.StringMatching(`[0-9]{55,57}`),
		rapid.StringMatching(`[-+ 0-9]{56}`),
		// Numbers of 47 hexadecimal digits in which some are wrong.
		rapid.Custom(func(t *rapid.T) string {
			shard := rapid.Uint32().Draw(t, "shard")
			digits := []byte(fmt.Sprintf("2%09x%x%016x00%09x%08x2", rapid.Int64Range(0, 1<<36-1).Draw(t, "created"), shard%16,
				rapid.Uint64Range(0, 1<<63-1).Draw(t, "position"), rapid.Int64Range(0, 1<<36-1).Draw(t, "arrived"), shard))
			for range rapid.IntRange(0, 2).Draw(t, "changes") {
				digits[rapid.IntRange(0, len(digits)-1).Draw(t, "place")] = "0123456789abcdef"[rapid.IntRange(0, 15).Draw(t, "digit")]
			}
			value, _ := new(big.Int).SetString(string(digits), 16)
			return value.String()
		}),
	)
	zero := number{position: firstPosition}.String()
	rapid.Check(t, func(t *rapid.T) {
		text := text.Draw(t, "text")
		ours, err := parseNumber(text)
		library, libraryErr := putrecords.ParseSequenceNumber(text)
		if (err == nil) != (libraryErr == nil) && text != zero {
			t.Fatalf("%s gives %v here, and %v in the library", text, err, libraryErr)
		}
		if err == nil && ours.String() != text {
			t.Fatalf("%s prints as %s", text, ours)
		}
		if libraryErr == nil && ours != (number{
			library.ShardIndex, library.ShardCreated, library.Arrived, fmt.Sprintf("%016x", library.Position),
		}) {
			t.Fatalf("%s is %+v here, and %+v in the library", text, ours, library)
		}
	})
}

func TestArrived(t *testing.T) {
	for _, test := range []struct {
		number string
		second int64
		ok     bool
	}{
		{digits(1, 0, lastPosition, 5), began.Unix() + 5, true},
		{digits(1, 0, somewhere, 0), began.Unix(), true},
		{"1", 0, false},
		{"", 0, false},
		{"+" + digits(1, 0, somewhere, 0)[1:], 0, false},
	} {
		if at, ok := Arrived(test.number); ok != test.ok || ok && at.Unix() != test.second {
			t.Errorf("%q arrived at %v, %t, want second %d, %t", test.number, at, ok, test.second, test.ok)
		}
	}
}
