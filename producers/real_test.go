package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// ifNamed returns those of the producers that the environment variable PUTRECORDS_PRODUCERS names,
// separated by spaces. What their programs need must be installed; .ci/run shows how.
func ifNamed(t *testing.T, names ...string) []producer {
	t.Helper()
	wanted := strings.Fields(os.Getenv("PUTRECORDS_PRODUCERS"))
	var producers []producer
	for _, name := range names {
		if slices.Contains(wanted, name) {
			producers = append(producers, named(t, catalog, name))
		}
	}
	if len(producers) == 0 {
		t.Skipf("skipped: PUTRECORDS_PRODUCERS names none of %s", names)
	}
	return producers
}

// named returns the item with a name.
func named[T fmt.Stringer](t *testing.T, items []T, name string) T {
	t.Helper()
	chosen, err := choose(items, name)
	if err != nil {
		t.Fatal(err)
	}
	return chosen[0]
}

// These producers never resend a throttled record, so a shard whose clock stands still holds what
// it takes at once.
func TestProducersThatLose(t *testing.T) {
	producers := ifNamed(t, "aws-kinesis-writable", "sdkv1")
	url := startWithTimeStopped(t)
	for _, p := range producers {
		t.Run(p.name, func(t *testing.T) {
			r := runProducer(t, url, p, 2000)
			if r.Believed != 2000 || r.stored != 1000 || r.distinct != 1000 {
				t.Errorf("%v, want 2000 believed and 1000 stored", r)
			}
		})
	}
}

func TestProducersThatLoseNothing(t *testing.T) {
	producers := ifNamed(t, "kinesis-streams", "a8m-unpacked")
	e, err := startEmulator(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.stop)
	for _, p := range producers {
		t.Run(p.name, func(t *testing.T) {
			r := runProducer(t, e.url, p, 2000)
			if r.Believed != 2000 || r.distinct != 2000 {
				t.Errorf("%v, want 2000 believed and 2000 distinct", r)
			}
		})
	}
}

// runProducer has a producer send records to one shard.
func runProducer(t *testing.T, endpoint string, p producer, records int) result {
	t.Helper()
	c, err := p.build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.remove)
	r, err := measure(t.Context(), newServer(endpoint, false), c, named(t, layouts, "one"), records)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
