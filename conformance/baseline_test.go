package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/putrecords/putrecords/internal/vector"
)

// A change of a vector is a regression, or must be recorded, or is a note.
func TestCompareBaseline(t *testing.T) {
	status := problem(vector.Code, "status", "is 500, want 400")
	message := problem(vector.Text, "message", `is "a", want "b"`)
	passed, older := vectorReport("04-a", Passed), olderReport("04-a")
	failed := vectorReport("04-a", Failed, status)
	failedTwice := vectorReport("04-a", Failed, status, message)
	failedText := vectorReport("04-a", Failed, message)
	unfinished := vectorReport("04-a", Failed)
	unfinished.Why = []string{"timeout"}
	unsupported, inexpressible := notRun("04-a", Unsupported, "PutRecords"), notRun("04-a", NotExpressible, "clock")
	tests := []struct {
		name   string
		before VectorReport
		now    VectorReport
		kind   ChangeKind
		text   string
	}{
		{"passed, passed", passed, passed, "", ""},
		{"failed, failed", failed, failed, "", ""},
		{
			"failed, failed otherwise at the same level", failed,
			vectorReport("04-a", Failed, problem(vector.Code, "status", "is 400, want 200")), "", "",
		},
		{
			"passed, failed", passed, failed, Regression,
			"passed before, now failed (code): step 1, PutRecords: status is 500, want 400 (code)",
		},
		{
			"older, failed", older, failed, Regression,
			"older answer before, now failed (code): step 1, PutRecords: status is 500, want 400 (code)",
		},
		{
			"passed, not finished", passed, unfinished, Regression,
			"passed before, now failed (not finished): could not be finished: timeout",
		},
		{
			"failed, failed at another level too", failed, failedTwice, Regression,
			"failed (code) before, now failed (code, text): step 1, PutRecords: status is 500, want 400 (code)",
		},
		{
			"failed, failed at another level", failed, failedText, Regression,
			`failed (code) before, now failed (text): step 1, PutRecords: message is "a", want "b" (text)`,
		},
		{"passed, unsupported", passed, unsupported, Regression, "passed before, now unsupported (PutRecords)"},
		{"failed, unsupported", failed, unsupported, Regression, "failed (code) before, now unsupported (PutRecords)"},

		{"failed, passed", failed, passed, Unrecorded, "failed (code) before, now passed"},
		{"failed, older", failed, older, Unrecorded, "failed (code) before, now older answer"},
		{"not finished, passed", unfinished, passed, Unrecorded, "failed (not finished) before, now passed"},
		{
			"failed, failed at one level less", failedTwice, failedText, Unrecorded,
			`failed (code, text) before, now failed (text): step 1, PutRecords: message is "a", want "b" (text)`,
		},
		{"unsupported, passed", unsupported, passed, Unrecorded, "unsupported (PutRecords) before, now passed"},
		{
			"unsupported, failed", unsupported, failed, Unrecorded,
			"unsupported (PutRecords) before, now failed (code): step 1, PutRecords: status is 500, want 400 (code)",
		},
		{"not expressible, passed", inexpressible, passed, Unrecorded, "not expressible (clock) before, now passed"},

		{"passed, older", passed, older, Note, "passed before, now older answer"},
		{"older, passed", older, passed, Note, "older answer before, now passed"},
		{"passed, not expressible", passed, inexpressible, Note, "passed before, now not expressible (clock)"},
		{"unsupported, not expressible", unsupported, inexpressible, "", ""},
		{"unsupported, unsupported", unsupported, unsupported, "", ""},
		{
			"passed, passed with a difference that does not count", passed,
			vectorReport("04-a", Passed, uncounted(vector.Text, "message", "x")), "", "",
		},

		{
			"new, failed",
			VectorReport{},
			failed, Unrecorded,
			"not in the baseline, now failed (code): step 1, PutRecords: status is 500, want 400 (code)",
		},
		{"new, passed", VectorReport{}, passed, Note, "not in the baseline, now passed"},
		{"new, unsupported", VectorReport{}, unsupported, Note, "not in the baseline, now unsupported (PutRecords)"},
		{"passed, gone", passed, VectorReport{}, Note, "passed before, now gone"},
		{"failed, gone", failed, VectorReport{}, Note, "failed (code) before, now gone"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			before, now := report(vectorReport("00-a", Passed)), report(vectorReport("00-a", Passed))
			if test.before.ID != "" {
				before.Vectors = append(before.Vectors, test.before)
			}
			if test.now.ID != "" {
				now.Vectors = append(now.Vectors, test.now)
			}
			changes, err := compareBaseline(before, now)
			if err != nil {
				t.Fatal(err)
			}
			var want []Change
			if test.kind != "" {
				want = []Change{{"04-a", test.kind, test.text}}
			}
			if diff := cmp.Diff(want, changes); diff != "" {
				t.Error(diff)
			}
			if got, want := failing(changes), test.kind == Regression || test.kind == Unrecorded; got != want {
				t.Errorf("failing is %t, want %t", got, want)
			}
		})
	}
}

