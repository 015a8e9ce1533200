package jetstreamlog

import (
	"cmp"
	"fmt"
	"regexp"
	"time"
)

// Lanes is how many lanes a shard has.
const Lanes = 8

// Options describe a Log. Only Name is required.
type Options struct {
	// Name is the name of the JetStream stream, and the first part of its subjects: letters,
	// digits, '_' and '-'.
	Name string

	Shards    int           // of a new log; 0 is 1
	Replicas  int           // of a new log: 1, 3 or 5; 0 is 3
	Retention time.Duration // how long records are kept, at least a second; 0 is 24 hours, -1 is forever

	// Lane is from 0 to 7. Give each front end its own while there are enough. Two front ends in
	// one lane are correct but slower: JetStream stores one group at a time in each lane of a
	// shard.
	Lane int

	// FrontEnds is how many front ends share the stream. NewStream divides the limits by it. 0 is
	// 1.
	FrontEnds int

	// Timeout is how long an append, a read or a reshard is retried while JetStream has no leader
	// or does not answer. Then records fail with InternalFailure. 0 is 15 s; it is at most a
	// minute.
	Timeout time.Duration

	// Report, if set, is called with the cause each time records fail, by several goroutines.
	Report func(error)
}

var validName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// maxTimeout is half of what JetStream remembers IDs for.
const maxTimeout = time.Minute

// withDefaults returns o with its defaults filled in, or an error if a field is invalid.
func (o Options) withDefaults() (Options, error) {
	o.Shards, o.FrontEnds = cmp.Or(o.Shards, 1), cmp.Or(o.FrontEnds, 1)
	o.Replicas = cmp.Or(o.Replicas, 3)
	o.Retention = cmp.Or(o.Retention, 24*time.Hour)
	o.Timeout = cmp.Or(o.Timeout, 15*time.Second)
	switch {
	case !validName.MatchString(o.Name):
		return o, fmt.Errorf("jetstreamlog: Options.Name is %q; it must be letters, digits, '_' and '-'", o.Name)
	case o.Lane < 0 || o.Lane >= Lanes:
		return o, fmt.Errorf("jetstreamlog: Options.Lane is %d; it must be from 0 to %d", o.Lane, Lanes-1)
	case o.Retention != -1 && o.Retention < time.Second:
		return o, fmt.Errorf("jetstreamlog: Options.Retention is %v; it must be at least a second, or -1", o.Retention)
	case o.FrontEnds < 0:
		return o, fmt.Errorf("jetstreamlog: Options.FrontEnds is %d and must not be negative", o.FrontEnds)
	case o.Timeout < 0 || o.Timeout > maxTimeout:
		return o, fmt.Errorf("jetstreamlog: Options.Timeout is %v; it must be at most %v", o.Timeout, maxTimeout)
	}
	return o, nil
}
