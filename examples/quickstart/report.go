package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode"
	"unicode/utf8"

	"github.com/putrecords/putrecords"
)

// A report is what became of a log.
type report struct {
	Input             string
	Lines             int
	BlankLines        int // skipped
	FirstAnswer       *answer
	FirstFailure      *failure
	Shards            []shardReport
	PartitionKeys     int
	HottestKeys       []keyReport
	StoredExactlyOnce bool // it is an error if it is not so, so a report says true
	VirtualSeconds    float64
	Calls             int
	RetriedRecords    int // that failed at least once
	Retries           int // of records, each time
}

// An answer is one that came back to a call.
type answer struct {
	FailedRecordCount int
	Records           int
	FirstEntries      []putrecords.ResultEntry
}

// A failure is the first record that failed.
type failure struct {
	Call              int // from 1
	FailedRecordCount int
	Records           int
	Record            int // from 1
	PartitionKey      string
	Entry             putrecords.ResultEntry
}

type shardReport struct {
	ShardID             string `json:"ShardId"`
	Records             int64
	Bytes               int64 // of data and partition keys
	Throttled           int64 // records, each time
	FirstSequenceNumber string
	LastSequenceNumber  string
}

type keyReport struct {
	PartitionKey string
	Records      int
	Share        float64 // of all records
	ShardID      string  `json:"ShardId"`
}

const (
	shownEntries = 5
	shownKeys    = 8
)

// deliver puts the lines of a log into a stream. It is an error if the stream does not hold each exactly once then.
func deliver(ctx context.Context, in input, stream *virtualStream) (*report, error) {
	p := producer{put: stream.Put, sleep: stream.Sleep}
	acks, err := p.putAll(ctx, in.entries())
	if err != nil {
		return nil, err
	}
	if err := verify(stream.Stream, in, acks); err != nil {
		return nil, err
	}
	keys := keyReports(in.lines, acks)
	r := &report{
		Input:             in.name,
		Lines:             len(in.lines),
		BlankLines:        in.blank,
		FirstFailure:      stream.firstFailure,
		Shards:            shardReports(stream.Stats(), acks),
		PartitionKeys:     len(keys),
		HottestKeys:       keys[:min(shownKeys, len(keys))],
		StoredExactlyOnce: true,
		VirtualSeconds:    stream.now.Sub(start).Seconds(),
		Calls:             stream.calls,
		RetriedRecords:    p.retried,
		Retries:           p.retries,
	}
	if first := stream.firstAnswer; first != nil {
		r.FirstAnswer = &answer{
			FailedRecordCount: first.FailedRecordCount,
			Records:           len(first.Records),
			FirstEntries:      first.Records[:min(shownEntries, len(first.Records))],
		}
	}
	return r, nil
}

func shardReports(stats []putrecords.ShardStats, acks []putrecords.ResultEntry) []shardReport {
	reports := make([]shardReport, len(stats))
	byID := make(map[string]*shardReport, len(stats))
	for i, s := range stats {
		reports[i] = shardReport{ShardID: s.ShardID, Records: s.Stored.Records, Bytes: s.Stored.Bytes, Throttled: s.Throttled.Records}
		byID[s.ShardID] = &reports[i]
	}
	for _, ack := range acks { // not in the order of their numbers, because of retries
		r := byID[ack.ShardID]
		if r.FirstSequenceNumber == "" || ack.SequenceNumber < r.FirstSequenceNumber {
			r.FirstSequenceNumber = ack.SequenceNumber
		}
		r.LastSequenceNumber = max(r.LastSequenceNumber, ack.SequenceNumber)
	}
	return reports
}

// keyReports returns all partition keys, the hottest first.
func keyReports(lines []line, acks []putrecords.ResultEntry) []keyReport {
	reports := []keyReport{}
	index := make(map[string]int)
	for i, l := range lines {
		k, found := index[l.key]
		if !found {
			k = len(reports)
			index[l.key] = k
			reports = append(reports, keyReport{PartitionKey: l.key, ShardID: acks[i].ShardID})
		}
		reports[k].Records++
	}
	for i := range reports {
		reports[i].Share = float64(reports[i].Records) / float64(len(lines))
	}
	slices.SortFunc(reports, func(a, b keyReport) int {
		return cmp.Or(cmp.Compare(b.Records, a.Records), cmp.Compare(a.PartitionKey, b.PartitionKey))
	})
	return reports
}