// Reports that count differently are not compared. The order of the flags' values does not matter.
func TestCompareBaselineOfOtherFlags(t *testing.T) {
	tests := []struct {
		name   string
		change func(r *Report)
		want   string // in the error; "" is none
	}{
		{"the same", func(*Report) {}, ""},
		{"another endpoint", func(r *Report) { r.Endpoint = "http://other" }, ""},
		{"another order", func(r *Report) {
			r.Marks = []string{"D", "S", "P"}
			r.Levels = []vector.Level{vector.Numbers, vector.Text, vector.Members, vector.Code}
		}, ""},
		{"more marks", func(r *Report) { r.Marks = append(r.Marks, "I") }, "This run has marks S, P, D, I; levels"},
		{"fewer marks", func(r *Report) { r.Marks = r.Marks[:1] }, "This run has marks S; levels"},
		{"fewer levels", func(r *Report) { r.Levels = r.Levels[:2] }, "levels code, members; without"},
		{"control", func(r *Report) { r.Control = true }, "numbers; with the control API"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			now := sample()
			test.change(now)
			changes, err := compareBaseline(sample(), now)
			switch {
			case test.want == "" && (err != nil || changes != nil):
				t.Errorf("got %v, %v, want no change", changes, err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want) ||
				!strings.Contains(err.Error(), "it has marks S, P, D; levels code, members, text, numbers; without the control API")):
				t.Errorf("got %v, want an error with both, and %s", err, test.want)
			}
		})
	}
}

// A run of a few vectors is compared with the same ones of the baseline.
func TestOnly(t *testing.T) {
	r := sample()
	r.only(regexp.MustCompile("^01-t|06"))
	if len(r.Vectors) != 2 || r.Vectors[0].ID != "01-text" || r.Vectors[1].ID != "06-throttled" {
		t.Errorf("got %v", r.Vectors)
	}
}

// The changes are printed by kind, with what to do to record them.
func TestWriteChanges(t *testing.T) {
	changes := []Change{
		{"04-a", Note, "passed before, now older answer"},
		{"04-b", Unrecorded, "failed (code) before, now passed"},
		{"04-c", Regression, "passed before, now unsupported (UpdateShardCount)"},
		{"04-d", Unrecorded, "failed (text) before, now passed"},
	}
	tests := []struct {
		changes []Change
		want    string
	}{
		{nil, "Nothing has changed since known.json\n"},
		{changes[:1], `Other changes since known.json
  04-a: passed before, now older answer
`},
		{changes, `Worse than in known.json
  04-c: passed before, now unsupported (UpdateShardCount)
Not yet recorded in known.json
  04-b: failed (code) before, now passed
  04-d: failed (text) before, now passed
  To record this, run all vectors again with -json known.json instead of -baseline known.json
Other changes since known.json
  04-a: passed before, now older answer
`},
	}
	for _, test := range tests {
		var b bytes.Buffer
		if err := writeChanges(&b, "known.json", test.changes, false); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, b.String()); diff != "" {
			t.Error(diff)
		}
	}
}

