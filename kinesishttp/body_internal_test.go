package kinesishttp

import (
	"math"
	"testing"

	"github.com/putrecords/putrecords"
)

func TestBodyLimit(t *testing.T) {
	for _, test := range []struct {
		limits putrecords.Limits
		want   int64
	}{
		{putrecords.Limits{BytesPerRequest: 3 << 20, RecordsPerRequest: 10, PartitionKeyLength: 100}, 8<<20 + 10*100*12 + 10*1024 + 1<<20},
		{putrecords.Limits{BytesPerRequest: 3000, RecordsPerRequest: 3, PartitionKeyLength: 499}, 8000 + 3*499*12 + 3*1024 + 1<<20},
		{putrecords.Limits{BytesPerRequest: 3000, RecordsPerRequest: 3, PartitionKeyLength: 501}, 8000 + 3000*6 + 3*1024 + 1<<20},
		{putrecords.Limits{BytesPerRequest: 3000, RecordsPerRequest: 1, PartitionKeyLength: 3001}, 8000 + 3000*6 + 1024 + 1<<20},
		{putrecords.Limits{BytesPerRequest: 3000, RecordsPerRequest: 3, PartitionKeyLength: -1}, 8000 + 3000*6 + 3*1024 + 1<<20},
		{putrecords.Limits{BytesPerRequest: 3000, RecordsPerRequest: 3, PartitionKeyLength: math.MaxInt}, 8000 + 3000*6 + 3*1024 + 1<<20},
		{putrecords.Limits{BytesPerRequest: 3000, RecordsPerRequest: 3, PartitionKeyLength: 1}, 8000 + 3*12 + 3*1024 + 1<<20},
		{putrecords.Limits{BytesPerRequest: -1, RecordsPerRequest: 3, PartitionKeyLength: 1}, -1},
		{putrecords.Limits{BytesPerRequest: 3000, RecordsPerRequest: -1, PartitionKeyLength: 1}, -1},
	} {
		if got := bodyLimit(test.limits); got != test.want {
			t.Errorf("%+v: %d, want %d", test.limits, got, test.want)
		}
	}
}
