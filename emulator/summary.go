package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/putrecords/putrecords"
)

// writeSummary prints how many records each shard stored, throttled and failed.
func writeSummary(w io.Writer, streams []*putrecords.Stream) error {
	var b strings.Builder
	for _, stream := range streams {
		fmt.Fprintf(&b, "\n%s\n", stream.Name())
		t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintf(t, "%-20s\tstored\tbytes\tthrottled\tbytes\tfailed\tbytes\t\n", "shard")
		for _, s := range stream.Stats() {
			fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t\n", s.ShardID, s.Stored.Records, s.Stored.Bytes,
				s.Throttled.Records, s.Throttled.Bytes, s.Failed.Records, s.Failed.Bytes)
		}
		t.Flush()
	}
	_, err := io.WriteString(w, b.String())
	return err
}
