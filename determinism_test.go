package putrecords_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/putrecords/putrecords"
)

// A traceStep is one call of a stream. Its shards are indexes into Stream.Shards.
type traceStep struct {
	after   time.Duration // since the step before; negative if the clock goes back
	records []putrecords.RequestEntry
	dry     bool
	trouble trouble

	fault      *putrecords.Fault
	split      int // a shard, or -1
	merge      [2]int
	splitPoint uint8
}

func drawTrace(t *rapid.T) (trace []traceStep) {
	for range rapid.IntRange(5, 40).Draw(t, "steps") {
		step := traceStep{split: -1, merge: [2]int{-1, -1}, after: drawElapsed(t)}
		switch rapid.IntRange(0, 7).Draw(t, "step") {
		case 0:
			step.split, step.splitPoint = rapid.IntRange(0, 9).Draw(t, "split"), rapid.Uint8().Draw(t, "point")
		case 1:
			step.merge = [2]int{rapid.IntRange(0, 9).Draw(t, "merge"), rapid.IntRange(0, 9).Draw(t, "with")}
		case 2:
			codes := []putrecords.ErrorCode{"", "ProvisionedThroughputExceededException", "KMSDisabledException"}
			step.fault = &putrecords.Fault{
				Code:         rapid.SampledFrom(codes).Draw(t, "code"),
				Count:        rapid.IntRange(0, 3).Draw(t, "count"),
				AfterAppend:  rapid.Bool().Draw(t, "after append"),
				WholeRequest: rapid.IntRange(0, 3).Draw(t, "whole") == 0,
			}
		default:
			for range rapid.IntRange(1, 8).Draw(t, "records") {
				e := putrecords.Entry(rapid.StringN(1, 3, -1).Draw(t, "key"), rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "data"))
				if rapid.IntRange(0, 3).Draw(t, "explicit") == 0 {
					e.ExplicitHashKey = ptr(hashKeys().Draw(t, "hash key").String())
				}
				step.records = append(step.records, e)
			}
			step.dry = rapid.IntRange(0, 9).Draw(t, "dry") == 0
			step.trouble = trouble{
				rapid.SampledFrom([]string{"", "", failsAtOnce, failsLater, finishesLater}).Draw(t, "trouble"),
				rapid.SampledFrom([]string{"", evenShards, oddShards}).Draw(t, "shards"),
			}
		}
		trace = append(trace, step)
	}
	return trace
}

func drawElapsed(t *rapid.T) time.Duration {
	return time.Duration(rapid.OneOf(rapid.Int64Range(-3e9, 3e9), rapid.SampledFrom([]int64{0, 1, 1e6, 1e9})).Draw(t, "after"))
}

// A traceConfig holds the settings of the stream that a trace runs on.
type traceConfig struct {
	shards    int
	delay     time.Duration
	retention time.Duration
	kms       bool
}

func drawTraceConfig(t *rapid.T) traceConfig {
	return traceConfig{
		shards:    rapid.IntRange(1, 5).Draw(t, "shards"),
		delay:     rapid.SampledFrom([]time.Duration{0, time.Second, 1700 * time.Millisecond}).Draw(t, "delay"),
		retention: rapid.SampledFrom([]time.Duration{-1, 0, 2 * time.Second}).Draw(t, "retention"),
		kms:       rapid.Bool().Draw(t, "KMS"),
	}
}

