package putrecords_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/putrecords/putrecords"
)

// The pages in docs show code from this file. The README shows all of kinesistest/readme_test.go.

// send is a correct producer: it retries the records that failed, and only those.
func send(ctx context.Context, stream *putrecords.Stream, records []putrecords.RequestEntry) error {
	for len(records) > 0 {
		out, err := stream.Put(ctx, records...)
		if err != nil {
			return err
		}
		var failed []putrecords.RequestEntry
		for i := range out.Failed() {
			failed = append(failed, records[i])
		}
		records = failed
		if len(failed) > 0 {
			time.Sleep(100 * time.Millisecond)
		}
	}
	return nil
}

func TestProducerWhenStorageFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stream := putrecords.MustNew(putrecords.Config{Shards: 4})
		fault := stream.Inject(putrecords.Fault{
			Count: 3, // fail with InternalFailure three times, then stop
			Match: func(a putrecords.Attempt) bool { return a.PartitionKey == "customer-7" },
		})
		err := send(t.Context(), stream, []putrecords.RequestEntry{
			putrecords.Entry("customer-6", []byte("an order")),
			putrecords.Entry("customer-7", []byte("an order")),
		})
		if err != nil || fault.Hits() != 3 {
			t.Errorf("error %v after %d failures", err, fault.Hits())
		}
		shard := stream.Route(putrecords.HashKeyOf("customer-7")).ShardID
		for record, err := range stream.Records(shard) {
			t.Log(record.SequenceNumber, record.PartitionKey, string(record.Data), err)
		}
	})
}

// simulate returns the share of records that are throttled when 1,200 arrive each second.
func simulate(ctx context.Context, shards int, length time.Duration) (float64, error) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	stream, err := putrecords.New(putrecords.Config{
		Shards: shards,
		Now:    func() time.Time { return now },
		Log:    putrecords.Discard(),
	})
	if err != nil {
		return 0, err
	}
	sent, throttled := 0, 0
	for end := now.Add(length); now.Before(end); now = now.Add(time.Second / 4) {
		records := make([]putrecords.RequestEntry, 300)
		for i := range records {
			sent++
			records[i] = putrecords.Entry(fmt.Sprint("customer-", sent%10_000), nil)
		}
		out, err := stream.Put(ctx, records...)
		if err != nil {
			return 0, err
		}
		throttled += out.FailedRecordCount
	}
	return float64(throttled) / float64(sent), nil
}

func Example_simulation() {
	for _, shards := range []int{1, 2} {
		throttled, err := simulate(context.Background(), shards, time.Minute)
		fmt.Printf("%d shards: %.1f %% throttled, %v\n", shards, 100*throttled, err)
	}
	// Output:
	// 1 shards: 15.6 % throttled, <nil>
	// 2 shards: 0.0 % throttled, <nil>
}

// The README shows kinesistest/readme_test.go, with a package name for the reader's module.
func TestReadmeShowsATestThatRuns(t *testing.T) {
	blocks := goBlocks(readDoc(t, "README.md"))
	if len(blocks) != 1 {
		t.Fatalf("the README has %d blocks of Go, want 1", len(blocks))
	}
	test := readDoc(t, "kinesistest/readme_test.go")
	want := strings.Replace(test, "package kinesistest_test", "package orders_test", 1)
	if blocks[0] != want {
		t.Errorf("the README's test is not kinesistest/readme_test.go:\n%s", blocks[0])
	}
}

func TestReadmeIsShort(t *testing.T) {
	if words := len(strings.Fields(readDoc(t, "README.md"))); words >= 1000 {
		t.Errorf("the README has %d words, want fewer than 1,000", words)
	}
}

// .ci/run runs these commands.
func TestReadmeShowsTheCommandsThatCIRuns(t *testing.T) {
	readme := readDoc(t, "README.md")
	for _, command := range []string{
		"go run ./examples/quickstart",
		"go test work",
		"go test -v -run 'NaiveProducer|NothingIsLost' ./examples/producer",
	} {
		if !strings.Contains(readme, "\n"+command+"\n") {
			t.Errorf("the README lacks the command %s", command)
		}
	}
}

// Every block of Go in docs stands in this file or in an example of kinesishttp.
func TestDocsShowCodeThatRuns(t *testing.T) {
	sources := []string{readDoc(t, "docs_test.go")}
	for _, name := range []string{"kinesishttp/example_test.go", "kinesishttp/clients/example_test.go", "kinesistest/example_test.go"} {
		text, err := os.ReadFile(filepath.FromSlash(name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		sources = append(sources, string(text))
	}
	code := withoutIndent(strings.Join(sources, "\n"))
	count := 0
	for _, name := range docPages(t) {
		for _, block := range goBlocks(readDoc(t, name)) {
			count++
			if !strings.Contains(code, withoutIndent(block)) {
				t.Errorf("%s shows Go code that no test compiles:\n%s", name, block)
			}
		}
	}
	if count < 5 {
		t.Errorf("the pages in docs have %d blocks of Go, want at least 5", count)
	}
}

func TestDocsLinkToFilesThatExist(t *testing.T) {
	pages := append(docPages(t), "README.md", "CHANGELOG.md", "CONTRIBUTING.md")
	fenced := regexp.MustCompile("(?s)```.*?```")
	link := regexp.MustCompile(`\]\(([^)#\s]+)[^)]*\)`)
	count := 0
	for _, name := range pages {
		prose := fenced.ReplaceAllString(readDoc(t, name), "")
		for _, match := range link.FindAllStringSubmatch(prose, -1) {
			if strings.Contains(match[1], "://") {
				continue
			}
			count++
			target := filepath.Join(filepath.Dir(name), filepath.FromSlash(match[1]))
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if count < 10 {
		t.Errorf("the pages have %d relative links, want at least 10", count)
	}
}

// docPages returns the names of the pages in docs.
func docPages(t *testing.T) []string {
	t.Helper()
	pages, err := filepath.Glob("docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("%d pages in docs, error %v", len(pages), err)
	}
	return pages
}

// readDoc returns the text of a file. It skips the test if the rest of the repository is missing.
func readDoc(t *testing.T, name string) string {
	t.Helper()
	if _, err := os.Stat("kinesishttp"); err != nil {
		t.Skip("skipped: this module is not in a clone of its repository")
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func goBlocks(page string) []string {
	var blocks []string
	for _, match := range regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(page, -1) {
		blocks = append(blocks, match[1])
	}
	return blocks
}

func withoutIndent(text string) string {
	return regexp.MustCompile(`(?m)^[ \t]+`).ReplaceAllString(text, "")
}
