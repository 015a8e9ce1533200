package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// An input is where records come from.
type input struct {
	name    string
	source  Source
	traffic *Traffic
	trace   *Trace // nil for made-up traffic
	close   func()
}

// shownBadLines is how many bad lines are reported one by one.
const shownBadLines = 10

// open opens the input, with a progress bar if stderr is a terminal.
func open(ctx context.Context, o Options, stdin io.Reader, stderr io.Writer) (*input, error) {
	if o.generator.Rate > 0 {
		in := &input{name: "made-up traffic", traffic: &Traffic{}}
		bar := newBar(int64(o.generator.Duration), stderr)
		in.close = func() { endBar(bar) }
		in.source = watched(newGenerator(o.generator).source(in.traffic), func() { _ = bar.Set64(int64(in.traffic.Length)) })
		return in, nil
	}
	t := &Trace{Strict: o.strict}
	in := &input{trace: t, traffic: &t.Traffic}
	var file io.Reader
	size := int64(-1)
	closeFile := func() error { return nil }
	switch o.file {
	case "":
		in.name, file, size = "sample.csv.gz", bytes.NewReader(sample), int64(len(sample))
	case "-":
		in.name, file = "standard input", stdin
	default:
		f, err := os.Open(o.file)
		if err != nil {
			return nil, err
		}
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			size = info.Size()
		}
		in.name, file, closeFile = o.file, f, f.Close
	}
	bar := newBar(size, stderr)
	in.close = func() {
		endBar(bar)
		_ = closeFile()
	}
	t.Report = func(line string) {
		if t.Bad <= shownBadLines {
			_ = bar.Clear()
			fmt.Fprintf(stderr, "hotshard: %s: skipped %s\n", in.name, strings.ReplaceAll(line, "\n", `\n`))
		}
	}
	reader := interruptible(ctx, file)
	in.source = watched(t.source(reader), func() { _ = bar.Set64(reader.read.Load()) })
	return in, nil
}

// newBar returns a progress bar. It shows nothing unless w is a terminal.
func newBar(size int64, w io.Writer) *progressbar.ProgressBar {
	file, ok := w.(*os.File)
	return progressbar.NewOptions64(size,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetVisibility(ok && term.IsTerminal(int(file.Fd()))),
		progressbar.OptionSetDescription("simulating"),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionSetWidth(40),
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionSetPredictTime(size > 0),
	)
}

// endBar removes a progress bar.
func endBar(bar *progressbar.ProgressBar) {
	_ = bar.Exit()
	_ = bar.Clear()
}

// watched calls step after each chunk.
func watched(source Source, step func()) Source {
	return func(yield func([]Arrival, error) bool) {
		for chunk, err := range source {
			if !yield(chunk, err) {
				return
			}
			step()
		}
	}
}
