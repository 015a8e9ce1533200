// Package audit puts numbered records into a stream through several front ends, and checks that the
// stream has each acknowledged record, once and in order.
package audit

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"sync"
	"time"

	"github.com/putrecords/putrecords"
)

// An Audit remembers what was acknowledged. Make one with [New]. It is safe for concurrent use.
type Audit struct {
	mu       sync.Mutex
	latest   map[string]int // the number of each partition key's last acknowledged record
	progress Progress
	success  time.Time // the last one
}

// A Progress says what happened so far.
type Progress struct {
	Acknowledged int           // records
	Retried      int           // times that a record was put again, because it failed or its request did
	Longest      time.Duration // without an acknowledged record
}

// New returns an audit. Its time without success begins now.
func New() *Audit { return &Audit{latest: make(map[string]int), success: time.Now()} }

// A Put puts records with the keys and the data, and returns for each whether it is stored.
type Put func(ctx context.Context, keys []string, data [][]byte) (stored []bool, err error)

// Write puts records until ctx is done, through each of the front ends in turn. A request has one
// record for each of n partition keys. Each record holds its number among those of its key, and is
// put until it is acknowledged; only then comes the next one. Name must be another one for each
// call.
func (a *Audit) Write(ctx context.Context, name string, n int, frontEnds ...Put) {
	keys, numbers := make([]string, n), make([]int, n)
	for i := range keys {
		keys[i], numbers[i] = fmt.Sprint(name, "-", i), 1
	}
	data := make([][]byte, n)
	for i := 0; ctx.Err() == nil; i++ {
		for i, number := range numbers {
			data[i] = []byte(strconv.Itoa(number))
		}
		stored, err := frontEnds[i%len(frontEnds)](context.WithoutCancel(ctx), keys, data)
		if err != nil {
			stored = make([]bool, n)
		}
		a.note(keys, numbers, stored)
	}
}

// note notes the answers to one request, and moves the numbers of what is stored on.
func (a *Audit) note(keys []string, numbers []int, stored []bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	acknowledged := 0
	for i, ok := range stored {
		if ok {
			a.latest[keys[i]] = numbers[i]
			numbers[i]++
			acknowledged++
		}
	}
	a.progress.Acknowledged += acknowledged
	a.progress.Retried += len(stored) - acknowledged
	if acknowledged > 0 {
		a.progress.Longest = max(a.progress.Longest, time.Since(a.success))
		a.success = time.Now()
	}
}

// Progress returns what happened so far.
func (a *Audit) Progress() Progress {
	a.mu.Lock()
	defer a.mu.Unlock()
	p := a.progress
	p.Longest = max(p.Longest, time.Since(a.success))
	return p
}

// A Result says what is in the log. All fields but InLog should be 0.
type Result struct {
	InLog      int // records
	Missing    int // acknowledged, but not in the log
	Twice      int // in the log again
	OutOfOrder int // after a later record of the same key
}

// Check compares the log with what was acknowledged. records are all of the stream, with parents
// before their children.
func (a *Audit) Check(records iter.Seq2[putrecords.Record, error]) (Result, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var result Result
	seen, latest := make(map[string]map[int]bool), make(map[string]int)
	for record, err := range records {
		if err != nil {
			return result, err
		}
		key := record.PartitionKey
		number, err := strconv.Atoi(string(record.Data))
		if err != nil {
			return result, fmt.Errorf("the log has a record that was not put: key %q, data %q", key, record.Data)
		}
		if seen[key] == nil {
			seen[key] = make(map[int]bool)
		}
		result.InLog++
		switch {
		case seen[key][number]:
			result.Twice++
		case number < latest[key]:
			result.OutOfOrder++
		}
		seen[key][number] = true
		latest[key] = max(latest[key], number)
	}
	for key, last := range a.latest {
		for number := 1; number <= last; number++ {
			if !seen[key][number] {
				result.Missing++
			}
		}
	}
	return result, nil
}
