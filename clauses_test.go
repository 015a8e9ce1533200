package putrecords_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/internal/vector"
)

const clausesDir = "conformance/vectors"

// Clauses that the library does not satisfy, and why. Their vectors say what AWS does.
var knownDisagreements = map[string]string{
	"02-authorization-before-address": "faults, including AccessDeniedException, apply after validation because they may match by shard",
}

// The library satisfies each clause in conformance/vectors that is about its operations. The
// emulator's tests run the others.
func TestClauses(t *testing.T) {
	for _, id := range vectorIDs(t) {
		v, err := vector.Parse(readVector(t, id))
		if err == nil && !libraryHas(v) {
			continue
		}
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			if err != nil {
				t.Fatalf("the vector is malformed: %v", err)
			}
			problems := runClause(t.Context(), v)
			reason, known := knownDisagreements[id]
			switch {
			case known && len(problems) == 0:
				t.Errorf("the library now satisfies the clause %q: remove it from the known disagreements", v.Clause)
			case known:
				t.Skipf("known disagreement with the clause %q: %s", v.Clause, reason)
			case len(problems) > 0:
				t.Errorf("%s\nclause: %q (section %d, mark %s, source: %s)\n%s", v.Name, v.Clause, v.Section, v.Mark, v.Source,
					strings.Join(problems, "\n"))
			}
		})
	}
}

// Production lets more through at first than its limits say, and how much more is unknown. Only
// vectors that are marked as our choice depend on the size of a burst.
func TestClausesAllowLargerBursts(t *testing.T) {
	for _, id := range vectorIDs(t) {
		text := readVector(t, id)
		v, err := vector.Parse(text)
		if err != nil || !libraryHas(v) || !bytes.Contains(text, []byte("Throughput")) || slices.Contains(vector.Marks(v.Mark), "ours") {
			continue
		}
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			for _, problem := range runClauseWith(t.Context(), v, putrecords.LenientLimits()) {
				t.Error(problem)
			}
		})
	}
}

// libraryHas reports whether the library has the operations of a vector. Its ListShards has neither
// filters nor pages.
func libraryHas(v *vector.Vector) bool {
	for _, step := range v.Steps {
		switch step.Action {
		case "PutRecords", "PutRecord", "SplitShard", "MergeShards", "UpdateShardCount", "decode", "stored":
		case "ListShards":
			request, _ := step.Request.(map[string]any)
			if len(request) != 1 || request["StreamName"] == nil {
				return false
			}
		default:
			return false
		}
	}
	return true
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
		v, err := vector.Parse(readVector(t, id))
		if err != nil {
			t.Errorf("%s: %v", id, err)
			continue
		}
		if strconv.Itoa(v.Section) != fields[1] || !strings.HasPrefix(id, fmt.Sprintf("%02d-", v.Section)) || v.Mark != fields[2] {
			t.Errorf("%s: the vector has section %d and mark %s, clauses.txt has %s and %s", id, v.Section, v.Mark, fields[1], fields[2])
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
	v, err := vector.Parse(withoutComments(example))
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range runClause(t.Context(), v) {
		t.Error(problem)
	}
}

// withoutComments removes the comments, which begin after spaces, from JSON.
func withoutComments(text string) []byte {
	var b bytes.Buffer
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, " // ")
		fmt.Fprintln(&b, line)
	}
	return b.Bytes()
}

// A malformed vector or a wrong expectation makes the test fail.
func TestClausesCanFail(t *testing.T) {
	const id = "04-natural-order"
	text := string(readVector(t, id))
	for _, change := range [][2]string{
		{`"mark": "S"`, `"mark": "S or P"`},
		{`"mark": "S"`, `"mark": "S", "extra": 1`},
		{`"format": 2`, `"format": 1`},
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
		{`"$answer": [1, "Records", 1,`, `"$answer": [1, "Records", 2,`},
		{`"$answer": [1, "Records", 1,`, `"$answer": [9, "Records", 1,`},
		{`{"Data": "eQ==",`, `{"Data": "eg==",`},
		{`${stream}`, `${strean}`},
	} {
		changed := strings.Replace(text, change[0], change[1], 1)
		if changed == text {
			t.Errorf("%s has no %s", id, change[0])
		}
		if v, err := vector.Parse([]byte(changed)); err == nil && len(runClause(t.Context(), v)) == 0 {
			t.Errorf("%s passes with %s for %s", id, change[1], change[0])
		}
	}
}

