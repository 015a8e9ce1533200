package main

import (
	"encoding/json"
	"io"
	"time"

	"github.com/putrecords/putrecords/internal/vector"
)

// A Report is the outcome of a run. It is what -json prints.
type Report struct {
	Endpoint  string         // the URL
	Control   bool           // whether the endpoint's control API was used
	Began     time.Time      // UTC
	Marks     []string       // the marks that count
	Levels    []vector.Level // the levels that count
	Supported []string       // operations and members that the endpoint has, as vectors name them
	Vectors   []VectorReport // in the order of their names
}

// A VectorReport is the outcome of a vector.
type VectorReport struct {
	ID      string // such as 04-status-200
	Name    string // what the clause says
	Clause  string
	Section int
	Mark    string
	Source  string
	Outcome Outcome
	// Why has, if the vector was not run, what it needs or uses that is missing. If it could not be
	// finished, it has the reason.
	Why      []string  `json:",omitempty"`
	Problems []Problem `json:",omitempty"` // also those at levels that don't count
	Older    []Older   `json:",omitempty"`
	Seconds  float64   // how long it took
}

// An Outcome is how a vector ended.
type Outcome string

// The outcomes.
const (
	Passed         Outcome = "passed"
	OlderAnswer    Outcome = "older"           // right, except that AWS answered so in the past
	Failed         Outcome = "failed"          // at a level that counts
	Unsupported    Outcome = "unsupported"     // the endpoint does not have an operation or member
	NotExpressible Outcome = "not expressible" // AWS's API cannot express what the vector needs
)

// A Problem is a difference between an answer and a vector.
type Problem struct {
	Step    int    // from 1
	Action  string // what the step does
	Note    string `json:",omitempty"`
	Mark    string // where the rule, or the message, comes from
	Level   vector.Level
	Path    string // where in the answer
	Problem string // such as: is "a", want "b"
	Counts  bool   // whether its mark and its level count
}

// An Older is an answer that AWS gave in the past.
type Older struct {
	Step   int
	Until  string
	Source string
}

// writeJSON writes the report in JSON.
func (r *Report) writeJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}
