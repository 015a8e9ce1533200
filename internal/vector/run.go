package vector

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/putrecords/putrecords"
)

// Variables are the values of the variables in a vector.
type Variables struct{ Stream, Account, Region, ARN string }

// A Run compares a server's answers with a vector, step by step.
type Run struct {
	vector *Vector
	expand expander // with the answers to the steps so far
	times  times
	last   map[string]string // the latest sequence number of each shard
}

// NewRun begins a run. exact says that the server's clock shows what the steps say, plus shift,
// which is in whole seconds. Otherwise the server's clock is its own.
func NewRun(v *Vector, variables Variables, exact bool, shift time.Duration) *Run {
	return &Run{
		vector: v,
		expand: expander{variables: strings.NewReplacer(
			"${stream}", variables.Stream,
			"${account}", variables.Account,
			"${region}", variables.Region,
			"${arn}", variables.ARN,
		), exact: exact, shift: shift},
		times: times{
			exact:    exact,
			shift:    int64(shift / time.Second),
			creation: v.Stream.StreamCreationTimestamp.Unix(),
			created:  make(map[moment]int64),
			closed:   make(map[moment]int64),
		},
		last: make(map[string]string),
	}
}

// Layout returns the shards of the vector's stream, as ListShards would list them.
func (r *Run) Layout() ([]any, error) {
	stream := r.vector.Stream
	e := r.expand
	e.number = func(parts map[string]any) (string, error) {
		n, err := parseParts(parts)
		if err != nil {
			return "", err
		}
		n.created, n.arrived = n.created+r.times.shift, n.arrived+r.times.shift
		text := n.String()
		_, err = parseNumber(text)
		return text, err
	}
	if len(stream.Layout) > 0 {
		return e.elements(stream.Layout)
	}
	created := stream.StreamCreationTimestamp.Unix() + r.times.shift
	shards := make([]any, stream.ShardCount)
	for i, keys := range putrecords.EvenRanges(stream.ShardCount) {
		start := number{shard: uint32(i), created: created, arrived: created, position: firstPosition}
		shards[i] = map[string]any{
			"ShardId": fmt.Sprintf("shardId-%012d", i),
			"HashKeyRange": map[string]any{
				"StartingHashKey": keys.StartingHashKey.String(), "EndingHashKey": keys.EndingHashKey.String(),
			},
			"SequenceNumberRange": map[string]any{"StartingSequenceNumber": start.String()},
		}
	}
	return shards, nil
}

// step returns the next step.
func (r *Run) step() *Step { return &r.vector.Steps[len(r.expand.answers)] }

// Request returns the request of the next step. It returns an error if the request needs a value
// that an earlier answer does not have.
func (r *Run) Request() (any, error) {
	return r.expand.expand(r.step().Request)
}

// An Answer is a server's answer. Body is decoded JSON, or nil if there is none. Sent and Received
// are when the call began and ended; they matter if the server's clock is its own.
type Answer struct {
	Status         int
	Body           any
	Sent, Received time.Time
}

// A Result is the outcome of a step.
type Result struct {
	Differences []Difference
	Older       *Older // the older answer that the server gave, or nil
}

// Check compares an answer to the next step. For another attempt at the same step, call Check again
// instead of Next.
func (r *Run) Check(answer Answer) (Result, error) {
	step := r.step()
	r.times.at, r.times.sent, r.times.received = step.At.Unix(), answer.Sent, answer.Received
	r.times.writes = step.Action == "PutRecord" || step.Action == "PutRecords"
	today, err := r.compare(step.Status, step.Answer, answer)
	if err != nil {
		return Result{}, err
	}
	if Has(today, Code, Text) {
		for i := range step.Older {
			older, err := r.compare(step.Older[i].Status, step.Older[i].Answer, answer)
			if err != nil {
				return Result{}, err
			}
			if !Has(older, Code, Text) {
				return Result{older, &step.Older[i]}, nil
			}
		}
	}
	return Result{append(today, r.rules(step, answer)...), nil}, nil
}

// Next goes on to the next step. answer is the last answer to the present one.
func (r *Run) Next(answer Answer) {
	r.expand.answers = append(r.expand.answers, answer.Body)
}

func (r *Run) compare(status int, body any, answer Answer) ([]Difference, error) {
	m := matcher{times: r.times.clone()}
	if answer.Status != status { // an error instead of a result, or the other way round: nothing to compare
		m.add(Code, "status", "is %s, want %s", describe(answer.Status, answer.Body), describe(status, body))
		return m.differences, nil
	}
	want, err := r.expand.expand(body)
	if err != nil {
		return nil, err
	}
	switch {
	case want != nil:
		m.match("", want, answer.Body)
	case answer.Body != nil:
		m.add(Members, "body", "is %s, want none", show(answer.Body))
	}
	if !Has(m.differences, Code) { // a wrong answer teaches nothing
		r.times = *m.times
	}
	return m.differences, nil
}

// describe returns a status and the error that comes with it.
func describe(status int, body any) string {
	object, _ := body.(map[string]any)
	if code, ok := object["__type"].(string); ok {
		return fmt.Sprintf("%d %s", status, code)
	}
	return strconv.Itoa(status)
}

// rules returns how an answer breaks the rules of all answers: the number of results, and the order
// of sequence numbers.
func (r *Run) rules(step *Step, answer Answer) []Difference {
	body, _ := answer.Body.(map[string]any)
	if answer.Status != 200 || body == nil {
		return nil
	}
	m := &matcher{}
	switch step.Action {
	case "PutRecord":
		r.order(m, "", body)
	case "PutRecords":
		r.putRecords(m, body)
	case "stored":
		records, _ := body["Records"].([]any)
		increasing(m, records)
	}
	return m.differences
}

func (r *Run) putRecords(m *matcher, body map[string]any) {
	records, _ := body["Records"].([]any)
	failed := 0
	for i, record := range records {
		entry, _ := record.(map[string]any)
		path := fmt.Sprintf("Records[%d]", i+1)
		if entry["ErrorCode"] != nil {
			failed++
			if entry["SequenceNumber"] != nil || entry["ShardId"] != nil {
				m.add(Code, path, "has an error code and a sequence number or a shard")
			}
			continue
		}
		r.order(m, path, entry)
	}
	if count := body["FailedRecordCount"]; count != nil && count != float64(failed) {
		m.add(Code, "FailedRecordCount", "is %v, but %d records have an error code", count, failed)
	}
}

// order checks that the number of a stored record is above the last one of its shard.
func (r *Run) order(m *matcher, path string, entry map[string]any) {
	shard, _ := entry["ShardId"].(string)
	number, _ := entry["SequenceNumber"].(string)
	if last := r.last[shard]; last != "" && !above(number, last) {
		m.add(Code, path+".SequenceNumber", "is %s, which is not above %s, the last one of %s", number, last, shard)
	}
	r.last[shard] = number
}

// increasing checks that the numbers of records that are stored in a shard increase.
func increasing(m *matcher, records []any) {
	numbers := make([]string, len(records))
	for i, record := range records {
		entry, _ := record.(map[string]any)
		numbers[i], _ = entry["SequenceNumber"].(string)
	}
	for i := 1; i < len(numbers); i++ {
		if !above(numbers[i], numbers[i-1]) {
			m.add(Code, fmt.Sprintf("Records[%d].SequenceNumber", i+1), "is %s, which is not above %s", numbers[i], numbers[i-1])
		}
	}
}

// above reports whether a decimal number is greater than another.
func above(a, b string) bool {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return len(a) > len(b) || len(a) == len(b) && a > b
}
