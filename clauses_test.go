package putrecords_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/putrecords/putrecords"
)

const clausesDir = "testdata/clauses"

// Clauses that the library does not satisfy, and why. Their vectors say what AWS does.
var knownDisagreements = map[string]string{
	"02-authorization-before-address": "faults, including AccessDeniedException, apply after validation because they may match by shard",
}

// The library satisfies each clause in testdata/clauses.
func TestClauses(t *testing.T) {
	for _, id := range vectorIDs(t) {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			c, err := parseClause(readVector(t, id))
			if err != nil {
				t.Fatalf("the vector is malformed: %v", err)
			}
			problems := c.run(t.Context())
			reason, known := knownDisagreements[id]
			switch {
			case known && len(problems) == 0:
				t.Errorf("the library now satisfies the clause %q: remove it from the known disagreements", c.Clause)
			case known:
				t.Skipf("known disagreement with the clause %q: %s", c.Clause, reason)
			case len(problems) > 0:
				t.Errorf("%s\nclause: %q (section %d, mark %s, source: %s)\n%s", c.Name, c.Clause, c.Section, c.Mark, c.Source,
					strings.Join(problems, "\n"))
			}
		})
	}
}

// Each clause in clauses.txt has a vector, and each vector is in clauses.txt.
func TestClausesAreCovered(t *testing.T) {
	list, err := os.ReadFile(filepath.Join(clausesDir, "clauses.txt"))
	if err != nil {
		t.Fatal(err)
	}
	listed := make(map[string]bool)
	vectors := vectorIDs(t)
	for line := range strings.Lines(string(list)) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] == "#" {
			continue
		}
		if len(fields) != 3 || listed[fields[0]] {
			t.Errorf("clauses.txt: %q is not a clause's name, section and mark, or is a duplicate", line)
			continue
		}
		id := fields[0]
		listed[id] = true
		if !slices.Contains(vectors, id) {
			t.Errorf("clause %s has no vector", id)
			continue
		}
		c, err := parseClause(readVector(t, id))
		if err != nil {
			t.Errorf("%s: %v", id, err)
			continue
		}
		if section := strconv.Itoa(c.Section); section != fields[1] || !strings.HasPrefix(id, "0"+section+"-") || c.Mark != fields[2] {
			t.Errorf("%s: the vector has section %d and mark %s, clauses.txt has %s and %s", id, c.Section, c.Mark, fields[1], fields[2])
		}
	}
	for _, id := range vectors {
		if !listed[id] {
			t.Errorf("vector %s is not in clauses.txt", id)
		}
	}
	for id := range knownDisagreements {
		if !listed[id] {
			t.Errorf("known disagreement %s is not in clauses.txt", id)
		}
	}
}

// The example in the README is a vector, except for its comments.
func TestClausesReadme(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(clausesDir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(text), "```jsonc\n")
	example, _, _ = strings.Cut(example, "```")
	c, err := parseClause(regexp.MustCompile(` +//.*`).ReplaceAll([]byte(example), nil))
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range c.run(t.Context()) {
		t.Error(problem)
	}
}

