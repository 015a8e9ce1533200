package jetstreamlog_test

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/examples/jetstream/jetstreamlog"
)

// What a round of the benchmark puts: requests of 500 records, from callers of each front end.
const (
	benchShards  = 4
	benchCallers = 32
	benchRecords = 500
)

var benchRequests = flag.Int("requests", 20, "how many requests a round of BenchmarkLog puts")

// singleRequests returns how many requests are put with a message for each record, which takes much
// longer.
func singleRequests() int { return max(*benchRequests/20, 1) }

// BenchmarkLog measures records per second, side by side: of the log, of a plain publisher that
// sends the log's messages with nothing in their headers, and of one that sends a message for each
// record. Each round runs all three. The figures are medians; use -benchtime 9x for nine rounds.
func BenchmarkLog(b *testing.B) {
	for _, replicas := range []int{3, 1} {
		url := startCluster(b, replicas).URL()
		for _, size := range []int{100, 1024} {
			for _, frontEnds := range []int{1, 2} {
				b.Run(fmt.Sprintf("R%d/%dB/%d", replicas, size, frontEnds), func(b *testing.B) {
					bench := newBench(b, url, replicas, size, frontEnds)
					var logs, plains, singles []float64
					for b.Loop() {
						logs = append(logs, perSecond(*benchRequests, bench.log))
						plains = append(plains, perSecond(*benchRequests, bench.plain))
						singles = append(singles, perSecond(singleRequests(), bench.single))
					}
					b.ReportMetric(0, "ns/op")
					b.ReportMetric(median(logs), "log/s")
					b.ReportMetric(median(plains), "plain/s")
					b.ReportMetric(median(singles), "single/s")
					b.ReportMetric(median(logs)/median(plains), "of-plain")
					b.ReportMetric(float64(b.N**benchRequests*benchRecords)/float64(bench.messages), "records/message")
				})
			}
		}
	}
}

// BenchmarkOneRecord measures a call that nothing else waits with.
func BenchmarkOneRecord(b *testing.B) {
	for _, replicas := range []int{3, 1} {
		stream := newBench(b, startCluster(b, replicas).URL(), replicas, 100, 1).streams[0]
		b.Run(fmt.Sprint("R", replicas), func(b *testing.B) {
			for b.Loop() {
				mustPut(b, stream, putrecords.Entry("k", make([]byte, 100)))
			}
		})
	}
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// A bench is what the three ways share.
type bench struct {
	b       *testing.B
	streams []*putrecords.Stream
	request []putrecords.RequestEntry
	conns   []jetstream.JetStream // a connection for each front end of the publishers

	mu       sync.Mutex
	groups   []map[uint32][]jetstreamlog.Group // by front end, then by shard: those of the last round
	messages int                               // in all rounds
}

func newBench(b *testing.B, url string, replicas, size, frontEnds int) *bench {
	bench := &bench{b: b}
	js := connect(b, url)
	for _, name := range []string{"orders", "plain"} {
		_ = js.DeleteStream(b.Context(), name) // from the benchmark before
	}
	for lane := range frontEnds {
		log := newLog(b, url, jetstreamlog.Options{Shards: benchShards, Replicas: replicas, Lane: lane})
		log.OnPut(func(group jetstreamlog.Group) { bench.note(lane, group) })
		stream, err := log.NewStream(b.Context(), putrecords.Config{Limits: unlimited})
		if err != nil {
			b.Fatal(err)
		}
		bench.streams = append(bench.streams, stream)
		bench.conns = append(bench.conns, connect(b, url))
		bench.groups = append(bench.groups, nil)
	}
	config := jetstream.StreamConfig{Name: "plain", Subjects: []string{"plain.*"}, Replicas: replicas}
	if _, err := js.CreateStream(b.Context(), config); err != nil {
		b.Fatal(err)
	}
	for i := range benchRecords {
		bench.request = append(bench.request, putrecords.Entry(strconv.Itoa(i), make([]byte, size)))
	}
	return bench
}

// note keeps a group that the log sends.
func (bench *bench) note(frontEnd int, group jetstreamlog.Group) {
	bench.mu.Lock()
	defer bench.mu.Unlock()
	if bench.groups[frontEnd] == nil {
		return // not in a round
	}
	bench.groups[frontEnd][group.Shard] = append(bench.groups[frontEnd][group.Shard], group)
	bench.messages++
}

// perSecond returns how many records per second a way of putting requests takes.
func perSecond(requests int, way func()) float64 {
	start := time.Now()
	way()
	return float64(requests*benchRecords) / time.Since(start).Seconds()
}

// log puts a round of requests through the front ends.
func (bench *bench) log() {
	for i := range bench.groups {
		bench.groups[i] = make(map[uint32][]jetstreamlog.Group)
	}
	var requests atomic.Int64
	var group sync.WaitGroup
	for _, stream := range bench.streams {
		for range benchCallers {
			group.Go(func() {
				for requests.Add(1) <= int64(*benchRequests) {
					mustPut(bench.b, stream, bench.request...)
				}
			})
		}
	}
	group.Wait()
}

// plain publishes the messages of log's last round, and waits for each before the next one of the
// same front end and shard, as log does.
func (bench *bench) plain() {
	var group sync.WaitGroup
	for i, shards := range bench.groups {
		for shard, groups := range shards {
			group.Go(func() {
				for _, g := range groups {
					message := &nats.Msg{Subject: fmt.Sprint("plain.", shard), Data: g.Data}
					if _, err := bench.conns[i].PublishMsg(context.Background(), message); err != nil {
						bench.b.Error(err)
					}
				}
			})
		}
	}
	group.Wait()
}

// single publishes each record as a message, without waiting for the one before.
func (bench *bench) single() {
	var requests atomic.Int64
	var group sync.WaitGroup
	for _, js := range bench.conns {
		group.Go(func() {
			var acks []jetstream.PubAckFuture
			for requests.Add(1) <= int64(singleRequests()) {
				for i, record := range bench.request {
					ack, err := js.PublishMsgAsync(&nats.Msg{Subject: fmt.Sprint("plain.", i%benchShards), Data: record.Data},
						jetstream.WithStallWait(patience))
					if err != nil {
						bench.b.Error(err)
						return
					}
					acks = append(acks, ack)
				}
			}
			for _, ack := range acks {
				select {
				case <-ack.Ok():
				case err := <-ack.Err():
					bench.b.Error(err)
				}
			}
		})
	}
	group.Wait()
}