func encode(t *testing.T, r *Report) string {
	t.Helper()
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A report that is written and read is the same.
func TestReadReport(t *testing.T) {
	path := filepath.Join(t.TempDir(), "known.json")
	if err := os.WriteFile(path, []byte(encode(t, sample())), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := readReport(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sample(), got); diff != "" {
		t.Error(diff)
	}
}

// A file that is no report is refused, with its name and what is wrong.
func TestReadReportErrors(t *testing.T) {
	good := encode(t, sample())
	damaged := func(change func(r *Report)) string {
		r := sample()
		change(r)
		return encode(t, r)
	}
	tests := []struct{ name, text, want string }{
		{"empty", "", "it ends too early"},
		{"cut", good[:len(good)/2], "it ends too early"},
		{"more", good + "{}", "there is more after the JSON value"},
		{"no JSON", "score: 98", "invalid character 's' looking for beginning of value"},
		{"another object", `{"format": 2}`, `unknown field "format"`},
		{"an array", `[]`, "cannot unmarshal array"},
		{"null", `null`, "it has no marks, levels or vectors"},
		{"an empty object", `{}`, "it has no marks, levels or vectors"},
		{"no marks", damaged(func(r *Report) { r.Marks = nil }), "it has no marks, levels or vectors"},
		{"no levels", damaged(func(r *Report) { r.Levels = nil }), "it has no marks, levels or vectors"},
		{"no vectors", damaged(func(r *Report) { r.Vectors = nil }), "it has no marks, levels or vectors"},
		{"a mark", damaged(func(r *Report) { r.Marks[1] = "X" }), `mark "X" is unknown`},
		{"a level", damaged(func(r *Report) { r.Levels = []vector.Level{"codes"} }), `level "codes" is unknown`},
		{"no ID", damaged(func(r *Report) { r.Vectors[1].ID = "" }), `the ID of vector 2 is "", which is empty or a duplicate`},
		{
			"two of an ID", damaged(func(r *Report) { r.Vectors[1].ID = "00-data" }),
			`the ID of vector 2 is "00-data", which is empty or a duplicate`,
		},
		{"an outcome", damaged(func(r *Report) { r.Vectors[0].Outcome = "ok" }), `vector 00-data: outcome "ok" is unknown`},
		{"a problem's level", damaged(func(r *Report) { r.Vectors[1].Problems[0].Level = "x" }), `vector 00-numbers: level "x" is unknown`},
		{
			"failed without a problem", damaged(func(r *Report) { r.Vectors[0].Outcome = Failed }),
			`vector 00-data: its outcome is "failed", but it has no problem that counts`,
		},
		{
			"failed with a problem that does not count", damaged(func(r *Report) { r.Vectors[1].Outcome = Failed }),
			`vector 00-numbers: its outcome is "failed", but it has no problem that counts`,
		},
		{
			"passed with a problem", damaged(func(r *Report) { r.Vectors[2].Outcome = Passed }),
			`vector 01-empty: its outcome is "passed", but it has problems that count (code, text)`,
		},
		{
			"unsupported without a reason", damaged(func(r *Report) { r.Vectors[0].Outcome = Unsupported }),
			`vector 00-data: its outcome is "unsupported", but it does not say why`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "known.json")
			if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := readReport(path)
			if want := path + " is not a report that -json wrote: "; err == nil || !strings.HasPrefix(err.Error(), want) ||
				!strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s%s", err, want, test.want)
			}
		})
	}
	missing := filepath.Join(t.TempDir(), "missing.json")
	if _, err := readReport(missing); err == nil || !strings.Contains(err.Error(), "-json "+missing+" makes one") {
		t.Errorf("got %v for a file that does not exist", err)
	}
}
