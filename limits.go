package putrecords

import (
	"cmp"
	"crypto/md5"
	"strconv"
	"unicode/utf8"

	"github.com/putrecords/putrecords/internal/constraint"
)

// Unlimited in a field of [Limits] means that there is no such limit.
const Unlimited = -1

// Limits are what a stream takes in one request, and what each of its shards takes per second. In
// every field, zero means the value that AWS publishes and [Unlimited] means no limit.
//
// AWS: "Each PutRecords request can support up to 500 records", with limits for a record and "for
// the entire request, including partition keys"; "Each shard can support writes up to 1,000 records
// per second". AWS does not document how much a shard takes at once; the two bursts are our choice.
//
// The buckets are limiters from golang.org/x/time/rate, which count in floating point. At AWS's
// rates a token comes in exactly the nanosecond in which it is due, except that rounding errors can
// add up over thousands of calls in which the bucket is never full. Then, and at rates that share
// few factors with 1,000,000,000, a token may come about a nanosecond early or late.
type Limits struct {
	RecordsPerRequest  int   // 500
	BytesPerRecord     int   // 1 MiB, data and partition key; AWS's message mentions only data
	BytesPerRequest    int   // 5 MiB, data and partition keys
	PartitionKeyLength int   // 256 characters, counted in Unicode code points
	RecordsPerSecond   int   // 1,000 a shard
	BytesPerSecond     int64 // 1 MiB a shard, data and partition keys
	RecordBurst        int   // records a shard takes at once: one second's worth

	// ByteBurst is the bytes a shard takes at once: one second's worth, but at least the largest
	// record, and at least 15 MiB if a record may be larger than 1 MiB.
	ByteBurst int64
}

// largeRecordBurst admits all the large records that production was seen to take. A burst of 10 MiB
// would have throttled some of them.
const largeRecordBurst = 15 << 20

// LargeRecordLimits returns the limits of a stream that takes the largest records that AWS has
// allowed since October 2025: 10 MiB per record and per request. A shard still takes 1 MiB per
// second, after a burst of 15 MiB.
func LargeRecordLimits() Limits {
	return Limits{BytesPerRecord: 10 << 20, BytesPerRequest: 10 << 20}
}

// LenientLimits returns limits with bursts as large as production was seen to let through: a fresh
// shard took 5,000 records within a second, and a burst of 15 MiB explains the large records that
// another shard took. The defaults are stricter: they are what AWS promises, and they expose a
// producer's bugs sooner.
func LenientLimits() Limits {
	return Limits{RecordBurst: 5000, ByteBurst: largeRecordBurst}
}

// Validate makes all checks of a request that need no stream, in AWS's order:
//
//  1. The members satisfy their constraints. One ValidationException lists all violations.
//  2. Each record has a partition key. (A stream with [DistributionAuto] does not require it.)
//  3. There is a name or an ARN. If there are both, they agree.
//  4. The explicit hash keys lie in the hash space.
//  5. The request is not too large.
//
// The error is an [*Error]. A nil request is an empty one.
//
// Validate uses the first four limits; a negative one means no limit. To check a single record,
// pass a request with a name and only that record.
func (l Limits) Validate(in *Input) error {
	if in == nil {
		in = &Input{}
	}
	l = l.inForce()
	if err := l.checkMembers(in, UserPartitionKey); err != nil {
		return err
	}
	if _, err := parseReference(in.StreamName, in.StreamARN); err != nil {
		return err
	}
	if err := hashKeysOf(in.Records, make([]HashKey, len(in.Records)), new([]byte)); err != nil {
		return err
	}
	return l.checkSize(in)
}

// inForce returns the limits with AWS's values in place of zeroes.
func (l Limits) inForce() Limits {
	l.RecordsPerRequest = cmp.Or(l.RecordsPerRequest, 500)
	l.BytesPerRecord = cmp.Or(l.BytesPerRecord, 1<<20)
	l.BytesPerRequest = cmp.Or(l.BytesPerRequest, 5<<20)
	l.PartitionKeyLength = cmp.Or(l.PartitionKeyLength, 256)
	l.RecordsPerSecond = cmp.Or(l.RecordsPerSecond, 1000)
	l.BytesPerSecond = cmp.Or(l.BytesPerSecond, 1<<20)
	l.RecordBurst = cmp.Or(l.RecordBurst, l.RecordsPerSecond)
	if l.ByteBurst == 0 {
		l.ByteBurst = l.BytesPerSecond
		if l.ByteBurst != Unlimited {
			l.ByteBurst = max(l.ByteBurst, l.largestRecord())
			if l.largestRecord() > 1<<20 {
				l.ByteBurst = max(l.ByteBurst, largeRecordBurst)
			}
		}
	}
	return l
}

// largestRecord returns the size of the largest record that a stream takes, or Unlimited. The
// limits must be in force.
func (l Limits) largestRecord() int64 {
	switch {
	case l.BytesPerRecord == Unlimited:
		return int64(l.BytesPerRequest)
	case l.BytesPerRequest == Unlimited:
		return int64(l.BytesPerRecord)
	}
	return int64(min(l.BytesPerRecord, l.BytesPerRequest))
}

// exceeds reports whether n is above the limit.
func exceeds(n, limit int) bool { return n > limit && limit >= 0 }

