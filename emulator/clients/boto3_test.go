package clients_test

import (
	"bufio"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// pythons returns the programs that have boto3, and logs its versions. Debian's Python is often not
// the first in the PATH, and has an older boto3.
func pythons(t *testing.T) []string {
	t.Helper()
	var found []string
	versions := map[string]bool{}
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		version, err := exec.CommandContext(within(t, time.Minute), name, "-c", "import boto3; print(boto3.__version__)").Output()
		if text := strings.TrimSpace(string(version)); err == nil && !versions[text] {
			t.Logf("%s with boto3 %s", name, text)
			versions[text] = true
			found = append(found, name)
		}
	}
	if found == nil {
		t.Fatal("no Python has boto3; on Debian, install the package python3-boto3")
	}
	return found
}

// boto3 gets through every operation that its version has, whether changes take time or not.
func TestOperationsFromBoto3(t *testing.T) {
	skipUnlessNamed(t, "boto3")
	t.Parallel()
	for _, python := range pythons(t) {
		for _, delay := range []string{"0s", "200ms"} {
			t.Run(strings.TrimPrefix(python, "/usr/bin/")+"/"+delay, func(t *testing.T) {
				t.Parallel()
				runTests(t, "\nRan 18 tests in ", python, filepath.Join("testdata", "operations.py"), start(t, "-state-delay", delay))
			})
		}
	}
}

// A producer and a consumer go on after the emulator was killed and started again on its directory.
// The consumer gets every acknowledged record, once and in order, with the iterators that it had.
func TestBoto3ReadsOnAfterKill(t *testing.T) {
	skipUnlessNamed(t, "boto3")
	t.Parallel()
	args := []string{"-data", t.TempDir(), "-stream", "orders:2", "-unlimited"}
	first := startAt(t, "127.0.0.1:0", args...)
	script := exec.CommandContext(within(t, 2*time.Minute), pythons(t)[0], filepath.Join("testdata", "restart.py"), first.url)
	script.Env = environment(t)
	script.Stderr = t.Output()
	stdout, err := script.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdin, err := script.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := script.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	if !lines.Scan() || lines.Text() != "kill" {
		t.Errorf("the script prints %q, want it to ask for the kill", lines.Text())
	}
	first.kill() // in the middle of puts and reads
	startAt(t, strings.TrimPrefix(first.url, "http://"), args...)
	if err := stdin.Close(); err != nil { // the script reads the end of the file
		t.Error(err)
	}
	var printed []string
	for lines.Scan() {
		printed = append(printed, lines.Text())
	}
	if err := errors.Join(lines.Err(), script.Wait()); err != nil || len(printed) == 0 || !strings.HasPrefix(printed[len(printed)-1], "read ") {
		t.Fatalf("the script prints %q: %v", printed, err)
	}
	t.Log(printed[len(printed)-1])
}
