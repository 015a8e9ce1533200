package putrecords_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/big"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/putrecords/putrecords"
)

const (
	modelChecks = 2800    // sequences of steps in a run
	modelSteps  = 40      // steps in a sequence, on average
	minSteps    = 100_000 // steps in a run
)

// The stream agrees with the model in every answer and, after every step, in Shards, Stats, Records
// and Hits. After every step the invariants are checked as well: see [machine.Check].
//
// A step is one call of the stream or one change of its clock. A run consists of 2,800 sequences
// with 40 steps on average, and fails if it has fewer than 100,000 steps. Set the environment
// variable PUTRECORDS_MODEL_CHECKS to change the number of sequences: 100000 take some minutes.
// With -short there are a tenth as many steps.
func TestModel(t *testing.T) {
	checks := modelChecks
	if v := os.Getenv("PUTRECORDS_MODEL_CHECKS"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 {
			t.Fatalf("PUTRECORDS_MODEL_CHECKS=%q is not a number of checks", v)
		}
		checks = n
	}
	setFlag(t, "rapid.checks", strconv.Itoa(checks))
	setFlag(t, "rapid.steps", strconv.Itoa(modelSteps))

	steps, events := 0, make(map[string]int)
	rapid.Check(t, func(t *rapid.T) {
		m := newMachine(t, events)
		actions := m.actions()
		for name, action := range actions {
			actions[name] = func(t *rapid.T) {
				action(t)
				steps++ // not reached if the action skips itself
			}
		}
		actions[""] = m.Check
		t.Repeat(actions)
	})

	if checks < modelChecks || testing.Short() {
		return
	}
	if steps < minSteps {
		t.Errorf("%d steps, want at least %d", steps, minSteps)
	}
	for _, event := range []string{
		"stored", "throttled", "failed", "rejected", "stored before a failed request", "reshard", "reshard during a call",
		"reshard of a shard that takes no records yet",
		"left over during a call", "restart", "retention",
	} {
		if events[event] < 100 {
			t.Errorf("%q happened only %d times in %d steps", event, events[event], steps)
		}
	}
}

// setFlag sets a flag until the test ends.
func setFlag(t *testing.T, name, value string) {
	t.Helper()
	f := flag.Lookup(name)
	old := f.Value.String()
	if err := f.Value.Set(value); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Value.Set(old) })
}

// A machine drives a stream and its model.
type machine struct {
	clock      *clock
	config     putrecords.Config
	log        *troubledLog
	stream     *putrecords.Stream
	model      *model
	injections []*putrecords.Injection  // of model.faults
	asked      []putrecords.Attempt     // arguments of the faults' Match in the current call
	answer     *putrecords.Output       // the previous output, which belongs to the caller
	answered   []putrecords.ResultEntry // a copy of its records
	entries    int                      // records drawn so far
	events     map[string]int
	furthest   time.Time // the latest time that the clock has shown

	// What callers have learned since the stream started:
	sent, stored, throttled, failed putrecords.Count
	storedIn                        map[string]putrecords.Count
	told                            map[string]string // last sequence number of each shard
	lies                            bool              // whether there were faults with AfterAppend
}