func (r *report) writeJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

func (r *report) writeText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s put into %s, %s skipped.\n", r.Input, count(r.Lines, "line"), count(len(r.Shards), "shard"),
		count(r.BlankLines, "blank line"))
	r.FirstAnswer.writeText(&b)
	r.FirstFailure.writeText(&b)
	r.writeShards(&b)
	r.writeKeys(&b)
	fmt.Fprintf(&b, "\nEvery line is stored exactly once: %s read back and compared, by shard and sequence number.\n",
		count(r.Lines, "record"))
	fmt.Fprintf(&b, "It took %.3f s of virtual time and %s. ", r.VirtualSeconds, count(r.Calls, "call"))
	if r.RetriedRecords == 0 {
		fmt.Fprintln(&b, "No record failed.")
	} else {
		fmt.Fprintf(&b, "Failed and put again: %s, %s in all.\n", count(r.RetriedRecords, "record"), count(r.Retries, "time"))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (a *answer) writeText(w io.Writer) {
	if a == nil {
		return
	}
	fmt.Fprintf(w, "\nFirst answer: FailedRecordCount %d of %s\n", a.FailedRecordCount, count(a.Records, "record"))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "  record\tshard\tsequence number\n")
	for i, entry := range a.FirstEntries {
		if entry.ErrorCode != "" {
			fmt.Fprintf(t, "  %6d\t%s\t%s\n", i+1, entry.ErrorCode, entry.ErrorMessage)
		} else {
			fmt.Fprintf(t, "  %6d\t%s\t%s\n", i+1, entry.ShardID, entry.SequenceNumber)
		}
	}
	t.Flush()
	if more := a.Records - len(a.FirstEntries); more > 0 {
		fmt.Fprintf(w, "  and %d more\n", more)
	}
}

func (f *failure) writeText(w io.Writer) {
	if f == nil {
		return
	}
	fmt.Fprintf(w, "\nFirst partial failure: FailedRecordCount %d of %s, in call %d\n",
		f.FailedRecordCount, count(f.Records, "record"), f.Call)
	fmt.Fprintf(w, "  record %d, with the partition key %s:\n", f.Record, shown(f.PartitionKey))
	fmt.Fprintf(w, "  ErrorCode     %s\n  ErrorMessage  %s\n", f.Entry.ErrorCode, f.Entry.ErrorMessage)
}

func (r *report) writeShards(w io.Writer) {
	fmt.Fprintln(w, "\nShards")
	t := newTable(w)
	fmt.Fprintf(t, "%-20s\trecords\tbytes\tthrottled\t  first and last sequence number\n", "shard")
	for _, s := range r.Shards {
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t  %s\n", s.ShardID, s.Records, s.Bytes, s.Throttled, cmp.Or(s.FirstSequenceNumber, "-"))
		if s.LastSequenceNumber != s.FirstSequenceNumber {
			fmt.Fprintf(t, "\t\t\t\t  %s\n", s.LastSequenceNumber)
		}
	}
	t.Flush()
}

func (r *report) writeKeys(w io.Writer) {
	if r.PartitionKeys == 0 {
		return
	}
	fmt.Fprintf(w, "\nHottest partition keys, of %d\n", r.PartitionKeys)
	width := len("key")
	for _, k := range r.HottestKeys {
		width = max(width, utf8.RuneCountInString(shown(k.PartitionKey)))
	}
	t := newTable(w)
	fmt.Fprintf(t, "%-*s\trecords\tshare\t  shard\n", width, "key")
	for _, k := range r.HottestKeys {
		fmt.Fprintf(t, "%-*s\t%d\t%.1f %%\t  %s\n", width, shown(k.PartitionKey), k.Records, 100*k.Share, k.ShardID)
	}
	t.Flush()
}

// count returns a number of things.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// newTable returns a table of columns that are aligned right. What follows the last tab of a line is left as it is.
func newTable(w io.Writer) *tabwriter.Writer {
	return tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
}

// shown returns a partition key as it fits a table.
func shown(key string) string {
	const most = 40
	key = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return utf8.RuneError
	}, key)
	if runes := []rune(key); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return key
}
