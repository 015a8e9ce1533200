// Package flagvalue reads the values of flags that several of the examples have.
package flagvalue

import (
	"fmt"
	"strconv"
)

// WholeNumber returns what sets n to the value of a flag, which is an error unless it is a whole number from 1 to most.
func WholeNumber(n *int, most int) func(string) error {
	return func(value string) error {
		v, err := strconv.Atoi(value)
		if err != nil || v < 1 || v > most {
			return fmt.Errorf("it is not a whole number from 1 to %d", most)
		}
		*n = v
		return nil
	}
}