func newMachine(t *rapid.T, events map[string]int) *machine {
	m := &machine{clock: newClock(), events: events, furthest: start}
	encryptions := []putrecords.EncryptionType{"", putrecords.EncryptionNone, putrecords.EncryptionKMS}
	m.config = putrecords.Config{
		Name:           rapid.SampledFrom([]string{"", "orders-1.eu_x"}).Draw(t, "name"),
		AccountID:      rapid.SampledFrom([]string{"", "123456789012"}).Draw(t, "account"),
		Region:         rapid.SampledFrom([]string{"", "eu-west-1", "cn-north-1", "us-gov-west-1"}).Draw(t, "region"),
		EncryptionType: rapid.SampledFrom(encryptions).Draw(t, "encryption"),
		ReshardDelay:   rapid.SampledFrom([]time.Duration{0, 0, time.Second, 2500 * time.Millisecond, 25 * time.Second}).Draw(t, "delay"),
		UpdatingDelay:  rapid.SampledFrom([]time.Duration{0, 0, 1, time.Second, time.Minute}).Draw(t, "updating"),
		Limits:         drawLimits(t),
		Now:            m.clock.Now,
	}
	if rapid.Bool().Draw(t, "restored") {
		m.config.Layout = drawLayout(t, m.clock.now)
	} else {
		m.config.Shards = rapid.IntRange(0, 5).Draw(t, "shards")
	}
	log := &modelLog{
		retention: rapid.SampledFrom([]time.Duration{0, 3 * time.Second, 1, -1}).Draw(t, "retention"),
		positions: make(map[string]uint64), records: make(map[string][]putrecords.Record),
	}
	m.log = &troubledLog{Log: &putrecords.MemoryLog{Retention: log.retention}}
	if log.retention == 0 {
		log.retention = 24 * time.Hour
	}
	if rapid.IntRange(0, 9).Draw(t, "discard") == 9 {
		log.discards = true
		m.log.Log = putrecords.Discard()
	}
	m.config.Log = m.log
	m.start(t, log)
	return m
}

// drawLimits returns valid limits that are low enough to matter.
func drawLimits(t *rapid.T) putrecords.Limits {
	l := putrecords.Limits{
		RecordsPerRequest:  rapid.SampledFrom([]int{0, 5, 8, -1}).Draw(t, "records a request"),
		BytesPerRecord:     rapid.SampledFrom([]int{0, 40, 64, -1}).Draw(t, "bytes a record"),
		BytesPerRequest:    rapid.SampledFrom([]int{0, 192, 320, -1}).Draw(t, "bytes a request"),
		PartitionKeyLength: rapid.SampledFrom([]int{0, 5, -1}).Draw(t, "key length"),
		RecordsPerSecond:   rapid.SampledFrom([]int{0, 1, 3, 7, 20, -1}).Draw(t, "records a second"),
		BytesPerSecond:     rapid.SampledFrom([]int64{0, 70, 333, 1000, -1}).Draw(t, "bytes a second"),
		RecordBurst:        rapid.SampledFrom([]int{0, 0, 10, -1}).Draw(t, "record burst"),
	}
	if l.BytesPerRecord == -1 && l.BytesPerRequest == -1 {
		l.BytesPerSecond = -1 // no burst is large enough for all records
	}
	withSlowRate := l
	withSlowRate.BytesPerSecond = 1
	if largest := modelLimits(withSlowRate).ByteBurst; largest > 0 { // the burst for the largest record
		l.ByteBurst = rapid.SampledFrom([]int64{0, largest, largest + 300, -1}).Draw(t, "byte burst")
	}
	return l
}

