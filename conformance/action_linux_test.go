package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/putrecords/putrecords/internal/image"
)

// runAction runs the script of action.yml as GitHub does. Inputs are environment variables. It
// returns what the script prints and its summary of the job.
func runAction(t *testing.T, inputs ...string) (output, summary string, err error) {
	t.Helper()
	for _, program := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("skipped: %s is not installed", program)
		}
	}
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	temp := t.TempDir()
	script := image.Find(t, readText(t, "action.yml"), `(?s)\n      run: \|\n(.*)$`)
	command := exec.CommandContext(t.Context(), "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script)
	command.Dir = temp
	command.Env = append(os.Environ(),
		"ENDPOINT="+server.URL, "CONTROL=false", "BASELINE=", "ARGS=", "REPORTS=reports",
		"RUNNER_TEMP="+temp, "GITHUB_ACTION_PATH="+here, "GITHUB_STEP_SUMMARY="+filepath.Join(temp, "summary"))
	command.Env = append(command.Env, inputs...)
	text, err := command.CombinedOutput()
	return string(text), readText(t, filepath.Join(temp, "summary")), err
}

func TestActionRunsTheCommand(t *testing.T) {
	output, summary, err := runAction(t, "CONTROL=true", "BASELINE=known.json", "ARGS=-list -run ^01-name")
	if err != nil || !strings.HasPrefix(output, "01-name-or-arn ") {
		t.Errorf("the action prints\n%s\nerror %v", output, err)
	}
	if want := "```\n" + output + "```\n"; summary != want {
		t.Errorf("the summary is\n%s\nwant\n%s", summary, want)
	}
}

func TestActionFailsIfTheCommandDoes(t *testing.T) {
	for _, test := range []struct {
		inputs []string
		want   string
	}{
		{nil, "not Kinesis's"},
		{[]string{"CONTROL=true", "ARGS=-stream s"}, "-control and -stream cannot be used together"},
	} {
		output, summary, err := runAction(t, test.inputs...)
		if err == nil || !strings.Contains(output, test.want) || summary != "```\n```\n" {
			t.Errorf("%q: the action prints\n%s\nthe summary is\n%s\nerror %v", test.inputs, output, summary, err)
		}
	}
}

func readText(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
