package kinesis

import (
	"context"
	"encoding/base64"
	"fmt"
	"iter"
	"math"
	"math/bits"
	"strings"
	"testing"
	"time"

	"github.com/putrecords/putrecords"
	"pgregory.net/rapid"

	"github.com/putrecords/putrecords/emulator/internal/store"
	"github.com/putrecords/putrecords/internal/seal"
)

func TestIteratorStartsWhereItsTypeSays(t *testing.T) {
	c := newEmulated(t, 1, Config{})
	fromStart := c.iterator(shard0, latest, "")
	a := c.put("a", "")
	c.now = c.now.Add(time.Second)
	b := c.put("b", "")
	c.now = c.now.Add(time.Second)
	fromHere := c.iterator(shard0, latest, "")
	c.put("c", "")
	at := func(t time.Time) string { return fmt.Sprintf(`,"Timestamp":%d.%03d`, t.Unix(), t.Nanosecond()/1e6) }
	number := func(n string) string { return fmt.Sprintf(`,"StartingSequenceNumber":%q`, n) }
	first := c.stream().Shards()[0].SequenceNumberRange.StartingSequenceNumber
	last := putrecords.SequenceNumber{ShardCreated: first.ShardCreated, Position: math.MaxInt64, Arrived: c.now.Unix()}
	for _, test := range []struct{ iterator, want string }{
		{fromStart, "a b c"},
		{fromHere, "c"},
		{c.iterator(shard0, trimHorizon, ""), "a b c"},
		{c.iterator(shard0, trimHorizon, at(c.now)), "a b c"}, // other types ignore a Timestamp
		{c.iterator(shard0, latest, ""), ""},
		{c.iterator(shard0, atSequenceNumber, number(a)), "a b c"},
		{c.iterator(shard0, atSequenceNumber, number(b)), "b c"},
		{c.iterator(shard0, afterSequenceNumber, number(a)), "b c"},
		{c.iterator(shard0, afterSequenceNumber, number(b)), "c"},
		{c.iterator(shard0, atSequenceNumber, number(first.String())), "a b c"},
		{c.iterator(shard0, afterSequenceNumber, number(first.String())), "a b c"},
		{c.iterator(shard0, afterSequenceNumber, number(last.String())), ""},
		{c.iterator(shard0, atTimestamp, `,"Timestamp":0`), "a b c"},
		{c.iterator(shard0, atTimestamp, at(c.now.Add(-2*time.Second))), "a b c"},
		{c.iterator(shard0, atTimestamp, at(c.now.Add(-1999*time.Millisecond))), "b c"},
		{c.iterator(shard0, atTimestamp, at(c.now.Add(-time.Second))), "b c"},
		{c.iterator(shard0, atTimestamp, at(c.now)), "c"},
		{c.iterator("x-0", trimHorizon, ""), "a b c"},
	} {
		page := c.get(test.iterator, "")
		if got := page.keys(); got != test.want {
			t.Errorf("read %q, want %q", got, test.want)
		}
	}
	c.now = c.now.Add(time.Minute)
	next := c.iterator(shard0, atTimestamp, at(c.now)) // after the last record
	c.put("d", "")
	if page := c.get(next, ""); page.keys() != "d" {
		t.Errorf("read %q after the last record, want the next one", page.keys())
	}
}

