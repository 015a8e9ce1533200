package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
)

// shown is how many records and partition keys a report lists.
const shown = 5

// report describes what happened to the lines of a log.
func report(name string, lines []*line, p *producer) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d lines, %d shards, %d calls, %.3f s of virtual time\n",
		name, len(lines), len(p.stream.Shards()), len(p.answers), p.now.Sub(start).Seconds())
	writeFirstAnswer(&b, p.answers)
	writeFirstFailure(&b, p.answers)
	writeShards(&b, p)
	writeKeys(&b, lines)
	writeSummary(&b, lines)
	return b.String()
}

func writeFirstAnswer(w io.Writer, answers []answer) {
	out := answers[0].out
	fmt.Fprintf(w, "\nFirst answer: FailedRecordCount %d of %d\n", out.FailedRecordCount, len(out.Records))
	fmt.Fprintf(w, "  record  %-20s  sequence number\n", "shard")
	for i, r := range out.Records[:min(shown, len(out.Records))] {
		fmt.Fprintf(w, "  %6d  %-20s  %s\n", i+1, cmp.Or(r.ShardID, string(r.ErrorCode)), cmp.Or(r.SequenceNumber, r.ErrorMessage))
	}
}

func writeFirstFailure(w io.Writer, answers []answer) {
	for call, a := range answers {
		for i, r := range a.out.Failed() {
			fmt.Fprintf(w, "\nFirst answer with failures, to call %d: FailedRecordCount %d of %d\n", call+1, a.out.FailedRecordCount, len(a.lines))
			fmt.Fprintf(w, "  record %d, with partition key %.40q:\n", i+1, a.lines[i].key)
			fmt.Fprintf(w, "  %s\n  %s\n", r.ErrorCode, r.ErrorMessage)
			return
		}
	}
}

func writeShards(w io.Writer, p *producer) {
	fmt.Fprintf(w, "\nShards\n  %-20s  stored       bytes  throttled\n", "shard")
	for _, s := range p.stream.Stats() {
		fmt.Fprintf(w, "  %-20s  %6d  %10d  %9d\n", s.ShardID, s.Stored.Records, s.Stored.Bytes, s.Throttled.Records)
	}
}

func writeKeys(w io.Writer, lines []*line) {
	type key struct {
		name, shardID string
		records       int
	}
	byName := make(map[string]*key)
	var keys []*key
	for _, l := range lines {
		k := byName[l.key]
		if k == nil {
			k = &key{name: l.key, shardID: l.result.ShardID}
			byName[l.key] = k
			keys = append(keys, k)
		}
		k.records++
	}
	slices.SortFunc(keys, func(a, b *key) int {
		return cmp.Or(cmp.Compare(b.records, a.records), cmp.Compare(a.name, b.name))
	})
	fmt.Fprintf(w, "\nHottest of %d partition keys\n  records   share  %-20s  key\n", len(keys), "shard")
	for _, k := range keys[:min(shown, len(keys))] {
		share := 100 * float64(k.records) / float64(len(lines))
		fmt.Fprintf(w, "  %7d  %4.1f %%  %-20s  %.40q\n", k.records, share, k.shardID, k.name)
	}
}

func writeSummary(w io.Writer, lines []*line) {
	failed, retries := 0, 0
	for _, l := range lines {
		retries += l.attempts - 1
		if l.attempts > 1 {
			failed++
		}
	}
	fmt.Fprintf(w, "\nRetried after throttling: %d lines, %d retries in all.\n", failed, retries)
	fmt.Fprintf(w, "Nothing lost: all %d lines were read back from the stream, each exactly once.\n", len(lines))
}
