package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// An emulator is the emulator of this checkout, running on loopback.
type emulator struct {
	url    string
	cmd    *exec.Cmd
	stdout *bufio.Reader
	temp   string // holds the program
}

// startEmulator builds and starts the emulator with AWS's limits on what a shard takes. Reads are
// not limited, because only the driver reads, and streams change their state immediately. More
// arguments override these.
func startEmulator(ctx context.Context, args ...string) (*emulator, error) {
	temp, err := os.MkdirTemp("", "emulator")
	if err != nil {
		return nil, err
	}
	e := &emulator{temp: temp}
	if err := e.start(ctx, args); err != nil {
		e.stop()
		return nil, fmt.Errorf("the emulator: %w", err)
	}
	return e, nil
}

func (e *emulator) start(ctx context.Context, args []string) error {
	path, err := goBuild(ctx, e.temp, "..", "./emulator", "GOWORK=") // the workspace has the emulator
	if err != nil {
		return err
	}
	var stderr bytes.Buffer
	args = append([]string{
		"-addr", "127.0.0.1:0", "-stream", "unused", "-state-delay", "0", "-control", "-reads", "1000", "-read-bytes", "1GiB",
	}, args...)
	e.cmd = exec.CommandContext(ctx, path, args...)
	e.cmd.Stderr = &stderr
	stdout, err := e.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := e.cmd.Start(); err != nil {
		return err
	}
	e.stdout = bufio.NewReader(stdout)
	line, _ := e.stdout.ReadString('\n')
	url, found := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if !found {
		e.stop()
		return fmt.Errorf("it did not start: %s", tail(stderr.Bytes()))
	}
	e.url = url
	return nil
}

func (e *emulator) stop() {
	if e.stdout != nil {
		_ = e.cmd.Process.Kill()
		_, _ = io.Copy(io.Discard, e.stdout)
		_ = e.cmd.Wait() // it was killed
	}
	os.RemoveAll(e.temp)
}
