package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/putrecords/putrecords"
)

// writeSummary prints how many records each stream stored and how many of them are distinct, and
// how many each shard stored, throttled and failed. distinct is that of an Activity.
func writeSummary(w io.Writer, streams []*putrecords.Stream, distinct func(*putrecords.Stream) (n int, more bool)) error {
	var b strings.Builder
	for _, stream := range streams {
		stats := stream.Stats()
		var stored int64
		for _, s := range stats {
			stored += s.Stored.Records
		}
		moreThan := ""
		n, more := distinct(stream)
		if more {
			moreThan = "more than "
		}
		fmt.Fprintf(&b, "\n%s: %d records stored, %s%d of them distinct\n", stream.Name(), stored, moreThan, n)
		t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintf(t, "%-20s\tstored\tbytes\tthrottled\tbytes\tfailed\tbytes\t\n", "shard")
		for _, s := range stats {
			fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t\n", s.ShardID, s.Stored.Records, s.Stored.Bytes,
				s.Throttled.Records, s.Throttled.Bytes, s.Failed.Records, s.Failed.Bytes)
		}
		t.Flush()
	}
	_, err := io.WriteString(w, b.String())
	return err
}
