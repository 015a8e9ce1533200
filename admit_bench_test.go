package putrecords_test

import (
	"fmt"
	"testing"

	"github.com/putrecords/putrecords"
)

// BenchmarkAdmit decides about the same 500 records that BenchmarkPutRecords puts.
func BenchmarkAdmit(b *testing.B) {
	for _, shards := range []int{1, 4, 64, 1000, 10_000} {
		b.Run(fmt.Sprintf("shards=%d", shards), func(b *testing.B) {
			s := putrecords.MustNew(putrecords.Config{Shards: shards, Limits: farLimits})
			batches := benchmarkBatches(500, 100)
			var admissions [len(batches)][]putrecords.Admission
			for k, records := range batches {
				admissions[k] = admissionsOf(records)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if err := s.Admit(admissions[i%len(admissions)]); err != nil {
					b.Fatal(err)
				}
			}
			reportRecords(b, 500)
		})
	}
}

// admissionsOf returns the records as Admit takes them.
func admissionsOf(records []putrecords.RequestEntry) []putrecords.Admission {
	admissions := make([]putrecords.Admission, len(records))
	for i := range records {
		admissions[i] = putrecords.Admission{HashKey: putrecords.HashKeyOf(*records[i].PartitionKey), Bytes: records[i].Size()}
	}
	return admissions
}
