package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// The elements of a JUnit report that GitHub, GitLab and Jenkins read.
type (
	junitSuites struct {
		XMLName xml.Name   `xml:"testsuites"`
		Suite   junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string          `xml:"name,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Skipped    int             `xml:"skipped,attr"`
		Time       string          `xml:"time,attr"`      // in seconds
		Timestamp  string          `xml:"timestamp,attr"` // in UTC, without a zone
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Class     string        `xml:"classname,attr"`
		Name      string        `xml:"name,attr"`
		Time      string        `xml:"time,attr"`
		Failure   *junitFailure `xml:"failure"`
		Skipped   *junitSkipped `xml:"skipped"`
		SystemOut string        `xml:"system-out,omitempty"`
	}
	junitFailure struct {
		Type    string `xml:"type,attr"` // the levels
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
	junitSkipped struct {
		Message string `xml:"message,attr"`
	}
)

// writeJUnit writes the report as JUnit's XML: a test case for each vector.
func (r *Report) writeJUnit(w io.Writer) error {
	_, total := r.tally()
	suite := junitSuite{
		Name:       "conformance",
		Tests:      len(r.Vectors),
		Failures:   total.Outcomes[Failed],
		Skipped:    total.Outcomes[Unsupported] + total.Outcomes[NotExpressible],
		Timestamp:  r.Began.UTC().Format("2006-01-02T15:04:05"),
		Properties: []junitProperty{{"endpoint", printable(r.Endpoint)}, {"counted", r.counted()}, {"score", r.score()}},
	}
	var seconds float64
	for i := range r.Vectors {
		seconds += r.Vectors[i].Seconds
		suite.Cases = append(suite.Cases, r.Vectors[i].junit())
	}
	suite.Time = junitTime(seconds)
	text, err := xml.MarshalIndent(junitSuites{Suite: suite}, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, text)
	return err
}

func junitTime(seconds float64) string { return fmt.Sprintf("%.3f", seconds) }

func (v *VectorReport) junit() junitCase {
	c := junitCase{Class: "conformance." + sectionTitle(v.Section), Name: v.ID, Time: junitTime(v.Seconds)}
	lines := v.lines()
	switch v.Outcome {
	case Failed:
		c.Failure = &junitFailure{Type: strings.Join(v.reasons(), ", "), Message: lines[0], Text: v.about() + strings.Join(lines, "\n")}
	case Unsupported, NotExpressible:
		c.Skipped = &junitSkipped{fmt.Sprintf("%s: %s", v.Outcome, printable(strings.Join(v.Why, ", ")))}
	default:
		c.SystemOut = strings.Join(lines, "\n")
	}
	return c
}

// about returns what the vector is about, in lines.
func (v *VectorReport) about() string {
	return printable(v.Name) + "\n" +
		printable(fmt.Sprintf("clause: %s (mark %s, source: %s)", v.Clause, v.Mark, v.Source)) + "\n"
}

// lines returns all that there is to say about the answers, what counts first.
func (v *VectorReport) lines() []string {
	var lines []string
	if len(v.Why) > 0 {
		lines = append(lines, v.unfinished())
	}
	for _, p := range v.counting(true) {
		lines = append(lines, p.full())
	}
	for _, older := range v.Older {
		lines = append(lines, printable(fmt.Sprintf("step %d: AWS answered so until %s (%s)", older.Step, older.Until, older.Source)))
	}
	for _, p := range v.counting(false) {
		lines = append(lines, "does not count: "+p.full())
	}
	return lines
}

// unfinished returns why the vector could not be finished.
func (v *VectorReport) unfinished() string {
	return "could not be finished: " + printable(strings.Join(v.Why, "; "))
}

// full returns the problem and where it is, with values as long as they are.
func (p *Problem) full() string {
	return printable(fmt.Sprintf("step %d, %s: %s %s (%s)", p.Step, p.Action, p.where(), p.Problem, p.Level))
}