// drawLayout returns a layout that a stream may be restored with. Its indexes have gaps and do not
// follow the order of the hash keys. It may lack sequence numbers, and may have a closed parent.
func drawLayout(t *rapid.T, now time.Time) (layout []putrecords.Shard) {
	index := rapid.Uint32Range(0, 20).Draw(t, "first index")
	parentID, closing := "", int64(0)
	if rapid.Bool().Draw(t, "closed parent") {
		created := now.Unix() - 100
		closing = now.Unix() + rapid.Int64Range(-50, 50).Draw(t, "closing")
		parentID = fmt.Sprintf("shardId-%012d", index)
		layout = append(layout, putrecords.Shard{
			ShardID:      parentID,
			HashKeyRange: putrecords.HashKeyRange{EndingHashKey: hashKeyOf(plus(hashSpace, -1))},
			SequenceNumberRange: putrecords.SequenceNumberRange{
				StartingSequenceNumber: putrecords.SequenceNumber{ShardCreated: created, Arrived: created, ShardIndex: index},
				EndingSequenceNumber: putrecords.SequenceNumber{
					ShardCreated: created, Position: 1<<63 - 1, Arrived: closing, ShardIndex: index,
				},
			},
		})
	}
	cuts := append([]int64{0}, rapid.SliceOfNDistinct(rapid.Int64Range(1, 15), 0, 4, rapid.ID[int64]).Draw(t, "cuts")...)
	slices.Sort(cuts)
	cuts = append(cuts, 16)
	sixteenth := new(big.Int).Rsh(hashSpace, 4)
	var ranges []putrecords.HashKeyRange
	for i := range cuts[1:] {
		first, next := new(big.Int).Mul(sixteenth, big.NewInt(cuts[i])), new(big.Int).Mul(sixteenth, big.NewInt(cuts[i+1]))
		ranges = append(ranges, putrecords.HashKeyRange{StartingHashKey: hashKeyOf(first), EndingHashKey: hashKeyOf(plus(next, -1))})
	}
	for _, keys := range rapid.Permutation(ranges).Draw(t, "order") {
		index += rapid.Uint32Range(1, 4).Draw(t, "gap")
		shard := putrecords.Shard{ShardID: fmt.Sprintf("shardId-%012d", index), ParentShardID: parentID, HashKeyRange: keys}
		if rapid.Bool().Draw(t, "with numbers") {
			created := max(closing+1, now.Unix()+rapid.Int64Range(-30, 30).Draw(t, "created"))
			first := &shard.SequenceNumberRange.StartingSequenceNumber
			*first = putrecords.SequenceNumber{ShardCreated: created, Arrived: created, ShardIndex: index}
		}
		layout = append(layout, shard)
	}
	return layout
}

// start starts a stream on a log, which may come from an earlier stream.
func (m *machine) start(t *rapid.T, log *modelLog) {
	stream, err := putrecords.New(m.config)
	if err != nil {
		t.Fatalf("New(%+v): %v", m.config, err)
	}
	m.stream, m.model = stream, newModel(m.config, log, m.clock.now)
	m.injections, m.lies = nil, false
	m.sent, m.stored, m.throttled, m.failed = putrecords.Count{}, putrecords.Count{}, putrecords.Count{}, putrecords.Count{}
	m.storedIn, m.told = make(map[string]putrecords.Count), make(map[string]string)
	agree(t, "limits", m.model.limits, stream.Limits())
	agree(t, "ARN", arnOf(m.model.region, m.model.account, m.model.name), stream.ARN())
}

// agree fails the test if the model and the stream differ.
func agree[T any](t *rapid.T, what string, model, stream T) {
	if diff := gocmp.Diff(model, stream); diff != "" {
		t.Fatalf("%s differ (-model +stream):\n%s", what, diff)
	}
}

// agreeOn is agree for errors, which must be of type *Error.
func agreeOn(t *rapid.T, what string, model, stream error) {
	want, got := asError(t, model), asError(t, stream)
	if want == got || want != nil && got != nil && *want == *got {
		return
	}
	agree(t, what, want, got)
}

func asError(t *rapid.T, err error) *putrecords.Error {
	var e *putrecords.Error
	if err != nil && !errors.As(err, &e) {
		t.Fatalf("%v is not an *Error", err)
	}
	return e
}

func arnOf(region, account, name string) string {
	return "arn:" + partitionOf(region) + ":kinesis:" + region + ":" + account + ":stream/" + name
}

func partitionOf(region string) string {
	switch region {
	case "cn-north-1":
		return "aws-cn"
	case "us-gov-west-1":
		return "aws-us-gov"
	}
	return "aws"
}

