package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/putrecords/putrecords/internal/vector"
)

// A namedVector is a vector and its name, such as 04-status-200.
type namedVector struct {
	id string
	*vector.Vector
}

// A runner runs vectors against an endpoint.
type runner struct {
	options  *options
	client   *client
	control  *control // nil if the clock is the endpoint's
	support  support
	existing *existing // nil if each vector gets a stream of its own
	prefix   string    // of the names of streams
	progress func(done, all int)
}

// An existing is a stream that was there before the run.
type existing struct {
	variables vector.Variables
	shards    int
}

// run runs vectors and returns their reports, in the same order. It stops and returns an error when
// the endpoint no longer answers.
func (r *runner) run(ctx context.Context, all []namedVector) ([]VectorReport, error) {
	parallel := r.options.parallel
	if r.control != nil || r.existing != nil {
		parallel = 1 // they share a clock, or a stream
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	reports := make([]VectorReport, len(all))
	next := make(chan int)
	done := make(chan struct{})
	var workers sync.WaitGroup
	for range parallel {
		workers.Go(func() {
			for i := range next {
				report, err := r.vector(ctx, all[i])
				if err != nil {
					cancel(err)
				}
				reports[i] = report
				done <- struct{}{}
			}
		})
	}
	go func() {
		defer close(next)
		for i := range all {
			select {
			case next <- i:
			case <-ctx.Done():
				return
			}
		}
	}()
	go func() {
		workers.Wait()
		close(done)
	}()
	finished := 0
	for range done {
		finished++
		r.progress(finished, len(all))
	}
	return reports, context.Cause(ctx)
}

// vector runs a vector. It returns an error if the endpoint does not answer, even when asked again.
func (r *runner) vector(ctx context.Context, v namedVector) (VectorReport, error) {
	began := now()
	report := VectorReport{
		ID: v.id, Name: v.Name, Clause: v.Clause, Section: v.Section, Mark: v.Mark, Source: v.Source,
	}
	if report.Why = r.inexpressible(v.Vector); len(report.Why) > 0 {
		report.Outcome = NotExpressible
		return report, nil
	}
	if report.Why = r.support.missing(v.Features); len(report.Why) > 0 {
		report.Outcome = Unsupported
		return report, nil
	}
	err := r.perform(ctx, v, &report)
	report.Seconds = now().Sub(began).Seconds()
	report.Outcome = outcome(&report)
	var taken *nameTakenError
	switch {
	case err == nil:
	case errors.As(err, &taken):
		report.Outcome, report.Why = NotExpressible, []string{err.Error()}
	default:
		if err := ctx.Err(); err != nil {
			return report, err
		}
		if silent := greet(ctx, r.client); silent != nil {
			return report, fmt.Errorf("the server has stopped answering while %s ran: %w", v.id, silent)
		}
		report.Outcome, report.Why = Failed, []string{err.Error()}
	}
	return report, nil
}

// outcome returns how a vector ended that was run to its end.
func outcome(report *VectorReport) Outcome {
	switch {
	case slices.ContainsFunc(report.Problems, func(p Problem) bool { return p.Counts }):
		return Failed
	case len(report.Older) > 0:
		return OlderAnswer
	}
	return Passed
}

// inexpressible returns what a vector needs that the endpoint cannot give.
func (r *runner) inexpressible(v *vector.Vector) []string {
	var why []string
	for _, need := range v.Needs {
		switch need {
		case vector.Clock, vector.Limits, vector.Layout, vector.Faults, vector.ReshardDelay:
			if r.control != nil {
				continue
			}
		case vector.Region:
			if v.Stream.Region == r.options.region {
				continue
			}
		}
		why = append(why, string(need))
	}
	if r.existing != nil && (needsOwnStream(v) || v.Stream.ShardCount != r.existing.shards) {
		why = append(why, "a stream of its own")
	}
	return why
}

// A nameTakenError says that a vector needs a name that another stream has.
type nameTakenError struct{ name string }

func (e *nameTakenError) Error() string {
	return fmt.Sprintf("a stream named %q, but there is one already", e.name)
}

// perform makes a vector's stream, performs the steps, and deletes the stream.
func (r *runner) perform(ctx context.Context, v namedVector, report *VectorReport) error {
	p := &performance{runner: r, vector: v.Vector, report: report}
	if err := p.begin(ctx, v.id); err != nil {
		var refused *refusal
		if v.Stream.StreamName != "" && errors.As(err, &refused) && refused.code == "ResourceInUseException" {
			return &nameTakenError{v.Stream.StreamName}
		}
		return err
	}
	return errors.Join(p.steps(ctx), p.end(context.WithoutCancel(ctx)))
}

// end deletes the stream, if it is the vector's own, and those that the steps have created.
func (p *performance) end(ctx context.Context) error {
	for _, name := range p.created { // maybe a step has deleted it, or its name is one that no server should accept
		if p.control != nil {
			_ = p.control.call(ctx, http.MethodDelete, "streams/"+url.PathEscape(name), nil, nil)
		} else {
			_ = deleteStream(ctx, p.client, name)
		}
	}
	switch {
	case p.control != nil:
		return p.control.call(ctx, http.MethodDelete, "streams/"+p.variables.Stream, nil, nil)
	case p.existing == nil:
		return deleteStream(ctx, p.client, p.variables.Stream)
	}
	return nil
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

// begin makes the stream.
func (p *performance) begin(ctx context.Context, id string) (err error) {
	stream := &p.vector.Stream
	name := stream.StreamName
	if name == "" {
		name = p.prefix + id
	}
	switch {
	case p.existing != nil:
		p.variables = p.existing.variables
		if err := sleep(ctx, 2*time.Second); err != nil { // the shards take their limit again
			return err
		}
		p.latest, err = iterators(ctx, p.client, p.existing)
	case p.control != nil:
		p.variables, err = p.beginWithControl(ctx, name)
	default:
		p.variables, err = createStream(ctx, p.client, p.support, name, stream)
	}
	p.run = vector.NewRun(p.vector, p.variables, p.control != nil, p.shift)
	return err
}

// beginWithControl sets the clock and makes the stream through the control API.
func (p *performance) beginWithControl(ctx context.Context, name string) (vector.Variables, error) {
	stream := &p.vector.Stream
	// The clock cannot go back, so the vector's times are shifted. The fraction of the second stays.
	p.shift = p.control.clock.Now.Sub(stream.StreamCreationTimestamp).Truncate(time.Second) + 2*time.Second
	if err := p.control.set(ctx, stream.StreamCreationTimestamp.Add(p.shift)); err != nil {
		return vector.Variables{}, err
	}
	layout, err := vector.NewRun(p.vector, vector.Variables{}, true, p.shift).Layout()
	if err != nil {
		return vector.Variables{}, err
	}
	request := map[string]any{
		"Name": name, "Layout": layout, "ReshardDelay": (time.Duration(stream.ReshardDelaySeconds) * time.Second).String(),
	}
	limits := map[string]int{}
	if stream.MaxRecordSizeInKiB > 0 {
		limits["BytesPerRecord"], limits["BytesPerRequest"] = stream.MaxRecordSizeInKiB<<10, 10<<20
	}
	for name, value := range stream.Limits {
		limits[name] = value
	}
	request["Limits"] = limits
	if stream.EncryptionType != "" {
		request["EncryptionType"] = stream.EncryptionType
	}
	if stream.RecordDistributionStrategy != "" {
		request["RecordDistributionStrategy"] = stream.RecordDistributionStrategy
	}
	// An interrupt does not end the call: otherwise nobody would know whether there is a stream.
	if err := p.control.call(context.WithoutCancel(ctx), http.MethodPost, "streams", request, nil); err != nil {
		return vector.Variables{}, err
	}
	variables, err := waitActive(ctx, p.client, p.support, name)
	if err != nil {
		_ = p.control.call(context.WithoutCancel(ctx), http.MethodDelete, "streams/"+name, nil, nil) // err says more
	}
	return variables, err
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
		if vector.Has(result.Differences, vector.Code) {
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

// step performs a step, as often as it says, and returns the differences of the last time.
func (p *performance) step(ctx context.Context, step *vector.Step) (result vector.Result, err error) {
	remove := func() error { return nil }
	if step.Fault != nil {
		if remove, err = p.inject(ctx, step.Fault); err != nil {
			return result, err
		}
	}
	for range max(1, step.Attempts) {
		request, err := p.run.Request()
		if err != nil {
			return stuck(err), remove()
		}
		answer, err := p.answer(ctx, step, request)
		if err != nil {
			return result, errors.Join(err, remove())
		}
		if result, err = p.run.Check(answer); err != nil {
			return stuck(err), remove()
		}
		if !vector.Has(result.Differences, vector.Code) {
			p.run.Next(answer)
			break
		}
	}
	return result, remove()
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

// selected returns the vectors that a run has: those whose names match, and that have a mark that
// counts.
func selected(all []namedVector, o *options) []namedVector {
	var chosen []namedVector
	for _, v := range all {
		if o.run.MatchString(v.id) && counts(v.Mark, o.marks) {
			chosen = append(chosen, v)
		}
	}
	return chosen
}

// features returns the operations and members that vectors use, and those that a run needs.
func features(all []namedVector) []string {
	features := []string{"CreateStream", "DescribeStream", "DescribeStreamSummary"}
	for _, v := range all {
		features = append(features, v.Features...)
	}
	slices.Sort(features)
	return slices.Compact(features)
}