// A malformed vector or a wrong expectation makes the test fail.
func TestClausesCanFail(t *testing.T) {
	const id = "04-natural-order"
	vector := string(readVector(t, id))
	for _, change := range [][2]string{
		{`"mark": "S"`, `"mark": "S or P"`},
		{`"mark": "S"`, `"mark": "S", "extra": 1`},
		{`"section": 4`, `"Section": 4`},
		{`"PartitionKey"`, `"partitionKey"`},
		{`"ShardCount": 3`, `"shards": 3`},
		{`"ShardCount": 3`, `"ShardCount": 2`},
		{`"status": 200,`, ``},
		{`"status": 200`, `"status": 400`},
		{`"answer"`, `"note"`},
		{`"action": "stored"`, `"action": "GetRecords"`},
		{`"action": "stored"`, `"action": "stored", "fault": {"of": "request", "ErrorCode": "InternalFailure"}`},
		{`"at": "2026`, `"at": "2025`},
		{`"shard": 2`, `"shard": 1`},
		{`"created": "2026`, `"created": "2025`},
		{`"arrived": "2026`, `"arrived": "2025`},
		{`"ShardId": "shardId-000000000000"`, `"ShardId": "shardId-000000000001"`},
		{`"FailedRecordCount": 0`, `"FailedRecordCount": 1`},
		{`"answered": [1, 1]`, `"answered": [1, 2]`},
		{`"answered": [1, 1]`, `"answered": [9, 1]`},
		{`"answered"`, `"arrived"`},
		{`{"Data": "eQ==",`, `{"Data": "eg==",`},
	} {
		changed := strings.Replace(vector, change[0], change[1], 1)
		if changed == vector {
			t.Errorf("%s has no %s", id, change[0])
		}
		if c, err := parseClause([]byte(changed)); err == nil && len(c.run(t.Context())) == 0 {
			t.Errorf("%s passes with %s for %s", id, change[1], change[0])
		}
	}
}

func vectorIDs(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(clausesDir, "*.json"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no vectors: %v", err)
	}
	for i, name := range names {
		names[i] = strings.TrimSuffix(filepath.Base(name), ".json")
	}
	return names
}

func readVector(t *testing.T, id string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(clausesDir, id+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// A clause is a vector. The README in testdata/clauses explains its members.
type clause struct {
	Name    string `json:"name"`
	Clause  string `json:"clause"`
	Section int    `json:"section"`
	Mark    string `json:"mark"`
	Source  string `json:"source"`
	Stream  struct {
		StreamName                 string
		AccountID                  string `json:"AccountId"`
		Region                     string
		StreamCreationTimestamp    time.Time
		ShardCount                 int
		Layout                     []putrecords.Shard
		EncryptionType             putrecords.EncryptionType
		RecordDistributionStrategy putrecords.RecordDistributionStrategy
		ReshardDelaySeconds        int
		Limits                     putrecords.Limits
	} `json:"stream"`
	Steps []clauseStep `json:"steps"`
}

type clauseStep struct {
	At      time.Time    `json:"at"`
	Action  string       `json:"action"`
	Note    string       `json:"note"`
	Fault   *clauseFault `json:"fault"`
	Request any          `json:"request"`
	Status  int          `json:"status"`
	Answer  any          `json:"answer"`
}

type clauseFault struct {
	Of           string `json:"of"`
	ErrorCode    putrecords.ErrorCode
	PartitionKey string
	ShardID      string `json:"ShardId"`
}

// memberNames are the names of all members in vectors and answers. They are checked because
// encoding/json also accepts names that differ in case.
var memberNames = strings.Fields(`
	name clause section mark source stream steps at action note fault request status answer of
	StreamName AccountId Region StreamCreationTimestamp ShardCount Layout EncryptionType RecordDistributionStrategy ReshardDelaySeconds Limits
	RecordsPerRequest BytesPerRecord BytesPerRequest PartitionKeyLength RecordsPerSecond BytesPerSecond
	StreamARN DryRun Records Data PartitionKey ExplicitHashKey ShardToSplit NewStartingHashKey ShardToMerge AdjacentShardToMerge
	ScalingType TargetShardCount CurrentShardCount
	FailedRecordCount SequenceNumber ShardId ErrorCode ErrorMessage __type message Message
	Shards ParentShardId AdjacentParentShardId HashKeyRange StartingHashKey EndingHashKey
	SequenceNumberRange StartingSequenceNumber EndingSequenceNumber
	shard created arrived position answered $repeat $times $zeros $join`)

var markRegexp = regexp.MustCompile(`^(S|P|D|I|ours)(,(S|P|D|I|ours))*$`)

// parseClause parses a vector. It rejects one that is malformed, or has a step that asserts
// nothing.
func parseClause(text []byte) (*clause, error) {
	var c clause
	if err := decodeStrictly(text, &c); err != nil {
		return nil, err
	}
	if c.Name == "" || c.Clause == "" || c.Source == "" || !markRegexp.MatchString(c.Mark) {
		return nil, errors.New("name, clause or source is missing, or the mark is missing or invalid")
	}
	if s := c.Stream; s.StreamName == "" || s.AccountID == "" || s.Region == "" || (s.ShardCount == 0) == (len(s.Layout) == 0) {
		return nil, errors.New("stream needs a name, an account, a region, and either a shard count or a layout")
	}
	if len(c.Steps) == 0 {
		return nil, errors.New("there are no steps")
	}
	at := c.Stream.StreamCreationTimestamp
	for i, step := range c.Steps {
		if at.IsZero() || step.At.Before(at) {
			return nil, fmt.Errorf("step %d: its time, or the stream's, is missing or earlier than the previous one", i+1)
		}
		at = step.At
		if err := step.check(); err != nil {
			return nil, fmt.Errorf("step %d: %w", i+1, err)
		}
	}
	return &c, nil
}

// decodeStrictly decodes JSON. It rejects members that the value does not have, or that differ in
// case.
func decodeStrictly(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more after the JSON value")
	}
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		return err
	}
	return checkNames(value)
}

