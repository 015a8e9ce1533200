package jetstreamlog

import (
	"cmp"

	"github.com/putrecords/putrecords"
)

// Divide returns the limits of one out of n front ends. n is at least 1. If the load is even, the
// front ends together admit per second what one stream would. A front end that gets more than its
// part throttles, even though the others have room. Each keeps the burst of bytes, because a shard
// must take the largest record.
func Divide(limits putrecords.Limits, n int) putrecords.Limits {
	limits.RecordsPerSecond = int(divide(int64(cmp.Or(limits.RecordsPerSecond, 1000)), n))
	limits.BytesPerSecond = divide(cmp.Or(limits.BytesPerSecond, 1<<20), n)
	if limits.RecordBurst != 0 {
		limits.RecordBurst = int(divide(int64(limits.RecordBurst), n))
	}
	return limits
}

// divide rounds down, but not to 0: that would mean the default.
func divide(limit int64, n int) int64 {
	if limit == putrecords.Unlimited {
		return limit
	}
	return max(limit/int64(n), 1)
}
