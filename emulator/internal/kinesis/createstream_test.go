package kinesis

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/kinesishttp"
)

func TestCreateStreamChecksItsMembers(t *testing.T) {
	w := newTwin(t, nil)
	long := strings.Repeat("a", 129)
	for body, want := range map[string]string{
		`{}`:                invalid(clause("null", "streamName", notNull)),
		`{"StreamName":""}`: invalid(clause("", "streamName", namePattern), clause("", "streamName", nonEmpty)),
		`{"StreamName":"` + long + `","ShardCount":1}`:  invalid(clause(long, "streamName", "have length less than or equal to 128")),
		`{"StreamName":"a","ShardCount":0}`:             invalid(clause("0", "shardCount", "have value greater than or equal to 1")),
		`{"StreamName":"a","ShardCount":100001}`:        invalid(clause("100001", "shardCount", "have value less than or equal to 100000")),
		`{"StreamName":"a","ShardCount":100000000000}`:  invalid(clause("2147483647", "shardCount", "have value less than or equal to 100000")),
		`{"StreamName":"a","StreamModeDetails":{}}`:     invalid(clause("null", "streamModeDetails.streamMode", notNull)),
		`{"StreamName":"a","MaxRecordSizeInKiB":1023}`:  invalid(clause("1023", "maxRecordSizeInKiB", "have value greater than or equal to 1024")),
		`{"StreamName":"a","MaxRecordSizeInKiB":10241}`: invalid(clause("10241", "maxRecordSizeInKiB", "have value less than or equal to 10240")),
		`{"StreamName":"a","Tags":{}}`:                  invalid(clause("{}", "tags", nonEmpty)),
		`{"StreamName":"a","RecordDistributionStrategy":"X"}`: invalid(clause("X", "recordDistributionStrategy",
			"satisfy enum value set: [AUTO, USER_PARTITION_KEY]")),
		`{"StreamName":"a","StreamModeDetails":{"StreamMode":"X"}}`:           invalid(clause("X", "streamModeDetails.streamMode", modes)),
		`{"StreamName":"a","StreamModeDetails":{"StreamMode":"PROVISIONED"}}`: invalid(clause("null", "shardCount", notNull)),
		`{"StreamName":"a","ShardCount":1,"RecordDistributionStrategy":"AUTO"}`: "InvalidArgumentException: " +
			"A stream with RecordDistributionStrategy AUTO must have StreamMode ON_DEMAND.",
		`{"StreamName":"a","Tags":{"aws:a":""}}`: "InvalidArgumentException: " +
			"Some tag keys in the request started with 'aws:'. System tags cannot be modified.",
	} {
		w.want("CreateStream", body, want)
	}
	w.want("ListStreams", `{}`, `{"HasMoreStreams":false,"StreamNames":[],"StreamSummaries":[]}`)
}

func TestCreateStreamDecidesModeAndShards(t *testing.T) {
	w := newTwin(t, nil)
	for name, test := range map[string]struct {
		members string
		shards  int
		mode    string
	}{
		"name-alone":          {``, 4, onDemand},
		"count":               {`,"ShardCount":3`, 3, provisioned},
		"count-of-null":       {`,"ShardCount":null`, 4, onDemand},
		"provisioned":         {`,"ShardCount":2,"StreamModeDetails":{"StreamMode":"PROVISIONED"}`, 2, provisioned},
		"on-demand":           {`,"StreamModeDetails":{"StreamMode":"ON_DEMAND"}`, 4, onDemand},
		"on-demand-and-count": {`,"ShardCount":2,"StreamModeDetails":{"StreamMode":"ON_DEMAND"},"WarmThroughputMiBps":9`, 4, onDemand},
	} {
		created := w.read().Truncate(time.Second)
		w.ok("CreateStream", `{"StreamName":"`+name+`"`+test.members+`}`)
		w.settle()
		w.wantDetails(name, func(d *kinesishttp.Details) { d.StreamMode, d.CreationTimestamp = test.mode, created })
		if got := len(w.stream(name).Shards()); got != test.shards {
			t.Errorf("%s has %d shards, want %d", name, got, test.shards)
		}
	}
}

