package main

import (
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// lines are the lines of source that the catalog names, and part of what they hold.
var lines = []struct {
	name, source string // of a producer, and of the module or package that has the file
	file         string
	line         int
	text         string
}{
	{"telegraf", "github.com/influxdata/telegraf", "plugins/outputs/kinesis/kinesis.go", 107, "failed := *resp.FailedRecordCount"},
	{"telegraf", "github.com/influxdata/telegraf", "plugins/outputs/kinesis/kinesis.go", 178, "return nil"},
	{"otelcollector", otelExporter, "internal/producer/batcher.go", 49, "b.client.PutRecords("},
	{"otelcollector-packed", otelExporter, "internal/batch/encode_marshaler.go", 40, "ld.ResourceLogs().Len()"},
	{"redpandaconnect", "github.com/redpanda-data/connect/v4", "internal/impl/aws/kinesis/output.go", 275, "requeue any individual records"},
	{"dapr", "github.com/dapr/components-contrib", "bindings/aws/kinesis/kinesis.go", 152, "kinesisClient.PutRecord("},
	{"aws-kinesis-writable", "aws-kinesis-writable", "index.js", 139, "this.putRecords(formattedRecords, (err) =>"},
	{"kinesisingest", "@netacea/kinesisingest", "dist/KinesisIngest.js", 59, "catch (e)"},
	{"kinesis-streams", "kinesis-streams", "lib/writable.js", 116, "this.queue.unshift(...failedRecords)"},
	{"kinesis", "kinesis", "index.js", 406, "setTimeout(retry, "},
	{"lifion-kinesis", "lifion-kinesis", "lib/kinesis-client.js", 367, "records = nextRecords"},
	{"a8m", "github.com/a8m/kinesis-producer", "producer.go", 293, "failures(records, out.Records)"},
	{"tj", "github.com/tj/go-kinesis", "kinesis.go", 140, "p.backoff(int(failed))"},
	{"tj", "github.com/tj/go-kinesis", "kinesis.go", 92, "drain && len(p.records) == 0"},
	{"apex", "github.com/tj/go-kinesis", "kinesis.go", 148, "p.Logger.WithFields("},
	{"apex", "github.com/tj/go-kinesis", "config.go", 47, "c.Logger == nil"},
	{"sdkv2", "github.com/aws/aws-sdk-go-v2/service/kinesis", "api_op_PutRecords.go", 55, "both successfully and unsuccessfully"},
	{"sdkv1", "github.com/aws/aws-sdk-go", "service/kinesis/api.go", 2787, "both successfully and unsuccessfully"},
	{"javascript-v3", "@aws-sdk/client-kinesis", "dist-types/commands/PutRecordsCommand.d.ts", 61, "both successfully and unsuccessfully"},
	{"javascript-v2", "aws-sdk", "clients/kinesis.d.ts", 873, "FailedRecordCount"},
}

const otelExporter = "github.com/open-telemetry/opentelemetry-collector-contrib/exporter/awskinesisexporter"

// In the catalog, a link to a line of Go ends in the first of these, and another line is named by
// the second.
var (
	linkToLine = regexp.MustCompile(`/([\w]+\.go)#L(\d+)`)
	namedLine  = regexp.MustCompile("`([^`]+)`, line (\\d+)")
)

func TestLinesAreListed(t *testing.T) {
	var inCatalog, listed []string
	for _, p := range catalog {
		for _, found := range slices.Concat(linkToLine.FindAllStringSubmatch(p.does, -1), namedLine.FindAllStringSubmatch(p.does, -1)) {
			inCatalog = append(inCatalog, fmt.Sprint(p.name, " ", path.Base(found[1]), " ", found[2]))
		}
	}
	for _, l := range lines {
		listed = append(listed, fmt.Sprint(l.name, " ", path.Base(l.file), " ", l.line))
	}
	slices.Sort(inCatalog)
	slices.Sort(listed)
	if !slices.Equal(inCatalog, listed) {
		t.Errorf("the catalog names the lines\n%q, but listed are\n%q", inCatalog, listed)
	}
}

// A line is checked if the producer has been downloaded.
func TestLines(t *testing.T) {
	for _, l := range lines {
		t.Run(fmt.Sprint(l.name, " ", path.Base(l.file), " ", l.line), func(t *testing.T) {
			file := filepath.Join(sourceOf(t, l.name, l.source), filepath.FromSlash(l.file))
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			all := strings.Split(string(text), "\n")
			if l.line > len(all) || !strings.Contains(all[l.line-1], l.text) {
				t.Errorf("line %d of %s is not %q", l.line, file, l.text)
			}
		})
	}
}

// sourceOf returns the directory with a producer's source, or skips the test.
func sourceOf(t *testing.T, name, source string) string {
	t.Helper()
	dir := filepath.Join("javascript", "node_modules", filepath.FromSlash(source))
	if p := named(t, catalog, name); p.dir != "" {
		dir = filepath.Join(moduleCache(t), filepath.FromSlash(source)+"@"+requiredVersion(t, p.dir, source))
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skip("skipped:", err)
	}
	return dir
}

func moduleCache(t *testing.T) string {
	t.Helper()
	dir, err := exec.CommandContext(t.Context(), "go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(dir))
}

// requiredVersion returns the version of a module that a program's go.mod requires.
func requiredVersion(t *testing.T, program, module string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(program, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`\b` + regexp.QuoteMeta(module) + ` (v\S+)`).FindSubmatch(text)
	if found == nil {
		t.Fatalf("%s/go.mod does not require %s", program, module)
	}
	return string(found[1])
}