func checkNames(value any) error {
	switch v := value.(type) {
	case map[string]any:
		for name, member := range v {
			if !slices.Contains(memberNames, name) {
				return fmt.Errorf("unknown member %q", name)
			}
			if err := checkNames(member); err != nil {
				return err
			}
		}
	case []any:
		for _, element := range v {
			if err := checkNames(element); err != nil {
				return err
			}
		}
	}
	return nil
}

// check returns an error if the step is malformed or asserts nothing.
func (s *clauseStep) check() error {
	wantAnswer := true
	switch s.Action {
	case "PutRecords", "ListShards", "UpdateShardCount", "stored":
	case "SplitShard", "MergeShards":
		wantAnswer = s.Status != 200
	case "decode":
		wantAnswer = s.Status == 200
	default:
		return fmt.Errorf("unknown action %q", s.Action)
	}
	switch {
	case s.Request == nil || s.Status == 0:
		return errors.New("request or status is missing")
	case wantAnswer != (s.Answer != nil):
		return fmt.Errorf("has an answer: %t, want %t", !wantAnswer, wantAnswer)
	case s.Fault != nil && s.Action != "PutRecords":
		return errors.New("only PutRecords may have a fault")
	case s.Fault != nil && !slices.Contains([]clauseFault{
		{Of: "request", ErrorCode: s.Fault.ErrorCode},
		{Of: "records", ErrorCode: s.Fault.ErrorCode, PartitionKey: s.Fault.PartitionKey},
		{Of: "storage", ShardID: s.Fault.ShardID},
	}, *s.Fault):
		return fmt.Errorf("fault %+v is not a valid fault of request, records or storage", *s.Fault)
	}
	return nil
}

// A clauseRun is the state of a running vector.
type clauseRun struct {
	stream  *putrecords.Stream
	log     brokenShardLog
	now     time.Time
	numbers [][]string        // of the records in each step's answer; "" if the record failed
	last    map[string]string // sequence number of each shard
}

// A brokenShardLog fails to store the records of one shard, if it is set.
type brokenShardLog struct {
	putrecords.MemoryLog
	shardID string
}

func (l *brokenShardLog) Append(ctx context.Context, shard putrecords.Shard, records []putrecords.Record) (func() error, error) {
	if shard.ShardID == l.shardID {
		return nil, errors.New("the log fails")
	}
	return l.MemoryLog.Append(ctx, shard, records)
}