// actions returns the steps. Some have several names, so that they are drawn more often.
func (m *machine) actions() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"put":                m.put,
		"put again":          m.put,
		"put more":           m.put,
		"put with trouble":   m.putWithTrouble,
		"put during reshard": m.putDuringReshard,
		"put badly":          m.putBadly,
		"put differently":    m.putDifferently,
		"advance":            m.advance,
		"advance again":      m.advance,
		"advance more":       m.advance,
		"advance to an edge": m.advanceToEdge,
		"go back":            m.goBack,
		"reshard":            m.reshard,
		"reshard again":      m.reshard,
		"inject":             m.inject,
		"remove":             m.remove,
		"look around":        m.lookAround,
	}
}

// Puts.

func (m *machine) drawEntry(t *rapid.T) putrecords.RequestEntry {
	m.entries++
	key := rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "é", "key-1", "💧💧💧💧💧", "abcde"}).Draw(t, "key")
	data := make([]byte, rapid.SampledFrom([]int{0, 0, 1, 7, 10, 20, 30, 39, 40, 63}).Draw(t, "data"))
	for i := range data {
		data[i] = byte(m.entries + i)
	}
	e := putrecords.RequestEntry{PartitionKey: &key, Data: data}
	if rapid.Bool().Draw(t, "explicit") {
		explicit := m.drawHashKey(t).String()
		e.ExplicitHashKey = &explicit
	}
	return e
}

// drawHashKey returns a hash key at an edge or in the middle of a shard.
func (m *machine) drawHashKey(t *rapid.T) *big.Int {
	sh := rapid.SampledFrom(m.model.shards).Draw(t, "of shard")
	switch rapid.IntRange(0, 3).Draw(t, "edge") {
	case 0:
		return sh.first
	case 1:
		return sh.last
	case 2:
		return hashKeyOf(plus(sh.first, 1)).Big()
	}
	middle := new(big.Int).Add(sh.first, sh.last)
	return middle.Rsh(middle, 1)
}

func (m *machine) drawRequest(t *rapid.T) *putrecords.Input {
	in := &putrecords.Input{StreamName: &m.model.name}
	for range rapid.IntRange(1, 6).Draw(t, "records") {
		in.Records = append(in.Records, m.drawEntry(t))
	}
	return in
}

func (m *machine) put(t *rapid.T) { m.send(t, m.drawRequest(t), trouble{}, nil) }

func (m *machine) putWithTrouble(t *rapid.T) {
	in := m.drawRequest(t)
	m.send(t, in, trouble{
		kind:   rapid.SampledFrom([]string{failsAtOnce, failsLater, finishesLater}).Draw(t, "trouble"),
		shards: rapid.SampledFrom([]string{"", evenShards, oddShards}).Draw(t, "shards"),
	}, nil)
}

// putDuringReshard puts records. When the log begins to store the first of them, the clock goes
// back and another caller reshards the shards of the others.
func (m *machine) putDuringReshard(t *rapid.T) {
	r := m.drawReshard(t)
	in := &putrecords.Input{StreamName: &m.model.name}
	for _, id := range []string{m.open()[0].info.ShardID, r.adjacentShardID, r.shardID, r.adjacentShardID, r.shardID} {
		if sh := m.model.find(id); sh != nil {
			e := m.drawEntry(t)
			e.ExplicitHashKey = ptr(rapid.SampledFrom([]*big.Int{sh.first, sh.last}).Draw(t, "edge").String())
			in.Records = append(in.Records, e)
		}
	}
	back := rapid.SampledFrom([]time.Duration{0, 0, 5 * time.Second, time.Minute}).Draw(t, "back")
	m.send(t, in, trouble{}, &interruption{back, r})
}

// An interruption is a reshard by another caller in the middle of a call.
type interruption struct {
	back    time.Duration // how far the clock goes back first
	reshard reshard
}

