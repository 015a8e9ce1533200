package jetstreamlog_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/examples/jetstream/internal/cluster"
	"github.com/putrecords/putrecords/examples/jetstream/jetstreamlog"
)

// eventually waits until try returns nil.
func eventually(t *testing.T, try func() error) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// awaitHealthy waits until the JetStream stream has a leader and all replicas follow it.
func awaitHealthy(t *testing.T, js jetstream.JetStream) {
	t.Helper()
	eventually(t, func() error {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		stream, err := js.Stream(ctx, "orders")
		if err != nil {
			return err
		}
		replicas := stream.CachedInfo().Cluster
		if replicas.Leader == "" || len(replicas.Replicas) != 2 {
			return fmt.Errorf("the stream has no leader, or lacks replicas: %+v", replicas)
		}
		for _, replica := range replicas.Replicas {
			if !replica.Current || replica.Offline {
				return fmt.Errorf("a replica is behind: %+v", replica)
			}
		}
		return nil
	})
}

func keys(records []putrecords.Record) (keys []string) {
	for _, record := range records {
		keys = append(keys, record.PartitionKey)
	}
	return keys
}

// failsWithin puts a record that must fail with InternalFailure. The call must not hang.
func failsWithin(t *testing.T, limit time.Duration, stream *putrecords.Stream) {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		out, err := stream.Put(context.Background(), putrecords.Entry("fails", nil))
		if err == nil && out.Records[0].ErrorCode != putrecords.InternalFailure {
			err = fmt.Errorf("the answer is %+v, want InternalFailure", out)
		}
		done <- err
	}()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(limit):
		t.Fatalf("the call takes more than %v", limit)
	}
}

// Two front ends in one lane get in each other's way, but no record fails.
func TestSharedLane(t *testing.T) {
	t.Parallel()
	const calls = 50
	url := startCluster(t, 3).URL()
	done := make(chan bool)
	var streams []*putrecords.Stream
	for range 2 {
		streams = append(streams, newStream(t, newLog(t, url, jetstreamlog.Options{Lane: 3})))
	}
	for i, stream := range streams {
		go func() {
			for call := range calls {
				mustPut(t, stream, putrecords.Entry(fmt.Sprint(i, call), nil))
			}
			done <- true
		}()
	}
	<-done
	<-done
	if got := len(readAll(t, streams[0])); got != 2*calls {
		t.Errorf("%d records, want %d", got, 2*calls)
	}
}

// Without a quorum, calls fail within the timeout. When the servers are back, they succeed again.
func TestNoQuorum(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	mustPut(t, newStream(t, newLog(t, c.URL(), jetstreamlog.Options{})), putrecords.Entry("before", nil))
	const timeout = 2 * time.Second
	log := newLog(t, c.URL(), jetstreamlog.Options{Lane: 1})
	stream := newStream(t, log)
	log.SetTimeout(timeout)
	for _, name := range c.Names()[1:] {
		c.Kill(name)
	}
	for range 2 {
		failsWithin(t, timeout+patience, stream)
	}
	start := time.Now()
	if err := log.Reshard(t.Context(), func(*putrecords.Stream) error { return nil }); err == nil {
		t.Error("a reshard succeeds")
	}
	for _, err := range stream.AllRecords() {
		if err != nil {
			break // a leader that has not noticed yet may still answer
		}
	}
	if took := time.Since(start); took > 2*timeout+patience {
		t.Errorf("a reshard and a read took %v", took)
	}
	for _, name := range c.Names() {
		if err := c.Restart(name); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, func() error {
		out, err := stream.Put(t.Context(), putrecords.Entry("after", nil))
		if err == nil && out.FailedRecordCount > 0 {
			err = fmt.Errorf("the servers are back, but the answer is %+v", out)
		}
		return err
	})
	eventually(t, func() (err error) { // with the log's short timeout
		var got []string
		for record, e := range stream.AllRecords() {
			err = e
			got = append(got, record.PartitionKey)
		}
		if err == nil && (len(got) == 0 || got[0] != "before" || !slices.Contains(got, "after")) {
			t.Fatalf("the log has %v", got)
		}
		return err
	})
}

