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
	known          map[int64]int64 // the server's second for a second in the vector: when shards were created and closed
	at             int64           // second in the vector at which the step is performed
	sent, received time.Time       // of the step's call
}

// leeway is what the server's clock may differ from the caller's.
const leeway = 3 * time.Second

// check returns what is wrong with the seconds in a number.
func (t *times) check(want, got number) (problems []string) {
	if t.exact {
		problems = append(problems, compare("was created", got.created, want.created+t.shift)...)
		return append(problems, compare("arrived", got.arrived, want.arrived+t.shift)...)
	}
	problems = t.learn("was created", want.created, got.created)
	switch {
	case want.arrived == want.created && want.position != "": // a shard's starting number
		problems = append(problems, compare("arrived", got.arrived, got.created)...)
	case want.position != "": // a shard's ending number
		problems = append(problems, t.learn("arrived", want.arrived, got.arrived)...)
	case want.arrived == t.at:
		second := time.Unix(got.arrived, 0)
		if second.Add(time.Second).Before(t.sent.Add(-leeway)) || second.After(t.received.Add(leeway)) {
			problems = append(problems, fmt.Sprintf("arrived at %s, but the call was at %s",
				second.UTC().Format(time.RFC3339), t.sent.UTC().Format(time.RFC3339)))
		}
	}
	return problems
}

// learn notes the server's second for one in the vector. It returns a problem if it was another
// before. Seconds that follow each other in the vector do so on the server.
func (t *times) learn(what string, want, got int64) []string {
	if known, ok := t.known[want]; ok {
		return compare(what, got, known)
	}
	t.known[want] = got
	if before, ok := t.known[want-1]; ok {
		return compare(what, got, before+1)
	}
	return nil
}

func compare(what string, got, want int64) []string {
	if got == want {
		return nil
	}
	second := func(n int64) string { return time.Unix(n, 0).UTC().Format(time.RFC3339) }
	return []string{fmt.Sprintf("%s at %s, want %s", what, second(got), second(want))}
}
