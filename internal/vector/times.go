package vector

import (
	"fmt"
	"time"
)

// times relates the seconds in a vector's sequence numbers to those of the server.
type times struct {
	exact bool
	shift int64 // seconds that the server's clock is ahead of the vector's, if exact

	// If the server's clock is its own:
	at             int64           // second in the vector at which the step is performed
	sent, received time.Time       // of the step's call
	creation       int64           // second in the vector at which the stream is created
	created        int64           // second in which the server created it; 0 if it is not known yet
	closed         map[int64]int64 // by second in the vector at which a shard closes: the server's
}

// leeway is what the server's clock may differ from the caller's.
const leeway = 3 * time.Second

// check returns what is wrong with the seconds in a number. name is the member that has it.
func (t *times) check(name string, want, got number) (problems []string) {
	if t.exact {
		problems = append(problems, compare("was created", got.created, want.created+t.shift)...)
		return append(problems, compare("arrived", got.arrived, want.arrived+t.shift)...)
	}
	closed, isChild := t.closed[want.created-1]
	switch {
	case want.created == t.creation && t.created == 0:
		t.created = got.created
	case want.created == t.creation:
		problems = compare("was created", got.created, t.created)
	case isChild && got.created <= closed:
		problems = []string{fmt.Sprintf("was created at %s, but a parent closed at %s", clock(got.created), clock(closed))}
	}
	switch {
	case name == "StartingSequenceNumber":
		problems = append(problems, compare("arrived", got.arrived, got.created)...)
	case name == "EndingSequenceNumber":
		if before, ok := t.closed[want.arrived]; !ok || got.arrived < before { // the earliest of several
			t.closed[want.arrived] = got.arrived
		}
	case want.arrived == t.at:
		if got.arrived < t.sent.Add(-leeway).Unix() || got.arrived > t.received.Add(leeway).Unix() {
			problems = append(problems, fmt.Sprintf("arrived at %s, but the call was at %s", clock(got.arrived), clock(t.sent.Unix())))
		}
	}
	return problems
}

func compare(what string, got, want int64) []string {
	if got == want {
		return nil
	}
	return []string{fmt.Sprintf("%s at %s, want %s", what, clock(got), clock(want))}
}

func clock(second int64) string { return time.Unix(second, 0).UTC().Format(time.RFC3339) }
