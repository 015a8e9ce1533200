package tests_test

import (
	"bufio"
	"context"
	"encoding/json"
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

// build builds a command of this repository and returns its path.
func build(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", path, "github.com/putrecords/putrecords/"+name)
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, output)
	}
	return path
}

// startEmulator starts the emulator on a free loopback port and returns its URL. The emulator ends
// with the test.
func startEmulator(t *testing.T, path string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	cmd := exec.CommandContext(ctx, path, append([]string{"-addr", "127.0.0.1:0"}, args...)...)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(stdout)
	t.Cleanup(func() {
		cancel()
		_, _ = io.Copy(io.Discard, reader)
		_ = cmd.Wait() // it was killed
	})
	line, err := reader.ReadString('\n')
	url, found := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if err != nil || !found {
		t.Fatalf("the emulator's first line is %q, error %v", line, err)
	}
	return url
}

// report is what the tests read of a report in JSON.
type report struct {
	Vectors []struct {
		ID, Outcome string
		Why         []string
		Problems    []struct {
			Step                 int
			Level, Path, Problem string
		}
	}
}

// measure runs the command and returns its report.
func measure(t *testing.T, path string, args ...string) report {
	t.Helper()
	file := filepath.Join(t.TempDir(), "report.json")
	cmd := exec.CommandContext(t.Context(), path, append(args, "-json", file)...)
	output, err := cmd.CombinedOutput()
	text, readErr := os.ReadFile(file)
	if readErr != nil {
		t.Fatalf("%s: %v, %v\n%s", cmd, err, readErr, output)
	}
	var r report
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// The emulator satisfies every clause that can be expressed: over AWS's API alone, and with its
// control API. The only needs that the two leave are those that no control API meets.
func TestEmulatorSatisfiesEveryVector(t *testing.T) {
	conformance, emulator := build(t, "conformance"), build(t, "emulator")
	for name, test := range map[string]struct {
		args    []string
		unmet   []string // needs
		atLeast int      // vectors that are run
	}{
		"AWS's API alone": {
			[]string{"-parallel", "32"},
			[]string{"authorization", "clock", "decode", "faults", "layout", "limits", "region", "reshard delay", "storage faults"},
			240,
		},
		"with the control API": {
			[]string{"-control"}, []string{"authorization", "decode", "region", "storage faults"}, 300,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := startEmulator(t, emulator, "-control")
			r := measure(t, conformance, append(test.args, "-endpoint", url, "-marks", "S,P,D,I,ours")...)
			run := 0
			for _, v := range r.Vectors {
				switch v.Outcome {
				case "passed":
					run++
					for _, p := range v.Problems {
						t.Errorf("%s, step %d: %s: %s %s", v.ID, p.Step, p.Level, p.Path, p.Problem)
					}
				case "not expressible":
					for _, need := range v.Why {
						if !slices.Contains(test.unmet, need) {
							t.Errorf("%s is not run because of %q", v.ID, need)
						}
					}
				default:
					t.Errorf("%s: %s %v %v", v.ID, v.Outcome, v.Why, v.Problems)
				}
			}
			if run < test.atLeast {
				t.Errorf("only %d vectors were run", run)
			}
		})
	}
}
