package putrecords_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/putrecords/putrecords"
)

// noon is a clock that always shows the same time.
func noon() time.Time { return time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC) }

func Example() {
	ctx := context.Background()
	stream := putrecords.MustNew(putrecords.Config{
		Shards: 2,
		Limits: putrecords.Limits{RecordsPerSecond: 1},
		Now:    noon,
	})
	out, err := stream.Put(ctx,
		putrecords.Entry("sensor_1", []byte("21.5 °C")),
		putrecords.Entry("sensor_2", []byte("19.0 °C")),
		putrecords.Entry("sensor_5", []byte("20.1 °C")),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("failed:", out.FailedRecordCount)
	for _, entry := range out.Records {
		if entry.ErrorCode != "" {
			fmt.Println(entry.ErrorMessage)
		} else {
			fmt.Println(entry.ShardID, entry.SequenceNumber)
		}
	}
	// Output:
	// failed: 1
	// shardId-000000000000 49670439887006251085428609812632564405635296968633745410
	// Rate exceeded for shard shardId-000000000000 in stream stream under account 000000000000.
	// shardId-000000000001 49670439887028551830627140435774100123907945330139725842
}

// Requests decode from AWS's JSON and outputs encode to it, which is all that a server needs.
func ExampleStream_PutRecords() {
	stream := putrecords.MustNew(putrecords.Config{Name: "orders", Now: noon})
	body := []byte(`{"StreamName": "orders", "Records": [{"PartitionKey": "customer-1", "Data": "YSBib29r"}]}`)

	var in putrecords.Input
	if err := json.Unmarshal(body, &in); err != nil {
		fmt.Println(err)
		return
	}
	out, err := stream.PutRecords(context.Background(), &in)
	if err != nil {
		fmt.Println(err)
		return
	}
	answer, err := json.Marshal(out)
	fmt.Println(string(answer), err)
	// Output:
	// {"FailedRecordCount":0,"Records":[{"SequenceNumber":"49670439887006251085428609812632564405635296968633745410","ShardId":"shardId-000000000000"}]} <nil>
}

// A request that breaks a rule is rejected as a whole, with AWS's error code and message.
func ExampleError() {
	stream := putrecords.MustNew(putrecords.Config{})
	_, err := stream.Put(context.Background(), putrecords.Entry("", []byte("data")))

	var rejection *putrecords.Error
	if errors.As(err, &rejection) {
		fmt.Println(rejection.HTTPStatusCode(), rejection.Code)
		fmt.Println(rejection.Message)
	}
	fmt.Println(errors.Is(err, putrecords.ValidationException))
	// Output:
	// 400 ValidationException
	// 1 validation error detected: Value '' at 'records.1.member.partitionKey' failed to satisfy constraint: Member must have length greater than or equal to 1
	// true
}

// A producer should retry only the records that failed.
func ExampleOutput_Failed() {
	ctx := context.Background()
	now := noon()
	stream := putrecords.MustNew(putrecords.Config{
		Limits: putrecords.Limits{RecordsPerSecond: 2},
		Now:    func() time.Time { return now },
	})
	records := []putrecords.RequestEntry{
		putrecords.Entry("a", nil), putrecords.Entry("b", nil), putrecords.Entry("c", nil), putrecords.Entry("d", nil), putrecords.Entry("e", nil),
	}
	for attempt := 0; attempt < 10 && len(records) > 0; attempt++ {
		out, err := stream.Put(ctx, records...)
		if err != nil {
			fmt.Println(err)
			return
		}
		var failed []putrecords.RequestEntry
		for i := range out.Failed() {
			failed = append(failed, records[i])
		}
		fmt.Printf("%d sent, %d failed\n", len(records), len(failed))
		records = failed
		now = now.Add(time.Second)
	}
	// Output:
	// 5 sent, 3 failed
	// 3 sent, 1 failed
	// 1 sent, 0 failed
}

// The KMS key of the stream appears to be disabled until the fault is removed.
func ExampleStream_Inject() {
	ctx := context.Background()
	stream := putrecords.MustNew(putrecords.Config{})
	disabled := stream.Inject(putrecords.Fault{Code: putrecords.KMSDisabledException, Count: -1})
	_, err := stream.Put(ctx, putrecords.Entry("k", nil))
	fmt.Println(err)
	disabled.Remove()
	_, err = stream.Put(ctx, putrecords.Entry("k", nil))
	fmt.Println(err, disabled.Hits())
	// Output:
	// KMSDisabledException: arn:aws:kms:us-east-1:000000000000:key/00000000-0000-0000-0000-000000000000 is disabled.
	// <nil> 1
}

// The record is stored but reported as failed. A producer that retries, as it should, writes it
// twice.
func ExampleFault_afterAppend() {
	ctx := context.Background()
	stream := putrecords.MustNew(putrecords.Config{})
	stream.Inject(putrecords.Fault{
		AfterAppend: true,
		Match:       func(a putrecords.Attempt) bool { return a.PartitionKey == "payment-7" },
	})
	for range 10 { // attempts
		out, err := stream.Put(ctx, putrecords.Entry("payment-7", []byte("10 EUR")))
		if err != nil || out.FailedRecordCount == 0 {
			break
		}
		fmt.Println(out.Records[0].ErrorCode)
	}
	for record, err := range stream.Records("shardId-000000000000") {
		fmt.Println(record.PartitionKey, string(record.Data), err)
	}
	// Output:
	// InternalFailure
	// payment-7 10 EUR <nil>
	// payment-7 10 EUR <nil>
}

// Ten minutes of 1,200 records per second, in virtual time.
func ExampleConfig_now() {
	now := noon()
	stream := putrecords.MustNew(putrecords.Config{
		Now: func() time.Time { return now },
		Log: putrecords.Discard(),
	})
	records := make([]putrecords.RequestEntry, 120)
	for i := range records {
		records[i] = putrecords.Entry("k", nil)
	}
	for range 10 * 60 * 10 {
		if _, err := stream.Put(context.Background(), records...); err != nil {
			fmt.Println(err)
			return
		}
		now = now.Add(time.Second / 10)
	}
	stats := stream.Stats()[0]
	fmt.Println(stats.Stored.Records, stats.Throttled.Records)
	// Output: 600900 119100
}

func ExampleStream_SplitShard() {
	ctx := context.Background()
	now := noon()
	stream := putrecords.MustNew(putrecords.Config{
		Now:          func() time.Time { return now },
		ReshardDelay: 25 * time.Second,
	})
	shard := stream.Shards()[0]
	if err := stream.SplitShard(shard.ShardID, shard.HashKeyRange.Midpoint()); err != nil {
		fmt.Println(err)
		return
	}
	for _, wait := range []time.Duration{0, 25 * time.Second, time.Second} {
		now = now.Add(wait)
		out, err := stream.Put(ctx, putrecords.Entry("sensor_1", nil), putrecords.Entry("sensor_5", nil))
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(now.Format(time.TimeOnly), out.Records[0].ShardID, out.Records[1].ShardID)
	}
	// Output:
	// 12:00:00 shardId-000000000000 shardId-000000000000
	// 12:00:25 shardId-000000000000 shardId-000000000000
	// 12:00:26 shardId-000000000001 shardId-000000000002
}

func ExampleStream_MergeShards() {
	stream := putrecords.MustNew(putrecords.Config{Shards: 2, Now: noon})
	if err := stream.MergeShards("shardId-000000000000", "shardId-000000000001"); err != nil {
		fmt.Println(err)
		return
	}
	for _, shard := range stream.Shards() {
		open := shard.SequenceNumberRange.EndingSequenceNumber.IsZero()
		fmt.Printf("%s open: %t, parents: %q %q\n", shard.ShardID, open, shard.ParentShardID, shard.AdjacentParentShardID)
	}
	// Output:
	// shardId-000000000000 open: false, parents: "" ""
	// shardId-000000000001 open: false, parents: "" ""
	// shardId-000000000002 open: true, parents: "shardId-000000000000" "shardId-000000000001"
}

// Two shards become three. Each is cut at the end of a third, and the parts in the middle merge.
func ExampleStream_UpdateShardCount() {
	now := noon()
	stream := putrecords.MustNew(putrecords.Config{
		Shards:       2,
		Now:          func() time.Time { return now },
		ReshardDelay: 25 * time.Second,
	})
	if err := stream.UpdateShardCount(3); err != nil {
		fmt.Println(err)
		return
	}
	middle := putrecords.EvenRanges(3)[1].Midpoint()
	for _, second := range []int{0, 17, 26, 32} {
		now = noon().Add(time.Duration(second) * time.Second)
		fmt.Println(now.Format(time.TimeOnly), stream.Status(), stream.Route(middle).ShardID)
	}
	for _, shard := range stream.Shards() {
		open := shard.SequenceNumberRange.EndingSequenceNumber.IsZero()
		fmt.Printf("%s open: %t, parents: %q %q\n", shard.ShardID, open, shard.ParentShardID, shard.AdjacentParentShardID)
	}
	// Output:
	// 12:00:00 UPDATING shardId-000000000000
	// 12:00:17 ACTIVE shardId-000000000000
	// 12:00:26 ACTIVE shardId-000000000003
	// 12:00:32 ACTIVE shardId-000000000006
	// shardId-000000000000 open: false, parents: "" ""
	// shardId-000000000001 open: false, parents: "" ""
	// shardId-000000000002 open: true, parents: "shardId-000000000000" ""
	// shardId-000000000003 open: false, parents: "shardId-000000000000" ""
	// shardId-000000000004 open: false, parents: "shardId-000000000001" ""
	// shardId-000000000005 open: true, parents: "shardId-000000000001" ""
	// shardId-000000000006 open: true, parents: "shardId-000000000003" "shardId-000000000004"
}

func ExampleStream_Route() {
	stream := putrecords.MustNew(putrecords.Config{Shards: 3})
	for _, key := range []string{"a", "b", "e"} {
		fmt.Println(key, stream.Route(putrecords.HashKeyOf(key)).ShardID)
	}
	// Output:
	// a shardId-000000000000
	// b shardId-000000000001
	// e shardId-000000000002
}

// Use Validate in a program that has no stream, such as a producer that checks its records early.
func ExampleLimits_Validate() {
	record := putrecords.Entry("k", make([]byte, 1<<20))
	name := "orders"
	in := &putrecords.Input{Records: []putrecords.RequestEntry{record}, StreamName: &name}
	fmt.Println(putrecords.Limits{}.Validate(in))
	fmt.Println(putrecords.Limits{BytesPerRecord: 10 << 20, BytesPerRequest: 10 << 20}.Validate(in))
	// Output:
	// ValidationException: 1 validation error detected: Value at 'records.1.member.data' failed to satisfy constraint: Member must have length less than or equal to 1048576
	// <nil>
}

func ExampleParseSequenceNumber() {
	n, err := putrecords.ParseSequenceNumber("49543463076548007577105092703039560359975228518395019266")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("shard", n.ShardIndex, "created", time.Unix(n.ShardCreated, 0).UTC())
	fmt.Println("record", n.Position, "arrived", time.Unix(n.Arrived, 0).UTC())
	// Output:
	// shard 0 created 2014-09-22 16:39:41 +0000 UTC
	// record 5501 arrived 2014-09-23 00:13:40 +0000 UTC
}

func ExampleHashKeyFromBig() {
	middle := new(big.Int).Lsh(big.NewInt(1), 127)
	key, err := putrecords.HashKeyFromBig(middle)
	fmt.Println(key, err)
	// Output: 170141183460469231731687303715884105728 <nil>
}