// putDifferently puts records by ARN, in a dry run, or with a canceled context.
func (m *machine) putDifferently(t *rapid.T) {
	in := m.drawRequest(t)
	arn := arnOf(m.model.region, m.model.account, m.model.name)
	switch rapid.SampledFrom([]string{"ARN", "both", "dry", "not dry", "canceled"}).Draw(t, "how") {
	case "ARN":
		in.StreamName, in.StreamARN = nil, &arn
	case "both":
		in.StreamARN = &arn
	case "dry":
		in.DryRun = ptr(true)
	case "not dry":
		in.DryRun = ptr(false)
	case "canceled":
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if out, err := m.stream.PutRecords(ctx, in); out != nil || !errors.Is(err, context.Canceled) {
			t.Fatalf("with a canceled context: %v, %v", out, err)
		}
		return
	}
	m.send(t, in, trouble{}, nil)
}

// putBadly puts a request that violates rules, at least those of some streams.
func (m *machine) putBadly(t *rapid.T) {
	in := m.drawRequest(t)
	for range rapid.IntRange(1, 3).Draw(t, "faults") {
		one := &putrecords.RequestEntry{}
		if len(in.Records) > 0 {
			one = &in.Records[rapid.IntRange(0, len(in.Records)-1).Draw(t, "record")]
		}
		switch rapid.IntRange(0, 12).Draw(t, "fault") {
		case 0:
			in.Records = rapid.SampledFrom([][]putrecords.RequestEntry{nil, {}}).Draw(t, "no records")
		case 1:
			in.Records = repeat(rapid.IntRange(6, 9).Draw(t, "many"), m.drawEntry(t))
		case 2:
			in.Records = repeat(rapid.IntRange(8, 12).Draw(t, "many"), putrecords.RequestEntry{})
		case 3:
			one.PartitionKey = nil
		case 4:
			one.PartitionKey = ptr(rapid.SampledFrom([]string{
				"", "longer", strings.Repeat("ß", 256), strings.Repeat("ß", 257),
			}).Draw(t, "bad key"))
		case 5:
			one.ExplicitHashKey = ptr(rapid.SampledFrom([]string{
				"", "00", "01", "-1", "+1", "1e3", "x", "1\n", "1" + strings.Repeat("0", 39),
			}).Draw(t, "malformed"))
		case 6, 7:
			one.ExplicitHashKey = ptr(rapid.SampledFrom([]string{hashSpace.String(), strings.Repeat("9", 39)}).Draw(t, "out of range"))
		case 8:
			one.Data = nil
		case 9:
			one.Data = make([]byte, rapid.SampledFrom([]int{40, 64, 65, 128, 200}).Draw(t, "large"))
		case 10, 11:
			in.StreamName = rapid.SampledFrom([]*string{
				nil, nil, ptr(""), ptr("other"), ptr("a b"),
				ptr(strings.Repeat("n", 128)), ptr(strings.Repeat("n", 129)), ptr(strings.Repeat("é", 129)),
			}).Draw(t, "bad name")
		case 12:
			own := arnOf(m.model.region, m.model.account, m.model.name)
			in.StreamARN = rapid.SampledFrom([]*string{
				&own, ptr(arnOf("eu-east-9", "999999999999", m.model.name)), ptr(arnOf(m.model.region, "999999999999", "other")),
				ptr(arnOf(m.model.region, m.model.account, "other")), ptr(""), ptr("bad-arn"), ptr(own + " "),
				ptr(own + strings.Repeat("x", 2048-len(own))), ptr(own + strings.Repeat("x", 2049-len(own))),
			}).Draw(t, "bad ARN")
		}
	}
	agreeOn(t, "errors of Validate", m.model.validate(in, false), m.config.Limits.Validate(in))
	m.send(t, in, trouble{}, nil)
}

var errNotCalled = &putrecords.Error{Code: "not called"}

