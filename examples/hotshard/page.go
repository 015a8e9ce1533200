package main

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"os"
	"strconv"
	"strings"
	"time"
)

// echarts is Apache ECharts 6.1.0, as npm has it. Its license is beside it.
//
//go:embed echarts/echarts.min.js
var echarts string

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// A chart is drawn by ECharts. Its option is data alone: encoding/json escapes what could end the
// script, and no part of it is run.
type chart struct {
	ID     string         `json:"id"`
	Height int            `json:"-"`
	Option map[string]any `json:"option"`
}

// A section of the page shows one result.
type section struct {
	Title  string
	Splits []string
	Charts []chart
}

// writePage writes the report as a page that needs nothing else.
func writePage(path string, r *Report) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := pageTemplate.Execute(file, page(r)); err != nil {
		_ = file.Close()
		return err
	}
	return file.Close()
}

// page returns the values of the template.
func page(r *Report) any {
	keys := r.keysChart()
	charts := []chart{keys}
	var sections []section
	for i := range r.Results {
		result := &r.Results[i]
		s := section{
			Title:  count(result.Shards, "shard"),
			Charts: []chart{heatMap(i, result), delayChart(i, result)},
		}
		if result.OpenShards != result.Shards {
			s.Title += fmt.Sprintf(", %d after splits", result.OpenShards)
		}
		for _, split := range result.Splits {
			s.Splits = append(s.Splits, r.describe(&split))
		}
		sections = append(sections, s)
		charts = append(charts, s.Charts...)
	}
	var text strings.Builder
	r.writeTraffic(&text)
	r.writeTable(&text)
	r.writeAnswers(&text)
	options, err := json.Marshal(charts)
	if err != nil {
		panic(err) // it is maps, lists, strings and numbers
	}
	return struct {
		Name     string
		Text     string
		Keys     chart
		Sections []section
		ECharts  template.JS
		Options  template.JS
	}{r.Name, text.String(), keys, sections, template.JS(echarts), template.JS(options)}
}

// maxRows is how many rows a heat map has. With more shards, a row shows the worst of several.
const maxRows = 200

// heatMap shows which share of a shard's attempts was throttled, over time.
func heatMap(number int, r *Result) chart {
	shards := len(r.shardNames)
	perRow := (shards + maxRows - 1) / maxRows
	rows := make([]string, (shards+perRow-1)/perRow)
	for i := range rows {
		first, last := i*perRow, min((i+1)*perRow, shards)-1
		rows[i] = strconv.Itoa(first)
		if first != last {
			rows[i] = fmt.Sprintf("%d to %d", first, last)
		}
	}
	cells := [][3]float64{}
	for x, c := range r.columns() {
		worst := make([]float64, len(rows))
		for shard, cell := range c.Cells {
			worst[shard/perRow] = max(worst[shard/perRow], percent(int64(cell.Throttled), int64(cell.Attempts)))
		}
		for y, value := range worst {
			if value > 0 {
				cells = append(cells, [3]float64{float64(x), float64(y), float64(int(value*10+0.5)) / 10})
			}
		}
	}
	return chart{
		ID:     fmt.Sprintf("heat-%d", number),
		Height: 190 + min(len(rows)*16, 420),
		Option: map[string]any{
			"title":   title("Throttled attempts, by shard and time"),
			"tooltip": map[string]any{"renderMode": "richText", "confine": true},
			"grid":    map[string]any{"left": 12, "right": 24, "top": 48, "bottom": 88, "containLabel": true},
			"xAxis":   timeAxis(r),
			"yAxis": map[string]any{
				"type": "category", "data": rows, "inverse": true, "axisTick": map[string]any{"show": false},
			},
			"axisPointer": map[string]any{"show": true}, // the tooltip does not name the shard
			"visualMap": map[string]any{
				"min": 0, "max": 100, "calculable": true, "orient": "horizontal", "left": "center", "bottom": 4,
				"text":    []string{"100 %", "0 %"},
				"inRange": map[string]any{"color": []string{"#fdd49e", "#fc8d59", "#d7301f", "#7f0000"}},
			},
			"series": []any{map[string]any{
				"name": "throttled %", "type": "heatmap", "data": cells, "markLine": endOfTrace(r, "start"), "animation": false,
			}},
		},
	}
}

