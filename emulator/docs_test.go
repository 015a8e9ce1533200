package main

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// findAll returns the expression's groups in a text, sorted.
func findAll(expression, text string) []string {
	var found []string
	for _, match := range regexp.MustCompile(expression).FindAllStringSubmatch(text, -1) {
		found = append(found, match[1])
	}
	slices.Sort(found)
	return found
}

// section returns the part of a page under a heading.
func section(t *testing.T, page, heading string) string {
	t.Helper()
	_, after, found := strings.Cut(page, "\n## "+heading+"\n")
	if !found {
		t.Fatalf("the page has no section %s", heading)
	}
	text, _, _ := strings.Cut(after, "\n## ")
	return text
}

func TestPageListsTheFlags(t *testing.T) {
	onPage := findAll("(?m)^\\|[^|]*\\| `-([a-z-]+)", section(t, readPage(t, "emulator.md"), "Flags"))
	onPage = slices.Compact(onPage)
	inUsage := findAll(`(?m)^  -([a-z-]+)`, usage)
	if diff := cmp.Diff(inUsage, onPage); diff != "" || len(inUsage) < 10 {
		t.Errorf("the page's flags differ from the usage text's (-usage +page):\n%s", diff)
	}
}

// The page lists all operations, under what answers and what does not.
func TestPageListsTheOperations(t *testing.T) {
	supported, rest, found := strings.Cut(section(t, readPage(t, "emulator.md"), "Operations"), "| Not supported ")
	if !found {
		t.Fatal("the page has no table of what is not supported")
	}
	e := start(t)
	defer e.finish(t)
	const operation = `\b([A-Z][a-z]+[A-Z][A-Za-z]+)\b`
	for text, want := range map[string]struct {
		count int
		known bool
	}{
		supported: {28, true},
		rest:      {11, false},
	} {
		var names []string
		for _, row := range findAll(`(?m)^\|[^|]*\|(.*)\|$`, text) {
			names = append(names, findAll(operation, row)...)
		}
		if len(names) != want.count {
			t.Errorf("%d operations, want %d: %q", len(names), want.count, names)
		}
		for _, name := range names {
			_, body, err := do(http.DefaultClient, newRequest(e.addr, name, strings.NewReader("{}")))
			if known := !strings.Contains(body, "UnknownOperationException"); err != nil || known != want.known {
				t.Errorf("%s: %s, error %v", name, body, err)
			}
		}
	}
}

func TestPageListsTheMetrics(t *testing.T) {
	e := start(t)
	defer e.finish(t)
	request, err := http.NewRequest(http.MethodGet, "http://"+e.addr+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	if status, body, err := do(http.DefaultClient, newRequest(e.addr, "ListStreams", strings.NewReader("{}"))); err != nil || status != http.StatusOK {
		t.Fatalf("status %d, body %s, error %v", status, body, err) // only a request that was answered has a duration
	}
	_, body, err := do(http.DefaultClient, request)
	if err != nil {
		t.Fatal(err)
	}
	onPage := findAll("(?m)^\\| `(putrecords_[a-z_]+)`", readPage(t, "emulator.md"))
	answered := findAll(`(?m)^# TYPE (\S+)`, body)
	if diff := cmp.Diff(answered, onPage); diff != "" || len(onPage) == 0 {
		t.Errorf("the page's metrics differ from the answer's (-answer +page):\n%s", diff)
	}
}

func TestPageWithAWSCLI(t *testing.T) {
	if !slices.Contains(strings.Fields(os.Getenv("PUTRECORDS_CLIENTS")), "awscli") {
		t.Skip("skipped: PUTRECORDS_CLIENTS does not name awscli")
	}
	t.Setenv("PATH", dirOfAWS2(t)+string(filepath.ListSeparator)+os.Getenv("PATH"))
	wantPageTrue(t, section(t, readPage(t, "emulator.md"), "A session with the AWS CLI"), "-state-delay", "0")
}

// dirOfAWS2 returns the directory of version 2 of the AWS CLI, which may not be the first in PATH.
func dirOfAWS2(t *testing.T) string {
	t.Helper()
	for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/local/bin", "/usr/bin") {
		version, err := exec.CommandContext(t.Context(), filepath.Join(dir, "aws"), "--version").Output()
		if err == nil && strings.HasPrefix(string(version), "aws-cli/2.") {
			return dir
		}
	}
	t.Fatal("version 2 of the AWS CLI is not installed")
	return ""
}
