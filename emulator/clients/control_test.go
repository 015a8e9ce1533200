package clients_test

import (
	"os"
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
	python := python(t)
	runTests(t, pythonPassed, python, filepath.Join("testdata", "control.py"), start(t, "-control"))
}

func TestControlFromJavaScript(t *testing.T) {
	skipUnlessNamed(t, "javascript")
	modules, err := filepath.Abs(filepath.Join("..", "..", "kinesishttp", "clients", "js"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(modules, "node_modules", "@aws-sdk", "client-kinesis")); err != nil {
		t.Fatalf("run npm ci in kinesishttp/clients/js to install the AWS SDK for JavaScript: %v", err)
	}
	runTests(t, javascriptPassed, "node", "--test-reporter=tap", filepath.Join("testdata", "control.mjs"), start(t, "-control"), modules)
}

// python returns a Python that has boto3. Debian's may not be the first.
func python(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		version, err := exec.CommandContext(within(t, time.Minute), name, "-c", "import boto3; print(boto3.__version__)").Output()
		if err == nil {
			t.Logf("%s with boto3 %s", name, version)
			return name
		}
	}
	t.Fatal("no Python has boto3")
	return ""
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
}