// When all servers are killed and start again on their folders, every record, the layout and the
// closed shards are as they were.
func TestRestartOfEverything(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	log := newLog(t, c.URL(), jetstreamlog.Options{})
	stale, stream := newStream(t, log), newStream(t, log)
	mustPut(t, stream, putrecords.Entry("a", []byte("1")), putrecords.Entry("e", []byte("1")))
	split(t, log)
	layout, err := log.Layout(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Adopt(layout); err != nil {
		t.Fatal(err)
	}
	mustPut(t, stream, putrecords.Entry("a", []byte("2")), putrecords.Entry("e", []byte("2")))
	before := readAll(t, stream)

	for _, name := range c.Names() {
		c.Kill(name)
	}
	for _, name := range c.Names() {
		if err := c.Restart(name); err != nil {
			t.Fatal(err)
		}
	}
	failsWithin(t, 2*patience, stale)
	restarted := newStream(t, newLog(t, c.URL(), jetstreamlog.Options{Lane: 1}))
	if diff := cmp.Diff(layout, restarted.Shards()); diff != "" {
		t.Errorf("shards differ (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(before, readAll(t, restarted)); diff != "" {
		t.Errorf("records differ (-before +after):\n%s", diff)
	}
	for _, stream := range []*putrecords.Stream{stream, restarted} {
		mustPut(t, stream, putrecords.Entry("a", []byte("3")), putrecords.Entry("e", []byte("3")))
	}
	if got := len(withoutPositions(t, readAll(t, restarted))); got != len(before)+4 {
		t.Errorf("%d records, want %d", got, len(before)+4)
	}
}

// When the servers restart one by one after the retention has passed, a closed shard stays closed,
// though its records are gone.
func TestRollingRestartAfterRetention(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	js := connect(t, c.URL())
	log := newLog(t, c.URL(), jetstreamlog.Options{Retention: time.Second})
	stale := newStream(t, log)
	mustPut(t, stale, putrecords.Entry("a", nil))
	split(t, log)
	layout, err := log.Layout(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error {
		if got := readAll(t, stale); len(got) > 0 {
			return fmt.Errorf("%v do not expire", keys(got))
		}
		return nil
	})
	for _, name := range c.Names() {
		awaitHealthy(t, js)
		c.Shutdown(name)
		if err := c.Restart(name); err != nil {
			t.Fatal(err)
		}
	}
	awaitHealthy(t, js)
	for lane := range jetstreamlog.Lanes {
		log := newLog(t, c.URL(), jetstreamlog.Options{Lane: lane, Retention: time.Second})
		stale := putrecords.MustNew(putrecords.Config{Layout: open(layout[0]), Log: log})
		failsWithin(t, 2*patience, stale)
	}
	stream := newStream(t, log)
	if diff := cmp.Diff(layout, stream.Shards()); diff != "" {
		t.Errorf("shards differ (-before +after):\n%s", diff)
	}
	mustPut(t, stream, putrecords.Entry("a", nil), putrecords.Entry("e", nil))
}

// A front end that is killed after JetStream has its records and before it knows leaves them whole,
// and in nobody's way. The client has no answer, so it may put them again.
func TestFrontEndKilledBeforeAcknowledgement(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	log := newLog(t, c.URL(), jetstreamlog.Options{})
	stream := newStream(t, log)
	mustPut(t, stream, putrecords.Entry("before", nil))

	address, silence := proxy(t, strings.TrimPrefix(strings.Split(c.URL(), ",")[0], "nats://"))
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	frontEnd := exec.Command(executable, frontEndCommand, "nats://"+address)
	frontEnd.Stderr = os.Stderr
	stdin, err := frontEnd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := frontEnd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := frontEnd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = frontEnd.Process.Kill()
		_ = frontEnd.Wait()
	}()
	lines := bufio.NewScanner(stdout)
	if !lines.Scan() || lines.Text() != "ready" {
		t.Fatalf("the front end is not ready: %q", lines.Text())
	}
	silence()
	fmt.Fprintln(stdin, "put")
	eventually(t, func() error {
		if got := len(readAll(t, stream)); got < 2 {
			return fmt.Errorf("the log has %d records", got)
		}
		return nil
	})
	if err := frontEnd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if lines.Scan() {
		t.Errorf("the front end knew: %q", lines.Text())
	}

	next := newStream(t, newLog(t, c.URL(), jetstreamlog.Options{Lane: 1})) // the lane of the dead one
	mustPut(t, next, putrecords.Entry("1", nil))
	if diff := cmp.Diff([]string{"before", "1", "2", "3", "1"}, keys(readAll(t, next))); diff != "" {
		t.Errorf("records differ (-want +got):\n%s", diff)
	}
}

// proxy forwards connections to an address. After silence, what comes back goes nowhere.
func proxy(t *testing.T, to string) (address string, silence func()) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	var silent atomic.Bool
	forward := func(from, to net.Conn, silent *atomic.Bool) {
		defer from.Close()
		defer to.Close()
		for buffer := make([]byte, 1<<16); ; {
			n, err := from.Read(buffer)
			if err != nil {
				return
			}
			if !silent.Load() {
				_, _ = to.Write(buffer[:n])
			}
		}
	}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", to)
			if err != nil {
				client.Close()
				continue
			}
			go forward(client, server, &atomic.Bool{})
			go forward(server, client, &silent)
		}
	}()
	return listener.Addr().String(), func() { silent.Store(true) }
}

// frontEndCommand is the first argument of a process that is a front end.
const frontEndCommand = "front-end"

// runFrontEnd puts three records when it is told to, if this process was started to do so. Then it
// ends the process.
func runFrontEnd() {
	if len(os.Args) != 3 || os.Args[1] != frontEndCommand {
		return
	}
	err := func() error {
		conn, err := cluster.Connect(os.Args[2])
		if err != nil {
			return err
		}
		js, err := jetstream.New(conn)
		if err != nil {
			return err
		}
		log, err := jetstreamlog.New(context.Background(), js, jetstreamlog.Options{Name: "orders", Lane: 1, Timeout: patience})
		if err != nil {
			return err
		}
		stream, err := log.NewStream(context.Background(), putrecords.Config{})
		if err != nil {
			return err
		}
		fmt.Println("ready")
		if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
			return err // the test has ended
		}
		go func() { // end with the test
			_, _ = io.Copy(io.Discard, os.Stdin)
			os.Exit(1)
		}()
		_, err = stream.Put(context.Background(), putrecords.Entry("1", nil), putrecords.Entry("2", nil), putrecords.Entry("3", nil))
		return err
	}()
	fmt.Println("done", err)
	os.Exit(0)
}
