package main

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// A row has a producer's results, one for each kind of stream.
type row struct {
	producer producer
	results  []result
}

// pseudoVersion is that of a Go module without a tag. Only the commit is of interest.
var pseudoVersion = regexp.MustCompile(`^v0\.0\.0-\d{14}-`)

func (r row) version() string {
	return pseudoVersion.ReplaceAllString(r.results[0].Version, "")
}

// title names the producer and its version.
func (r row) title() string {
	return strings.ReplaceAll(r.producer.title, "VERSION", strings.TrimPrefix(r.version(), "v"))
}

// tables prints the rows in Markdown: what each producer lost and why, then all figures for each
// kind of stream.
func tables(streams []layout, rows []row) string {
	var b strings.Builder
	b.WriteString("| Producer |")
	for _, l := range streams {
		fmt.Fprintf(&b, " Lost on %s |", l.title)
	}
	b.WriteString(" What it does with a throttled record |\n|---|" + strings.Repeat("--:|", len(streams)) + "---|\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s |", r.title())
		for _, result := range r.results {
			fmt.Fprintf(&b, " %s |", thousands(result.lost()))
		}
		fmt.Fprintf(&b, " %s |\n", strings.ReplaceAll(r.producer.does, "VERSION", r.version()))
	}
	for i, l := range streams {
		fmt.Fprintf(&b, "\nOn %s:\n\n| Producer | Sent | Believed | Stored | Distinct | Lost |\n|---|--:|--:|--:|--:|--:|\n", l.title)
		for _, r := range rows {
			result := r.results[i]
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", r.title(), thousands(result.Sent),
				thousands(result.Believed), thousands(result.stored), thousands(result.distinct), thousands(result.lost()))
		}
	}
	return b.String()
}

// thousands prints n with a comma between thousands.
func thousands(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// The page has the tables between two lines.
const (
	page  = "../docs/producers.md"
	begin = "<!-- producers/run.sh -write makes what follows. -->\n"
	end   = "<!-- producers/run.sh -write makes what comes before. -->\n"
)

// replaceTables returns the page with other tables.
func replaceTables(text, tables string) (string, error) {
	before, rest, found := strings.Cut(text, begin)
	_, after, foundEnd := strings.Cut(rest, end)
	if !found || !foundEnd {
		return "", errors.New(page + " has lost the two lines around its tables")
	}
	return before + begin + "\n" + tables + "\n" + end + after, nil
}

// writeTables replaces the tables of the page.
func writeTables(tables string) error {
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	replaced, err := replaceTables(string(text), tables)
	if err != nil {
		return err
	}
	return os.WriteFile(page, []byte(replaced), 0o666)
}
