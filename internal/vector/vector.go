// Package vector reads the test vectors of conformance/vectors, expands their abbreviations, and
// compares a server's answers with them. The README there describes the format.
package vector

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Format is the version of the format that this package reads.
const Format = 2

// A Vector tests a server against one clause.
type Vector struct {
	Format   int      `json:"format"`
	Name     string   `json:"name"`
	Clause   string   `json:"clause"`
	Section  int      `json:"section"`
	Mark     string   `json:"mark"`
	Source   string   `json:"source"`
	Needs    []Need   `json:"needs"`
	Features []string `json:"features"`
	Stream   Stream   `json:"stream"`
	Steps    []Step   `json:"steps"`
}

// A Stream is the stream that a vector starts with.
type Stream struct {
	StreamName                 string // "" is any name
	Region                     string // "" is any region
	StreamCreationTimestamp    time.Time
	ShardCount                 int
	Layout                     []any
	EncryptionType             string
	RecordDistributionStrategy string
	MaxRecordSizeInKiB         int
	ReshardDelaySeconds        int
	Limits                     map[string]int
}

// A Step is one call, and the answer it should have.
type Step struct {
	At          time.Time `json:"at"`
	Action      string    `json:"action"`
	Note        string    `json:"note"`
	Mark        string    `json:"mark"`        // "" is the vector's
	MessageMark string    `json:"messageMark"` // of the messages in the answer; "" is the step's
	Attempts    int       `json:"attempts"`    // 0 is one
	Fault       *Fault    `json:"fault"`
	Request     any       `json:"request"`
	Status      int       `json:"status"`
	Answer      any       `json:"answer"`
	Older       []Older   `json:"older"`
}

// An Older is an answer that AWS gave in the past.
type Older struct {
	Until  string `json:"until"`
	Source string `json:"source"`
	Status int    `json:"status"`
	Answer any    `json:"answer"`
}

// A Fault makes one PutRecords step fail.
type Fault struct {
	Of           string `json:"of"`
	ErrorCode    string
	PartitionKey string
	ShardID      string `json:"ShardId"`
}

func (f *Fault) valid() bool {
	code, key, shard := f.ErrorCode != "", f.PartitionKey != "", f.ShardID != ""
	switch f.Of {
	case "request":
		return code && !key && !shard
	case "records":
		return code && key && !shard
	case "storage":
		return !code && !key && shard
	}
	return false
}

// A Need is something that a vector needs beyond AWS's API.
type Need string

// The needs.
const (
	Clock         Need = "clock"          // a clock that shows what a step says
	Limits        Need = "limits"         // limits other than AWS's
	Layout        Need = "layout"         // a stream with given shards
	Faults        Need = "faults"         // failures on demand
	StorageFaults Need = "storage faults" // storage that fails on demand
	ReshardDelay  Need = "reshard delay"  // reshards that take a given time
	Authorization Need = "authorization"  // a caller without permission
	Region        Need = "region"         // a given region
	Decode        Need = "decode"         // a parser of sequence numbers
)

var (
	markRegexp     = regexp.MustCompile(`^(S|P|D|I|ours)(,(S|P|D|I|ours))*$`)
	variableRegexp = regexp.MustCompile(`\$\{[^}]*\}`)
)

// variables are the names of the variables in the strings of a vector.
var variables = []string{"${stream}", "${account}", "${region}", "${arn}"}

// Parse parses a vector. It rejects one that is malformed, or has a step that asserts nothing.
func Parse(text []byte) (*Vector, error) {
	var v Vector
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more after the JSON value")
	}
	if v.Format != Format {
		return nil, fmt.Errorf("the format is %d, want %d", v.Format, Format)
	}
	for _, variable := range variableRegexp.FindAllString(string(text), -1) {
		if !slices.Contains(variables, variable) {
			return nil, fmt.Errorf("unknown variable %s", variable)
		}
	}
	return &v, v.check()
}

// check returns an error if the vector is malformed.
func (v *Vector) check() error {
	if v.Name == "" || v.Clause == "" || v.Source == "" || !markRegexp.MatchString(v.Mark) {
		return errors.New("name, clause or source is missing, or the mark is missing or invalid")
	}
	if s := v.Stream; s.ShardCount < 0 || (s.ShardCount == 0) == (len(s.Layout) == 0) {
		return errors.New("stream needs either a shard count or a layout")
	}
	if len(v.Steps) == 0 {
		return errors.New("there are no steps")
	}
	at := v.Stream.StreamCreationTimestamp
	for i, step := range v.Steps {
		if at.IsZero() || step.At.Before(at) {
			return fmt.Errorf("step %d: its time, or the stream's, is missing or earlier than the previous one", i+1)
		}
		at = step.At
		if err := step.check(); err != nil {
			return fmt.Errorf("step %d: %w", i+1, err)
		}
	}
	if err := v.checkMarks(); err != nil {
		return err
	}
	return v.checkNeeds()
}

// checkMarks returns an error unless the vector's mark lists exactly those of its steps.
func (v *Vector) checkMarks() error {
	var marks []string
	for _, step := range v.Steps {
		mark, messageMark := v.StepMarks(&step)
		marks = append(marks, Marks(mark)...)
		marks = append(marks, Marks(messageMark)...)
	}
	for _, mark := range Marks(v.Mark) {
		if !slices.Contains(marks, mark) {
			return fmt.Errorf("no step has the vector's mark %s", mark)
		}
	}
	for _, mark := range marks {
		if !slices.Contains(Marks(v.Mark), mark) {
			return fmt.Errorf("a step has the mark %s, which the vector lacks", mark)
		}
	}
	return nil
}

// Marks returns the single marks in a list of them.
func Marks(list string) []string { return strings.Split(list, ",") }

// StepMarks returns the mark of a step, and of the messages in its answer.
func (v *Vector) StepMarks(s *Step) (mark, messageMark string) {
	mark, messageMark = v.Mark, v.Mark
	if s.Mark != "" {
		mark, messageMark = s.Mark, s.Mark
	}
	if s.MessageMark != "" {
		messageMark = s.MessageMark
	}
	return mark, messageMark
}

// check returns an error if the step is malformed or asserts nothing.
func (s *Step) check() error {
	switch {
	case s.Action == "" || s.Request == nil || s.Status == 0:
		return errors.New("action, request or status is missing")
	case s.Answer == nil && (s.Status != 200 && s.Action != "decode" || slices.Contains([]string{"PutRecords", "PutRecord", "stored"}, s.Action)):
		return errors.New("the answer is missing")
	case s.Mark != "" && !markRegexp.MatchString(s.Mark), s.MessageMark != "" && !markRegexp.MatchString(s.MessageMark):
		return errors.New("a mark is invalid")
	case s.Attempts < 0 || s.Attempts > 100:
		return fmt.Errorf("attempts is %d, want 1 to 100", s.Attempts)
	case s.Fault != nil && s.Action != "PutRecords":
		return errors.New("only PutRecords may have a fault")
	case s.Fault != nil && !s.Fault.valid():
		return fmt.Errorf("fault %+v is not a valid fault of request, records or storage", *s.Fault)
	}
	for _, older := range s.Older {
		if older.Until == "" || older.Source == "" || older.Status == 0 {
			return errors.New("an older answer has no until, source or status")
		}
	}
	return nil
}