// send puts records into the stream and the model, and compares their answers.
func (m *machine) send(t *rapid.T, in *putrecords.Input, trouble trouble, interruption *interruption) {
	var got, want error = errNotCalled, errNotCalled
	inModel := func(string) {}
	if interruption != nil {
		r := interruption.reshard
		interrupt := func(shardID string, goBack func(), s resharder, err *error) {
			if shardID != r.shardID && shardID != r.adjacentShardID { // the lock of shardID is held
				goBack()
				*err = r.of(s)
			}
		}
		m.log.interrupt = func(shardID string) {
			interrupt(shardID, func() { m.clock.advance(-interruption.back) }, m.stream, &got)
		}
		inModel = func(shardID string) {
			interrupt(shardID, func() { m.model.now = m.model.now.Add(-interruption.back) }, m.model, &want)
		}
	}
	m.log.trouble = trouble
	m.log.begun, m.log.waited, m.log.late = 0, 0, false
	m.asked = nil
	before := counted(m.stream.Stats())
	out, err := m.stream.PutRecords(t.Context(), in)
	m.log.interrupt = nil
	asked := m.asked
	wantOut, wantErr := m.model.PutRecords(in, trouble, inModel)
	m.events["left over during a call"] += m.model.leftOver
	m.model.leftOver = 0
	agreeOn(t, "errors of the call", wantErr, err)
	agree(t, "outputs", wantOut, out)
	agreeOn(t, "errors of the reshard during the call", want, got)
	if m.log.begun != m.log.waited || m.log.late {
		t.Fatalf("%d appends began and %d were waited for; some began after a wait: %t", m.log.begun, m.log.waited, m.log.late)
	}
	if m.model.now != m.clock.now {
		t.Fatalf("the model's clock shows %v, the stream's %v", m.model.now, m.clock.now)
	}
	for _, a := range asked {
		e := in.Records[a.Index]
		want := putrecords.Attempt{
			Index: a.Index, PartitionKey: *e.PartitionKey, HashKey: hashKeyOf(hashKeyOfEntry(e)), ShardID: a.ShardID, Bytes: bytesOf(e),
		}
		if a != want {
			agree(t, "attempts", want, a)
		}
	}
	m.hear(t, in, out, before)
	if m.answer != nil && !slices.Equal(m.answered, m.answer.Records) {
		agree(t, "an earlier output and its current contents", m.answered, m.answer.Records)
	}
	if out != nil {
		m.answer, m.answered = out, slices.Clone(out.Records)
	}
	for _, e := range in.Records {
		clear(e.Data) // which belongs to the caller again
	}
	if err != nil {
		m.events["rejected"]++
	}
	if got == nil {
		m.events["reshard during a call"]++
	}
}

// Time.

// setClock sets the clocks of the stream and the model, but goes back by less than the day after
// which calls would fail.
func (m *machine) setClock(now time.Time) {
	if now.After(m.furthest) {
		m.furthest = now
	}
	if earliest := m.furthest.Add(-23 * time.Hour); now.Before(earliest) {
		now = earliest
	}
	m.clock.now, m.model.now = now, now
}

func (m *machine) advance(t *rapid.T) {
	m.setClock(m.clock.now.Add(rapid.SampledFrom([]time.Duration{
		1, 2, time.Millisecond, 142_857_142, 142_857_143, 200 * time.Millisecond, 333_333_333, 333_333_334, time.Second - 1, time.Second,
		3 * time.Second, 10 * time.Second, time.Hour,
	}).Draw(t, "by")))
}

func (m *machine) goBack(t *rapid.T) {
	m.setClock(m.clock.now.Add(-rapid.SampledFrom([]time.Duration{
		1, time.Millisecond, 500 * time.Millisecond, time.Second, 4 * time.Second, 30 * time.Second, 2 * time.Hour,
	}).Draw(t, "by")))
}

