package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/examples/jetstream/internal/audit"
	"github.com/putrecords/putrecords/examples/jetstream/internal/cluster"
)

const (
	frontEnds = 2
	writers   = 4
	keys      = 50 // partition keys of a writer, so records of a request
)

// streamConfig is the stream of each front end. It throttles nothing, so that all retries are due
// to reshards and failures.
var streamConfig = putrecords.Config{Name: "orders", Limits: putrecords.Limits{RecordsPerSecond: -1, BytesPerSecond: -1}}

// A scene is the servers, the front ends and the audit.
type scene struct {
	options
	out   *printer
	audit *audit.Audit

	dir       string
	cluster   *cluster.Cluster // nil if the servers are not ours
	conn      *nats.Conn
	js        jetstream.JetStream
	name      string // of the JetStream stream
	frontEnds []*frontEnd
}

// A printer prints for several goroutines.
type printer struct {
	mu  sync.Mutex
	out io.Writer
}

func (p *printer) printf(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.out, format, args...)
}

// open starts the servers and the front ends.
func (s *scene) open(ctx context.Context) (err error) {
	s.name = "putrecords-" + rand.Text()
	if s.url == "" {
		if err := s.startServers(); err != nil {
			return err
		}
	}
	if s.conn, err = cluster.Connect(s.url); err != nil {
		return fmt.Errorf("connect to %s: %w", s.url, err)
	}
	if s.js, err = jetstream.New(s.conn); err != nil {
		return err
	}
	for lane := range frontEnds {
		f, err := s.newFrontEnd(ctx, lane)
		if err != nil {
			return err
		}
		s.frontEnds = append(s.frontEnds, f)
		s.out.printf("A front end serves stream %s at %s.\n", streamConfig.Name, f.url)
	}
	return nil
}

func (s *scene) startServers() (err error) {
	if s.dir, err = os.MkdirTemp("", "putrecords-jetstream"); err != nil {
		return err
	}
	if s.cluster, err = cluster.Start(s.dir, s.replicas); err != nil {
		return err
	}
	s.url = s.cluster.URL()
	s.out.printf("%d nats-servers run at %s.\n", s.replicas, s.url)
	return nil
}

// close ends what open has started.
func (s *scene) close() (err error) {
	for _, f := range s.frontEnds {
		f.close()
	}
	if s.cluster != nil {
		s.cluster.Stop()
	} else if s.js != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err = s.js.DeleteStream(ctx, s.name); errors.Is(err, jetstream.ErrStreamNotFound) {
			err = nil
		}
	}
	if s.conn != nil {
		s.conn.Close()
	}
	if s.dir != "" {
		err = errors.Join(err, os.RemoveAll(s.dir))
	}
	return err
}

// play puts records while things happen, until the time is over.
func (s *scene) play(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.duration)
	defer cancel()
	var group sync.WaitGroup
	for i := range writers {
		var puts []audit.Put // each writer begins with another front end
		for _, f := range slices.Concat(s.frontEnds[i%frontEnds:], s.frontEnds[:i%frontEnds]) {
			puts = append(puts, f.put)
		}
		group.Go(func() { s.audit.Write(ctx, fmt.Sprint("writer-", i), keys, puts...) })
	}
	var failed [2]error
	group.Go(func() { failed[0] = s.reshard(ctx) })
	group.Go(func() { s.watch(ctx) })
	if s.cluster != nil && s.kill {
		group.Go(func() { failed[1] = s.killLeader(ctx) })
	}
	group.Wait()
	return errors.Join(failed[:]...)
}

// reshard splits and merges shards, by turns, through one front end after another.
func (s *scene) reshard(ctx context.Context) error {
	for n := 0; sleep(ctx, time.Second); n++ {
		err := s.frontEnds[n%frontEnds].log.Reshard(context.WithoutCancel(ctx), audit.Reshard(n))
		if err != nil {
			return err
		}
	}
	return nil
}

// killLeader kills the leader of the stream, and starts it again when the others have had time to
// elect another one.
func (s *scene) killLeader(ctx context.Context) error {
	if !sleep(ctx, s.duration/5) {
		return nil
	}
	leader, err := s.leader(ctx)
	if err != nil {
		return err
	}
	s.cluster.Kill(leader)
	s.out.printf("%s, the leader, was killed with kill -9.\n", leader)
	if !sleep(ctx, s.duration*3/5) {
		return nil
	}
	s.out.printf("%s starts again.\n", leader)
	return s.cluster.Restart(leader)
}

// leader returns the name of the server that leads the stream.
func (s *scene) leader(ctx context.Context) (string, error) {
	stream, err := s.js.Stream(ctx, s.name)
	if err != nil {
		return "", err
	}
	replicas := stream.CachedInfo().Cluster
	if replicas == nil || replicas.Leader == "" {
		return "", errors.New("the stream has no leader")
	}
	return replicas.Leader, nil
}

// watch prints what happens, once a second.
func (s *scene) watch(ctx context.Context) {
	start := time.Now()
	for sleep(ctx, time.Second) {
		p := s.audit.Progress()
		open := 0
		for _, shard := range s.frontEnds[0].shards() {
			if shard.SequenceNumberRange.EndingSequenceNumber.IsZero() {
				open++
			}
		}
		s.out.printf("%3.0f s: %7d acknowledged, %5d retried, %d open shards\n", time.Since(start).Seconds(), p.Acknowledged, p.Retried, open)
	}
}

// sleep returns false if ctx is done.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
