package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// writtenPage runs the program and returns the page that it writes.
func writtenPage(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "report.html")
	if status, _, stderr := runWith(stdin, append([]string{"-html", path}, args...)...); status != 0 || stderr != "" {
		t.Fatalf("status %d, stderr %q", status, stderr)
	}
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// optionsOf returns the charts in a page.
func optionsOf(t *testing.T, page string) (charts []struct {
	ID     string
	Option map[string]any
},
) {
	t.Helper()
	_, rest, _ := strings.Cut(page, "const charts = ")
	data, _, _ := strings.Cut(rest, ";\n")
	if err := json.Unmarshal([]byte(data), &charts); err != nil {
		t.Fatal(err)
	}
	return charts
}

// A hostile key cannot leave the data of the script, and arrives as it is.
func TestHostileKeysStayData(t *testing.T) {
	const key = "</script><script>alert(1)</script><!--\u2028'\"`${x}"
	page := writtenPage(t, "time,key,bytes\n1,\""+strings.ReplaceAll(key, `"`, `""`)+"\",1\n", "-shards", "1", "-")
	if strings.Count(page, "</script>") != 2 || strings.Contains(page, "alert(1)<") || strings.Contains(page, "\u2028") {
		t.Error("a key is in the page as it is")
	}
	charts := optionsOf(t, page)
	axis := charts[0].Option["yAxis"].(map[string]any)
	if got := axis["data"].([]any)[0]; got != key {
		t.Errorf("the key is %q, want %q", got, key)
	}
}

// The page has a heat map and a chart of delays for each stream, and loads nothing.
func TestPageHasAllCharts(t *testing.T) {
	args := []string{"-rate", "2500", "-duration", "10s", "-shards", "1,2", "-split-hot", "-reshard-delay", "1s"}
	page := writtenPage(t, "", args...)
	if writtenPage(t, "", args...) != page {
		t.Error("the same seed makes another page")
	}
	var got []string
	for _, chart := range optionsOf(t, page) {
		got = append(got, chart.ID)
		if !strings.Contains(page, `id="`+chart.ID+`"`) {
			t.Errorf("no place for %s", chart.ID)
		}
	}
	if want := "keys heat-0 delay-0 heat-1 delay-1"; strings.Join(got, " ") != want {
		t.Errorf("charts %q, want %s", got, want)
	}
	own := strings.ReplaceAll(page, echarts, "")
	for _, loads := range []string{"src=", "href=", "@import", "url("} {
		if strings.Contains(own, loads) {
			t.Errorf("the page has %q", loads)
		}
	}
	for _, want := range []string{"default-src &#39;none&#39;", "after splits</h2>", "aws kinesis split-shard --stream-name stream"} {
		if !strings.Contains(own, want) && !strings.Contains(own, strings.ReplaceAll(want, "&#39;", "'")) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

// A row of the heat map is a shard, or the worst of several, and a column is a stretch of time.
func TestHeatMapBins(t *testing.T) {
	for _, test := range []struct {
		shards, rows int
		last         string
	}{{1, 1, "0"}, {199, 199, "198"}, {200, 200, "199"}, {201, 101, "200"}, {400, 200, "398 to 399"}, {401, 134, "399 to 400"}} {
		r := Result{shardNames: make([]string, test.shards), Trace: newTimeline(0, 10)}
		r.Trace.at(0)
		c := r.Trace.at(10_000_000)
		*c.cell(test.shards - 1) = cell{Attempts: 8, Throttled: 6}
		if test.shards > 1 {
			*c.cell(test.shards - 2) = cell{Attempts: 8, Throttled: 1}
		}
		option := heatMap(0, &r).Option
		rows := option["yAxis"].(map[string]any)["data"].([]string)
		cells := option["series"].([]any)[0].(map[string]any)["data"].([][3]float64)
		if len(rows) != test.rows || rows[len(rows)-1] != test.last {
			t.Errorf("%d shards: %d rows, the last is %q; want %d, %q", test.shards, len(rows), rows[len(rows)-1], test.rows, test.last)
		}
		if got, want := cells[len(cells)-1], [3]float64{1, float64(test.rows - 1), 75}; got != want {
			t.Errorf("%d shards: the worst cell is %v, want %v", test.shards, got, want)
		}
	}
}
