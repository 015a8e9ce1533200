package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Report is everything that is shown.
type Report struct {
	Name     string // of the trace
	Options  Options
	Traffic  *Traffic
	Trace    *Trace // nil for made-up traffic
	Results  []Result
	Canceled bool
}

// Prices are in US dollars.
type Prices struct {
	ShardHour   float64
	MillionPuts float64 // PUT payload units of 25 KB
	StreamHour  float64 // on demand
	GB          float64 // written, on demand
}

// listPrices are AWS's list prices for us-east-1, as Infracost's tests have them from AWS's price
// list.
var listPrices = Prices{ShardHour: 0.015, MillionPuts: 0.014, StreamHour: 0.04, GB: 0.08}

// month is as long as AWS's calculator has it.
const month = 730 * time.Hour

// Results and traffic that are shorter than this say too little about a month.
const shortest = time.Second

// provisioned returns what a month of a stream like this costs. ok is false if the result is too
// short to tell.
func (p Prices) provisioned(r *Result) (dollars float64, ok bool) {
	if r.Length < shortest {
		return 0, false
	}
	millions := float64(r.PutUnits) / 1e6 * float64(month) / float64(r.Length)
	return p.ShardHour*month.Hours()*float64(r.OpenShards) + p.MillionPuts*millions, true
}

// onDemand returns what a month of this traffic costs an on-demand stream that stores all of it.
func (p Prices) onDemand(t *Traffic) (dollars float64, ok bool) {
	if t.Length < shortest {
		return 0, false
	}
	gigabytes := float64(t.BilledKB) / (1 << 20) * float64(month) / float64(t.Length)
	return p.StreamHour*month.Hours() + p.GB*gigabytes, true
}

// shownKeys is how many of the hottest keys are shown.
const shownKeys = 10

// text returns the report for a terminal.
func (r *Report) text() string {
	var b strings.Builder
	r.writeTraffic(&b)
	r.writeTable(&b)
	r.writeAnswers(&b)
	r.writeKeys(&b)
	r.writeSplits(&b)
	return b.String()
}

func (r *Report) writeTraffic(w io.Writer) {
	t := r.Traffic
	fmt.Fprintf(w, "%s: %s and %s in %s\n", r.Name, count(t.Records, "record"), size(t.Bytes), duration(t.Length))
	fmt.Fprintf(w, "Busiest seconds: %s and %s. If all shards got the same, %s would do.\n",
		count(t.PeakRecords, "record"), size(t.PeakBytes), count(t.atLeast(), "shard"))
	for _, note := range r.notes() {
		fmt.Fprintln(w, note)
	}
}

// notes returns what to know about the trace.
func (r *Report) notes() (notes []string) {
	if r.Canceled {
		notes = append(notes, "Interrupted: the report has what is known so far.")
	}
	if r.Trace == nil {
		return notes
	}
	if r.Trace.StoredOnly {
		notes = append(notes, "Warning: get-records shows only records that were stored. What was throttled and lost is missing.")
	}
	if r.Trace.Bad > 0 {
		notes = append(notes, fmt.Sprintf("Warning: %s skipped.", count(r.Trace.Bad, "bad line")))
	}
	if r.Trace.Late > 0 {
		notes = append(notes, fmt.Sprintf("Warning: %s not in the order of time. They count as of the time before.",
			count(r.Trace.Late, "record")))
	}
	return notes
}

// header and row are the table's columns.
const header = "shards     stored  throttled    retries   given up   p50 late   p99 late   max late  hottest  $/month"

func (r *Report) writeTable(w io.Writer) {
	fmt.Fprintf(w, "\n%s\n", header)
	for i := range r.Results {
		fmt.Fprintln(w, r.row(&r.Results[i]))
	}
	if dollars, ok := r.Options.prices.onDemand(r.Traffic); ok {
		fmt.Fprintf(w, "On demand, a month of this traffic costs $%.2f. Reading it costs extra.\n", dollars)
	}
}

func (r *Report) row(result *Result) string {
	shards := strconv.Itoa(result.Shards)
	if result.OpenShards != result.Shards {
		shards = fmt.Sprintf("%d>%d", result.Shards, result.OpenShards)
	}
	price := "-"
	if dollars, ok := r.Options.prices.provisioned(result); ok {
		price = fmt.Sprintf("%.2f", dollars)
	}
	d := &result.Delays
	return fmt.Sprintf("%6s  %9d  %7.2f %%  %9d  %9d  %9s  %9s  %9s  %5.1f %%  %7s", shards, result.Stored,
		percent(result.Throttled, result.Attempts), result.Retries, result.GivenUp,
		duration(d.percentile(50)), duration(d.percentile(99)), duration(d.most), percent(result.hottest(), result.Sent), price)
}

