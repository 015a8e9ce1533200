package control

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"sync"

	"github.com/putrecords/putrecords"
)

// faults holds the faults of streams that still exist, except those that were removed.
type faults struct {
	mu     sync.Mutex
	latest int // ID
	active []*fault
}

type fault struct {
	faultInput
	id        int
	stream    *putrecords.Stream
	injection *putrecords.Injection
}

// A faultInput is a [putrecords.Fault] in JSON.
type faultInput struct {
	Stream       string
	AccountID    string `json:",omitempty"`
	Code         putrecords.ErrorCode
	Message      string `json:",omitempty"`
	Count        int
	WholeRequest bool
	AfterAppend  bool
	Match        match `json:",omitzero"`
}

// A match selects the records that have all of its values.
type match struct {
	PartitionKey *string `json:",omitempty"`
	ShardID      *string `json:"ShardId,omitempty"`
	Index        *int    `json:",omitempty"` // in the request
}

func (m match) matches(a putrecords.Attempt) bool {
	return (m.PartitionKey == nil || *m.PartitionKey == a.PartitionKey) &&
		(m.ShardID == nil || *m.ShardID == a.ShardID) &&
		(m.Index == nil || *m.Index == a.Index)
}

// A faultOutput is a fault as answers show it.
type faultOutput struct {
	ID int
	faultInput
	Hits int
}

func (f *fault) output() faultOutput { return faultOutput{f.id, f.faultInput, f.injection.Hits()} }

func (h *handler) injectFault(r *http.Request) (any, error) {
	var in faultInput
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	if in.Stream == "" {
		return nil, badRequest("Stream is missing or \"\"")
	}
	stream, err := h.find(in.AccountID, in.Stream)
	if err != nil {
		return nil, err
	}
	if i := in.Match.Index; i != nil && *i < 0 {
		return nil, badRequest("Match.Index is %d and must be 0 or more", *i)
	}
	if id := in.Match.ShardID; id != nil {
		if _, ok := stream.Shard(*id); !ok {
			return nil, badRequest("Match.ShardId is %q, and stream %s has no such shard", *id, in.Stream)
		}
	}
	in.Code = cmp.Or(in.Code, putrecords.InternalFailure)
	in.Count = cmp.Or(in.Count, 1)
	return h.faults.add(in, stream).output(), nil
}

func (f *faults) add(in faultInput, stream *putrecords.Stream) *fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.latest++
	added := &fault{faultInput: in, id: f.latest, stream: stream, injection: stream.Inject(putrecords.Fault{
		Code:         in.Code,
		Message:      in.Message,
		Match:        in.Match.matches,
		Count:        in.Count,
		WholeRequest: in.WholeRequest,
		AfterAppend:  in.AfterAppend,
	})}
	f.active = append(f.active, added)
	return added
}

func (h *handler) listFaults(*http.Request) (any, error) {
	outputs := []faultOutput{}
	for _, f := range h.faults.of(h.service.Streams()) {
		outputs = append(outputs, f.output())
	}
	return map[string]any{"Faults": outputs}, nil
}

// of forgets the faults of all streams but these, and returns the others.
func (f *faults) of(streams []*putrecords.Stream) []*fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.active = slices.DeleteFunc(f.active, func(f *fault) bool { return !slices.Contains(streams, f.stream) })
	return slices.Clone(f.active)
}

func (h *handler) removeFault(r *http.Request) (any, error) {
	id := r.PathValue("id")
	removed := h.faults.remove(id)
	if removed == nil {
		return nil, refusal{http.StatusNotFound, "there is no fault " + strconv.Quote(id)}
	}
	removed.injection.Remove()
	return removed.output(), nil
}

// remove forgets the fault with an ID and returns it, or nil if there is none.
func (f *faults) remove(id string) *fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.active, func(f *fault) bool { return strconv.Itoa(f.id) == id })
	if i < 0 {
		return nil
	}
	removed := f.active[i]
	f.active = slices.Delete(f.active, i, i+1)
	return removed
}