// advanceToEdge sets the clock to the end of a closing second, to the start of the next second, to
// when the stream becomes ACTIVE, or to when a record becomes too old.
func (m *machine) advanceToEdge(t *rapid.T) {
	var edges []time.Time
	for _, r := range m.model.pending {
		next := time.Unix(r.closing+1, 0).UTC()
		edges = append(edges, next.Add(-1), next, r.active.Add(-1), r.active)
	}
	for _, sh := range m.model.shards {
		if records := m.model.log.kept(sh.info.ShardID); len(records) > 0 && m.model.log.retention != -1 {
			edge := records[0].Arrived.Add(m.model.log.retention)
			edges = append(edges, edge, edge.Add(1))
		}
	}
	if len(edges) == 0 {
		t.Skip()
	}
	m.setClock(rapid.SampledFrom(edges).Draw(t, "edge"))
}

// Resharding.

type resharder interface {
	SplitShard(shardID string, newStartingHashKey putrecords.HashKey) error
	MergeShards(shardID, adjacentShardID string) error
}

// A reshard is a merge if it has an adjacent shard, and a split otherwise.
type reshard struct {
	shardID, adjacentShardID string
	key                      putrecords.HashKey
}

func (r reshard) of(s resharder) error {
	if r.adjacentShardID != "" {
		return s.MergeShards(r.shardID, r.adjacentShardID)
	}
	return s.SplitShard(r.shardID, r.key)
}

// drawReshard returns a reshard, usually a valid one. The fewer shards there are, the more often it
// is a split.
func (m *machine) drawReshard(t *rapid.T) reshard {
	open := m.unclosed()
	if rapid.IntRange(0, 7).Draw(t, "any shards") == 7 {
		ids := []string{"", "shardId-", "shardId-99", "shardId-000000009999", "shardId-000000000001 "}
		for _, sh := range m.model.shards {
			ids = append(ids, sh.info.ShardID)
		}
		r := reshard{shardID: rapid.SampledFrom(ids).Draw(t, "shard"), key: hashKeyOf(m.drawHashKey(t))}
		if rapid.Bool().Draw(t, "merge") {
			r.adjacentShardID = rapid.SampledFrom(ids).Draw(t, "adjacent shard")
		}
		return r
	}
	sh := rapid.SampledFrom(open).Draw(t, "shard")
	if rapid.IntRange(0, 6).Draw(t, "merge") < len(open) {
		for _, adjacent := range open {
			if plus(sh.last, 1).Cmp(adjacent.first) == 0 {
				return reshard{shardID: sh.info.ShardID, adjacentShardID: adjacent.info.ShardID}
			}
		}
	}
	middle := new(big.Int).Add(sh.first, sh.last)
	keys := []*big.Int{middle.Rsh(middle, 1), plus(sh.first, 1), plus(sh.first, 2), plus(sh.last, -1), sh.last}
	key := rapid.SampledFrom(keys).Draw(t, "key")
	return reshard{shardID: sh.info.ShardID, key: hashKeyOf(new(big.Int).Mod(key, hashSpace))}
}

// open returns the shards in service.
func (m *machine) open() (open []*modelShard) {
	for _, sh := range m.model.shards {
		if sh.inService {
			open = append(open, sh)
		}
	}
	return open
}

// unclosed returns the shards that may be resharded. Some may not be in service yet.
func (m *machine) unclosed() (shards []*modelShard) {
	for _, sh := range m.model.shards {
		if sh.info.SequenceNumberRange.EndingSequenceNumber.IsZero() {
			shards = append(shards, sh)
		}
	}
	return shards
}

func (m *machine) reshard(t *rapid.T) {
	r := m.drawReshard(t)
	err := r.of(m.stream)
	agreeOn(t, "errors of the reshard", r.of(m.model), err)
	if err == nil {
		m.events["reshard"]++
		if !m.model.find(r.shardID).inService {
			m.events["reshard of a shard that takes no records yet"]++
		}
	}
}

// Faults.

