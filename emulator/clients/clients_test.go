// Package clients_test runs clients in other languages against the emulator, which is a process of
// its own on loopback.
//
// The environment variable PUTRECORDS_CLIENTS names the clients to test, separated by spaces: boto3,
// javascript. They must be installed; .ci/run shows how.
package clients_test

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// skipUnlessNamed skips a client's tests unless PUTRECORDS_CLIENTS names it.
func skipUnlessNamed(t *testing.T, client string) {
	t.Helper()
	if !slices.Contains(strings.Fields(os.Getenv("PUTRECORDS_CLIENTS")), client) {
		t.Skipf("skipped: PUTRECORDS_CLIENTS does not name %s", client)
	}
}

// start builds and starts the emulator. It returns the emulator's URL. The emulator stops when the
// test ends.
func start(t *testing.T, args ...string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "emulator")
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	build := exec.CommandContext(within(t, 5*time.Minute), "go", "build", "-o", program, "github.com/putrecords/putrecords/emulator")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, output)
	}
	emulator := exec.CommandContext(within(t, 5*time.Minute), program, append([]string{"-addr", "127.0.0.1:0"}, args...)...)
	emulator.Stderr = t.Output()
	stdout, err := emulator.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := emulator.Start(); err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(stdout)
	t.Cleanup(func() {
		_ = emulator.Process.Kill()
		_, _ = io.Copy(io.Discard, reader)
		_ = emulator.Wait() // it was killed
	})
	line, err := reader.ReadString('\n')
	url, found := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if err != nil || !found {
		t.Fatalf("the emulator's first line is %q, error %v", line, err)
	}
	return url
}

// environment returns a client's environment. It leaves out the machine's AWS configuration and
// proxies.
func environment(t *testing.T) []string {
	return []string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + t.TempDir(),
		"LC_ALL=C.UTF-8",
		"TZ=UTC",
		"AWS_ACCESS_KEY_ID=AKIDEXAMPLE",
		"AWS_SECRET_ACCESS_KEY=secret",
		"AWS_REGION=us-east-1",
		"AWS_DEFAULT_REGION=us-east-1",
		"AWS_CONFIG_FILE=" + os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull,
		"AWS_EC2_METADATA_DISABLED=true",
	}
}

// within returns a context that ends a process if it takes far too long.
func within(t *testing.T, limit time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	return ctx
}