func TestANewStreamIsCreatingAtFirst(t *testing.T) {
	w := newTwin(t, nil)
	w.ok("CreateStream", `{"StreamName":"a","ShardCount":1}`)
	const record = `{"StreamName":"a","PartitionKey":"k","Data":""}`
	for range 2 {
		w.wantStatus("a", "CREATING")
		w.want("CreateStream", `{"StreamName":"a"}`, "ResourceInUseException: Stream a under account 000000000000 already exists.")
		w.want("PutRecord", record, "ResourceNotFoundException: Stream a under account 000000000000 not found.")
		w.want("UpdateStreamMode", `{"StreamARN":"`+arn("a")+`","StreamModeDetails":{"StreamMode":"PROVISIONED"}}`,
			"ResourceInUseException: Stream a under account 000000000000 not ACTIVE, instead in state CREATING")
		w.wantDetails("a", nil)
		w.advance(499_999_999)
	}
	w.wantStatus("a", "CREATING")
	w.advance(2)
	w.wantStatus("a", "ACTIVE")
	w.want("CreateStream", `{"StreamName":"a"}`, "ResourceInUseException: Stream a under account 000000000000 already exists.")
	if status, answer := w.call("PutRecord", record); status != 200 {
		t.Error(answer)
	}
}

func TestShardsAreCreatedThreeSecondsBeforeTheirStream(t *testing.T) {
	for at, want := range map[int64]int64{1: 1, 3: 1, 4: 1, 5: 2, 1000: 997} {
		w := newTwin(t, nil)
		w.now = time.Unix(at, 999_999_999).UTC()
		w.create("a")
		first := w.stream("a").Shards()[0].SequenceNumberRange.StartingSequenceNumber
		if first.ShardCreated != want {
			t.Errorf("the shard of a stream of second %d is created in second %d, want %d", at, first.ShardCreated, want)
		}
		w.wantDetails("a", func(d *kinesishttp.Details) { d.CreationTimestamp = time.Unix(at, 0).UTC() })
	}
}

