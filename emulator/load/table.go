package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// writeTable prints the results.
func writeTable(w io.Writer, o options, results []*result) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s in %s with %d × %d bytes and %d-byte keys on %d connections; %d rounds of %d calls or %v\n\n",
		o.operation(), o.encoding().name, o.records, o.bytes, keyLength, o.connections, o.rounds, o.calls, o.time)
	width := len("endpoint")
	for _, r := range results {
		width = max(width, len(r.url))
	}
	last := median(results[len(results)-1].rates)
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "%-*s\trecords/s\tlowest\thighest\t× last\tserver ns/record\tclient ns/record\t\n", width, "endpoint")
	for _, r := range results {
		m := median(r.rates)
		ratio := "-"
		if last > 0 {
			ratio = fmt.Sprintf("%.2f", m/last)
		}
		fmt.Fprintf(t, "%-*s\t%.0f\t%.0f\t%.0f\t%s\t%s\t%s\t\n", width, r.url, m, slices.Min(r.rates), slices.Max(r.rates), ratio,
			perRecord(r.server, r.records), perRecord(r.client, r.records))
	}
	t.Flush()
	for _, r := range results {
		if r.server > 0 && r.client > r.server {
			fmt.Fprintf(&b, "\nThis program took more CPU time than %s, so it may be what limits the records/s.\n", r.url)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// median returns the middle number, or the mean of the two in the middle.
func median(numbers []float64) float64 {
	sorted := slices.Sorted(slices.Values(numbers))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// perRecord returns the nanoseconds per record, or a dash if unknown.
func perRecord(d time.Duration, records int) string {
	if d == 0 || records == 0 {
		return "-"
	}
	return strconv.FormatInt(d.Nanoseconds()/int64(records), 10)
}
