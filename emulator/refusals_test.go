package main

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/kinesishttp"
)

// An operation that the emulator does not have is logged once. An operation that it has is not.
func TestRefusedOperations(t *testing.T) {
	e := start(t)
	defer e.finish(t)
	for _, test := range []struct{ operation, message string }{
		{"SubscribeToShard", `This server does not have the operation \"SubscribeToShard\".`},
		{"RegisterStreamConsumer", `This server does not have the operation \"RegisterStreamConsumer\".`},
		{"SubscribeToShard", `This server does not have the operation \"SubscribeToShard\".`},
	} {
		status, body, err := do(http.DefaultClient, newRequest(e.addr, test.operation, strings.NewReader("{}")))
		want := `{"__type":"UnknownOperationException","message":"` + test.message + `"}`
		if err != nil || status != 400 || body != want {
			t.Errorf("%s: status %d, body %s, error %v", test.operation, status, body, err)
		}
	}
	if status, _, err := do(http.DefaultClient, newRequest(e.addr, "PutRecords", strings.NewReader("{}"))); err != nil || status != 400 {
		t.Errorf("status %d, error %v", status, err)
	}
	const line = "level=WARN msg=\"refused an operation that the emulator does not have; this is logged once\" operation="
	log := e.stderr.String()
	if strings.Count(log, line+"SubscribeToShard\n") != 1 || strings.Count(log, line+"RegisterStreamConsumer\n") != 1 || strings.Count(log, line) != 2 {
		t.Errorf("stderr is %s", log)
	}
}

// The names that are logged are bounded, and cannot forge a line.
func TestRefusalLogIsBounded(t *testing.T) {
	var b strings.Builder
	log := newRefusalLog(slog.New(slog.NewTextHandler(&b, nil)))
	unknown := &putrecords.Error{Code: kinesishttp.UnknownOperationException}
	for i := range 2 * maxRefusals {
		log.refused(t.Context(), fmt.Sprint("a\nb", i), unknown)
	}
	if n := strings.Count(b.String(), "\n"); n != maxRefusals {
		t.Errorf("%d lines, want %d", n, maxRefusals)
	}
}

// Other refusals are logged each time, but limited, with a message that is not too long. A
// throttled PutRecord request is logged as its records are.
func TestRefusalLog(t *testing.T) {
	var b strings.Builder
	log := newRefusalLog(slog.New(slog.NewTextHandler(&b, nil)))
	log.refused(t.Context(), "PutRecord", &putrecords.Error{Code: putrecords.ProvisionedThroughputExceededException})
	for range linesPerSecond + 2 {
		log.refused(t.Context(), "GetRecords", &putrecords.Error{
			Code: putrecords.ProvisionedThroughputExceededException, Message: "a\nb" + strings.Repeat("m", 1000),
		})
	}
	log.limit.flush()
	const line = ` level=WARN msg=refused operation=GetRecords code=ProvisionedThroughputExceededException message="a\nbm`
	const end = `m…"` + "\n"
	if n := strings.Count(b.String(), line); n != linesPerSecond || strings.Count(b.String(), end) != n || b.Len() > 600*linesPerSecond ||
		!strings.HasSuffix(b.String(), ` about="refused requests" lines=2`+"\n") || strings.Count(b.String(), "\n") != linesPerSecond+1 {
		t.Errorf("logged %s", &b)
	}
}