// play runs a trace on a new stream. It returns all answers, and then the contents of the stream,
// as JSON.
func play(t *rapid.T, config traceConfig, trace []traceStep, begin time.Time) []byte {
	c := &clock{begin}
	log := &troubledLog{Log: &putrecords.MemoryLog{Retention: config.retention}}
	encryption := putrecords.EncryptionNone
	if config.kms {
		encryption = putrecords.EncryptionKMS
	}
	s := putrecords.MustNew(putrecords.Config{
		Shards: config.shards, ReshardDelay: config.delay, EncryptionType: encryption, Now: c.Now, Log: log,
		Limits: putrecords.Limits{RecordsPerSecond: 3, RecordBurst: 8, BytesPerSecond: 20, BytesPerRecord: 40, ByteBurst: 60},
	})
	var transcript bytes.Buffer
	write := func(v any) {
		if err := json.NewEncoder(&transcript).Encode(v); err != nil {
			t.Fatal(err)
		}
	}
	shard := func(i int) putrecords.Shard {
		shards := s.Shards()
		return shards[i%len(shards)]
	}
	for _, step := range trace {
		c.advance(step.after)
		log.trouble = step.trouble
		switch {
		case step.split >= 0:
			parent := shard(step.split)
			point := new(big.Int).Sub(parent.HashKeyRange.EndingHashKey.Big(), parent.HashKeyRange.StartingHashKey.Big())
			point.Rsh(point.Mul(point, big.NewInt(int64(step.splitPoint))), 8)
			point.Add(point, parent.HashKeyRange.StartingHashKey.Big())
			write(answer{Err: s.SplitShard(parent.ShardID, hashKeyOf(point))})
		case step.merge[0] >= 0:
			write(answer{Err: s.MergeShards(shard(step.merge[0]).ShardID, shard(step.merge[1]).ShardID)})
		case step.fault != nil:
			s.Inject(*step.fault)
		default:
			out, err := s.PutRecords(t.Context(), &putrecords.Input{Records: step.records, StreamName: ptr("stream"), DryRun: &step.dry})
			write(answer{out, err})
		}
		write(s.Stats())
	}
	write(s.Shards())
	for _, shard := range s.Shards() {
		write(recordsOf(t, s, shard.ShardID))
	}
	return transcript.Bytes()
}

type answer struct {
	Out *putrecords.Output
	Err error
}

// Running a trace twice gives the same bytes.
func TestSameTraceSameBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		config, trace := drawTraceConfig(t), drawTrace(t)
		if diff := gocmp.Diff(string(play(t, config, trace, start)), string(play(t, config, trace, start))); diff != "" {
			t.Fatalf("two runs of a trace differ:\n%s", diff)
		}
	})
}

// Running a trace on another day gives the same bytes, except for the seconds in sequence numbers
// and the times of arrival.
func TestSameTraceOnAnotherDay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		config, trace := drawTraceConfig(t), drawTrace(t)
		shift := time.Duration(rapid.Int64Range(-20_000*86_400, 100_000*86_400).Draw(t, "seconds")) * time.Second
		want := play(t, config, trace, start)
		got := play(t, config, trace, start.Add(shift))
		if diff := gocmp.Diff(string(want), string(shiftBack(t, got, shift))); diff != "" {
			t.Fatalf("run %v later, the trace differs:\n%s", shift, diff)
		}
	})
}

var (
	digitsRegexp  = regexp.MustCompile(`"[0-9]{56}"`)
	arrivalRegexp = regexp.MustCompile(`"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z"`)
)

// shiftBack subtracts a duration from all sequence numbers and times in JSON.
func shiftBack(t *rapid.T, text []byte, shift time.Duration) []byte {
	text = digitsRegexp.ReplaceAllFunc(text, func(quoted []byte) []byte {
		number, err := putrecords.ParseSequenceNumber(string(quoted[1 : len(quoted)-1]))
		if err != nil {
			t.Fatal(err)
		}
		number.ShardCreated -= int64(shift / time.Second)
		number.Arrived -= int64(shift / time.Second)
		return fmt.Appendf(nil, "%q", number)
	})
	return arrivalRegexp.ReplaceAllFunc(text, func(quoted []byte) []byte {
		at, err := time.Parse(`"`+time.RFC3339Nano+`"`, string(quoted))
		if err != nil {
			t.Fatal(err)
		}
		return at.Add(-shift).AppendFormat(nil, `"`+time.RFC3339Nano+`"`)
	})
}

// An ownStep is a call with records for the shard under test. Records for other shards may be part
// of the same request, or of requests before it.
type ownStep struct {
	after   time.Duration
	records []putrecords.RequestEntry
	trouble trouble
	fault   bool // whether a fault fails a record with the key "fail"
	others  []otherStep
	mixed   []int // where the request has records for other shards
}

type otherStep struct {
	ahead   time.Duration // of the clock in the ownStep
	records int
	reshard bool
}

