package main

import (
	_ "embed"
	"html/template"
	"io"
	"strings"
)

//go:embed report.html
var pageText string

// page is the template of the page. Values that a server answered go through show.
var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"count": vectorCount,
	"join":  func(texts []string) string { return strings.Join(texts, ", ") },
	"show":  printable,
}).Parse(pageText))

// A pageData is what the template needs of a report.
type pageData struct {
	*Report
	Score, API, Counted string
	Bar                 []segment
	Rows                []string // of the table by section
	ByOutcome, ByLevel  []column
	Commons             []common
	Failed, Older       []pageVector
	Differing           []pageVector // those that passed
	Unsupported         []lack
	NotExpressible      []lack
}

// A segment is a part of the bar that shows the outcomes.
type segment struct {
	Class string
	Width int
}

// A pageVector is a vector on the page.
type pageVector struct {
	VectorReport
	Reasons              string
	Counting, Uncounting []pageProblem
}

// A pageProblem is a problem on the page. Is and Want are empty if it is not about two values.
type pageProblem struct {
	Problem
	Where, Is, Want string
}

// writeHTML writes the report as a page without scripts that needs no other file.
func (r *Report) writeHTML(w io.Writer) error {
	data := pageData{Report: r, Score: r.score(), API: r.api(), Counted: r.counted()}
	_, total := r.tally()
	data.Bar = []segment{
		{"passed", total.Outcomes[Passed]},
		{"older", total.Outcomes[OlderAnswer]},
		{"failed", total.Outcomes[Failed]},
		{"not-run", total.Outcomes[Unsupported] + total.Outcomes[NotExpressible]},
	}
	data.Rows, data.ByOutcome, data.ByLevel = r.columns()
	data.Commons, _ = r.common()
	data.Failed = pageVectors(r.with(Failed))
	data.Older = pageVectors(r.with(OlderAnswer))
	data.Differing = pageVectors(r.passedWithDifferences())
	data.Unsupported = r.lacks(Unsupported)
	data.NotExpressible = r.lacks(NotExpressible)
	return page.Execute(w, data)
}

func pageVectors(reports []VectorReport) []pageVector {
	onPage := make([]pageVector, len(reports))
	for i, v := range reports {
		onPage[i] = pageVector{v, strings.Join(v.reasons(), ", "), pageProblems(v.counting(true)), pageProblems(v.counting(false))}
	}
	return onPage
}

func pageProblems(problems []Problem) []pageProblem {
	onPage := make([]pageProblem, len(problems))
	for i, p := range problems {
		is, want, _ := p.isWant()
		onPage[i] = pageProblem{p, p.where(), is, want}
	}
	return onPage
}
