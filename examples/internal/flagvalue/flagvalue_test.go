package flagvalue_test

import (
	"testing"

	"github.com/putrecords/putrecords/examples/internal/flagvalue"
)

func TestWholeNumber(t *testing.T) {
	for value, want := range map[string]int{"1": 1, "500": 500, "0": 0, "501": 0, "-1": 0, "": 0, "1.0": 0, "x": 0} {
		got := 0
		err := flagvalue.WholeNumber(&got, 500)(value)
		if got != want || (err == nil) != (want != 0) {
			t.Errorf("%q is read as %d, %v, want %d", value, got, err, want)
		}
		if err != nil && err.Error() != "it is not a whole number from 1 to 500" {
			t.Errorf("%q: %v", value, err)
		}
	}
}