// run performs the steps and returns the differences from the vector.
func (c *clause) run(ctx context.Context) (problems []string) {
	r := &clauseRun{now: c.Stream.StreamCreationTimestamp, last: make(map[string]string)}
	var err error
	r.stream, err = putrecords.New(putrecords.Config{
		Name:                       c.Stream.StreamName,
		AccountID:                  c.Stream.AccountID,
		Region:                     c.Stream.Region,
		Shards:                     c.Stream.ShardCount,
		Layout:                     c.Stream.Layout,
		EncryptionType:             c.Stream.EncryptionType,
		RecordDistributionStrategy: c.Stream.RecordDistributionStrategy,
		Limits:                     c.Stream.Limits,
		Now:                        func() time.Time { return r.now },
		Log:                        &r.log,
		ReshardDelay:               time.Duration(c.Stream.ReshardDelaySeconds) * time.Second,
	})
	if err != nil {
		return []string{err.Error()}
	}
	for i := range c.Steps {
		step := &c.Steps[i]
		r.now = step.At
		if problem := r.step(ctx, step); problem != "" {
			problems = append(problems,
				fmt.Sprintf("step %d, %s at %s %s\n%s", i+1, step.Action, step.At.Format(time.RFC3339Nano), step.Note, problem))
		}
	}
	return problems
}

func (r *clauseRun) step(ctx context.Context, step *clauseStep) (problem string) {
	want, err := expand(step.Answer)
	if err != nil {
		return err.Error()
	}
	request, err := expand(step.Request)
	if err != nil {
		return err.Error()
	}
	r.numbers = append(r.numbers, nil)
	value, err := r.do(ctx, step, request)
	status := 200
	var rejection *putrecords.Error
	switch {
	case errors.As(err, &rejection):
		status, value = rejection.HTTPStatusCode(), rejection
	case errors.Is(err, strconv.ErrSyntax) && step.Action == "decode":
		status = 400
	case err != nil:
		return err.Error()
	}
	if status != step.Status {
		problem = fmt.Sprintf("status %d, want %d\n", status, step.Status)
	}
	got, err := plainJSON(value)
	if err != nil {
		return err.Error()
	}
	want, got = r.align(want, got)
	if diff := cmp.Diff(want, got); diff != "" {
		problem += "the answer differs (-want +got):\n" + diff
	}
	return problem + r.order(value)
}

// do performs a step and returns its answer, to be encoded as JSON.
func (r *clauseRun) do(ctx context.Context, step *clauseStep, request any) (value any, err error) {
	text, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	switch step.Action {
	case "PutRecords":
		var in putrecords.Input
		if err := decodeStrictly(text, &in); err != nil {
			return nil, err
		}
		fillZeros(&in, request)
		defer r.inject(step.Fault)()
		return r.stream.PutRecords(ctx, &in)
	case "decode":
		var in struct{ SequenceNumber string }
		if err := decodeStrictly(text, &in); err != nil {
			return nil, err
		}
		n, err := putrecords.ParseSequenceNumber(in.SequenceNumber)
		if err != nil {
			return nil, err
		}
		return numberFields{n.ShardIndex, seconds(n.ShardCreated), fmt.Sprintf("%016x", n.Position), seconds(n.Arrived)}, nil
	case "stored":
		var in struct {
			ShardID string `json:"ShardId"`
		}
		if err := decodeStrictly(text, &in); err != nil {
			return nil, err
		}
		return r.stored(in.ShardID)
	}
	return r.shards(step.Action, text)
}

// shards performs a step that is about shards.
func (r *clauseRun) shards(action string, request []byte) (value any, err error) {
	var in struct {
		StreamName                         string
		ShardToSplit                       string
		NewStartingHashKey                 putrecords.HashKey
		ShardToMerge, AdjacentShardToMerge string
		ScalingType                        string
		TargetShardCount                   int
	}
	if err := decodeStrictly(request, &in); err != nil {
		return nil, err
	}
	if in.StreamName != r.stream.Name() {
		return nil, fmt.Errorf("the stream is not %q", in.StreamName)
	}
	switch action {
	case "SplitShard":
		return nil, r.stream.SplitShard(in.ShardToSplit, in.NewStartingHashKey)
	case "MergeShards":
		return nil, r.stream.MergeShards(in.ShardToMerge, in.AdjacentShardToMerge)
	case "UpdateShardCount":
		open := len(openShards(r.stream.Shards()))
		return map[string]any{
			"StreamName": r.stream.Name(), "StreamARN": r.stream.ARN(),
			"CurrentShardCount": open, "TargetShardCount": in.TargetShardCount,
		}, r.stream.UpdateShardCount(in.TargetShardCount)
	}
	return map[string]any{"Shards": r.stream.Shards()}, nil
}

