package putrecords_test

import (
	"slices"
	"testing"
	"testing/synctest"

	"github.com/putrecords/putrecords"
)

func TestNaiveProducerLosesRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // time stands still
		stream := putrecords.MustNew(putrecords.Config{}) // one shard takes 1,000 records a second
		batch := slices.Repeat([]putrecords.RequestEntry{
			putrecords.Entry("customer-1", []byte("an order")),
		}, 500)
		for range 3 {
			_, err := stream.Put(t.Context(), batch...) // the producer under test checks only the error
			if err != nil {
				t.Fatal(err)
			}
		}
		if lost := 3*500 - stream.Stats()[0].Stored.Records; lost != 500 {
			t.Errorf("lost %d records, want 500", lost)
		}
	})
}
