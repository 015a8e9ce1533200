package main

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/putrecords/putrecords/internal/vector"
)

// titles are those of the sections in the README of the vectors.
var titles = []string{
	"the PutRecords page", "the request", "the order of checks", "exact messages", "the answer", "routing",
	"write limits", "sequence numbers", "resharding", "ARNs and closed shards", "other operations",
}

// sectionTitle returns the number and the title of a section.
func sectionTitle(section int) string {
	if section < 0 || section >= len(titles) {
		return fmt.Sprintf("section %d", section)
	}
	return fmt.Sprintf("%d %s", section, titles[section])
}

// A tally counts vectors by their outcomes.
type tally struct {
	Title    string
	Outcomes map[Outcome]int
	// Right counts those that were run and are right at a level, whether it counts or not.
	Right map[vector.Level]int
}

// tally counts the vectors of each section, and of all.
func (r *Report) tally() (sections []tally, total tally) {
	bySection := make(map[int]*tally)
	total = newTally("all")
	for i := range r.Vectors {
		v := &r.Vectors[i]
		if bySection[v.Section] == nil {
			t := newTally(sectionTitle(v.Section))
			bySection[v.Section] = &t
		}
		bySection[v.Section].add(v)
		total.add(v)
	}
	for _, section := range slices.Sorted(maps.Keys(bySection)) {
		sections = append(sections, *bySection[section])
	}
	return sections, total
}

func newTally(title string) tally {
	return tally{title, make(map[Outcome]int), make(map[vector.Level]int)}
}

func (t *tally) add(v *VectorReport) {
	t.Outcomes[v.Outcome]++
	for _, level := range vector.Levels {
		if v.rightAt(level) {
			t.Right[level]++
		}
	}
}

// Run returns how many vectors were run.
func (t *tally) Run() int { return t.Outcomes[Passed] + t.Outcomes[OlderAnswer] + t.Outcomes[Failed] }

// wasRun reports whether the vector was run, perhaps not to its end.
func (v *VectorReport) wasRun() bool { return v.Outcome != Unsupported && v.Outcome != NotExpressible }

// rightAt reports whether the vector was run to its end without a problem at the level.
func (v *VectorReport) rightAt(level vector.Level) bool {
	return v.wasRun() && len(v.Why) == 0 && !slices.ContainsFunc(v.Problems, func(p Problem) bool { return p.Level == level })
}

// counting returns the problems that count, or those that don't.
func (v *VectorReport) counting(counts bool) []Problem {
	var problems []Problem
	for _, p := range v.Problems {
		if p.Counts == counts {
			problems = append(problems, p)
		}
	}
	return problems
}

// reasons returns why the vector failed: the levels of its problems that count, and whether it was
// not finished. It returns nil if the vector did not fail.
func (v *VectorReport) reasons() []string {
	var reasons []string
	for _, level := range vector.Levels {
		if slices.ContainsFunc(v.counting(true), func(p Problem) bool { return p.Level == level }) {
			reasons = append(reasons, string(level))
		}
	}
	if v.wasRun() && len(v.Why) > 0 {
		reasons = append(reasons, "not finished")
	}
	return reasons
}

// with returns the vectors that had the outcome.
func (r *Report) with(outcome Outcome) []VectorReport {
	var these []VectorReport
	for _, v := range r.Vectors {
		if v.Outcome == outcome {
			these = append(these, v)
		}
	}
	return these
}

// passedWithDifferences returns the vectors that passed because their problems don't count.
func (r *Report) passedWithDifferences() []VectorReport {
	return slices.DeleteFunc(r.with(Passed), func(v VectorReport) bool {
		return len(v.Problems) == 0
	})
}

// score returns the totals as a sentence.
func (r *Report) score() string {
	_, total := r.tally()
	text := fmt.Sprintf("%d of %s passed", total.Outcomes[Passed], vectorCount(total.Run()))
	if n := total.Outcomes[OlderAnswer]; n > 0 {
		text += fmt.Sprintf(", %d gave an older answer", n)
	}
	text += fmt.Sprintf(", %d failed", total.Outcomes[Failed])
	var missing []string
	if n := total.Outcomes[Unsupported]; n > 0 {
		missing = append(missing, fmt.Sprintf("%d unsupported", n))
	}
	if n := total.Outcomes[NotExpressible]; n > 0 {
		missing = append(missing, fmt.Sprintf("%d not expressible %s", n, r.api()))
	}
	if missing != nil {
		text += "; " + strings.Join(missing, ", ")
	}
	return text
}

// api returns what the vectors were expressed with.
func (r *Report) api() string {
	if r.Control {
		return "even with the control API"
	}
	return "over AWS's API"
}

// marks has all marks.
var marks = []string{"S", "P", "D", "I", "ours"}

