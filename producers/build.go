package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

// goBuild builds a package, seen from a directory, and returns the path of the program, which is in
// to.
func goBuild(ctx context.Context, to, directory, name, goWork string) (string, error) {
	path := filepath.Join(to, "program")
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	build := exec.CommandContext(ctx, "go", "build", "-o", path, name)
	build.Dir = directory
	build.Env = append(os.Environ(), goWork)
	build.Cancel = func() error { return build.Process.Signal(os.Interrupt) } // it removes its files
	build.WaitDelay = 10 * time.Second
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w: %s", err, tail(output))
	}
	return path, nil
}
