package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/putrecords/putrecords/internal/vector"
)

// A column of the table by section.
type column struct {
	Head  string
	Cells []string // one for each section, and the total; - is none
}

// columns returns the table by section: the titles of its rows, the outcomes, and how many vectors
// are right at each level. It leaves out outcomes that no vector had.
func (r *Report) columns() (rows []string, outcomes, levels []column) {
	sections, total := r.tally()
	tallies := slices.Concat(sections, []tally{total})
	for _, t := range tallies {
		rows = append(rows, t.Title)
	}
	cells := func(cell func(t *tally) string) []string {
		all := make([]string, len(tallies))
		for i := range tallies {
			all[i] = cell(&tallies[i])
		}
		return all
	}
	for _, outcome := range []Outcome{Passed, OlderAnswer, Failed, Unsupported, NotExpressible} {
		if total.Outcomes[outcome] > 0 || outcome == Passed || outcome == Failed {
			outcomes = append(outcomes, column{string(outcome), cells(func(t *tally) string {
				return dash(t.Outcomes[outcome] == 0, t.Outcomes[outcome])
			})})
		}
	}
	for _, level := range vector.Levels {
		levels = append(levels, column{string(level), cells(func(t *tally) string {
			return dash(t.Run() == 0, t.Right[level])
		})})
	}
	return rows, outcomes, levels
}

func dash(none bool, n int) string {
	if none {
		return "-"
	}
	return strconv.Itoa(n)
}

// A printer prints a report for a person. It remembers the first error.
type printer struct {
	w     io.Writer
	color bool
	err   error
}

func (p *printer) printf(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}

// Colors of a terminal.
const (
	bold   = "1"
	red    = "31"
	green  = "32"
	yellow = "33"
)

// paint returns a text in a color.
func (p *printer) paint(color, text string) string {
	if !p.color {
		return text
	}
	return "\x1b[" + color + "m" + text + "\x1b[0m"
}

// writeTable prints the report for a person, to a terminal or a log: the score first.
func (r *Report) writeTable(w io.Writer, color bool) error {
	p := &printer{w: w, color: color}
	scoreColor := green
	if len(r.with(Failed)) > 0 {
		scoreColor = red
	}
	p.printf("%s\n%s: %s\n", p.paint(scoreColor, r.score()), printable(r.Endpoint), r.counted())
	p.sections(r)
	p.failures(r)
	p.older(r)
	p.lacks(r, Unsupported, "Unsupported operations and members")
	p.lacks(r, NotExpressible, "Not expressible "+r.api()+", because of")
	return p.err
}

// twoLineHeads has the heads that take two lines.
var twoLineHeads = map[string][]string{
	string(Unsupported):    {"unsup-", "ported"},
	string(NotExpressible): {"not ex-", "pressible"},
	string(vector.Code):    {"right at", string(vector.Code)}, // the first of the levels
}

// sections prints the table by section.
func (p *printer) sections(r *Report) {
	rows, outcomes, levels := r.columns()
	lines := make([]strings.Builder, 2+len(rows))
	pad(lines, append([]string{"", "section"}, rows...), false)
	for _, c := range slices.Concat(outcomes, levels) {
		head := twoLineHeads[c.Head]
		if head == nil {
			head = []string{"", c.Head}
		}
		pad(lines, slices.Concat(head, c.Cells), true)
	}
	p.printf("\n")
	for i := range lines {
		line := strings.TrimRight(lines[i].String(), " ")
		if i < 2 || i == len(lines)-1 {
			line = p.paint(bold, line)
		}
		p.printf("%s\n", line)
	}
	if n := len(r.passedWithDifferences()); n > 0 {
		p.printf("%s passed with differences that don't count.\n", vectorCount(n))
	}
}

// pad appends a cell to each line. The cells become equally wide.
func pad(lines []strings.Builder, cells []string, right bool) {
	width := 0
	for _, cell := range cells {
		width = max(width, utf8.RuneCountInString(cell))
	}
	for i, cell := range cells {
		if right {
			fmt.Fprintf(&lines[i], "  %*s", width, cell)
		} else {
			fmt.Fprintf(&lines[i], "%-*s", width, cell)
		}
	}
}

