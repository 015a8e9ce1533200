// Package command holds what the commands of this repository share: how they read flags and how they exit.
package command

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// A UsageError reports invalid arguments or invalid input.
type UsageError struct{ Err error }

func (e UsageError) Error() string { return e.Err.Error() }

// Unwrap returns e.Err.
func (e UsageError) Unwrap() error { return e.Err }

// Exit reports how a command ended and returns its exit status: 0 for success, 2 for a UsageError,
// and 1 for any other error. If the user asked for help, it prints usage instead of the error and
// returns 0.
func Exit(name, usage string, err error, stdout, stderr io.Writer) int {
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, usage)
		return 0
	}
	if err == nil {
		return 0
	}
	// One line, even if a file name or a server's answer contains line breaks.
	fmt.Fprintf(stderr, "%s: %s\n", name, strings.ReplaceAll(err.Error(), "\n", `\n`))
	if errors.As(err, &UsageError{}) {
		return 2
	}
	return 1
}

// NewFlags returns a flag set that returns errors and prints nothing.
func NewFlags() *flag.FlagSet {
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	return flags
}

// WholeNumber returns a function for [flag.FlagSet.Func] that sets n. The value must be a whole
// number from 1 to most.
func WholeNumber(n *int, most int) func(string) error {
	return func(value string) error {
		v, err := strconv.Atoi(value)
		if err != nil || v < 1 || v > most {
			return fmt.Errorf("must be a whole number from 1 to %d", most)
		}
		*n = v
		return nil
	}
}