func TestGetShardIteratorRefusals(t *testing.T) {
	c := newEmulated(t, 2, Config{})
	c.wantAnswerOK("SplitShard", `{"StreamName":"orders","ShardToSplit":"0","NewStartingHashKey":"2"}`)
	const address = `"StreamName":"orders","ShardId":"shardId-000000000001"`
	first := c.stream().Shards()[1].SequenceNumberRange.StartingSequenceNumber
	elsewhere := putrecords.SequenceNumber{ShardCreated: first.ShardCreated - 1, Position: 1, Arrived: first.Arrived, ShardIndex: 1}
	latest := putrecords.SequenceNumber{ShardCreated: 16025174999, ShardIndex: 1}
	tooLate := putrecords.SequenceNumber{ShardCreated: 16025175000, ShardIndex: 1}
	noIndex := putrecords.SequenceNumber{ShardCreated: first.ShardCreated, ShardIndex: 1<<31 + 1}
	number := func(n string) string {
		return `{` + address + `,"ShardIteratorType":"AT_SEQUENCE_NUMBER","StartingSequenceNumber":"` + n + `"}`
	}
	const (
		in    = "in stream orders under account 000000000000"
		types = "[AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, TRIM_HORIZON]"
		must  = "InvalidArgumentException: Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and " +
			"StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified "
		used    = " used in GetShardIterator on shard shardId-000000000001 " + in + " is invalid"
		pattern = `: Member must satisfy regular expression pattern: ^(0|([1-9]\d{0,128}))$`
	)
	for _, test := range [][2]string{
		{`{}`, "ValidationException: 2 validation errors detected: " +
			"Value null at 'shardIteratorType' failed to satisfy constraint: Member must not be null; " +
			"Value null at 'shardId' failed to satisfy constraint: Member must not be null"},
		{
			`{"ShardIteratorType":"","ShardId":"?","StartingSequenceNumber":"-1","StreamARN":"?"}`,
			"ValidationException: 4 validation errors detected: " +
				"Value '' at 'shardIteratorType' failed to satisfy constraint: Member must satisfy enum value set: " + types + "; " +
				"Value '?' at 'shardId' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+; " +
				"Value '-1' at 'startingSequenceNumber' failed to satisfy constraint" + pattern + "; " +
				`Value '?' at 'streamARN' failed to satisfy constraint: Member must satisfy regular expression pattern: ` +
				`arn:aws.*:kinesis:.*:\d{12}:stream/\S+`,
		},
		{
			number(strings.Repeat("1", 130)),
			"ValidationException: 1 validation error detected: Value '" + strings.Repeat("1", 130) +
				"' at 'startingSequenceNumber' failed to satisfy constraint" + pattern,
		},
		{
			`{"ShardIteratorType":"LATEST","ShardId":"0"}`,
			"InvalidArgumentException: Stream arn and stream name can't be empty at the same time",
		},
		{
			`{"StreamName":"none","ShardIteratorType":"LATEST","ShardId":"x"}`,
			"ResourceNotFoundException: Could not find shard x in stream none under account 000000000000.",
		},
		{
			`{"StreamName":"none","ShardIteratorType":"LATEST","ShardId":"0"}`,
			"ResourceNotFoundException: Stream none under account 000000000000 not found.",
		},
		{
			`{"StreamName":"orders","ShardIteratorType":"LATEST","ShardId":"9"}`,
			"ResourceNotFoundException: Shard shardId-000000000009 " + in + " does not exist",
		},
		{`{` + address + `,"ShardIteratorType":"AT_SEQUENCE_NUMBER"}`, must + "AT_SEQUENCE_NUMBER and no StartingSequenceNumber."},
		{`{` + address + `,"ShardIteratorType":"AFTER_SEQUENCE_NUMBER"}`, must + "AFTER_SEQUENCE_NUMBER and no StartingSequenceNumber."},
		{
			`{` + address + `,"ShardIteratorType":"LATEST","StartingSequenceNumber":"0"}`,
			must + "LATEST and also a StartingSequenceNumber.",
		},
		{
			`{` + address + `,"ShardIteratorType":"TRIM_HORIZON","StartingSequenceNumber":"0"}`,
			must + "TRIM_HORIZON and also a StartingSequenceNumber.",
		},
		{
			number(strings.Repeat("1", 56)),
			"InvalidArgumentException: StartingSequenceNumber " + strings.Repeat("1", 56) + used + ".",
		},
		{
			number("1"),
			"InvalidArgumentException: StartingSequenceNumber 21267647932558653966460912964485513217" + used + " because it did not come from this stream.",
		},
		{
			number("21267647932558653966460912964485513217"),
			"InvalidArgumentException: StartingSequenceNumber 21267647932558653966460912964485513217" + used + " because it did not come from this stream.",
		},
		{
			number("26227199374821822965252748908982894593"),
			"InvalidArgumentException: StartingSequenceNumber 26227199374821822965252748908982894593" + used + " because it did not come from this stream.",
		},
		{
			number("323974270430642978495705530411780079617"),
			"InvalidArgumentException: StartingSequenceNumber 26227199374821822965252748908982894593" + used + " because it did not come from this stream.",
		},
		{
			number("26227199374822427428162556223570313217"),
			"InvalidArgumentException: StartingSequenceNumber 26227199374822427428162556223570313217" + used + ".",
		},
		{
			number("340282366920938463463374607431768211457"),
			"InvalidArgumentException: StartingSequenceNumber 340282366920938463463374607431768211457" + used + ".",
		},
		{
			number("5"),
			"InvalidArgumentException: Invalid StartingSequenceNumber. It encodes shardId-000000000005, " +
				"while it was used in a call to a shard with shardId-000000000001",
		},
		{
			number(latest.String()),
			"InvalidArgumentException: StartingSequenceNumber " + latest.String() + used + " because it did not come from this stream.",
		},
		{
			number(tooLate.String()),
			"InvalidArgumentException: StartingSequenceNumber " + tooLate.String() + used + ".",
		},
		{
			number(noIndex.String()),
			"InvalidArgumentException: StartingSequenceNumber " + noIndex.String() + used + ".",
		},
		{
			number("0"),
			"InvalidArgumentException: Invalid StartingSequenceNumber. It encodes shardId-000000000000, " +
				"while it was used in a call to a shard with shardId-000000000001",
		},
		{
			strings.Replace(number("0"), "000001", "000000", 1),
			"InvalidArgumentException: StartingSequenceNumber 21267647932558653966460912964485513216" +
				strings.Replace(used, "000001", "000000", 1) + " because it did not come from this stream.",
		},
		{
			number(c.stream().Shards()[3].SequenceNumberRange.StartingSequenceNumber.String()),
			"InvalidArgumentException: Invalid StartingSequenceNumber. It encodes shardId-000000000003, " +
				"while it was used in a call to a shard with shardId-000000000001",
		},
		{
			number(elsewhere.String()),
			"InvalidArgumentException: StartingSequenceNumber " + elsewhere.String() + used + " because it did not come from this stream.",
		},
		{
			`{` + address + `,"ShardIteratorType":"AT_TIMESTAMP"}`,
			"InvalidArgumentException: Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. " +
				"Current request has no timestamp parameter.",
		},
		{ // a millisecond from now
			`{` + address + fmt.Sprintf(`,"ShardIteratorType":"AT_TIMESTAMP","Timestamp":%d.801}`, c.now.Unix()),
			fmt.Sprintf("InvalidArgumentException: The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. "+
				"timestampInMillis: %d, currentTimestampInMillis: %d", c.now.UnixMilli()+1, c.now.UnixMilli()),
		},
	} {
		c.wantRefused("GetShardIterator", test[0], test[1])
	}
}

