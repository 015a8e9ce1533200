package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/putrecords/putrecords/internal/vector"
)

// readReport reads a report that -json wrote.
func readReport(path string) (*Report, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w; -json %s makes one", err, path)
	}
	if err != nil {
		return nil, err
	}
	r, err := parseReport(text)
	if err != nil {
		return nil, fmt.Errorf("%s is not a report that -json wrote: %w", path, err)
	}
	return r, nil
}

func parseReport(text []byte) (*Report, error) {
	var r Report
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&r)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, errors.New("it ends too early")
	}
	if err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more after the JSON value")
	}
	return &r, r.check()
}

// check returns an error if the report is not one that a run can have.
func (r *Report) check() error {
	if len(r.Marks) == 0 || len(r.Levels) == 0 || len(r.Vectors) == 0 {
		return errors.New("it has no marks, levels or vectors")
	}
	for _, mark := range r.Marks {
		if !slices.Contains(marks, mark) {
			return fmt.Errorf("mark %q is unknown", mark)
		}
	}
	for _, level := range r.Levels {
		if !slices.Contains(vector.Levels, level) {
			return fmt.Errorf("level %q is unknown", level)
		}
	}
	ids := make(map[string]bool)
	for i := range r.Vectors {
		v := &r.Vectors[i]
		if v.ID == "" || ids[v.ID] {
			return fmt.Errorf("the ID of vector %d is %q, which is empty or a duplicate", i+1, v.ID)
		}
		ids[v.ID] = true
		if err := v.check(); err != nil {
			return fmt.Errorf("vector %s: %w", v.ID, err)
		}
	}
	return nil
}

func (v *VectorReport) check() error {
	for _, p := range v.Problems {
		if !slices.Contains(vector.Levels, p.Level) {
			return fmt.Errorf("level %q is unknown", p.Level)
		}
	}
	switch v.Outcome {
	case Passed, OlderAnswer:
		if reasons := v.reasons(); reasons != nil {
			return fmt.Errorf("its outcome is %q, but it has problems that count (%s)", v.Outcome, strings.Join(reasons, ", "))
		}
	case Failed:
		if v.reasons() == nil {
			return fmt.Errorf("its outcome is %q, but it has no problem that counts", v.Outcome)
		}
	case Unsupported, NotExpressible:
		if len(v.Why) == 0 {
			return fmt.Errorf("its outcome is %q, but it does not say why", v.Outcome)
		}
	default:
		return fmt.Errorf("outcome %q is unknown", v.Outcome)
	}
	return nil
}

// only keeps the vectors with matching names. A run of a few vectors is compared with a baseline of
// the same ones.
func (r *Report) only(names *regexp.Regexp) {
	r.Vectors = slices.DeleteFunc(r.Vectors, func(v VectorReport) bool { return !names.MatchString(v.ID) })
}

// A Change is a difference between the outcomes of a vector in a baseline and now.
type Change struct {
	ID   string
	Kind ChangeKind
	Text string
}

// A ChangeKind says what to do about a change.
type ChangeKind string

// The kinds of changes.
const (
	Regression ChangeKind = "regression" // repair it
	Unrecorded ChangeKind = "unrecorded" // record it: a mend, or a new vector that failed
	Note       ChangeKind = "note"       // nothing
)

// compareBaseline returns what has changed since the baseline before was made. It returns an error
// if the two reports don't count the same.
func compareBaseline(before, now *Report) ([]Change, error) {
	if a, b := before.counted(), now.counted(); a != b {
		return nil, fmt.Errorf("the baseline was made with other flags: it has %s. This run has %s. "+
			"Use the same flags, or make a new baseline with -json", a, b)
	}
	known := make(map[string]*VectorReport)
	for i := range before.Vectors {
		known[before.Vectors[i].ID] = &before.Vectors[i]
	}
	var changes []Change
	for i := range now.Vectors {
		v := &now.Vectors[i]
		if kind, text := v.since(known[v.ID]); kind != "" {
			changes = append(changes, Change{v.ID, kind, text})
		}
		delete(known, v.ID)
	}
	for i := range before.Vectors {
		if id := before.Vectors[i].ID; known[id] != nil {
			changes = append(changes, Change{id, Note, before.Vectors[i].state() + " before, now gone"})
		}
	}
	return changes, nil
}

// since returns how the vector has changed since a baseline, or "" if it has not. before is nil if
// the baseline does not have the vector.
func (v *VectorReport) since(before *VectorReport) (kind ChangeKind, text string) {
	now := v.state()
	if v.Outcome == Failed {
		now += ": " + v.lines()[0]
	}
	if before == nil {
		if v.Outcome == Failed {
			return Unrecorded, "not in the baseline, now " + now
		}
		return Note, "not in the baseline, now " + now
	}
	text = before.state() + " before, now " + now
	switch {
	case !before.wasRun() && !v.wasRun():
		return "", ""
	case !before.wasRun():
		return Unrecorded, text
	case v.Outcome == Unsupported:
		return Regression, text
	case v.Outcome == NotExpressible:
		return Note, text
	case without(v.reasons(), before.reasons()) != nil:
		return Regression, text
	case without(before.reasons(), v.reasons()) != nil:
		return Unrecorded, text
	case v.Outcome != before.Outcome:
		return Note, text
	}
	return "", ""
}

// state returns the outcome, and why it is so.
func (v *VectorReport) state() string {
	switch v.Outcome {
	case OlderAnswer:
		return "older answer"
	case Failed:
		return fmt.Sprintf("failed (%s)", strings.Join(v.reasons(), ", "))
	case Unsupported, NotExpressible:
		return fmt.Sprintf("%s (%s)", v.Outcome, printable(strings.Join(v.Why, ", ")))
	}
	return string(v.Outcome)
}

// without returns the elements of a that are not in b, or nil.
func without(a, b []string) []string {
	var rest []string
	for _, s := range a {
		if !slices.Contains(b, s) {
			rest = append(rest, s)
		}
	}
	return rest
}

// failing reports whether there is a regression, or a change to record.
func failing(changes []Change) bool {
	return slices.ContainsFunc(changes, func(c Change) bool { return c.Kind != Note })
}

// writeChanges prints the changes since the baseline in the file path.
func writeChanges(w io.Writer, path string, changes []Change, color bool) error {
	p := &printer{w: w, color: color}
	if len(changes) == 0 {
		p.printf("%s\n", p.paint(green, "Nothing has changed since "+path))
	}
	p.changes(changes, Regression, p.paint(red, "Worse than in "+path))
	if p.changes(changes, Unrecorded, p.paint(yellow, "Not yet recorded in "+path)) {
		p.printf("  To record this, run all vectors again with -json %s instead of -baseline %s\n", path, path)
	}
	p.changes(changes, Note, p.paint(bold, "Other changes since "+path))
	return p.err
}

// changes prints those of a kind. It reports whether there are any.
func (p *printer) changes(changes []Change, kind ChangeKind, title string) bool {
	found := false
	for _, c := range changes {
		if c.Kind != kind {
			continue
		}
		if !found {
			p.printf("%s\n", title)
			found = true
		}
		p.printf("  %s: %s\n", c.ID, shorten(c.Text, 4*longestValue))
	}
	return found
}
