package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A child is a program that sends records with one producer, ready to run.
type child struct {
	command []string
	temp    string // holds the program if it was built, else ""
}

// build makes p's program ready to run.
func (p producer) build(ctx context.Context) (*child, error) {
	if p.dir == "" {
		return &child{command: p.command}, nil
	}
	temp, err := os.MkdirTemp("", "producers")
	if err != nil {
		return nil, err
	}
	// A workspace would give all producers the same AWS SDK.
	path, err := goBuild(ctx, temp, p.dir, ".", "GOWORK=off")
	if err != nil {
		os.RemoveAll(temp)
		return nil, err
	}
	return &child{command: append([]string{path}, p.command...), temp: temp}, nil
}

func (c *child) remove() {
	if c.temp != "" {
		os.RemoveAll(c.temp)
	}
}

// A claim is what a program prints on its last line.
type claim struct {
	Version string // of the producer
	Sent    int

	// Believed is how many records the producer's API claimed to have stored, or did not report as
	// failed.
	Believed int
}

// timeout limits one run of a program. One shard takes a millisecond for each record after the
// first thousand, and a producer may pause between attempts.
func timeout(records int) time.Duration {
	return 2*time.Minute + time.Duration(records)*4*time.Millisecond
}

// run has the program send records to a stream, and returns what it claims.
func (c *child) run(ctx context.Context, endpoint, stream string, records int) (claim, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout(records))
	defer cancel()
	cmd := exec.CommandContext(ctx, c.command[0], c.command[1:]...)
	cmd.WaitDelay = time.Second // if it leaves children with its output open
	// No AWS client finds other settings than these.
	cmd.Env = slices.DeleteFunc(os.Environ(), func(variable string) bool { return strings.HasPrefix(variable, "AWS_") })
	cmd.Env = append(cmd.Env,
		"PUTRECORDS_ENDPOINT="+endpoint,
		"PUTRECORDS_STREAM="+stream,
		"PUTRECORDS_RECORDS="+strconv.Itoa(records),
		"AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1",
		"AWS_ACCESS_KEY_ID=key", "AWS_SECRET_ACCESS_KEY=secret",
		"AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull,
		"AWS_EC2_METADATA_DISABLED=true",
		"NO_PROXY=*", "no_proxy=*",
	)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		if ctx.Err() != nil {
			err = fmt.Errorf("%w (%w)", err, context.Cause(ctx))
		}
		return claim{}, fmt.Errorf("%s: %w: %s", strings.Join(c.command, " "), err, tail(stderr.Bytes()))
	}
	return parseClaim(stdout.String(), records)
}

// parseClaim reads the last line of a program's output.
func parseClaim(stdout string, records int) (claim, error) {
	stdout = strings.TrimSpace(stdout)
	line := stdout[strings.LastIndexByte(stdout, '\n')+1:]
	printed := claim{Sent: -1, Believed: -1} // if they are missing
	if err := json.Unmarshal([]byte(line), &printed); err != nil {
		return claim{}, fmt.Errorf("the program's last line is %q and must be like %s: %w", tail([]byte(line)), `{"Version":"v1.2.3","Sent":5000,"Believed":5000}`, err)
	}
	switch {
	case printed.Version == "":
		return claim{}, errors.New("the program printed no Version")
	case printed.Sent == -1 || printed.Believed == -1:
		return claim{}, fmt.Errorf("the program's last line is %q and must have Sent and Believed", tail([]byte(line)))
	case printed.Sent != records:
		return claim{}, fmt.Errorf("the program sent %d records instead of %d", printed.Sent, records)
	case printed.Believed < 0 || printed.Believed > printed.Sent:
		return claim{}, fmt.Errorf("the program printed Believed %d, which must be from 0 to %d", printed.Believed, printed.Sent)
	}
	return printed, nil
}

// tail returns the end of a program's output, on one line.
func tail(output []byte) string {
	const most = 500
	text := strings.Join(strings.Fields(string(output)), " ")
	if len(text) > most {
		text = "…" + text[len(text)-most:]
	}
	return text
}
