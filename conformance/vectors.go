package main

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/putrecords/putrecords/conformance/vectors"
	"github.com/putrecords/putrecords/internal/vector"
)

// A namedVector is a vector and its name, such as 04-status-200.
type namedVector struct {
	id string
	*vector.Vector
}

// loadVectors returns all vectors, in the order of their names.
func loadVectors() ([]namedVector, error) {
	files, err := vectors.Files.ReadDir(".")
	if err != nil {
		return nil, err
	}
	all := make([]namedVector, len(files))
	for i, file := range files {
		text, err := vectors.Files.ReadFile(file.Name())
		if err != nil {
			return nil, err
		}
		v, err := vector.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file.Name(), err)
		}
		all[i] = namedVector{strings.TrimSuffix(file.Name(), path.Ext(file.Name())), v}
	}
	return all, nil
}

// selected returns the vectors that a run has: those whose names match, and that have a mark that
// counts.
func selected(all []namedVector, o *options) []namedVector {
	var chosen []namedVector
	for _, v := range all {
		if o.run.MatchString(v.id) && counts(v.Mark, o.marks) {
			chosen = append(chosen, v)
		}
	}
	return chosen
}

// features returns the operations and members that vectors use, and those that a run needs.
func features(all []namedVector) []string {
	features := []string{"CreateStream", "DescribeStream", "DescribeStreamSummary"}
	for _, v := range all {
		features = append(features, v.Features...)
	}
	slices.Sort(features)
	return slices.Compact(features)
}