// delayChart shows how late records were stored, over time.
func delayChart(number int, r *Result) chart {
	names := []string{"median", "99 %", "latest"}
	series := make([]any, len(names))
	for i, value := range []func(*histogram) time.Duration{
		func(h *histogram) time.Duration { return h.percentile(50) },
		func(h *histogram) time.Duration { return h.percentile(99) },
		func(h *histogram) time.Duration { return h.most },
	} {
		var data []any
		for _, c := range r.columns() {
			if c.Delays.n == 0 {
				data = append(data, nil)
			} else {
				data = append(data, max(value(&c.Delays).Round(time.Millisecond), time.Millisecond).Seconds())
			}
		}
		line := map[string]any{"name": names[i], "type": "line", "data": data, "showSymbol": false, "animation": false}
		if i == 0 {
			line["markLine"] = endOfTrace(r, "end")
		}
		series[i] = line
	}
	return chart{
		ID:     fmt.Sprintf("delay-%d", number),
		Height: 320,
		Option: map[string]any{
			"color":   []string{"#5470c6", "#e8833a", "#d7301f"},
			"title":   title("Seconds until a record was stored"),
			"tooltip": map[string]any{"trigger": "axis", "renderMode": "richText", "confine": true},
			"legend":  map[string]any{"bottom": 4, "data": names},
			"grid":    map[string]any{"left": 12, "right": 24, "top": 48, "bottom": 56, "containLabel": true},
			"xAxis":   timeAxis(r),
			"yAxis":   map[string]any{"type": "log"},
			"series":  series,
		},
	}
}

// keysChart shows the hottest keys.
func (r *Report) keysChart() chart {
	hottest := r.Traffic.keys.hottest(shownKeys)
	names, shares := make([]string, len(hottest)), make([]float64, len(hottest))
	for i, key := range hottest {
		names[i] = r.keyName(key.Name)
		shares[i] = float64(int(percent(key.Records, r.Traffic.Records)*100+0.5)) / 100
	}
	return chart{
		ID:     "keys",
		Height: 90 + 26*len(hottest),
		Option: map[string]any{
			"title":   title("Hottest keys, in percent of all records"),
			"tooltip": map[string]any{"trigger": "axis", "renderMode": "richText", "confine": true},
			"grid":    map[string]any{"left": 12, "right": 56, "top": 48, "bottom": 12, "containLabel": true},
			"xAxis":   map[string]any{"type": "value"},
			"yAxis": map[string]any{
				"type": "category", "data": names, "inverse": true,
				"axisLabel": map[string]any{"width": 140, "overflow": "truncate"},
			},
			"series": []any{map[string]any{
				"name": "share %", "type": "bar", "data": shares, "animation": false,
				"label": map[string]any{"show": true, "position": "right"},
			}},
		},
	}
}

func title(text string) map[string]any {
	return map[string]any{"text": text, "textStyle": map[string]any{"fontSize": 15}, "left": 8}
}

// columns yields the columns of the trace and then those of what was left.
func (r *Result) columns() []*column {
	var all []*column
	for _, line := range []*timeline{&r.Trace, &r.Drain} {
		for i := range line.Columns {
			all = append(all, &line.Columns[i])
		}
	}
	return all
}

// timeAxis names the columns by when they begin. Those after the trace count from its end.
func timeAxis(r *Result) map[string]any {
	var names []string
	for i := range r.Trace.Columns {
		names = append(names, clock(time.Duration(i)*r.Trace.Width))
	}
	for i := range r.Drain.Columns {
		names = append(names, "end + "+clock(time.Duration(i)*r.Drain.Width))
	}
	return map[string]any{
		"type": "category", "data": names, "axisTick": map[string]any{"show": false},
		"axisLabel": map[string]any{"hideOverlap": true},
	}
}

// clock returns a time since the beginning of the trace, like 1:02:03 or 2:03.4.
func clock(d time.Duration) string {
	minutes, seconds := d/time.Minute, d%time.Minute
	if hours := minutes / 60; hours > 0 {
		return fmt.Sprintf("%d:%02d:%02d", hours, minutes%60, seconds/time.Second)
	}
	return fmt.Sprintf("%d:%04.1f", minutes, seconds.Truncate(100*time.Millisecond).Seconds())
}

// endOfTrace marks where the trace ends. The word is at that end of the line which is on top.
func endOfTrace(r *Result, top string) map[string]any {
	var data []any
	if len(r.Trace.Columns) > 0 && len(r.Drain.Columns) > 0 {
		data = append(data, map[string]any{"xAxis": len(r.Trace.Columns)})
	}
	return map[string]any{
		"data": data, "silent": true, "symbol": "none", "animation": false,
		"label": map[string]any{"formatter": "end", "position": top},
	}
}