// What a shard answers and stores does not depend on the other shards: not on their records in the
// same requests or in others, nor on their callers' clocks, nor on reshards.
func TestShardsAreIndependent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var steps []ownStep
		for range rapid.IntRange(1, 15).Draw(t, "steps") {
			step := ownStep{after: drawElapsed(t), fault: rapid.IntRange(0, 5).Draw(t, "fault") == 0}
			step.trouble.kind = rapid.SampledFrom([]string{"", "", "", failsAtOnce, failsLater, finishesLater}).Draw(t, "trouble")
			for range rapid.IntRange(1, 6).Draw(t, "records") {
				key := rapid.SampledFrom([]string{"a", "b", "fail"}).Draw(t, "key")
				e := putrecords.Entry(key, make([]byte, rapid.IntRange(0, 20).Draw(t, "size")))
				e.ExplicitHashKey = ptr(ownHashKey.String())
				step.records = append(step.records, e)
			}
			for range rapid.IntRange(0, 3).Draw(t, "others") {
				step.others = append(step.others, otherStep{
					ahead:   drawElapsed(t),
					records: rapid.IntRange(1, 8).Draw(t, "others' records"),
					reshard: rapid.IntRange(0, 4).Draw(t, "others' reshard") == 0,
				})
			}
			step.mixed = rapid.SliceOfN(rapid.IntRange(0, len(step.records)), 0, 8).Draw(t, "mixed")
			steps = append(steps, step)
		}
		if diff := gocmp.Diff(string(playOwn(t, steps, false)), string(playOwn(t, steps, true))); diff != "" {
			t.Fatalf("other shards affect a shard's answers (-without them +with them):\n%s", diff)
		}
	})
}

// ownHashKey belongs to the second shard of three.
var ownHashKey = new(big.Int).Rsh(hashSpace, 1)

// playOwn runs steps with or without records for other shards. It returns everything about the
// shard under test as JSON.
func playOwn(t *rapid.T, steps []ownStep, withOthers bool) []byte {
	c := newClock()
	log := &troubledLog{Log: &putrecords.MemoryLog{Retention: -1}}
	s := putrecords.MustNew(putrecords.Config{
		Shards: 3, Now: c.Now, Log: log,
		Limits: putrecords.Limits{RecordsPerSecond: 3, RecordBurst: 7, BytesPerSecond: 40, BytesPerRecord: 40, ByteBurst: 90},
	})
	put := func(records []putrecords.RequestEntry) *putrecords.Output {
		out, err := s.Put(t.Context(), records...)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	other := func(i int) putrecords.RequestEntry { // for the first shard or the last
		if i%2 == 0 {
			return hashed("0")
		}
		return hashed(lastHashKey)
	}
	var own []putrecords.ResultEntry
	for _, step := range steps {
		c.advance(step.after)
		log.trouble = trouble{}
		if withOthers {
			for _, o := range step.others {
				playOther(t, s, c, o, put, other)
			}
		}
		if step.fault {
			s.Inject(putrecords.Fault{Match: func(a putrecords.Attempt) bool { return a.PartitionKey == "fail" }})
		}
		log.trouble = trouble{step.trouble.kind, oddShards} // the shard under test is one of them
		records, isOwn := slices.Clone(step.records), slices.Repeat([]bool{true}, len(step.records))
		if withOthers {
			for i, place := range step.mixed {
				records, isOwn = slices.Insert(records, place, other(i)), slices.Insert(isOwn, place, false)
			}
		}
		out := put(records)
		for i, entry := range out.Records {
			if isOwn[i] {
				own = append(own, entry)
			}
		}
	}
	text, err := json.Marshal([]any{own, s.Stats()[1], s.Shards()[1], recordsOf(t, s, shard1)})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// playOther runs a step on the other shards, and then resets the clock.
func playOther(
	t *rapid.T, s *putrecords.Stream, c *clock, step otherStep,
	put func([]putrecords.RequestEntry) *putrecords.Output, record func(int) putrecords.RequestEntry,
) {
	now := c.now
	c.advance(step.ahead)
	if step.reshard {
		shard := s.Route(putrecords.HashKey{})
		if err := s.SplitShard(shard.ShardID, hashKeyOf(new(big.Int).Rsh(shard.HashKeyRange.EndingHashKey.Big(), 1))); err != nil {
			t.Fatal(err)
		}
	}
	var records []putrecords.RequestEntry
	for i := range step.records {
		records = append(records, record(i))
	}
	put(records)
	c.now = now
}