func vectorIDs(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(clausesDir, "[0-9]*.json"))
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

// A clauseRun is the state of a running vector.
type clauseRun struct {
	stream *putrecords.Stream
	log    brokenShardLog
	limits putrecords.Limits // other than a vector's
	now    time.Time
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

// runClause performs the steps of a vector and returns the differences from it.
func runClause(ctx context.Context, v *vector.Vector) (problems []string) {
	return runClauseWith(ctx, v, putrecords.Limits{})
}

// runClauseWith is runClause with limits for a stream whose vector has none.
func runClauseWith(ctx context.Context, v *vector.Vector, limits putrecords.Limits) (problems []string) {
	r := &clauseRun{now: v.Stream.StreamCreationTimestamp, limits: limits}
	config, variables := r.config(v)
	run := vector.NewRun(v, variables, true, 0)
	var err error
	if v.Stream.ShardCount == 0 {
		var layout []any
		if layout, err = run.Layout(); err == nil {
			err = convert(layout, &config.Layout)
		}
	}
	if err == nil {
		r.stream, err = putrecords.New(config)
	}
	if err != nil {
		return []string{err.Error()}
	}
	for i := range v.Steps {
		step := &v.Steps[i]
		r.now = step.At
		if problem := r.step(ctx, run, step); problem != "" {
			return append(problems,
				fmt.Sprintf("step %d, %s at %s %s\n%s", i+1, step.Action, step.At.Format(time.RFC3339Nano), step.Note, problem))
		}
	}
	return nil
}

// config returns the configuration of a vector's stream, without its layout, and what its variables
// stand for.
func (r *clauseRun) config(v *vector.Vector) (putrecords.Config, vector.Variables) {
	config := putrecords.Config{
		Name:                       cmp.Or(v.Stream.StreamName, "orders"),
		AccountID:                  "123456789012",
		Region:                     cmp.Or(v.Stream.Region, "us-east-1"),
		Shards:                     v.Stream.ShardCount,
		EncryptionType:             putrecords.EncryptionType(v.Stream.EncryptionType),
		RecordDistributionStrategy: putrecords.RecordDistributionStrategy(v.Stream.RecordDistributionStrategy),
		Limits:                     r.limits,
		Now:                        func() time.Time { return r.now },
		Log:                        &r.log,
		ReshardDelay:               time.Duration(v.Stream.ReshardDelaySeconds) * time.Second,
	}
	if v.Stream.MaxRecordSizeInKiB > 0 {
		config.Limits = putrecords.LargeRecordLimits()
		config.Limits.BytesPerRecord = v.Stream.MaxRecordSizeInKiB << 10
	}
	if err := convert(v.Stream.Limits, &config.Limits); err != nil {
		panic(err)
	}
	arn := putrecords.MustNew(putrecords.Config{Name: config.Name, AccountID: config.AccountID, Region: config.Region}).ARN()
	return config, vector.Variables{Stream: config.Name, Account: config.AccountID, Region: config.Region, ARN: arn}
}

// convert converts a value by encoding it as JSON. It rejects members that into does not have.
func convert(value, into any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

// step performs a step until the answer is right, but not more often than it says.
func (r *clauseRun) step(ctx context.Context, run *vector.Run, step *vector.Step) (problem string) {
	for range max(1, step.Attempts) {
		answer, err := r.answer(ctx, run, step)
		if err != nil {
			return err.Error()
		}
		result, err := run.Check(answer)
		if err != nil {
			return err.Error()
		}
		var b strings.Builder
		for _, d := range result.Differences {
			fmt.Fprintf(&b, "%s: %s %s\n", d.Level, d.Path, d.Problem)
		}
		if problem = b.String(); result.Older != nil {
			problem = "the answer is an older one"
		}
		if problem == "" {
			run.Next(answer)
			return ""
		}
	}
	return problem
}

// answer performs a step once and returns its answer.
func (r *clauseRun) answer(ctx context.Context, run *vector.Run, step *vector.Step) (answer vector.Answer, err error) {
	request, err := run.Request()
	if err != nil {
		return answer, err
	}
	value, err := r.do(ctx, step, request)
	answer.Status = 200
	var rejection *putrecords.Error
	switch {
	case errors.As(err, &rejection):
		answer.Status, value = rejection.HTTPStatusCode(), rejection
	case errors.Is(err, strconv.ErrSyntax) && step.Action == "decode":
		answer.Status = 400
	case err != nil:
		return answer, err
	}
	return answer, convert(value, &answer.Body)
}

// do performs a step and returns its answer, to be encoded as JSON.
func (r *clauseRun) do(ctx context.Context, step *vector.Step, request any) (value any, err error) {
	switch step.Action {
	case "PutRecords":
		data := takeZeros(request)
		var in putrecords.Input
		if err := convert(request, &in); err != nil {
			return nil, err
		}
		for i, n := range data {
			in.Records[i].Data = make([]byte, n)
		}
		defer r.inject(step.Fault)()
		return r.stream.PutRecords(ctx, &in)
	case "PutRecord":
		var in putrecords.PutRecordInput
		if err := convert(request, &in); err != nil {
			return nil, err
		}
		return r.stream.PutRecord(ctx, &in)
	case "decode":
		var in struct{ SequenceNumber string }
		if err := convert(request, &in); err != nil {
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
		if err := convert(request, &in); err != nil {
			return nil, err
		}
		return r.stored(in.ShardID)
	}
	return r.shards(step.Action, request)
}

// numberFields are the parts of a sequence number in vectors.
type numberFields struct {
	Shard    uint32 `json:"shard"`
	Created  string `json:"created"`
	Position string `json:"position"`
	Arrived  string `json:"arrived"`
}

func seconds(n int64) string { return time.Unix(n, 0).UTC().Format(time.RFC3339) }

// takeZeros removes the zero bytes from the records of a request and returns how many each had.
// Decoding megabytes of base64 takes seconds under the race detector.
func takeZeros(request any) map[int]vector.Zeros {
	zeros := make(map[int]vector.Zeros)
	members, _ := request.(map[string]any)
	records, _ := members["Records"].([]any)
	for i, record := range records {
		entry, _ := record.(map[string]any)
		if n, ok := entry["Data"].(vector.Zeros); ok {
			zeros[i], entry["Data"] = n, ""
		}
	}
	return zeros
}

// shards performs a step that is about shards.
func (r *clauseRun) shards(action string, request any) (value any, err error) {
	var in struct {
		StreamName                         string
		ShardToSplit                       string
		NewStartingHashKey                 putrecords.HashKey
		ShardToMerge, AdjacentShardToMerge string
		ScalingType                        string
		TargetShardCount                   int
	}
	if err := convert(request, &in); err != nil {
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
func (r *clauseRun) inject(fault *vector.Fault) (remove func()) {
	if fault == nil {
		return func() {}
	}
	code := putrecords.ErrorCode(fault.ErrorCode)
	switch fault.Of {
	case "storage":
		r.log.shardID = fault.ShardID
		return func() { r.log.shardID = "" }
	case "records":
		return r.stream.Inject(putrecords.Fault{Code: code, Match: key(fault.PartitionKey), Count: -1}).Remove
	}
	return r.stream.Inject(putrecords.Fault{Code: code, WholeRequest: true, Count: -1}).Remove
}