// storedRecords is the answer to the action stored.
type storedRecords struct{ Records []storedRecord }

type storedRecord struct {
	Data           []byte
	PartitionKey   string
	SequenceNumber putrecords.SequenceNumber
}

func (r *clauseRun) stored(shardID string) (storedRecords, error) {
	stored := storedRecords{[]storedRecord{}}
	for record, err := range r.stream.Records(shardID) {
		if err != nil {
			return stored, err
		}
		stored.Records = append(stored.Records, storedRecord{record.Data, record.PartitionKey, record.SequenceNumber})
	}
	return stored, nil
}

// inject makes a fault effective until remove is called. The fault may be nil.
func (r *clauseRun) inject(fault *clauseFault) (remove func()) {
	if fault == nil {
		return func() {}
	}
	switch fault.Of {
	case "storage":
		r.log.shardID = fault.ShardID
		return func() { r.log.shardID = "" }
	case "records":
		return r.stream.Inject(putrecords.Fault{Code: fault.ErrorCode, Match: key(fault.PartitionKey), Count: -1}).Remove
	}
	return r.stream.Inject(putrecords.Fault{Code: fault.ErrorCode, WholeRequest: true, Count: -1}).Remove
}

// order returns the errors in the order of the sequence numbers in an answer. Those of a shard must
// increase.
func (r *clauseRun) order(value any) string {
	var b strings.Builder
	switch answer := value.(type) {
	case *putrecords.Output:
		for i, entry := range answer.Records {
			r.numbers[len(r.numbers)-1] = append(r.numbers[len(r.numbers)-1], entry.SequenceNumber)
			if entry.SequenceNumber == "" {
				continue
			}
			if last := r.last[entry.ShardID]; entry.SequenceNumber <= last {
				fmt.Fprintf(&b, "record %d: number %s of %s is not above %s\n", i+1, entry.SequenceNumber, entry.ShardID, last)
			}
			r.last[entry.ShardID] = entry.SequenceNumber
		}
	case storedRecords:
		for i := 1; i < len(answer.Records); i++ {
			if last, number := answer.Records[i-1].SequenceNumber, answer.Records[i].SequenceNumber; number.String() <= last.String() {
				fmt.Fprintf(&b, "record %d: number %s is not above %s\n", i+1, number, last)
			}
		}
	}
	return b.String()
}

// align makes want and got comparable. If want has the parts of a sequence number, align replaces
// got's number with its parts. If want refers to an earlier answer, align replaces it with the
// number from there.
func (r *clauseRun) align(want, got any) (wantAligned, gotAligned any) {
	switch w := want.(type) {
	case map[string]any:
		number, isNumber := got.(string)
		switch g, isObject := got.(map[string]any); {
		case w["answered"] != nil:
			return r.answered(w["answered"]), got
		case isNumber:
			return want, fieldsOf(number)
		case isObject:
			for name := range w {
				if member, found := g[name]; found {
					w[name], g[name] = r.align(w[name], member)
				}
			}
		}
	case []any:
		g, _ := got.([]any)
		for i := range min(len(w), len(g)) {
			w[i], g[i] = r.align(w[i], g[i])
		}
	}
	return want, got
}

// answered returns the sequence number of a record from the answer of an earlier step.
func (r *clauseRun) answered(reference any) string {
	var place [2]int
	if text, err := json.Marshal(reference); err != nil || json.Unmarshal(text, &place) != nil {
		return fmt.Sprintf("a reference to a step and a record, not %v", reference)
	}
	step, record := place[0]-1, place[1]-1
	if step < 0 || step >= len(r.numbers) || record < 0 || record >= len(r.numbers[step]) || r.numbers[step][record] == "" {
		return fmt.Sprintf("a reference to a stored record, not %v", reference)
	}
	return r.numbers[step][record]
}