// A dry run looks at neither the shard nor the position, but at the stream.
func TestDryRunOfGetShardIterator(t *testing.T) {
	c := newEmulated(t, 1, Config{})
	const want = "DryRunOperationException: DryRunOperation validation succeeded while calling GetShardIterator operation.: " +
		"Request would have succeeded, but DryRun flag is set."
	c.wantRefused("GetShardIterator", `{"StreamName":"orders","ShardId":"9","ShardIteratorType":"AT_SEQUENCE_NUMBER","DryRun":true}`, want)
	c.wantRefused("GetShardIterator", `{"StreamName":"none","ShardId":"0","ShardIteratorType":"LATEST","DryRun":true}`,
		"ResourceNotFoundException: Stream none under account 000000000000 not found.")
	c.wantAnswerOK("GetShardIterator", `{"StreamName":"orders","ShardId":"0","ShardIteratorType":"LATEST","DryRun":false}`)
}

func TestStreamHasNoShardsToReadUntilItIsActive(t *testing.T) {
	c := newEmulated(t, 1, Config{})
	iterator := c.iterator(shard0, latest, "")
	for _, status := range []putrecords.StreamStatus{putrecords.StreamCreating, putrecords.StreamDeleting} {
		c.stream().setStatus(status)
		const want = "ResourceNotFoundException: Shard shardId-000000000000 in stream orders under account 000000000000 does not exist"
		c.wantRefused("GetShardIterator", `{"StreamName":"orders","ShardId":"0","ShardIteratorType":"LATEST"}`, want)
		c.wantRefused("GetRecords", fmt.Sprintf(`{"ShardIterator":%q}`, iterator), want)
	}
}

