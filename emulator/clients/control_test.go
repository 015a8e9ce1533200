package clients_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The tests that these scripts hold, in the words that their test runners print.
const (
	pythonPassed     = "Ran 6 tests in "
	javascriptPassed = "# pass 5\n"
)

func TestControlFromPython(t *testing.T) {
	skipUnlessNamed(t, "boto3")
	runTests(t, pythonPassed, pythons(t)[0], filepath.Join("testdata", "control.py"), start(t, "-control"))
}

func TestControlFromJavaScript(t *testing.T) {
	skipUnlessNamed(t, "javascript")
	modules := javascriptModules(t)
	runTests(t, javascriptPassed, "node", "--test-reporter=tap", filepath.Join("testdata", "control.mjs"), start(t, "-control"), modules)
}

// runTests runs a script of tests. All of them must pass: passed is what the script prints then.
func runTests(t *testing.T, passed, program string, args ...string) {
	t.Helper()
	script := exec.CommandContext(within(t, 2*time.Minute), program, args...)
	script.Env = environment(t)
	output, err := script.CombinedOutput()
	if err != nil || !strings.Contains(string(output), passed) {
		t.Errorf("%s: %v\n%s", script, err, output)
	}
	for line := range strings.Lines(string(output)) {
		if strings.HasPrefix(line, "skipped: ") {
			t.Log(strings.TrimSpace(line))
		}
	}
}
