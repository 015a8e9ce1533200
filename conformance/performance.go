package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/putrecords/putrecords/internal/vector"
)

// An inexpressibleError says what a vector needs that the endpoint turns out not to give.
type inexpressibleError struct{ need string }

func (e *inexpressibleError) Error() string { return e.need }

// perform makes a vector's stream, performs the steps, and deletes the stream.
func (r *runner) perform(ctx context.Context, v namedVector, report *VectorReport) error {
	p := &performance{runner: r, vector: v.Vector, report: report}
	if err := p.begin(ctx, v.id); err != nil {
		var refused *refusal
		if v.Stream.StreamName != "" && errors.As(err, &refused) && refused.code == "ResourceInUseException" {
			return &inexpressibleError{fmt.Sprintf("the name %q, which another stream has", v.Stream.StreamName)}
		}
		return err
	}
	return errors.Join(p.steps(ctx), p.end(context.WithoutCancel(ctx)))
}

// A performance is a vector that is being performed.
type performance struct {
	*runner
	vector    *vector.Vector
	report    *VectorReport
	variables vector.Variables
	run       *vector.Run
	created   []string          // the streams that steps have created
	shift     time.Duration     // of the clock, with a control API
	latest    map[string]string // an iterator for each shard, from before the vector, if the stream is not new
}

// steps performs the steps. It ends at the first whose answer is wrong in a way that makes those
// after it wrong too.
func (p *performance) steps(ctx context.Context) error {
	for i := range p.vector.Steps {
		step := &p.vector.Steps[i]
		if err := p.waitFor(ctx, i); err != nil {
			return err
		}
		result, err := p.step(ctx, step)
		if err != nil {
			return fmt.Errorf("step %d: %w", i+1, err)
		}
		p.note(i, result)
		if vector.Has(result.Differences, vector.Code) || result.Older != nil && result.Older.Status != step.Status {
			return nil
		}
		if err := p.settle(ctx, step); err != nil {
			return fmt.Errorf("after step %d: %w", i+1, err)
		}
	}
	return nil
}

// waitFor waits until a step is due, or sets the clock.
func (p *performance) waitFor(ctx context.Context, i int) error {
	at := p.vector.Steps[i].At
	switch {
	case p.control != nil:
		return p.control.set(ctx, at.Add(p.shift))
	case i > 0:
		return sleep(ctx, at.Sub(p.vector.Steps[i-1].At))
	}
	return nil
}

// settle waits until a reshard is done, unless the vector is about the time until then.
func (p *performance) settle(ctx context.Context, step *vector.Step) error {
	if p.control != nil || step.Status != 200 || !slices.Contains([]string{"SplitShard", "MergeShards", "UpdateShardCount"}, step.Action) {
		return nil
	}
	return settle(ctx, p.client, p.support, p.variables.Stream)
}

// step performs a step, with its fault.
func (p *performance) step(ctx context.Context, step *vector.Step) (result vector.Result, err error) {
	if step.Fault == nil {
		return p.attempts(ctx, step)
	}
	remove, err := p.inject(ctx, step.Fault)
	if err != nil {
		return result, err
	}
	result, err = p.attempts(ctx, step)
	return result, errors.Join(err, remove())
}

// attempts performs a step, as often as it says, and returns the differences of the last time.
func (p *performance) attempts(ctx context.Context, step *vector.Step) (result vector.Result, err error) {
	began := now()
	for i := range max(1, step.Attempts) {
		request, err := p.run.Request()
		if err != nil {
			return stuck(err), nil
		}
		answer, err := p.answer(ctx, step, request)
		if err != nil {
			return result, err
		}
		if result, err = p.run.Check(answer); err != nil {
			return stuck(err), nil
		}
		if !vector.Has(result.Differences, vector.Code) {
			p.run.Next(answer)
			return result, nil
		}
		if taken := now().Sub(began); step.Attempts > 1 && p.control == nil && (i == step.Attempts-1 || taken > mostProbing) &&
			taken/time.Duration(i+1) > quickEnough(request) {
			return result, &inexpressibleError{fasterServer}
		}
	}
	return result, nil
}

// stuck is the result of a step that cannot be performed.
func stuck(err error) vector.Result {
	return vector.Result{Differences: []vector.Difference{{Level: vector.Code, Path: "step", Problem: "cannot be performed: " + err.Error()}}}
}

// inject injects the fault of a step.
func (p *performance) inject(ctx context.Context, fault *vector.Fault) (remove func() error, err error) {
	request := map[string]any{"Stream": p.variables.Stream, "Code": fault.ErrorCode, "Count": -1, "WholeRequest": fault.Of == "request"}
	if fault.Of == "records" {
		request["Match"] = map[string]any{"PartitionKey": fault.PartitionKey}
	}
	return p.control.inject(ctx, request)
}

// answer performs a step once.
func (p *performance) answer(ctx context.Context, step *vector.Step, request any) (answer vector.Answer, err error) {
	switch step.Action {
	case "stored":
		return p.stored(ctx, member(request, "ShardId"))
	case "GetRecords":
		answer, err = p.getRecords(ctx, step, request)
	case "CreateStream":
		answer, err = p.createStream(ctx, step, request)
	default:
		answer, err = p.client.call(ctx, step.Action, request)
	}
	var foreign *foreignError
	if errors.As(err, &foreign) {
		return vector.Answer{Status: foreign.status, Body: foreign.body, Sent: answer.Sent, Received: answer.Received}, nil
	}
	return answer, err
}

// createStream performs a CreateStream step. While other streams of this run are CREATING, the
// endpoint may refuse one more.
func (p *performance) createStream(ctx context.Context, step *vector.Step, request any) (vector.Answer, error) {
	const tooMany = "LimitExceededException"
	var codes []string
	if p.control == nil && member(step.Answer, "__type") != tooMany {
		codes = append(codes, tooMany)
	}
	answer, err := retry(ctx, p.client, step.Action, request, codes...)
	if name := member(request, "StreamName"); err == nil && answer.Status == http.StatusOK && name != p.variables.Stream {
		p.created = append(p.created, name)
	}
	return answer, err
}

// note adds the result of a step to the report.
func (p *performance) note(i int, result vector.Result) {
	step := &p.vector.Steps[i]
	mark, messageMark := p.vector.StepMarks(step)
	if older := result.Older; older != nil {
		p.report.Older = append(p.report.Older, Older{Step: i + 1, Until: older.Until, Source: older.Source})
	}
	for _, difference := range result.Differences {
		problem := Problem{
			Step: i + 1, Action: step.Action, Note: step.Note, Mark: mark,
			Level: difference.Level, Path: difference.Path, Problem: difference.Problem,
		}
		if difference.Level == vector.Text {
			problem.Mark = messageMark
		}
		problem.Counts = slices.Contains(p.options.levels, problem.Level) && counts(problem.Mark, p.options.marks)
		p.report.Problems = append(p.report.Problems, problem)
	}
}

// counts reports whether one of a list of marks is among those that count.
func counts(list string, marks []string) bool {
	return slices.ContainsFunc(vector.Marks(list), func(mark string) bool { return slices.Contains(marks, mark) })
}