func TestNewStreamsHaveTheLimitsOfTheService(t *testing.T) {
	w := newTwin(t, func(c *Config) { c.Limits = putrecords.Limits{RecordsPerSecond: 7} })
	w.ok("CreateStream", `{"StreamName":"a","ShardCount":1}`,
		`{"StreamName":"b","ShardCount":1,"MaxRecordSizeInKiB":1024}`,
		`{"StreamName":"c","ShardCount":1,"MaxRecordSizeInKiB":10240}`)
	w.settle()
	usual := putrecords.Limits{
		RecordsPerRequest: 500, BytesPerRecord: 1 << 20, BytesPerRequest: 5 << 20, PartitionKeyLength: 256,
		RecordsPerSecond: 7, BytesPerSecond: 1 << 20, RecordBurst: 7, ByteBurst: 1 << 20,
	}
	large := usual
	large.BytesPerRecord, large.BytesPerRequest, large.ByteBurst = 10<<20, 10<<20, 15<<20
	for name, want := range map[string]putrecords.Limits{"a": usual, "b": usual, "c": large} {
		if diff := cmp.Diff(want, w.stream(name).Limits()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestAnAccountHasStreamsOfItsOwn(t *testing.T) {
	w := newTwin(t, nil)
	w.create("a")
	w.accountID = "111111111111"
	w.want("ListStreams", `{}`, `{"HasMoreStreams":false,"StreamNames":[],"StreamSummaries":[]}`)
	w.create("a", "b")
	_, answer := w.call("ListStreams", `{}`)
	if !strings.HasPrefix(answer, `{"HasMoreStreams":false,"StreamNames":["a","b"],"StreamSummaries":[`+
		`{"StreamARN":"arn:aws:kinesis:us-east-1:111111111111:stream/a",`) {
		t.Error(answer)
	}
}

func TestAnAccountHasSoManyShards(t *testing.T) {
	const message = "LimitExceededException: This request would exceed the shard limit for the account 000000000000 in %s. " +
		"Current shard count for the account: %d. Limit: %d. Number of additional shards that would have resulted from this request: %d. " +
		"Refer to the AWS Service Limits page (http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current limits " +
		"and how to request higher limits."
	for region, limit := range map[string]int{"us-east-1": 20_000, "us-east-2": 6_000} {
		w := newTwin(t, func(c *Config) { c.Region = region })
		w.want("CreateStream", fmt.Sprintf(`{"StreamName":"a","ShardCount":%d}`, limit+1), fmt.Sprintf(message, region, 0, limit, limit+1))
		w.ok("CreateStream", `{"StreamName":"a","ShardCount":3}`) // its shards count at once
		w.want("CreateStream", fmt.Sprintf(`{"StreamName":"b","ShardCount":%d}`, limit-2), fmt.Sprintf(message, region, 3, limit, limit-2))
		w.ok("CreateStream", fmt.Sprintf(`{"StreamName":"b","ShardCount":%d}`, limit-3))
		w.want("CreateStream", `{"StreamName":"c","ShardCount":1}`, fmt.Sprintf(message, region, limit, limit, 1))
		w.want("CreateStream", `{"StreamName":"b","ShardCount":1}`, "ResourceInUseException: Stream b under account 000000000000 already exists.")
		w.ok("CreateStream", `{"StreamName":"c"}`) // on-demand streams have no part in this
		w.want("DescribeLimits", `{}`, fmt.Sprintf(`{"ChannelCount":0,"ChannelCountLimit":100,"OnDemandStreamCount":1,`+
			`"OnDemandStreamCountLimit":50,"OpenShardCount":%d,"ShardLimit":%d}`, limit, limit))
		w.ok("DeleteStream", `{"StreamName":"a"}`) // its shards count no longer
		w.ok("CreateStream", `{"StreamName":"d","ShardCount":3}`)
		w.accountID = "111111111111"
		w.ok("CreateStream", `{"StreamName":"d","ShardCount":1}`)
	}
}

func TestFiveStreamsCanBeCreatingOrDeleting(t *testing.T) {
	w := newTwin(t, nil)
	w.create("a", "b", "c")
	const message = "LimitExceededException: This request would have exceed the limit on the number  of streams that can simultaneously " +
		"be in CREATING or DELETING for the account 000000000000. Limit: 5."
	w.ok("CreateStream", `{"StreamName":"d"}`, `{"StreamName":"e"}`, `{"StreamName":"f"}`)
	w.ok("DeleteStream", `{"StreamName":"a"}`)
	w.ok("CreateStream", `{"StreamName":"g"}`)
	w.want("CreateStream", `{"StreamName":"h"}`, message)
	w.want("CreateStream", `{"StreamName":"g"}`, "ResourceInUseException: Stream g under account 000000000000 already exists.")
	w.ok("DeleteStream", `{"StreamName":"b"}`, `{"StreamName":"c"}`) // the limit is CreateStream's
	w.want("CreateStream", `{"StreamName":"h"}`, message)
	w.settle()
	w.ok("CreateStream", `{"StreamName":"h"}`)
}

func TestAnAccountHasFiftyOnDemandStreams(t *testing.T) {
	w := newTwin(t, func(c *Config) { c.StateDelay = 0 })
	for i := range 50 {
		w.ok("CreateStream", fmt.Sprintf(`{"StreamName":"stream-%d"}`, i))
	}
	w.want("CreateStream", `{"StreamName":"a"}`, "LimitExceededException: Account 000000000000 has 50 on-demand streams already, and cannot have more.")
	w.create("a")
	w.ok("DeleteStream", `{"StreamName":"stream-7"}`)
	w.ok("CreateStream", `{"StreamName":"b"}`)
}

func TestCreateMakesAnActiveStream(t *testing.T) {
	s := newService(t, &testClock{now: start}, nil)
	made, err := s.Create(NewStream{Name: "a", Shards: 2})
	if err != nil {
		t.Fatal(err)
	}
	if made.Status() != putrecords.StreamActive || len(made.Shards()) != 2 || made.ARN() != arn("a") {
		t.Errorf("made %s, %s, with %d shards", made.ARN(), made.Status(), len(made.Shards()))
	}
	if _, err := s.Create(NewStream{Name: "a"}); !errors.Is(err, putrecords.ResourceInUseException) {
		t.Errorf("the same name gives %v", err)
	}
	var invalid *putrecords.ConfigError
	if _, err := s.Create(NewStream{Name: "?"}); !errors.As(err, &invalid) || invalid.Field != "Name" {
		t.Errorf("an invalid name gives %v", err)
	}
	restored, err := s.Create(NewStream{AccountID: "111111111111", Name: "a", Layout: made.Shards()})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(made.Shards(), restored.Shards()); diff != "" {
		t.Errorf("a layout (-want +got):\n%s", diff)
	}
}

func TestDeleteStream(t *testing.T) {
	w := newTwin(t, nil)
	w.want("DeleteStream", `{}`, "InvalidArgumentException: Stream arn and stream name can't be empty at the same time")
	w.want("DeleteStream", `{"StreamName":"a"}`, "ResourceNotFoundException: Stream a under account 000000000000 not found.")

	// It may be CREATING, ACTIVE or UPDATING.
	w.create("active", "updating")
	w.ok("IncreaseStreamRetentionPeriod", `{"StreamName":"updating","RetentionPeriodHours":25}`)
	w.ok("CreateStream", `{"StreamName":"creating"}`)
	for _, name := range []string{"creating", "active", "updating"} {
		w.wantStatus(name, strings.ToUpper(name))
		w.ok("DeleteStream", `{"StreamName":"`+name+`","EnforceConsumerDeletion":true}`)
		w.wantStatus(name, "DELETING")
	}
	w.advance(w.json.StateDelay - 1)
	w.wantStatus("active", "DELETING")
	w.wantStatus("updating", "DELETING")
	w.wantDetails("updating", func(d *kinesishttp.Details) { d.CreationTimestamp = start.Add(time.Second).Truncate(time.Second) })
	w.want("PutRecord", `{"StreamName":"active","PartitionKey":"k","Data":""}`,
		"ResourceNotFoundException: Stream active under account 000000000000 not found.")
	w.want("CreateStream", `{"StreamName":"active"}`, "ResourceInUseException: Stream active under account 000000000000 already exists.")
	w.want("DeleteStream", `{"StreamARN":"`+arn("active")+`"}`,
		"ResourceInUseException: Stream active under account 000000000000 not ACTIVE, instead in state DELETING")
	w.want("StopStreamEncryption", `{"StreamName":"active","EncryptionType":"KMS","KeyId":"k"}`,
		"ResourceInUseException: Stream active under account 000000000000 not ACTIVE, instead in state DELETING")
	w.ok("AddTagsToStream", `{"StreamName":"active","Tags":{"a":"b"}}`)

	w.advance(1)
	w.want("ListStreams", `{}`, `{"HasMoreStreams":false,"StreamNames":[],"StreamSummaries":[]}`)
	w.want("DeleteStream", `{"StreamName":"active"}`, "ResourceNotFoundException: Stream active under account 000000000000 not found.")
	if got := w.json.Streams(); len(got) != 0 {
		t.Errorf("the service still has %d streams", len(got))
	}
	if kept, err := w.json.Store.Streams(); err != nil || len(kept) != 0 {
		t.Errorf("the store still has %d streams, error %v", len(kept), err)
	}
}

func TestAStreamThatIsCreatedAgainIsNew(t *testing.T) {
	w := newTwin(t, nil)
	w.create("a")
	w.ok("AddTagsToStream", `{"StreamName":"a","Tags":{"a":"b"}}`)
	w.ok("StartStreamEncryption", `{"StreamName":"a","EncryptionType":"KMS","KeyId":"k"}`)
	w.settle()
	before := w.stream("a")
	if err := before.SplitShard("shardId-000000000000", putrecords.HashKey{0x80}); err != nil {
		t.Fatal(err)
	}
	w.ok("DeleteStream", `{"StreamName":"a"}`)
	w.settle()
	created := w.read()
	w.create("a")
	after := w.stream("a")
	if after == before || len(after.Shards()) != 1 || after.Shards()[0].ShardID != "shardId-000000000000" {
		t.Errorf("the new stream has the shards %v", after.Shards())
	}
	w.wantDetails("a", func(d *kinesishttp.Details) { d.CreationTimestamp = created.Truncate(time.Second) })
	w.want("ListTagsForStream", `{"StreamName":"a"}`, `{"HasMoreTags":false,"Tags":[]}`)
	if got := w.json.details(before.Stream); !cmp.Equal(got, kinesishttp.Details{StreamMode: provisioned, RetentionPeriodHours: 24}) {
		t.Errorf("the deleted stream has the details %v", got)
	}
}
