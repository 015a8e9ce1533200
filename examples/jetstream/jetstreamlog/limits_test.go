package jetstreamlog_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/examples/jetstream/jetstreamlog"
)

func TestDivide(t *testing.T) {
	const second, bytes = 1000, 1 << 20
	for _, test := range []struct {
		limits putrecords.Limits
		n      int
		want   putrecords.Limits
	}{
		{putrecords.Limits{}, 1, putrecords.Limits{RecordsPerSecond: second, BytesPerSecond: bytes}},
		{putrecords.Limits{}, 3, putrecords.Limits{RecordsPerSecond: 333, BytesPerSecond: bytes / 3}},
		{putrecords.Limits{}, second, putrecords.Limits{RecordsPerSecond: 1, BytesPerSecond: bytes / second}},
		{putrecords.Limits{}, second + 1, putrecords.Limits{RecordsPerSecond: 1, BytesPerSecond: bytes / (second + 1)}}, // not 0: the default
		{
			putrecords.Limits{RecordsPerSecond: -1, BytesPerSecond: -1, RecordBurst: -1, ByteBurst: -1},
			3,
			putrecords.Limits{RecordsPerSecond: -1, BytesPerSecond: -1, RecordBurst: -1, ByteBurst: -1},
		},
		{
			putrecords.Limits{RecordsPerSecond: 10, RecordBurst: 50, ByteBurst: 2 << 20, RecordsPerRequest: 7},
			5,
			putrecords.Limits{RecordsPerSecond: 2, RecordBurst: 10, ByteBurst: 2 << 20, RecordsPerRequest: 7, BytesPerSecond: bytes / 5},
		},
	} {
		got := jetstreamlog.Divide(test.limits, test.n)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%+v by %d (-want +got):\n%s", test.limits, test.n, diff)
		}
		if _, err := putrecords.New(putrecords.Config{Limits: got}); err != nil {
			t.Errorf("%+v by %d: %v", test.limits, test.n, err)
		}
	}
}

// load sends records to the front ends of a stream of one shard that takes 100 a second, at a
// fraction of that. share says what part of them each front end gets. It returns the records per
// second that were sent and admitted in 20 s, after buckets that are used too much have run empty.
func load(t *testing.T, fraction float64, share []float64) (sent, admitted float64) {
	t.Helper()
	const limit, ticksPerSecond, warmUp, seconds = 100, 5, 30, 20
	now := time.Unix(1_800_000_000, 0)
	var frontEnds []*putrecords.Stream
	for range share {
		frontEnds = append(frontEnds, putrecords.MustNew(putrecords.Config{
			Log: putrecords.Discard(), Now: func() time.Time { return now },
			Limits: jetstreamlog.Divide(putrecords.Limits{RecordsPerSecond: limit}, len(share)),
		}))
	}
	debt := make([]float64, len(share))
	for tick := range ticksPerSecond * (warmUp + seconds) {
		now = now.Add(time.Second / ticksPerSecond)
		for i, stream := range frontEnds {
			debt[i] += fraction * limit / ticksPerSecond * share[i]
			n := int(debt[i])
			debt[i] -= float64(n)
			if n == 0 {
				continue
			}
			records := make([]putrecords.RequestEntry, n)
			for j := range records {
				records[j] = putrecords.Entry("k", nil)
			}
			out, err := stream.Put(t.Context(), records...)
			if err != nil {
				t.Fatal(err)
			}
			if tick >= ticksPerSecond*warmUp {
				sent += float64(n) / seconds
				admitted += float64(n-out.FailedRecordCount) / seconds
			}
		}
	}
	return sent, admitted
}

// Front ends that divide the limits admit what one stream would, as long as each gets its part of
// the load.
func TestDividedLimitsAdmit(t *testing.T) {
	for _, test := range []struct {
		fraction float64
		share    []float64
		want     float64 // records per second
	}{
		{0.9, []float64{1}, 90},
		{2, []float64{1}, 100},
		{0.9, []float64{0.5, 0.5}, 90},
		{2, []float64{0.5, 0.5}, 100},
		{2, []float64{0.25, 0.25, 0.25, 0.25}, 100},
		{0.8, []float64{1, 0}, 50}, // one stream would admit 80
		{0.8, []float64{2. / 3, 1. / 3}, 50 + 80./3},
	} {
		if _, got := load(t, test.fraction, test.share); got < test.want-1 || got > test.want+1 {
			t.Errorf("%v of the limit, divided %v: %.0f records/s admitted, want %.0f", test.fraction, test.share, got, test.want)
		}
	}
}

// A load balancer that gives each connection to any front end divides the load unevenly. So divided
// limits throttle a load that one stream would take, and this says how much of it: the README has
// these figures.
func TestFalseThrottling(t *testing.T) {
	for _, test := range []struct{ frontEnds, connections, want int }{
		{2, 3, 16},
		{2, 20, 3},
		{10, 20, 19},
		{10, 200, 2},
	} {
		random := rand.New(rand.NewPCG(1, 1))
		var sent, admitted float64
		for range 20 {
			share := make([]float64, test.frontEnds)
			for range test.connections {
				share[random.IntN(test.frontEnds)] += 1 / float64(test.connections)
			}
			s, a := load(t, 0.8, share)
			sent, admitted = sent+s, admitted+a
		}
		if percent := int(100*(1-admitted/sent) + 0.5); percent != test.want {
			t.Errorf("%d front ends, %d connections: %d %% are throttled, want %d %%", test.frontEnds, test.connections, percent, test.want)
		}
	}
}