// failures prints the common problems once, and then each vector that failed for another reason.
func (p *printer) failures(r *Report) {
	commons, others := r.common()
	failed := r.with(Failed)
	listed := slices.DeleteFunc(slices.Clone(failed), func(v VectorReport) bool { return len(v.Why) == 0 && others[v.ID] == nil })
	title := "Failed"
	if len(commons) > 0 {
		title = "Failed for other reasons"
		p.commons(commons, len(failed)-len(listed))
	}
	if len(listed) > 0 {
		p.printf("\n%s\n", p.paint(bold, title))
	}
	for i := range listed {
		p.failure(&listed[i], others[listed[i].ID])
	}
}

// commons prints the common problems, and how many vectors have no others.
func (p *printer) commons(commons []common, only int) {
	p.printf("\n%s\n", p.paint(bold, "The same problem in several vectors"))
	for _, c := range commons {
		kind := Problem{Problem: c.Kind}
		p.printf("  %s: %s %s (%s)\n    %s\n", p.paint(red, vectorCount(len(c.IDs))), printable(c.Member),
			kind.short(), c.Level, firstFew(c.IDs))
	}
	if only > 0 {
		p.printf("  %s failed only because of this.\n", vectorCount(only))
	}
}

// failure prints a vector that failed, and the first of its problems.
func (p *printer) failure(v *VectorReport, problems []Problem) {
	reasons := make([]string, 0, 1+len(problems))
	if len(v.Why) > 0 {
		reasons = append(reasons, shorten(v.unfinished(), 2*longestValue))
	}
	for _, problem := range problems {
		reasons = append(reasons, problem.line())
	}
	p.printf("  %s (%s) %s\n    %s", p.paint(red, v.ID), v.Mark, shorten(printable(v.Clause), 2*longestValue), reasons[0])
	if more := len(reasons) - 1; more > 0 {
		p.printf("; and %d more", more)
	}
	p.printf("\n")
}

// line returns the problem and where it is, in one line.
func (p *Problem) line() string {
	return fmt.Sprintf("step %d, %s: %s %s", p.Step, printable(p.Action), printable(p.where()), p.short())
}

// longestValue is the length in characters of the longest value in a line for a person.
const longestValue = 70

// short returns the problem with short values. If its two values are long and begin alike, it has
// them from a little before they differ.
func (p *Problem) short() string {
	is, want, ok := p.isWant()
	if !ok {
		return shorten(printable(p.Problem), 2*longestValue)
	}
	is, want = printable(is), printable(want)
	if max(len(is), len(want)) > longestValue {
		is, want = fromDifference(is, want)
	}
	return fmt.Sprintf("is %s, want %s", shorten(is, longestValue), shorten(want, longestValue))
}

// fromDifference leaves out the beginning that two texts share, except for a few characters.
func fromDifference(a, b string) (aRest, bRest string) {
	x, y := []rune(a), []rune(b)
	same := 0
	for same < min(len(x), len(y)) && x[same] == y[same] {
		same++
	}
	const before = 20
	if same <= before {
		return a, b
	}
	return "…" + string(x[same-before:]), "…" + string(y[same-before:])
}

// shorten returns a text of at most n characters.
func shorten(text string, n int) string {
	runes := []rune(text)
	if len(runes) <= n {
		return text
	}
	return string(runes[:n-1]) + "…"
}

// older prints the vectors that got an older answer.
func (p *printer) older(r *Report) {
	answered := r.with(OlderAnswer)
	if len(answered) == 0 {
		return
	}
	p.printf("\n%s\n", p.paint(bold, "Answers that AWS gave in the past"))
	for _, v := range answered {
		p.printf("  %s", p.paint(yellow, v.ID))
		if len(v.Older) > 0 {
			p.printf(": step %d, until %s (%s)", v.Older[0].Step, v.Older[0].Until, v.Older[0].Source)
		}
		p.printf("\n")
	}
}

// lacks prints why the vectors with an outcome were not run.
func (p *printer) lacks(r *Report, outcome Outcome, title string) {
	groups := r.lacks(outcome)
	if len(groups) == 0 {
		return
	}
	p.printf("\n%s\n", p.paint(bold, title))
	lines := make([]strings.Builder, len(groups))
	names := make([]string, len(groups))
	for i, g := range groups {
		names[i] = shorten(printable(g.What), longestValue)
	}
	pad(lines, names, false)
	for i, g := range groups {
		p.printf("  %s  %s\n", lines[i].String(), vectorCount(len(g.IDs)))
	}
}

// firstFew returns the first few names, and how many more there are.
func firstFew(ids []string) string {
	const shown = 3
	if len(ids) <= shown+1 {
		return strings.Join(ids, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(ids[:shown], ", "), len(ids)-shown)
}