// check returns the first problem it finds in the limits of a Config.
func (l Limits) check() error {
	for _, field := range []struct {
		name  string
		value int64
	}{
		{"RecordsPerRequest", int64(l.RecordsPerRequest)},
		{"BytesPerRecord", int64(l.BytesPerRecord)},
		{"BytesPerRequest", int64(l.BytesPerRequest)},
		{"PartitionKeyLength", int64(l.PartitionKeyLength)},
		{"RecordsPerSecond", int64(l.RecordsPerSecond)},
		{"BytesPerSecond", l.BytesPerSecond},
		{"RecordBurst", int64(l.RecordBurst)},
		{"ByteBurst", l.ByteBurst},
	} {
		if field.value < Unlimited {
			return configErrorf("Limits."+field.name, "%d is neither positive, nor 0 for AWS's value, nor -1 for unlimited", field.value)
		}
	}
	l = l.inForce()
	largest := l.largestRecord()
	switch {
	case l.BytesPerSecond == Unlimited || l.ByteBurst == Unlimited:
		return nil
	case largest == Unlimited:
		return configErrorf("Limits.ByteBurst", "a record above the burst would be throttled forever, and the size of records is "+
			"unlimited; limit BytesPerRecord or BytesPerRequest, or set BytesPerSecond to -1")
	case l.ByteBurst < largest:
		return configErrorf("Limits.ByteBurst", "%d is less than the %d bytes of the largest record, which would be throttled forever",
			l.ByteBurst, largest)
	}
	return nil
}

// checkMembers makes the checks of a request that come before its name and ARN count.
func (l Limits) checkMembers(in *Input, distribution RecordDistributionStrategy) error {
	if err := l.checkConstraints(in); err != nil || distribution == DistributionAuto {
		return err
	}
	return checkPartitionKeys(in.Records)
}

// checkConstraints returns one ValidationException for all members that break a constraint of the
// API's model.
func (l Limits) checkConstraints(in *Input) error {
	var v violations
	switch n := len(in.Records); {
	case in.Records == nil:
		v.Add("Value null", "records", constraint.NotNull)
	case n == 0:
		v.Add("Value '[]'", "records", constraint.NotEmpty)
	case exceeds(n, l.RecordsPerRequest):
		v.Add("Value", "records", constraint.AtMost+strconv.Itoa(l.RecordsPerRequest))
	}
	for i := range in.Records {
		l.checkEntry(&v, &in.Records[i], i)
	}
	v.AddAddress(in.StreamName, in.StreamARN)
	return v.err()
}

// checkEntry checks the constraints on the entry at index i of its request's records.
func (l Limits) checkEntry(v *violations, entry *RequestEntry, i int) {
	if key := entry.partitionKey(); key == "" && entry.PartitionKey != nil {
		v.addMember("Value ''", i, "partitionKey", constraint.NotEmpty)
	} else if exceeds(len(key), l.PartitionKeyLength) && exceeds(utf8.RuneCountInString(key), l.PartitionKeyLength) {
		v.addMember("Value '"+key+"'", i, "partitionKey", constraint.AtMost+strconv.Itoa(l.PartitionKeyLength))
	}
	if explicit := entry.ExplicitHashKey; explicit != nil && !isHashKeyDecimal(*explicit) {
		v.addMember("Value '"+*explicit+"'", i, "explicitHashKey", constraint.Matching+hashKeyPattern)
	}
	if entry.Data == nil {
		v.addMember("Value null", i, "data", constraint.NotNull)
	} else if exceeds(entry.Size(), l.BytesPerRecord) {
		v.addMember("Value", i, "data", constraint.AtMost+strconv.Itoa(l.BytesPerRecord))
	}
}

// checkPartitionKeys returns the violation of the first record without a partition key. AWS no
// longer finds it with the constraints of the model, because some streams need no partition keys.
func checkPartitionKeys(records []RequestEntry) error {
	for i := range records {
		if records[i].PartitionKey == nil {
			return partitionKeyMissing(i)
		}
	}
	return nil
}

func partitionKeyMissing(i int) error {
	var v violations
	v.addMember("Value null", i, "partitionKey", constraint.NotNull)
	return v.err()
}

// hashKeysOf finds the hash key of each record: its explicit one, or else that of its partition
// key. The records must have passed checkConstraints and checkPartitionKeys. An explicit hash key
// outside the hash space is an error. buffer gets a copy of each key to hash, because what md5.Sum
// reads escapes to the heap.
func hashKeysOf(records []RequestEntry, keys []HashKey, buffer *[]byte) error {
	for i := range records {
		explicit := records[i].ExplicitHashKey
		if explicit == nil {
			continue
		}
		var ok bool
		if keys[i], ok = hashKeyFromDecimal(*explicit); !ok {
			return errorf(InvalidArgumentException, "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: "+
				"[0, 2^128-1]. Specified value was %s", *explicit)
		}
	}
	withMD5(func() {
		for i := range records {
			if records[i].ExplicitHashKey == nil {
				*buffer = append((*buffer)[:0], *records[i].PartitionKey...)
				keys[i] = md5.Sum(*buffer)
			}
		}
	})
	return nil
}

// checkSize rejects a request whose data and partition keys are larger than a request may be.
func (l Limits) checkSize(in *Input) error {
	var bytes int64
	for i := range in.Records {
		bytes += int64(in.Records[i].Size())
	}
	if limit := int64(l.BytesPerRequest); bytes > limit && limit >= 0 {
		return errorf(InvalidArgumentException, "Records size exceeds %s MB limit",
			strconv.FormatFloat(float64(limit)/(1<<20), 'f', -1, 64))
	}
	return nil
}
