package kinesis

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/putrecords/putrecords"
)

// A stream with a ReshardDelay of its own is UPDATING for 6/25 of it, rounded up to whole seconds,
// after a split. Its parent takes records until the end of a second: the clock is at 0.8 s at
// first.
func TestReshardDelayOfAStream(t *testing.T) {
	for _, test := range []struct {
		delay            *time.Duration
		updating, closes time.Duration // after the split
	}{
		{nil, 6 * time.Second, 25200 * time.Millisecond}, // as StateDelay says
		{ptr(time.Duration(0)), 0, 0},
		{ptr(200*time.Millisecond - 1), 200 * time.Millisecond, 200 * time.Millisecond},
		{ptr(200 * time.Millisecond), time.Second, 1200 * time.Millisecond},
		{ptr(25*time.Second - 1), 6 * time.Second, 25200 * time.Millisecond},
		{ptr(25 * time.Second), 6 * time.Second, 25200 * time.Millisecond},
		{ptr(26 * time.Second), 7 * time.Second, 26200 * time.Millisecond},
		{ptr(24 * time.Hour), 20736 * time.Second, 24*time.Hour + 200*time.Millisecond},
	} {
		for _, restarts := range []bool{false, true} {
			c := newEmulated(t, 1, Config{StateDelay: 6 * time.Second})
			if _, err := c.service.Create(NewStream{Name: "clicks", ReshardDelay: test.delay}); err != nil {
				t.Fatal(err)
			}
			if restarts {
				c.start(c.service.Config)
			}
			stream, err := c.service.Find("", "clicks")
			if err != nil {
				t.Fatal(err)
			}
			split := c.now
			c.wantAnswer("SplitShard", `{"StreamName":"clicks","ShardToSplit":"0","NewStartingHashKey":"1000"}`, "")
			moments := []time.Duration{0, max(0, test.updating-1), test.updating, max(0, test.closes-1), test.closes}
			slices.Sort(moments)
			for _, after := range moments {
				c.now = split.Add(after)
				updating := stream.Status() == putrecords.StreamUpdating
				if _, takes := stream.TakesRecords(shard0); updating != (after < test.updating) || takes != (after < test.closes) {
					t.Errorf("delay %v, restarted %t, %v after the split: UPDATING is %t, and the parent takes records is %t",
						test.delay, restarts, after, updating, takes)
				}
			}
		}
	}
}

// Descriptions and answers show the encryption and the distribution, even after a restart.
func TestEncryptionAndDistributionOfAStream(t *testing.T) {
	layout := putrecords.MustNew(putrecords.Config{Shards: 2, Now: func() time.Time { return start }}).Shards()
	const provisionedMode, onDemandMode = `"StreamModeDetails":{"StreamMode":"PROVISIONED"}`, `"StreamModeDetails":{"StreamMode":"ON_DEMAND"}`
	for _, test := range []struct {
		stream  NewStream
		summary []string // of DescribeStreamSummary
		put     string   // the beginning of an answer
		auto    bool     // partition keys may be missing
	}{
		{NewStream{}, []string{`"EncryptionType":"NONE"`, provisionedMode}, `{"FailedRecordCount":0,`, false},
		{
			NewStream{EncryptionType: "NONE", RecordDistributionStrategy: "USER_PARTITION_KEY"},
			[]string{`"EncryptionType":"NONE"`, provisionedMode},
			`{"FailedRecordCount":0,`, false,
		},
		{
			NewStream{EncryptionType: "KMS"},
			[]string{`"EncryptionType":"KMS"`, `"KeyId":"alias/aws/kinesis"`, provisionedMode},
			`{"EncryptionType":"KMS","FailedRecordCount":0,`, false,
		},
		{
			NewStream{RecordDistributionStrategy: "AUTO", Shards: 3},
			[]string{`"EncryptionType":"NONE"`, `"OpenShardCount":3`, `"RecordDistributionStrategy":"AUTO"`, onDemandMode},
			`{"FailedRecordCount":0,`, true,
		},
		{
			NewStream{EncryptionType: "KMS", RecordDistributionStrategy: "AUTO", Layout: layout},
			[]string{`"EncryptionType":"KMS"`, `"OpenShardCount":2`, `"RecordDistributionStrategy":"AUTO"`, onDemandMode},
			`{"EncryptionType":"KMS","FailedRecordCount":0,`, true,
		},
	} {
		c := newEmulated(t, 1, Config{StateDelay: time.Second})
		test.stream.Name = "clicks"
		if _, err := c.service.Create(test.stream); err != nil {
			t.Fatal(err)
		}
		for _, restarted := range []bool{false, true} {
			if restarted {
				c.start(c.service.Config)
			}
			_, summary := c.call("DescribeStreamSummary", `{"StreamName":"clicks"}`)
			for _, want := range append(test.summary, `"StreamStatus":"ACTIVE"`) {
				if !strings.Contains(summary, want) {
					t.Errorf("restarted %t: %s lacks %s", restarted, summary, want)
				}
			}
			if status, put := c.call("PutRecords", `{"StreamName":"clicks","Records":[{"Data":"","PartitionKey":"k"}]}`); status != 200 ||
				!strings.HasPrefix(put, test.put) {
				t.Errorf("restarted %t: %d %s, want %s", restarted, status, put, test.put)
			}
			status, put := c.call("PutRecords", `{"StreamName":"clicks","Records":[{"Data":""}]}`)
			if auto := status == 200; auto != test.auto {
				t.Errorf("restarted %t, without a partition key: %d %s", restarted, status, put)
			}
		}
	}
}

// The mode of an AUTO stream forbids what AWS forbids, and encryption can be stopped.
func TestANewStreamsSettingsCanChange(t *testing.T) {
	c := newEmulated(t, 1, Config{})
	if _, err := c.service.Create(NewStream{Name: "a", EncryptionType: "KMS", RecordDistributionStrategy: "AUTO"}); err != nil {
		t.Fatal(err)
	}
	c.wantRefused("UpdateStreamMode", `{"StreamARN":"`+arn("a")+`","StreamModeDetails":{"StreamMode":"PROVISIONED"}}`,
		"InvalidArgumentException: A stream with RecordDistributionStrategy AUTO must have StreamMode ON_DEMAND.")
	c.wantAnswer("StopStreamEncryption", `{"StreamName":"a","EncryptionType":"KMS","KeyId":"alias/aws/kinesis"}`, "")
	if status, put := c.call("PutRecords", `{"StreamName":"a","Records":[{"Data":""}]}`); status != 200 || strings.Contains(put, "EncryptionType") {
		t.Errorf("%d %s", status, put)
	}
}

func TestAnInvalidStreamIsNotKept(t *testing.T) {
	c := newEmulated(t, 1, Config{})
	for field, n := range map[string]NewStream{
		"EncryptionType":             {Name: "a", EncryptionType: "kms"},
		"RecordDistributionStrategy": {Name: "a", RecordDistributionStrategy: "auto"},
		"ReshardDelay":               {Name: "a", ReshardDelay: ptr(time.Duration(-1))},
	} {
		_, err := c.service.Create(n)
		var invalid *putrecords.ConfigError
		kept, storeErr := c.service.Store.Streams()
		if !errors.As(err, &invalid) || invalid.Field != field || len(kept) != 1 || storeErr != nil || len(c.service.Streams()) != 1 {
			t.Errorf("%s: %v; the store keeps %v, error %v", field, err, kept, storeErr)
		}
	}
}
