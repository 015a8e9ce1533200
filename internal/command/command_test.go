package command_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"testing"

	"github.com/putrecords/putrecords/internal/command"
)

func TestExit(t *testing.T) {
	broken := errors.New("broken\npipe")
	for _, test := range []struct {
		err            error
		status         int
		stdout, stderr string
	}{
		{nil, 0, "", ""},
		{command.UsageError{Err: flag.ErrHelp}, 0, "usage", ""},
		{broken, 1, "", "name: broken\\npipe\n"},
		{fmt.Errorf("wrapped: %w", command.UsageError{Err: broken}), 2, "", "name: wrapped: broken\\npipe\n"},
	} {
		var stdout, stderr bytes.Buffer
		status := command.Exit("name", "usage", test.err, &stdout, &stderr)
		if status != test.status || stdout.String() != test.stdout || stderr.String() != test.stderr {
			t.Errorf("%v: status %d, stdout %q, stderr %q", test.err, status, &stdout, &stderr)
		}
	}
}

func TestWholeNumber(t *testing.T) {
	for value, want := range map[string]int{"1": 1, "500": 500, "0": 0, "501": 0, "-1": 0, "": 0, "1.0": 0, "x": 0} {
		got := 0
		err := command.WholeNumber(&got, 500)(value)
		if got != want || (err == nil) != (want != 0) {
			t.Errorf("%q: got %d, %v, want %d", value, got, err, want)
		}
		if err != nil && err.Error() != "must be a whole number from 1 to 500" {
			t.Errorf("%q: %v", value, err)
		}
	}
}
