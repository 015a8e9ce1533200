// Package clients_test runs clients that others have written against the emulator: AWS's CLI and
// SDKs, and a consumer library. Most run against an emulator that is a process of its own, on
// loopback. This is a module of its own, so the clients' requirements are not the emulator's.
//
// The environment variable PUTRECORDS_CLIENTS names the clients in other languages to test,
// separated by spaces: awscli, boto3, javascript, chromium. They must be installed; .ci/run shows
// how. The tests that need others are skipped.
package clients_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
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

// program builds the emulator, once for all tests, and returns its path.
var program = sync.OnceValues(func() (string, error) {
	path := filepath.Join(programs, "emulator")
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	output, err := exec.CommandContext(ctx, "go", "build", "-o", path, "github.com/putrecords/putrecords/emulator").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, output)
	}
	return path, nil
})

// programs is the directory of the emulator's program.
var programs string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if programs, err = os.MkdirTemp("", "emulator"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(programs)
		return m.Run()
	}())
}

// start starts the emulator on a free port and returns its URL. The emulator stops when the test
// ends.
func start(t *testing.T, args ...string) string {
	t.Helper()
	return startAt(t, "127.0.0.1:0", args...).url
}

// An emulator is a running emulator.
type emulator struct {
	url    string
	cmd    *exec.Cmd
	stdout *bufio.Reader
	once   sync.Once
}

// startAt starts the emulator on an address. It stops when the test ends, if not before.
func startAt(t *testing.T, addr string, args ...string) *emulator {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(within(t, 5*time.Minute), path, append([]string{"-addr", addr}, args...)...)
	cmd.Stderr = t.Output()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	e := &emulator{cmd: cmd, stdout: bufio.NewReader(stdout)}
	t.Cleanup(e.kill)
	line, err := e.stdout.ReadString('\n')
	url, found := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if err != nil || !found {
		t.Fatalf("the emulator's first line is %q, error %v", line, err)
	}
	e.url = url
	return e
}

// kill ends the emulator with SIGKILL, and returns when it has ended.
func (e *emulator) kill() {
	e.once.Do(func() {
		_ = e.cmd.Process.Kill()
		_, _ = io.Copy(io.Discard, e.stdout)
		_ = e.cmd.Wait() // it was killed
	})
}

// run runs a client and returns its exit code and what it printed.
func run(t *testing.T, client *exec.Cmd) (exit int, stdout []byte, stderr string) {
	t.Helper()
	stdout, err := client.Output()
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) || client.ProcessState.ExitCode() < 0 {
		t.Fatalf("%s: %v", client, err)
	}
	if exited != nil {
		stderr = string(exited.Stderr)
	}
	return client.ProcessState.ExitCode(), stdout, stderr
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
