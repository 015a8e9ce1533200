package main

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/putrecords/putrecords/examples/jetstream/internal/cluster"
)

func TestMain(m *testing.M) {
	cluster.RunNode()
	os.Exit(m.Run())
}

// runWith runs the command, with output that several goroutines write.
func runWith(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	status = run(t.Context(), args, &out, &errs)
	return status, out.String(), errs.String()
}

// number returns the number that the report gives for the title.
func number(t *testing.T, report, title string) string {
	t.Helper()
	match := regexp.MustCompile(`(?m)^` + title + ` +(\d+)$`).FindStringSubmatch(report)
	if match == nil {
		t.Fatalf("the report does not say what is %s:\n%s", title, report)
	}
	return match[1]
}

// Nothing is lost although the leader is killed.
func TestKilledLeader(t *testing.T) {
	t.Parallel()
	status, stdout, stderr := runWith(t, "-for", "3s")
	if status != 0 || stderr != "" {
		t.Fatalf("status %d, %q:\n%s", status, stderr, stdout)
	}
	for _, title := range []string{"missing", "twice", "out of order"} {
		if got := number(t, stdout, title); got != "0" {
			t.Errorf("%s: %s", title, got)
		}
	}
	if got := number(t, stdout, "acknowledged"); got == "0" || got != number(t, stdout, "in the log") {
		t.Errorf("%s records are acknowledged:\n%s", got, stdout)
	}
	if !strings.Contains(stdout, "was killed with kill -9") {
		t.Errorf("no server was killed:\n%s", stdout)
	}
}

// With -nats it uses other servers, and leaves nothing there.
func TestOtherServers(t *testing.T) {
	t.Parallel()
	c, err := cluster.Start(t.TempDir(), 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	status, stdout, stderr := runWith(t, "-for", "3s", "-nats", c.URL(), "-replicas", "1")
	if status != 0 || stderr != "" || strings.Contains(stdout, "killed") {
		t.Fatalf("status %d, %q:\n%s", status, stderr, stdout)
	}
	conn, err := cluster.Connect(c.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	answer, err := conn.RequestWithContext(t.Context(), "$JS.API.STREAM.NAMES", nil)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(answer.Data, []byte(`"total":0`)) {
		t.Errorf("the server still has streams: %s", answer.Data)
	}
}

func TestArguments(t *testing.T) {
	for args, want := range map[string]string{
		"-for 2s":                  "-for is 2s and must be 3s or more",
		"-replicas 6":              "must be a whole number from 1 to 5",
		"-for 3s more":             `unexpected argument "more"`,
		"-unknown":                 "not defined: -unknown",
		"-nats nats://127.0.0.1:1": "connect to nats://127.0.0.1:1",
	} {
		wantStatus := 2
		if strings.HasPrefix(args, "-nats") {
			wantStatus = 1
		}
		if status, _, stderr := runWith(t, strings.Fields(args)...); status != wantStatus || !strings.Contains(stderr, want) {
			t.Errorf("%s: status %d, %q", args, status, stderr)
		}
	}
	if status, stdout, _ := runWith(t, "-help"); status != 0 || stdout != usage {
		t.Errorf("-help: status %d, %q", status, stdout)
	}
}
