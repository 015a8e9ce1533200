package main

import (
	"bytes"
	"encoding/xml"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/putrecords/putrecords/internal/vector"
)

// junit returns the JUnit report, and what a reader of XML finds in it.
func junit(t *testing.T, r *Report) (text string, suite junitSuite) {
	t.Helper()
	var b bytes.Buffer
	if err := r.writeJUnit(&b); err != nil {
		t.Fatal(err)
	}
	var suites junitSuites
	if err := xml.Unmarshal(b.Bytes(), &suites); err != nil {
		t.Fatalf("%v in\n%s", err, b.String())
	}
	return b.String(), suites.Suite
}

// The report has the totals, and a test case for each vector.
func TestJUnit(t *testing.T) {
	text, suite := junit(t, sample())
	head := `<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="conformance" tests="12" failures="5" errors="0" skipped="4" time="2.000" timestamp="2026-03-04T05:06:07">
    <properties>
      <property name="endpoint" value="http://localhost:4567"></property>
      <property name="counted" value="marks S, P, D; levels code, members, text, numbers; without the control API"></property>
`
	if !strings.HasPrefix(text, head) {
		t.Errorf("got\n%s\nwant it to begin with\n%s", text, head)
	}
	cases := make(map[string]junitCase)
	for _, c := range suite.Cases {
		cases[c.Name] = c
	}
	const emptyText = `is "1 validation error detected: Value at 'records' failed to satisfy constraint", ` +
		`want "1 validation error detected: Value '[]' at 'records' failed to satisfy constraint"`
	want := map[string]junitCase{
		"00-data": {Class: "conformance.0 the PutRecords page", Name: "00-data", Time: "0.250"},
		"00-numbers": {
			Class: "conformance.0 the PutRecords page", Name: "00-numbers", Time: "0.250",
			SystemOut: `does not count: step 1, PutRecords: Records[1].SequenceNumber "12" is not 56 digits (numbers)`,
		},
		"01-empty": {Class: "conformance.1 the request", Name: "01-empty", Time: "0.250", Failure: &junitFailure{
			Type:    "code, text",
			Message: "step 1, PutRecords: status is 500, want 400 (code)",
			Text: "The name of 01-empty\nclause: clause of 01-empty (mark S, source: a page)\n" +
				"step 1, PutRecords: status is 500, want 400 (code)\n" +
				"step 1, PutRecords: message " + emptyText + " (text)",
		}},
		"01-dry-run": {Class: "conformance.1 the request", Name: "01-dry-run", Time: "0.000", Skipped: &junitSkipped{
			"unsupported: PutRecords.DryRun",
		}},
		"03-message": {
			Class: "conformance.3 exact messages", Name: "03-message", Time: "0.250",
			SystemOut: "step 2: AWS answered so until 2021 (a bug report)",
		},
		"06-throttled": {Class: "conformance.6 write limits", Name: "06-throttled", Time: "0.000", Skipped: &junitSkipped{
			"not expressible: clock, limits",
		}},
		"08-split": {Class: "conformance.8 resharding", Name: "08-split", Time: "0.250", Failure: &junitFailure{
			Type:    "not finished",
			Message: "could not be finished: SplitShard: no answer within 10s",
			Text: "The name of 08-split\nclause: clause of 08-split (mark S, source: a page)\n" +
				"could not be finished: SplitShard: no answer within 10s",
		}},
	}
	for name, c := range want {
		if diff := cmp.Diff(c, cases[name]); diff != "" {
			t.Error(diff)
		}
	}
}

// Whatever a server answers, the report is XML, and shows it.
func TestJUnitHostile(t *testing.T) {
	hostile := "]]></failure><x a=\"&\x00\x0b\x1b\ufffe\xff\""
	failed := vectorReport("04-a", Failed, problem(vector.Members, hostile, "is "+hostile))
	failed.Name, failed.Clause = hostile, hostile
	r := report(failed, notRun("04-b", Unsupported, hostile), vectorReport("04-c", Passed, uncounted(vector.Code, hostile, hostile)))
	r.Endpoint = hostile
	_, suite := junit(t, r)
	const want = `]]></failure><x a="&\x00\v\x1b\ufffe�"`
	for place, got := range map[string]string{
		"endpoint": suite.Properties[0].Value,
		"message":  suite.Cases[0].Failure.Message,
		"text":     suite.Cases[0].Failure.Text,
		"reason":   suite.Cases[1].Skipped.Message,
		"output":   suite.Cases[2].SystemOut,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the %s is %q, want it to have %q", place, got, want)
		}
	}
}
