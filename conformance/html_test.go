package main

import (
	"bytes"
	"html"
	"regexp"
	"strings"
	"testing"

	"github.com/putrecords/putrecords/internal/vector"
)

// htmlPage returns the page of a report.
func htmlPage(t *testing.T, r *Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.writeHTML(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var tagRegexp = regexp.MustCompile(`(?s)<style>.*</style>|<[^>]*>`)

// htmlText returns what a reader of the page sees, with single spaces.
func htmlText(page string) string {
	return strings.Join(strings.Fields(html.UnescapeString(tagRegexp.ReplaceAllString(page, " "))), " ")
}

// The page shows each part of a report.
func TestHTML(t *testing.T) {
	r := sample()
	r.Vectors[2].Problems[0].Note = "what the step shows"
	text := htmlText(htmlPage(t, r))
	for _, want := range []string{
		"Conformance of http://localhost:4567 4 March 2026, 05:06 UTC. What counts: marks S, P, D; levels code, members, text, numbers;",
		r.score() + ".",
		"section passed older failed unsupported not expressible code members text numbers 0 the PutRecords page 2 - - - - 2 2 2 1 1 the",
		"all 2 1 5 2 2 6 4 5 6",
		"3 vectors: EncryptionType is null, want no such member members 01-text 04-a 04-b",
		"01-empty The name of 01-empty mark S code, text “clause of 01-empty” Mark S, source: a page " +
			"Step 1, PutRecords: status code mark S what the step shows is 500 want 400 " +
			"Step 1, PutRecords: message text mark S is \"1 validation error detected: Value at 'records' failed to satisfy constraint\" " +
			"want \"1 validation error detected: Value '[]' at 'records' failed to satisfy constraint\"",
		"08-split The name of 08-split mark S not finished “clause of 08-split” Mark S, source: a page It could not be finished: SplitShard: no answer within 10s",
		"03-message The name of 03-message until 2021",
		"Step 2 has the answer that AWS gave until 2021 (a bug report).",
		"PutRecords.DryRun , 1 vector: 01-dry-run UpdateShardCount , 1 vector: 08-count",
		"Not expressible over AWS's API",
		"clock , 2 vectors: 06-throttled 10-list limits , 1 vector: 06-throttled",
		"Differences that don't count: Step 1, PutRecords: Records[1].SequenceNumber numbers mark S \"12\" is not 56 digits",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not have\n%s\nin\n%s", want, text)
		}
	}
}

// A page about a server that is right has no parts about what is wrong.
func TestHTMLOfPassed(t *testing.T) {
	page := htmlPage(t, report(vectorReport("04-a", Passed)))
	heads := regexp.MustCompile(`<h2[^>]*>([^<]*)`).FindAllStringSubmatch(page, -1)
	if len(heads) != 2 || heads[0][1] != "By section" || heads[1][1] != "How to read this page" {
		t.Errorf("the headings are %v", heads)
	}
}

// The page needs no script and no other file.
func TestHTMLIsSelfContained(t *testing.T) {
	page := htmlPage(t, sample())
	for _, other := range []string{"<script", "<link", "<img", "<iframe", "@import", "url(", "src=", `href="http`} {
		if strings.Contains(page, other) {
			t.Errorf("the page has %q", other)
		}
	}
}

// Each link leads to a place on the page.
func TestHTMLLinks(t *testing.T) {
	page := htmlPage(t, sample())
	links := regexp.MustCompile(`href="#([^"]*)"`).FindAllStringSubmatch(page, -1)
	if len(links) < 4 {
		t.Errorf("the page has %d links, want those to the vectors of a common problem", len(links))
	}
	for _, link := range links {
		if n := strings.Count(page, ` id="`+link[1]+`"`); n != 1 {
			t.Errorf("%d elements have the id %s, want 1", n, link[1])
		}
	}
}

// What a server answers stays text.
func TestHTMLHostile(t *testing.T) {
	hostile := "</code><script>alert(1)</script>\" onload=\"x\x00\x1b\u202e{{.}}"
	failed := vectorReport("04-a", Failed,
		problem(vector.Members, hostile, "is "+hostile+", want no such member"),
		problem(vector.Code, "a", hostile))
	failed.Why = []string{hostile}
	others := []VectorReport{failed, failed, failed}
	others[1].ID, others[2].ID = "04-b", "04-c"
	r := report(append(others,
		notRun("05-a", Unsupported, hostile),
		notRun("05-b", NotExpressible, hostile),
		vectorReport("05-c", Passed, uncounted(vector.Code, hostile, hostile)),
	)...)
	r.Endpoint = hostile
	page := htmlPage(t, r)
	if strings.Contains(page, "<script") || strings.ContainsAny(page, "\x00\x1b\u202e") {
		t.Errorf("the page has the text unescaped:\n%s", page)
	}
	const want = `</code><script>alert(1)</script>" onload="x\x00\x1b\u202e{{.}}`
	if n := strings.Count(html.UnescapeString(page), want); n < 10 {
		t.Errorf("the page shows the text %d times, want it in all places", n)
	}
}
