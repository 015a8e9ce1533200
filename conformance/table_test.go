package main

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/putrecords/putrecords/internal/vector"
)

// problem returns a problem that counts.
func problem(level vector.Level, path, text string) Problem {
	return Problem{Step: 1, Action: "PutRecords", Mark: "S", Level: level, Path: path, Problem: text, Counts: true}
}

// uncounted returns a problem that does not count.
func uncounted(level vector.Level, path, text string) Problem {
	p := problem(level, path, text)
	p.Counts = false
	return p
}

func vectorReport(id string, outcome Outcome, problems ...Problem) VectorReport {
	section, err := strconv.Atoi(id[:2])
	if err != nil {
		panic(err)
	}
	return VectorReport{
		ID: id, Name: "The name of " + id, Clause: "clause of " + id, Section: section, Mark: "S", Source: "a page",
		Outcome: outcome, Problems: problems, Seconds: 0.25,
	}
}

func notRun(id string, outcome Outcome, why ...string) VectorReport {
	v := vectorReport(id, outcome)
	v.Why, v.Seconds = why, 0
	return v
}

func olderReport(id string) VectorReport {
	v := vectorReport(id, OlderAnswer)
	v.Older = []Older{{Step: 2, Until: "2021", Source: "a bug report"}}
	return v
}

// report returns a report that has vectors.
func report(vectors ...VectorReport) *Report {
	return &Report{
		Endpoint: "http://localhost:4567", Began: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC),
		Marks: []string{"S", "P", "D"}, Levels: vector.Levels, Supported: []string{"PutRecords"}, Vectors: vectors,
	}
}

// sample returns a report with all that a report can have.
func sample() *Report {
	null := problem(vector.Members, "EncryptionType", "is null, want no such member")
	nullInRecord := problem(vector.Members, "Records[2].EncryptionType", "is null, want no such member")
	text := `is "1 validation error detected: Value at 'records' failed to satisfy constraint", ` +
		`want "1 validation error detected: Value '[]' at 'records' failed to satisfy constraint"`
	unfinished := vectorReport("08-split", Failed)
	unfinished.Why = []string{"SplitShard: no answer within 10s"}
	return report(
		vectorReport("00-data", Passed),
		vectorReport("00-numbers", Passed, uncounted(vector.Numbers, "Records[1].SequenceNumber", `"12" is not 56 digits`)),
		vectorReport("01-empty", Failed, problem(vector.Code, "status", "is 500, want 400"), problem(vector.Text, "message", text)),
		vectorReport("01-text", Failed, null, problem(vector.Text, "message", text)),
		notRun("01-dry-run", Unsupported, "PutRecords.DryRun"),
		olderReport("03-message"),
		vectorReport("04-a", Failed, null, nullInRecord),
		vectorReport("04-b", Failed, nullInRecord),
		notRun("06-throttled", NotExpressible, "clock", "limits"),
		notRun("08-count", Unsupported, "UpdateShardCount"),
		unfinished,
		notRun("10-list", NotExpressible, "clock"),
	)
}