// numberFields are the parts of a sequence number in vectors.
type numberFields struct {
	Shard    uint32 `json:"shard"`
	Created  string `json:"created"`
	Position string `json:"position"`
	Arrived  string `json:"arrived"`
}

func seconds(n int64) string { return time.Unix(n, 0).UTC().Format(time.RFC3339) }

var numberRegexp = regexp.MustCompile(`^2([0-9a-f]{9})([0-9a-f])([0-7][0-9a-f]{15})00([0-9a-f]{9})([0-9a-f]{8})2$`)

// fieldsOf returns the parts of a sequence number that vectors contain. It does not use the
// package's parser.
func fieldsOf(number string) any {
	n, _ := new(big.Int).SetString(number, 10)
	if n == nil || len(number) != 56 {
		return fmt.Sprintf("%q is not 56 digits", number)
	}
	parts := numberRegexp.FindStringSubmatch(n.Text(16))
	if parts == nil || parts[2] != parts[5][7:] {
		return fmt.Sprintf("%s is %x, which does not have the layout of a sequence number", number, n)
	}
	value := func(hexadecimal string) int64 {
		v, _ := strconv.ParseInt(hexadecimal, 16, 64)
		return v
	}
	return map[string]any{"shard": float64(value(parts[5])), "created": seconds(value(parts[1])), "arrived": seconds(value(parts[4]))}
}

// plainJSON encodes a value as JSON and decodes that into maps, slices and strings.
func plainJSON(value any) (plain any, err error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	return plain, json.Unmarshal(text, &plain)
}

// zeros is a number of zero bytes in the Data of a request. It encodes as empty, and fillZeros adds
// the bytes to the decoded request: decoding megabytes of base64 takes seconds under the race
// detector.
type zeros int

func (zeros) MarshalJSON() ([]byte, error) { return []byte(`""`), nil }

// fillZeros adds the zero bytes of a request to the records decoded from it.
func fillZeros(in *putrecords.Input, request any) {
	members, _ := request.(map[string]any)
	records, _ := members["Records"].([]any)
	for i, record := range records {
		entry, _ := record.(map[string]any)
		if n, ok := entry["Data"].(zeros); ok {
			in.Records[i].Data = make([]byte, n)
		}
	}
}

// expand returns a copy of a value with $repeat and $join expanded, and $zeros replaced by zeros.
func expand(value any) (any, error) {
	switch v := value.(type) {
	case []any:
		return expandElements(v)
	case map[string]any:
		if n, ok := v["$zeros"].(float64); ok && len(v) == 1 {
			return zeros(n), nil
		}
		if parts, ok := v["$join"].([]any); ok && len(v) == 1 {
			return join(parts)
		}
		if v["$repeat"] != nil {
			return join([]any{v})
		}
		members := make(map[string]any, len(v))
		for name, member := range v {
			if strings.HasPrefix(name, "$") {
				return nil, fmt.Errorf("%v cannot be expanded", v)
			}
			var err error
			if members[name], err = expand(member); err != nil {
				return nil, err
			}
		}
		return members, nil
	}
	return value, nil
}

func expandElements(elements []any) ([]any, error) {
	expanded := []any{}
	for _, element := range elements {
		times := 1
		if object, ok := element.(map[string]any); ok && object["$repeat"] != nil {
			n, ok := object["$times"].(float64)
			if !ok || len(object) != 2 {
				return nil, fmt.Errorf("%v cannot be expanded", object)
			}
			element, times = object["$repeat"], int(n)
		}
		for range times {
			e, err := expand(element) // a copy for each, because align modifies values
			if err != nil {
				return nil, err
			}
			expanded = append(expanded, e)
		}
	}
	return expanded, nil
}

func join(parts []any) (string, error) {
	expanded, err := expandElements(parts)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, part := range expanded {
		s, ok := part.(string)
		if !ok {
			return "", fmt.Errorf("%v is not a string and cannot be joined", part)
		}
		b.WriteString(s)
	}
	return b.String(), nil
}