func (m *machine) inject(t *rapid.T) {
	f := putrecords.Fault{
		Code: rapid.SampledFrom([]putrecords.ErrorCode{
			"", "", "InternalFailure", "ProvisionedThroughputExceededException", "ProvisionedThroughputExceededException",
			"AccessDeniedException", "KMSDisabledException", "KMSNotFoundException", "KMSOptInRequired", "ResourceNotFoundException",
			"ResourceInUseException", "UnrecognizedClientException", "DryRunOperationException", "ValidationException", "SomethingElse",
		}).Draw(t, "code"),
		Message:      rapid.SampledFrom([]string{"", "", "my message"}).Draw(t, "message"),
		Count:        rapid.SampledFrom([]int{0, 0, 1, 2, 3, -1}).Draw(t, "count"),
		WholeRequest: rapid.IntRange(0, 3).Draw(t, "whole") == 3,
		AfterAppend:  rapid.Bool().Draw(t, "after"),
	}
	switch rapid.IntRange(0, 5).Draw(t, "match") {
	case 0:
		f.Match = func(a putrecords.Attempt) bool { return a.PartitionKey == "a" }
	case 1:
		f.Match = func(a putrecords.Attempt) bool { return a.Index%2 == 1 }
	case 2:
		id := rapid.SampledFrom(m.model.shards).Draw(t, "shard").info.ShardID
		f.Match = func(a putrecords.Attempt) bool { return a.ShardID == id }
	case 3:
		f.Match = func(a putrecords.Attempt) bool { return a.Bytes > 30 }
	case 4:
		f.Match = func(a putrecords.Attempt) bool { return a.HashKey[0] < 0x80 }
	}
	m.model.faults = append(m.model.faults, &modelFault{Fault: f})
	m.lies = m.lies || f.AfterAppend
	if match := f.Match; match != nil {
		f.Match = func(a putrecords.Attempt) bool {
			m.asked = append(m.asked, a)
			return match(a)
		}
	}
	m.injections = append(m.injections, m.stream.Inject(f))
}

func (m *machine) remove(t *rapid.T) {
	if len(m.injections) == 0 {
		t.Skip()
	}
	i := rapid.IntRange(0, len(m.injections)-1).Draw(t, "fault")
	m.injections[i].Remove()
	m.model.faults[i].removed = true
}

// The rest.

// lookAround routes a hash key, asks for a shard that does not exist, or restarts the stream.
func (m *machine) lookAround(t *rapid.T) {
	switch rapid.SampledFrom([]string{"route", "no shard", "restart"}).Draw(t, "what") {
	case "route":
		key := m.drawHashKey(t)
		got := m.stream.Route(hashKeyOf(key))
		m.model.reach(m.model.now)
		agree(t, "statuses", m.model.status(), m.stream.Status())
		if want := m.model.route(key).info; got != want {
			agree(t, "routes", want, got)
		}
	case "no shard":
		m.readNoShard(t)
	case "restart":
		m.restart(t)
	}
}

// restart starts a stream with the log and the shards of the previous one, except some of the
// closed shards.
func (m *machine) restart(t *rapid.T) {
	m.config.Shards, m.config.Layout = 0, nil
	for _, shard := range m.stream.Shards() {
		closed := shard.SequenceNumberRange.EndingSequenceNumber != (putrecords.SequenceNumber{})
		if !closed || rapid.Bool().Draw(t, "kept") {
			m.config.Layout = append(m.config.Layout, shard)
		}
	}
	m.start(t, m.model.log)
	m.events["restart"]++
}

func (m *machine) readNoShard(t *rapid.T) {
	id := rapid.SampledFrom([]string{"", "shardId-0", "shardId-000000009999"}).Draw(t, "shard")
	want := &putrecords.Error{
		Code:    "ResourceNotFoundException",
		Message: fmt.Sprintf("Could not find shard %s in stream %s under account %s.", id, m.model.name, m.model.account),
	}
	n := 0
	for _, err := range m.stream.Records(id) {
		n++
		agreeOn(t, "errors", want, err)
	}
	agree(t, "error counts", 1, n)
}