func table(t *testing.T, r *Report, color bool) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.writeTable(&b, color); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The table has the score, the sections, and what is wrong, once.
func TestTable(t *testing.T) {
	want := `2 of 8 vectors passed, 1 gave an older answer, 5 failed; 2 unsupported, 2 not expressible over AWS's API
http://localhost:4567: marks S, P, D; levels code, members, text, numbers; without the control API

                                              unsup-    not ex-  right at
section                passed  older  failed  ported  pressible      code  members  text  numbers
0 the PutRecords page       2      -       -       -          -         2        2     2        1
1 the request               -      -       2       1          -         1        1     0        2
3 exact messages            -      1       -       -          -         1        1     1        1
4 the answer                -      -       2       -          -         2        0     2        2
6 write limits              -      -       -       -          1         -        -     -        -
8 resharding                -      -       1       1          -         0        0     0        0
10 other operations         -      -       -       -          1         -        -     -        -
all                         2      1       5       2          2         6        4     5        6
1 vector passed with differences that don't count.

The same problem in several vectors
  3 vectors: EncryptionType is null, want no such member (members)
    01-text, 04-a, 04-b
  2 vectors failed only because of this.

Failed for other reasons
  01-empty (S) clause of 01-empty
    step 1, PutRecords: status is 500, want 400; and 1 more
  01-text (S) clause of 01-text
    step 1, PutRecords: message is …ror detected: Value at 'records' failed to satisfy constraint", want …ror detected: Value '[]' at 'records' failed to satisfy constraint"
  08-split (S) clause of 08-split
    could not be finished: SplitShard: no answer within 10s

Answers that AWS gave in the past
  03-message: step 2, until 2021 (a bug report)

Unsupported operations and members
  PutRecords.DryRun  1 vector
  UpdateShardCount   1 vector

Not expressible over AWS's API, because of
  clock   2 vectors
  limits  1 vector
`
	if diff := cmp.Diff(want, table(t, sample(), false)); diff != "" {
		t.Error(diff)
	}
}

// The table of a server that is right is short.
func TestTableOfPassed(t *testing.T) {
	r := report(vectorReport("04-a", Passed), vectorReport("04-b", Passed))
	r.Control = true
	want := `2 of 2 vectors passed, 0 failed
http://localhost:4567: marks S, P, D; levels code, members, text, numbers; with the control API

                              right at
section       passed  failed      code  members  text  numbers
4 the answer       2       -         2        2     2        2
all                2       -         2        2     2        2
`
	if diff := cmp.Diff(want, table(t, r, false)); diff != "" {
		t.Error(diff)
	}
}

// The titles are those of the README of the vectors.
func TestSectionTitles(t *testing.T) {
	text, err := os.ReadFile("vectors/README.md")
	if err != nil {
		t.Fatal(err)
	}
	readme := strings.Join(strings.Fields(string(text)), " ")
	for section := range titles {
		if title := regexp.QuoteMeta(sectionTitle(section)); !regexp.MustCompile(title + `[,;.]`).MatchString(readme) {
			t.Errorf("the README does not have the title %q", title)
		}
	}
	if next := fmt.Sprintf("; %d ", len(titles)); strings.Contains(readme, next) {
		t.Errorf("the README has a section %d, which has no title here", len(titles))
	}
	if got := sectionTitle(len(titles)); got != "section 11" {
		t.Errorf("an unknown section is called %q", got)
	}
}

// An unfinished vector is right at no level, whatever it has answered.
func TestUnfinishedIsNotRight(t *testing.T) {
	v := vectorReport("08-split", Failed)
	v.Why = []string{"timeout"}
	for _, level := range vector.Levels {
		if v.rightAt(level) {
			t.Errorf("it is right at level %s", level)
		}
	}
}

// Only with a color does the table have color codes, and nothing that a server answered can add
// one, or a line.
func TestTableEscapes(t *testing.T) {
	hostile := "\x1b[31mred\r\nline\u202e\x00"
	r := report(
		vectorReport("04-a", Failed, problem(vector.Members, hostile, "is "+hostile+", want no such member")),
		notRun("04-b", Unsupported, hostile),
		notRun("04-c", NotExpressible, hostile),
		VectorReport{ID: "04-d", Section: 4, Outcome: Failed, Why: []string{hostile}},
	)
	r.Endpoint = hostile
	plain := table(t, r, false)
	if strings.ContainsAny(plain, "\x1b\r\x00\u202e") {
		t.Errorf("the table has control characters:\n%q", plain)
	}
	if want := `\x1b[31mred\r\nline\u202e\x00`; strings.Count(plain, want) < 5 {
		t.Errorf("the table does not show %s in all places:\n%s", want, plain)
	}
	if colored := table(t, r, true); regexp.MustCompile(`\x1b\[\d*m`).ReplaceAllString(colored, "") != plain || colored == plain {
		t.Errorf("the colors change the text:\n%q", colored)
	}
}

