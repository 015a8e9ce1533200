package clients_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// allAnswered is what testdata/operations.mjs says in the end.
const allAnswered = "every operation has answered"

// javascriptModules returns the directory in which the AWS SDK for JavaScript is installed.
func javascriptModules(t *testing.T) string {
	t.Helper()
	directory, err := filepath.Abs(filepath.Join("..", "..", "kinesishttp", "clients", "js"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(directory, "node_modules", "@aws-sdk", "client-kinesis")); err != nil {
		t.Fatalf("run npm ci in kinesishttp/clients/js to install the AWS SDK for JavaScript: %v", err)
	}
	return directory
}

// The SDK gets through every operation over HTTP/2, whether changes take time or not.
func TestOperationsFromJavaScript(t *testing.T) {
	skipUnlessNamed(t, "javascript")
	t.Parallel()
	modules := javascriptModules(t)
	for _, delay := range []string{"0s", "200ms"} {
		t.Run(delay, func(t *testing.T) {
			t.Parallel()
			node := exec.CommandContext(within(t, 2*time.Minute), "node", filepath.Join("testdata", "operations.mjs"), start(t, "-state-delay", delay), modules)
			node.Env = environment(t)
			if exit, stdout, stderr := run(t, node); exit != 0 || strings.TrimSpace(string(stdout)) != allAnswered {
				t.Errorf("node exits with %d and prints %s and %s", exit, stdout, stderr)
			}
		})
	}
}
