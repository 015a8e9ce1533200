package producer_test

import (
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/examples/producer"
)

// These tests show what can happen to a stream, how many records a naive producer loses to it, and
// that this package's producer loses none.

// A trouble happens to a stream while a producer puts serial numbers into it.
type trouble struct {
	name       string
	stream     putrecords.Config
	keys       int // partition keys, which share the records evenly
	perSecond  int // records
	seconds    int
	happens    func(*testing.T, *putrecords.Stream)
	naive      outcome
	duplicates []int // serial numbers that the correct producer stores again
}

// An outcome is how many records a producer lost, and how many errors it returned.
type outcome struct{ lost, errors int }

// A shard accepts 1,000 records at once, and then 1,000 a second. The naive producer puts 500 at a
// time.
var troubles = []trouble{
	{
		name: "none",
		keys: 100, perSecond: 500, seconds: 3,
		naive: outcome{lost: 0},
	},
	{
		name: "single records fail",
		keys: 100, perSecond: 500, seconds: 6,
		happens: func(_ *testing.T, stream *putrecords.Stream) {
			stream.Inject(putrecords.Fault{Match: func(a putrecords.Attempt) bool { return a.Index < 10 }, Count: 50})
		},
		naive: outcome{lost: 50}, // and no error
	},
	{
		name:   "one key is hot",
		stream: putrecords.Config{Shards: 4},
		keys:   1, perSecond: 2000, seconds: 2,
		naive: outcome{lost: 1300}, // of 4,000, and no error: the requests span 1.7 s
	},
	{
		name: "the KMS key is disabled for a minute",
		keys: 100, perSecond: 50, seconds: 90,
		happens: func(_ *testing.T, stream *putrecords.Stream) {
			time.Sleep(15 * time.Second)
			disabled := stream.Inject(putrecords.Fault{Code: putrecords.KMSDisabledException, Count: -1})
			time.Sleep(time.Minute)
			disabled.Remove()
		},
		naive: outcome{lost: 3000, errors: 6}, // an error for each 500, which are gone by then
	},
	{
		name: "a record is stored, but the answer says it failed",
		keys: 100, perSecond: 500, seconds: 3,
		happens: func(_ *testing.T, stream *putrecords.Stream) {
			stream.Inject(putrecords.Fault{Match: withKey("customer-7"), AfterAppend: true})
		},
		naive:      outcome{lost: 0}, // by luck
		duplicates: []int{7},
	},
	{
		name: "a hot shard is split and merged again",
		keys: 100, perSecond: 1500, seconds: 6,
		happens: splitAndMerge,
		naive:   outcome{lost: 200}, // the merged shard is hot again
	},
	{
		name:   "a hot shard is split and merged again, with a delay",
		stream: putrecords.Config{ReshardDelay: time.Second},
		keys:   100, perSecond: 1500, seconds: 6,
		happens: splitAndMerge,
		naive:   outcome{lost: 900}, // until the split takes effect
	},
}

func TestNaiveProducerLoses(t *testing.T) {
	for _, trouble := range troubles {
		t.Run(trouble.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // time is virtual
				stream := putrecords.MustNew(trouble.stream)
				records, errors := trouble.run(t, stream, &naive{client: newClient(stream)})
				got := outcome{lost: read(t, stream).lost(records), errors: errors}
				t.Logf("lost %d of %d records and got %d errors", got.lost, records, got.errors)
				if got != trouble.naive {
					t.Errorf("of %d records: %+v, want %+v", records, got, trouble.naive)
				}
			})
		})
	}
}

func TestNothingIsLost(t *testing.T) {
	for _, trouble := range troubles {
		t.Run(trouble.name, func(t *testing.T) { trouble.runCorrect(t, false) })
		t.Run(trouble.name+", in order", func(t *testing.T) { trouble.runCorrect(t, true) })
	}
}

func (tr trouble) runCorrect(t *testing.T, ordered bool) {
	synctest.Test(t, func(t *testing.T) {
		stream := putrecords.MustNew(tr.stream)
		var results []producer.Result
		p := newProducer(t, newClient(stream), producer.Config{
			Done:    func(r producer.Result) { results = append(results, r) },
			Ordered: ordered,
		})
		records, errors := tr.run(t, stream, p)
		back := read(t, stream)
		if got := (outcome{lost: back.lost(records), errors: errors}); got != (outcome{}) {
			t.Errorf("of %d records: %+v", records, got)
		}
		if got := back.duplicates(); !slices.Equal(got, tr.duplicates) {
			t.Errorf("duplicates %d, want %d", got, tr.duplicates)
		}
		if ordered && !back.inOrder {
			t.Error("records with the same key are out of order")
		}
		if len(results) != records {
			t.Errorf("%d records reported, want %d", len(results), records)
		}
		for _, r := range results {
			if copies := back.copies[serial(t, r.Data)]; r.Err != nil || copies > r.Attempts {
				t.Errorf("%d copies are stored of %+v", copies, r)
			}
		}
	})
}

// run makes p put serial numbers while the trouble happens. It returns how many it put and the
// number of errors.
func (tr trouble) run(t *testing.T, stream *putrecords.Stream, p putter) (records, errors int) {
	if tr.happens != nil {
		go tr.happens(t, stream)
	}
	for tick := time.Now(); records < tr.perSecond*tr.seconds; tick = tick.Add(time.Second / 10) {
		time.Sleep(time.Until(tick))
		for range tr.perSecond / 10 {
			if err := p.Put(t.Context(), "customer-"+strconv.Itoa(records%tr.keys), []byte(strconv.Itoa(records))); err != nil {
				errors++
			}
			records++
		}
	}
	if err := p.Close(t.Context()); err != nil {
		errors++
	}
	return records, errors
}

func splitAndMerge(t *testing.T, stream *putrecords.Stream) {
	t.Helper()
	time.Sleep(1500 * time.Millisecond)
	if err := stream.SplitShard("shardId-000000000000", putrecords.EvenRanges(2)[1].StartingHashKey); err != nil {
		t.Error(err)
	}
	time.Sleep(3 * time.Second)
	if err := stream.MergeShards("shardId-000000000001", "shardId-000000000002"); err != nil {
		t.Error(err)
	}
}