// counted returns the flags that the outcomes depend on, in the same words whatever their order.
func (r *Report) counted() string {
	var counting, levels []string
	for _, mark := range marks {
		if slices.Contains(r.Marks, mark) {
			counting = append(counting, mark)
		}
	}
	for _, level := range vector.Levels {
		if slices.Contains(r.Levels, level) {
			levels = append(levels, string(level))
		}
	}
	control := "without"
	if r.Control {
		control = "with"
	}
	return fmt.Sprintf("marks %s; levels %s; %s the control API", strings.Join(counting, ", "), strings.Join(levels, ", "), control)
}

// vectorCount returns a number of vectors in words.
func vectorCount(n int) string {
	if n == 1 {
		return "1 vector"
	}
	return fmt.Sprintf("%d vectors", n)
}

// A lack is an operation, a member or a need that some vectors use.
type lack struct {
	What string
	IDs  []string
}

// lacks groups the vectors with an outcome by why they were not run.
func (r *Report) lacks(outcome Outcome) []lack {
	ids := make(map[string][]string)
	for _, v := range r.with(outcome) {
		for _, why := range v.Why {
			ids[why] = append(ids[why], v.ID)
		}
	}
	var groups []lack
	for _, what := range slices.Sorted(maps.Keys(ids)) {
		groups = append(groups, lack{what, ids[what]})
	}
	return groups
}

// A common problem made several vectors fail.
type common struct {
	Level  vector.Level
	Member string
	Kind   string
	IDs    []string
}

// several is the number of vectors from which on a problem is common.
const several = 3

// common returns the common problems, those of the most vectors first, and for each vector that
// failed its other problems that count.
func (r *Report) common() (commons []common, others map[string][]Problem) {
	type key struct {
		level        vector.Level
		member, kind string
	}
	keyOf := func(p Problem) key { return key{p.Level, p.member(), p.kind()} }
	ids := make(map[key][]string)
	failed := r.with(Failed)
	for _, v := range failed {
		for _, p := range v.counting(true) {
			if k := keyOf(p); !slices.Contains(ids[k], v.ID) {
				ids[k] = append(ids[k], v.ID)
			}
		}
	}
	others = make(map[string][]Problem)
	for _, v := range failed {
		for _, p := range v.counting(true) {
			if len(ids[keyOf(p)]) < several {
				others[v.ID] = append(others[v.ID], p)
			}
		}
	}
	for k, in := range ids {
		if len(in) >= several {
			commons = append(commons, common{k.level, k.member, k.kind, in})
		}
	}
	slices.SortFunc(commons, func(a, b common) int {
		if len(a.IDs) != len(b.IDs) {
			return len(b.IDs) - len(a.IDs)
		}
		return strings.Compare(a.Member+a.Kind, b.Member+b.Kind)
	})
	return commons, others
}

var (
	indexRegexp = regexp.MustCompile(`\[\d+\]$`)
	// certainRegexp finds a certain value that a vector wants.
	certainRegexp = regexp.MustCompile(`, want (["0-9]|true$|false$)`)
	// valueRegexp finds values that differ from one answer to the next: strings, times, and long
	// numbers.
	valueRegexp = regexp.MustCompile(`"(\\.|[^"\\])*("|$)|\d{4}-\d\d-\d\dT[\d:.]+Z|\b[0-9a-f]{10,}\b`)
)

// where returns where the problem is.
func (p *Problem) where() string { return cmp.Or(p.Path, "the answer") }

// member returns the name of the member that the problem is in.
func (p *Problem) member() string {
	where := p.where()
	return indexRegexp.ReplaceAllString(where[strings.LastIndexByte(where, '.')+1:], "")
}

// kind returns what the problem has in common with those of other answers. Where a vector wants a
// certain value, that is the problem itself.
func (p *Problem) kind() string {
	for _, kind := range []string{"is missing", "is null"} {
		if strings.HasPrefix(p.Problem, kind+", want ") && !strings.HasSuffix(p.Problem, ", want no such member") {
			return kind
		}
	}
	if (p.Level == vector.Code || p.Level == vector.Text) && certainRegexp.MatchString(p.Problem) {
		return p.Problem
	}
	return valueRegexp.ReplaceAllString(p.Problem, "…")
}

// isWant returns the two values in a problem of the form: is "a", want "b".
func (p *Problem) isWant() (is, want string, ok bool) {
	rest, ok := strings.CutPrefix(p.Problem, "is ")
	if !ok {
		return "", "", false
	}
	// A string may itself have the separator in it. One that was shortened has no closing quote.
	const separator = ", want "
	quoted, _ := strconv.QuotedPrefix(rest)
	if !strings.HasPrefix(rest[len(quoted):], separator) {
		quoted = ""
	}
	value, want, ok := strings.Cut(rest[len(quoted):], separator)
	return quoted + value, want, ok
}

// printable returns a text with escapes for what a terminal or an XML reader would not print.
func printable(text string) string {
	var b strings.Builder
	for _, r := range text {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
	}
	return b.String()
}