func TestIteratorsAreOpaqueAndShort(t *testing.T) {
	s := &Service{sealer: seal.New([32]byte{})}
	longest := iterator{
		AccountID:  "999999999999",
		StreamName: strings.Repeat("n", 128),
		StreamID:   math.MaxUint64,
		ShardID:    "shardId-999999999999",
		Position:   math.MaxUint64,
		Created:    math.MinInt64,
	}
	sealed := s.sealIterator(longest)
	if len(sealed) > 512 {
		t.Errorf("an iterator has %d characters, more than 512", len(sealed))
	}
	if got, ok := s.openIterator(sealed); got != longest || !ok {
		t.Errorf("opened as %+v, %t", got, ok)
	}
	decoded, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil || !strings.HasPrefix(string(decoded), "\x00\x00\x00\x00\x00\x00\x00\x01") || strings.Contains(string(decoded), "nnn") {
		t.Errorf("the iterator is %q, %v", decoded, err)
	}
	if _, ok := s.openIterator(s.sealer.Seal("another kind", []byte(`{}`))); ok {
		t.Error("a token of another kind is an iterator")
	}
}

// A droppingLog has dropped records. It counts how often it is read.
type droppingLog struct {
	store.Log
	dropped uint64 // the position of the latest one
	reads   int
}

func (l *droppingLog) Records(ctx context.Context, shard putrecords.Shard, position uint64) iter.Seq2[putrecords.Record, error] {
	l.reads++
	return l.Log.Records(ctx, shard, max(position, l.dropped+1))
}

// firstSince finds what a scan finds, with a logarithmic number of reads.
func TestFirstSinceBisects(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := newEmulated(t, 1, Config{})
		begin := c.now
		pauses := rapid.SliceOf(rapid.IntRange(0, 3)).Draw(t, "seconds before each record")
		arrivals := []time.Time{{}} // by position
		for _, pause := range pauses {
			c.now = c.now.Add(time.Duration(pause) * time.Second)
			c.put("key", "")
			arrivals = append(arrivals, c.now)
		}
		since := begin.Add(time.Duration(rapid.IntRange(-1, 3*len(pauses)+1).Draw(t, "since")) * time.Second)
		from := rapid.IntRange(1, len(pauses)+2).Draw(t, "from")
		log := &droppingLog{Log: c.stream().log, dropped: uint64(rapid.IntRange(0, len(pauses)).Draw(t, "dropped"))}
		c.stream().log = log
		want := max(from, int(log.dropped)+1)
		for want < len(arrivals) && arrivals[want].Before(since) {
			want++
		}

		sh := c.stream().Shards()[0]
		position, err := c.stream().firstSince(t.Context(), sh, uint64(from), since)
		if err != nil {
			t.Fatal(err)
		}
		if most := bits.Len(uint(len(pauses))); log.reads > most {
			t.Errorf("read %d times, more than %d", log.reads, most)
		}
		record, ok, _ := c.stream().first(t.Context(), sh, position)
		if ok != (want < len(arrivals)) || ok && record.SequenceNumber.Position != uint64(want) {
			t.Errorf("the first record from position %d is %+v, want the one at position %d", position, record, want)
		}
	})
}