// A problem is common if several vectors have it: at the same level, in the same member, and of the
// same kind.
func TestCommonProblems(t *testing.T) {
	tests := []struct {
		name    string
		problem func(i int) Problem
		want    string // kind; "" is none
	}{
		{"a null member", func(i int) Problem {
			return problem(vector.Members, fmt.Sprintf("Records[%d].EncryptionType", i), "is null, want no such member")
		}, "is null, want no such member"},
		{"a member with any value", func(i int) Problem {
			return problem(vector.Members, "Extra", fmt.Sprintf("is %q, want no such member", strconv.Itoa(i)))
		}, "is …, want no such member"},
		{"a missing member, whatever its value", func(i int) Problem {
			return problem(vector.Text, "message", fmt.Sprintf(`is missing, want "message %d"`, i))
		}, "is missing"},
		{"a null message", func(i int) Problem {
			return problem(vector.Text, "message", fmt.Sprintf(`is null, want "message %d"`, i))
		}, "is null"},
		{"numbers of another layout", func(i int) Problem {
			return problem(vector.Numbers, "SequenceNumber", fmt.Sprintf(`"%d" is not 56 digits`, i))
		}, "… is not 56 digits"},
		{"numbers that are not decimal", func(i int) Problem {
			return problem(vector.Code, "SequenceNumber", fmt.Sprintf(`is "x\"%d", want a decimal number`, i))
		}, "is …, want a decimal number"},
		{"times", func(i int) Problem {
			return problem(vector.Numbers, "SequenceNumber", fmt.Sprintf(`arrived at 2026-03-04T05:06:0%dZ, want 2026-03-04T05:06:07Z`, i))
		}, "arrived at …, want …"},
		{"the same code", func(int) Problem {
			return problem(vector.Code, "status", "is 400, want 200")
		}, "is 400, want 200"},
		{"different codes", func(i int) Problem {
			return problem(vector.Code, "status", fmt.Sprintf("is 40%d, want 200", i))
		}, ""},
		{"different messages", func(i int) Problem {
			return problem(vector.Text, "message", fmt.Sprintf(`is "%d", want "a"`, i))
		}, ""},
		{"different members", func(i int) Problem {
			return problem(vector.Members, fmt.Sprintf("Extra%d", i), "is null, want no such member")
		}, ""},
		{"different levels", func(i int) Problem {
			return problem(vector.Levels[i], "Extra", "is null, want no such member")
		}, ""},
		{"what does not count", func(int) Problem {
			return uncounted(vector.Code, "status", "is 400, want 200")
		}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := report(
				vectorReport("04-a", Failed, test.problem(0)),
				vectorReport("04-b", Failed, test.problem(1), test.problem(1)),
			)
			if commons, _ := r.common(); commons != nil {
				t.Errorf("two vectors are several: %v", commons)
			}
			r.Vectors = append(r.Vectors, vectorReport("04-c", Failed, test.problem(2), problem(vector.Code, "only", "here")))
			commons, others := r.common()
			if test.want == "" {
				if commons != nil {
					t.Errorf("got %v, want none", commons)
				}
				return
			}
			if len(commons) != 1 || commons[0].Kind != test.want || !slices.Equal(commons[0].IDs, []string{"04-a", "04-b", "04-c"}) {
				t.Errorf("got %v, want one of the kind %q, of three vectors", commons, test.want)
			}
			if len(others) != 1 || len(others["04-c"]) != 1 {
				t.Errorf("the other problems are %v, want one of 04-c", others)
			}
		})
	}
}

// What a vector answered before it turned out not to be expressible is no common problem.
func TestCommonProblemsAreOfFailedVectors(t *testing.T) {
	status := problem(vector.Code, "status", "is 500, want 400")
	inexpressible := notRun("04-c", NotExpressible, "the name of the stream is taken")
	inexpressible.Problems = []Problem{status}
	r := report(vectorReport("04-a", Failed, status), vectorReport("04-b", Failed, status), inexpressible)
	if commons, others := r.common(); commons != nil || len(others) != 2 {
		t.Errorf("got %v, and others of %v", commons, others)
	}
}

