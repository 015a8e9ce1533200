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

// Clauses that the library does not meet, and why. Their vectors say what AWS does.
var knownDisagreements = map[string]string{
	"02-authorization-before-address": "a fault, AccessDeniedException too, meets a request after its checks, for it may match by shard",
}

// The library does what each clause of testdata/clauses says.
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
				t.Errorf("the library meets the clause %q now: it is no known disagreement any more", c.Clause)
			case known:
				t.Skipf("known disagreement with the clause %q: %s", c.Clause, reason)
			case len(problems) > 0:
				t.Errorf("%s\nclause: %q (section %d, mark %s, source: %s)\n%s", c.Name, c.Clause, c.Section, c.Mark, c.Source,
					strings.Join(problems, "\n"))
			}
		})
	}
}

// Each clause has a vector, and each vector its clause.
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
			t.Errorf("clauses.txt: %q is not the name, the section and the mark of a clause, or is there twice", line)
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
			t.Errorf("%s: section %d and mark %s in the vector, %s and %s in clauses.txt", id, c.Section, c.Mark, fields[1], fields[2])
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

// The example in the README is a vector, too, but for its comments.
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

// What is wrong with a vector, or with what it wants, is noticed.
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

// A clause is a vector; the README in testdata/clauses explains its members.
type clause struct {
	Name    string `json:"name"`
	Clause  string `json:"clause"`
	Section int    `json:"section"`
	Mark    string `json:"mark"`
	Source  string `json:"source"`
	Stream  struct {
		StreamName              string
		AccountID               string `json:"AccountId"`
		Region                  string
		StreamCreationTimestamp time.Time
		ShardCount              int
		Layout                  []putrecords.Shard
		EncryptionType          putrecords.EncryptionType
		ReshardDelaySeconds     int
		Limits                  putrecords.Limits
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

// memberNames are the names of all members in vectors and answers. encoding/json takes others for them that differ in case.
var memberNames = strings.Fields(`
	name clause section mark source stream steps at action note fault request status answer of
	StreamName AccountId Region StreamCreationTimestamp ShardCount Layout EncryptionType ReshardDelaySeconds Limits
	RecordsPerRequest BytesPerRecord BytesPerRequest PartitionKeyLength RecordsPerSecond BytesPerSecond
	StreamARN DryRun Records Data PartitionKey ExplicitHashKey ShardToSplit NewStartingHashKey ShardToMerge AdjacentShardToMerge
	FailedRecordCount SequenceNumber ShardId ErrorCode ErrorMessage __type message Message
	Shards ParentShardId AdjacentParentShardId HashKeyRange StartingHashKey EndingHashKey
	SequenceNumberRange StartingSequenceNumber EndingSequenceNumber
	shard created arrived position answered $repeat $times $zeros $join`)

var markRegexp = regexp.MustCompile(`^(S|P|D|I|ours)(,(S|P|D|I|ours))*$`)

// parseClause reads a vector, which must be well formed and assert something in each step.
func parseClause(text []byte) (*clause, error) {
	var c clause
	if err := decodeStrictly(text, &c); err != nil {
		return nil, err
	}
	if c.Name == "" || c.Clause == "" || c.Source == "" || !markRegexp.MatchString(c.Mark) {
		return nil, errors.New("name, clause, source or mark is missing or no mark")
	}
	if s := c.Stream; s.StreamName == "" || s.AccountID == "" || s.Region == "" || (s.ShardCount == 0) == (len(s.Layout) == 0) {
		return nil, errors.New("stream lacks a member")
	}
	if len(c.Steps) == 0 {
		return nil, errors.New("it has no steps")
	}
	at := c.Stream.StreamCreationTimestamp
	for i, step := range c.Steps {
		if at.IsZero() || step.At.Before(at) {
			return nil, fmt.Errorf("step %d: it has no time, or an earlier one than the step before", i+1)
		}
		at = step.At
		if err := step.check(); err != nil {
			return nil, fmt.Errorf("step %d: %w", i+1, err)
		}
	}
	return &c, nil
}

// decodeStrictly reads JSON that has no members but those of the value, spelled as they are.
func decodeStrictly(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the JSON")
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

// check returns what keeps a step from asserting something.
func (s *clauseStep) check() error {
	wantAnswer := true
	switch s.Action {
	case "PutRecords", "ListShards", "stored":
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
		return fmt.Errorf("an answer is there: %t", !wantAnswer)
	case s.Fault != nil && s.Action != "PutRecords":
		return errors.New("only PutRecords may have a fault")
	case s.Fault != nil && !slices.Contains([]clauseFault{
		{Of: "request", ErrorCode: s.Fault.ErrorCode},
		{Of: "records", ErrorCode: s.Fault.ErrorCode, PartitionKey: s.Fault.PartitionKey},
		{Of: "storage", ShardID: s.Fault.ShardID},
	}, *s.Fault):
		return fmt.Errorf("fault %+v is neither of request, nor of records, nor of storage", *s.Fault)
	}
	return nil
}

// A clauseRun is a vector under way.
type clauseRun struct {
	stream  *putrecords.Stream
	log     brokenShardLog
	now     time.Time
	numbers [][]string        // that each step's answer gave its records; "" for a failed one
	last    map[string]string // number of each shard
}

// A brokenShardLog stores no records of one shard, if it is given one.
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

// run makes the steps and returns what differs from the vector.
func (c *clause) run(ctx context.Context) (problems []string) {
	r := &clauseRun{now: c.Stream.StreamCreationTimestamp, last: make(map[string]string)}
	var err error
	r.stream, err = putrecords.New(putrecords.Config{
		Name:           c.Stream.StreamName,
		AccountID:      c.Stream.AccountID,
		Region:         c.Stream.Region,
		Shards:         c.Stream.ShardCount,
		Layout:         c.Stream.Layout,
		EncryptionType: c.Stream.EncryptionType,
		Limits:         c.Stream.Limits,
		Now:            func() time.Time { return r.now },
		Log:            &r.log,
		ReshardDelay:   time.Duration(c.Stream.ReshardDelaySeconds) * time.Second,
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
	var refused *putrecords.Error
	switch {
	case errors.As(err, &refused):
		status, value = refused.HTTPStatusCode(), refused
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

// do does what a step asks for, and returns what is to be encoded as the answer.
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

// shards does what a step asks for that is about shards.
func (r *clauseRun) shards(action string, request []byte) (value any, err error) {
	var in struct {
		StreamName                         string
		ShardToSplit                       string
		NewStartingHashKey                 putrecords.HashKey
		ShardToMerge, AdjacentShardToMerge string
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
	}
	return map[string]any{"Shards": r.stream.Shards()}, nil
}

// storedRecords is what a shard holds.
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

// inject puts a fault in force, if there is one, until remove is called.
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

// order returns what is wrong with the order of the numbers in an answer: those of a shard increase.
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

// align returns want and got made comparable: where want matches a sequence number by its fields, got has the fields of its number, and
// where it refers to an earlier answer, want has the number from there.
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

// answered returns the number that a step's answer gave a record.
func (r *clauseRun) answered(reference any) string {
	var place [2]int
	if text, err := json.Marshal(reference); err != nil || json.Unmarshal(text, &place) != nil {
		return fmt.Sprintf("a reference of a step and a record, not %v", reference)
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

// fieldsOf returns the parts of a sequence number that vectors match, without the package's own parser.
func fieldsOf(number string) any {
	n, _ := new(big.Int).SetString(number, 10)
	if n == nil || len(number) != 56 {
		return fmt.Sprintf("%q is not 56 digits", number)
	}
	parts := numberRegexp.FindStringSubmatch(n.Text(16))
	if parts == nil || parts[2] != parts[5][7:] {
		return fmt.Sprintf("%s is %x, which does not follow the layout", number, n)
	}
	value := func(hexadecimal string) int64 {
		v, _ := strconv.ParseInt(hexadecimal, 16, 64)
		return v
	}
	return map[string]any{"shard": float64(value(parts[5])), "created": seconds(value(parts[1])), "arrived": seconds(value(parts[4]))}
}

// plainJSON returns the value as its JSON decodes.
func plainJSON(value any) (plain any, err error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	return plain, json.Unmarshal(text, &plain)
}

// zeros is that many zero bytes as the Data of a request. It encodes as none, and they are filled in when the request is decoded:
// megabytes of base64 take seconds under the race detector.
type zeros int

func (zeros) MarshalJSON() ([]byte, error) { return []byte(`""`), nil }

// fillZeros gives the records of a decoded request the zero bytes that they have in the request.
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

// expand returns a copy of a value with $repeat and $join written out, and $zeros as zeros.
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
			e, err := expand(element) // anew, for values are changed when they are aligned
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
			return "", fmt.Errorf("%v is not a string that can be joined", part)
		}
		b.WriteString(s)
	}
	return b.String(), nil
}
