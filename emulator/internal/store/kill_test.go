package store

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/putrecords/putrecords"
)

const (
	killedDir    = "PUTRECORDS_TEST_KILLED_DIR" // set in the child
	killedShards = 3
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(killedDir); dir != "" {
		appendUntilKilled(dir)
		os.Exit(2) // not killed in time
	}
	os.Exit(m.Run())
}

// numbered returns records whose data says which they are.
func numbered(index int, position uint64, n int) []putrecords.Record {
	records := makeRecords(index, n, 0, start)
	for i := range records {
		records[i].Data = numberedData(index, position+uint64(i))
	}
	return records
}

func numberedData(index int, position uint64) []byte {
	return fmt.Append(nil, "shard ", index, " position ", position, strings.Repeat(".", int(position%500)))
}

// appendUntilKilled appends to the shards of stream 1 at once. For each record that is stored, it
// prints the shard and the position. It ends when its parent does.
func appendUntilKilled(dir string) {
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(3)
	}()
	d, err := Open(dir, DiskOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	log := d.Log(1)
	type pending struct {
		latest uint64
		wait   func() error
	}
	var wg sync.WaitGroup
	for index := range killedShards {
		acknowledge := make(chan pending, 4) // so appends do not wait for those before them
		wg.Go(func() {
			defer close(acknowledge)
			random := rand.New(rand.NewPCG(1, uint64(index)))
			next := log.LatestPosition(shard(index).ShardID) + 1
			for range 100_000 {
				n := 1 + random.IntN(20)
				records := numbered(index, next, n)
				next += uint64(n)
				wait, err := log.Append(context.Background(), shard(index), records)
				if err != nil {
					fmt.Println(err)
					return
				}
				acknowledge <- pending{next - 1, wait}
			}
		})
		wg.Go(func() {
			for p := range acknowledge {
				if err := p.wait(); err != nil {
					fmt.Println(err)
				}
				fmt.Println(index, p.latest)
			}
		})
	}
	wg.Wait()
}

// Whenever the process is killed, all that it has acknowledged is there, in order and without gaps.
func TestKilledStoreKeepsWhatItAcknowledged(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir)
	newStream(t, d)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	var before [killedShards]uint64
	for round := range 8 {
		acknowledged := kill(t, dir, rand.IntN(300))
		d := open(t, dir)
		for index, want := range acknowledged {
			latest := d.Log(1).LatestPosition(shard(index).ShardID)
			want = max(want, before[index])
			position := uint64(0)
			for _, r := range read(t, d.Log(1), index, 1) {
				if position++; r.SequenceNumber.Position != position || string(r.Data) != string(numberedData(index, position)) {
					t.Fatalf("round %d, shard %d: %s is at position %d, after %d", round, index, r.Data, r.SequenceNumber.Position, position-1)
				}
			}
			if position < want || position != latest {
				t.Fatalf("round %d, shard %d: %d records, %d are acknowledged, the latest position is %d", round, index, position, want, latest)
			}
			before[index] = position
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if before == [killedShards]uint64{} {
		t.Error("nothing was stored")
	}
}

// kill runs a child, kills it after some acknowledgments, and returns the latest acknowledged
// position of each shard.
func kill(t *testing.T, dir string, after int) (acknowledged [killedShards]uint64) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), killedDir+"="+dir)
	child.Stderr = os.Stderr
	stdin, err := child.StdinPipe() // the child ends if this ends
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stdout, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	for n := 0; lines.Scan(); n++ {
		if n == after {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
		var index int
		var position uint64
		if _, err := fmt.Sscanf(lines.Text(), "%d %d\n", &index, &position); err != nil {
			t.Fatalf("the child said %q", lines.Text())
		}
		acknowledged[index] = position
	}
	err = child.Wait()
	if code := child.ProcessState.ExitCode(); code != -1 && code != 1 { // 1 on Windows
		t.Fatalf("the child was not killed: %v", err)
	}
	return acknowledged
}
