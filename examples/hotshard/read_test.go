package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"testing/iotest"
	"testing/synctest"
)

func TestInterruptibleReader(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789"), 30_000)
	for name, file := range map[string]io.Reader{
		"whole":          bytes.NewReader(data),
		"in pieces":      iotest.HalfReader(bytes.NewReader(data)),
		"with its error": iotest.DataErrReader(bytes.NewReader(data)),
		"empty":          bytes.NewReader(nil),
	} {
		want := data
		if name == "empty" {
			want = nil
		}
		r := interruptible(t.Context(), file)
		if err := iotest.TestReader(r, want); err != nil || r.read.Load() != int64(len(want)) {
			t.Errorf("%s: %v after %d bytes", name, err, r.read.Load())
		}
	}
	broken := errors.New("broken")
	if _, err := io.ReadAll(interruptible(t.Context(), iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Errorf("got error %v", err)
	}
}

// A Read ends with the context, though there is nothing to read and no end.
func TestInterruptibleReaderIsInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		ctx, cancel := context.WithCancel(t.Context())
		reader := interruptible(ctx, r)
		got := make(chan error)
		go func() {
			_, err := reader.Read(make([]byte, 1))
			got <- err
		}()
		synctest.Wait() // until it hangs
		cancel()
		if err := <-got; !errors.Is(err, context.Canceled) {
			t.Errorf("got error %v", err)
		}
		_ = w.Close() // ends the goroutine
	})
}