// hottest returns the records of the shard that got most of them.
func (r *Result) hottest() (records int64) {
	for _, n := range r.Offered {
		records = max(records, n)
	}
	return records
}

// writeAnswers says how many shards it takes.
func (r *Report) writeAnswers(w io.Writer) {
	fmt.Fprintf(w, "\nFewest shards that lose nothing: %s. That throttle nothing: %s.\n",
		r.fewest(func(result *Result) bool { return result.GivenUp == 0 && result.Unfinished == 0 }),
		r.fewest(func(result *Result) bool { return result.Throttled == 0 }))
	for i := range r.Results {
		if n := r.Results[i].Unfinished; n > 0 {
			fmt.Fprintf(w, "With %s, %s were on their way.\n", count(r.Results[i].Shards, "shard"), count(n, "record"))
		}
	}
}

func (r *Report) fewest(good func(*Result) bool) string {
	best := 0
	for i := range r.Results {
		if n := r.Results[i].Shards; good(&r.Results[i]) && (best == 0 || n < best) {
			best = n
		}
	}
	if best == 0 {
		return "more than " + strconv.Itoa(slices.Max(r.Options.shards))
	}
	return strconv.Itoa(best)
}

func (r *Report) writeKeys(w io.Writer) {
	fmt.Fprintf(w, "\nHottest keys\n  records    share  a second  key\n")
	for _, key := range r.Traffic.keys.hottest(shownKeys) {
		fmt.Fprintf(w, "%9d  %5.2f %%  %8.1f  %.60q\n", key.Records, percent(key.Records, r.Traffic.Records),
			float64(key.Records)/max(r.Traffic.Length.Seconds(), 1), r.keyName(key.Name))
	}
}

// keyName returns a partition key as the report shows it.
func (r *Report) keyName(name []byte) string {
	if r.Options.anonymous {
		sum := sha256.Sum256(name)
		return hex.EncodeToString(sum[:6])
	}
	return strings.ToValidUTF8(string(name), "\ufffd")
}

func (r *Report) writeSplits(w io.Writer) {
	if !r.Options.config.SplitHot {
		return
	}
	for i := range r.Results {
		result := &r.Results[i]
		fmt.Fprintf(w, "\nSplits from %s\n", count(result.Shards, "shard"))
		if len(result.Splits) == 0 {
			fmt.Fprintln(w, "  none: no shard got more than its limit for a second")
		}
		for _, split := range result.Splits {
			fmt.Fprintln(w, "  "+r.describe(&split))
		}
	}
}

// describe says what to do about a hot shard.
func (r *Report) describe(s *Split) string {
	at := fmt.Sprintf("at %s, %s got %.1f times its limit", duration(s.At), s.ShardID, s.Load)
	if !s.OneKey {
		return fmt.Sprintf("%s:\n    aws kinesis split-shard --stream-name %s --shard-to-split %s --new-starting-hash-key %s",
			at, r.Options.config.Name, s.ShardID, s.NewKey)
	}
	name := "one key"
	for _, key := range r.Traffic.keys.hottest(hotSets * hotWays) {
		if key.HashKey == s.HotKey {
			name = fmt.Sprintf("the key %.60q", r.keyName(key.Name))
		}
	}
	return fmt.Sprintf("%s, and %s alone exceeds it: no split helps", at, name)
}

func percent(part, whole int64) float64 { return 100 * float64(part) / float64(max(whole, 1)) }

// count returns a number with its noun.
func count[N int | int64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// size returns a number of bytes in units of 1,024.
func size(bytes int64) string {
	value, unit := float64(bytes), 0
	for ; value >= 1024 && unit < 4; unit++ {
		value /= 1024
	}
	if unit == 0 {
		return fmt.Sprintf("%d B", bytes)
	}
	return fmt.Sprintf("%.1f %s", value, [...]string{"", "KiB", "MiB", "GiB", "TiB"}[unit])
}

// duration returns a duration with about three digits.
func duration(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprint(d.Round(time.Millisecond))
	case d < time.Minute:
		return fmt.Sprint(d.Round(10 * time.Millisecond))
	}
	return fmt.Sprint(d.Round(time.Second))
}
