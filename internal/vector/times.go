package vector

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// times relates the seconds in a vector's sequence numbers to those of the server.
type times struct {
	exact bool
	shift int64 // seconds that the server's clock is ahead of the vector's, if exact

	// If the server's clock is its own:
	at             int64            // second in the vector at which the step is performed
	sent, received time.Time        // of the step's call
	writes         bool             // whether the step writes records
	creation       int64            // second in the vector at which the stream is created
	created        map[moment]int64 // the server's seconds in which it created shards
	closed         map[moment]int64 // the server's seconds in which it closed shards
}

// A moment is a vector's second in which something happens to a shard. Calls in one second of a
// vector may take more than one on the server, and so may the parts of an UpdateShardCount.
type moment struct {
	second int64
	shard  uint32
}

// clone returns a copy that can learn without changing t.
func (t *times) clone() *times {
	c := *t
	c.created, c.closed = maps.Clone(t.created), maps.Clone(t.closed)
	return &c
}

// leeway is what the server's clock may differ from the caller's.
const leeway = 3 * time.Second

// check returns what is wrong with the seconds in a number. name is the member that has it.
func (t *times) check(name string, want, got number) (problems []string) {
	if t.exact {
		problems = append(problems, compare("was created", got.created, want.created+t.shift)...)
		return append(problems, compare("arrived", got.arrived, want.arrived+t.shift)...)
	}
	problems = t.checkCreated(want, got)
	switch {
	case name == "StartingSequenceNumber":
		problems = append(problems, compare("arrived", got.arrived, got.created)...)
	case name == "EndingSequenceNumber":
		problems = append(problems, learn(t.closed, moment{want.arrived, want.shard}, "closed", got.arrived)...)
	case t.writes && want.arrived == t.at:
		if got.arrived < t.sent.Add(-leeway).Unix() || got.arrived > t.received.Add(leeway).Unix() {
			problems = append(problems, fmt.Sprintf("arrived at %s, but the call was at %s", clock(got.arrived), clock(t.sent.Unix())))
		}
	}
	return problems
}

// checkCreated returns what is wrong with the second in which a shard was created. It is always the
// same, and one second after the parents closed. The stream's first shards are created together.
func (t *times) checkCreated(want, got number) []string {
	created := moment{want.created, want.shard}
	if want.created == t.creation {
		created.shard = 0
	}
	if problems := learn(t.created, created, "was created", got.created); problems != nil {
		return problems
	}
	var possible []int64 // one for each shard that may be the parent
	for closed, second := range t.closed {
		if closed.second == want.created-1 {
			possible = append(possible, second+1)
		}
	}
	if len(possible) == 0 || slices.Contains(possible, got.created) {
		return nil
	}
	return compare("was created", got.created, slices.Min(possible))
}

// learn notes the server's second for a moment in the vector. It returns a problem if it already
// knows another.
func learn(known map[moment]int64, m moment, what string, got int64) []string {
	if second, ok := known[m]; ok {
		return compare(what, got, second)
	}
	known[m] = got
	return nil
}

func compare(what string, got, want int64) []string {
	if got == want {
		return nil
	}
	return []string{fmt.Sprintf("%s at %s, want %s", what, clock(got), clock(want))}
}

func clock(second int64) string { return time.Unix(second, 0).UTC().Format(time.RFC3339) }