// Common problems come in the order of their numbers.
func TestCommonProblemsOrder(t *testing.T) {
	a, b, c := problem(vector.Code, "A", "x"), problem(vector.Code, "B", "x"), problem(vector.Code, "C", "x")
	r := report(
		vectorReport("04-a", Failed, a, b, c), vectorReport("04-b", Failed, a, b, c), vectorReport("04-c", Failed, a, b, c),
		vectorReport("04-d", Failed, c),
	)
	commons, _ := r.common()
	var got []string
	for _, common := range commons {
		got = append(got, common.Member)
	}
	if diff := cmp.Diff([]string{"C", "A", "B"}, got); diff != "" {
		t.Error(diff)
	}
}

// The two values in a problem are found even if a string has the word between them.
func TestIsWant(t *testing.T) {
	tests := []struct {
		problem, is, want string
		ok                bool
	}{
		{`is 400, want 200`, `400`, `200`, true},
		{`is "a", want "b"`, `"a"`, `"b"`, true},
		{`is "a, want \"b", want "c, want d"`, `"a, want \"b"`, `"c, want d"`, true},
		{`is null, want no such member`, `null`, `no such member`, true},
		{`is missing, want an array`, `missing`, `an array`, true},
		{`is "cut…, want "b"`, `"cut…`, `"b"`, true},
		{`is spelled Message`, ``, ``, false},
		{`has 2 elements, want 3`, ``, ``, false},
	}
	for _, test := range tests {
		p := Problem{Problem: test.problem}
		if is, want, ok := p.isWant(); is != test.is && test.ok || want != test.want && test.ok || ok != test.ok {
			t.Errorf("%s: got %s and %s, %t", test.problem, is, want, ok)
		}
	}
}

// Whatever the two values in a problem are, they are found, and its line is short and printable.
func TestProblemOfAnyValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		is, want := fmt.Sprintf("%q", rapid.String().Draw(t, "is")), fmt.Sprintf("%q", rapid.String().Draw(t, "want"))
		p := Problem{Problem: "is " + is + ", want " + want}
		if gotIs, gotWant, ok := p.isWant(); gotIs != is || gotWant != want || !ok {
			t.Errorf("got %s and %s, %t", gotIs, gotWant, ok)
		}
		line := p.short()
		if n := utf8.RuneCountInString(line); n > 2*longestValue+len("is , want ") || strings.ContainsFunc(line, func(r rune) bool {
			return !unicode.IsPrint(r)
		}) {
			t.Errorf("the line has %d characters: %q", n, line)
		}
	})
}

// Long values are shortened in a way that shows where they differ.
func TestShortProblem(t *testing.T) {
	same, long := strings.Repeat("s", 60), strings.Repeat("x", 200)
	tests := []struct{ name, problem, want string }{
		{"short values", `is "a", want "b"`, `is "a", want "b"`},
		{"values of the longest length", `is ` + long[:70] + `, want b`, `is ` + long[:70] + `, want b`},
		{"longer ones", `is ` + long[:71] + `, want b`, `is ` + long[:69] + `…, want b`},
		{
			"the same beginning", `is "` + same + `aaaaaaaaaa", want "` + same + `bbbbbbbbbb"`,
			`is …` + same[:20] + `aaaaaaaaaa", want …` + same[:20] + `bbbbbbbbbb"`,
		},
		{"others", "has " + long, "has " + long[:135] + "…"},
		{"characters of several bytes", `is ` + strings.Repeat("é", 71) + `, want b`, `is ` + strings.Repeat("é", 69) + `…, want b`},
	}
	for _, test := range tests {
		p := Problem{Problem: test.problem}
		if got := p.short(); got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
	}
}
