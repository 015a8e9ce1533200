package kinesis

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/kinesishttp"
)

// A change is an operation that changes the settings of the stream a.
type change struct {
	operation, members, answer string
	shown                      func(*kinesishttp.Details)
}

func (c change) body(address string) string { return "{" + address + c.members + "}" }

// changes are those of a new stream. Each changes something.
var changes = []change{
	{
		"UpdateStreamMode", `,"StreamModeDetails":{"StreamMode":"ON_DEMAND"}`, "",
		func(d *kinesishttp.Details) { d.StreamMode = onDemand },
	},
	{"UpdateMaxRecordSize", `,"MaxRecordSizeInKiB":2048`, "", func(*kinesishttp.Details) {}},
	{
		"IncreaseStreamRetentionPeriod", `,"RetentionPeriodHours":48`, "",
		func(d *kinesishttp.Details) {
			d.RetentionPeriodHours, d.TrimHorizon = 48, d.TrimHorizon.Add(-24*time.Hour)
		},
	},
	{
		"StartStreamEncryption", `,"EncryptionType":"KMS","KeyId":"alias/aws/kinesis"`, "",
		func(d *kinesishttp.Details) { d.KeyID = "alias/aws/kinesis" },
	},
	{
		"EnableEnhancedMonitoring", `,"ShardLevelMetrics":["OutgoingBytes","IncomingBytes"]`,
		`{"CurrentShardLevelMetrics":[],"DesiredShardLevelMetrics":["IncomingBytes","OutgoingBytes"],"StreamARN":"` + arn("a") + `","StreamName":"a"}`,
		func(d *kinesishttp.Details) { d.ShardLevelMetrics = []string{"IncomingBytes", "OutgoingBytes"} },
	},
}

func byARN(name string) string { return `"StreamARN":"` + arn(name) + `"` }

func TestAChangeTakesStateDelay(t *testing.T) {
	for _, c := range changes {
		t.Run(c.operation, func(t *testing.T) {
			w := newTwin(t, nil)
			w.want(c.operation, c.body(byARN("a")), "ResourceNotFoundException: Stream a under account 000000000000 not found.")
			w.create("a")
			w.want(c.operation, c.body(byARN("a")), c.answer)
			w.advance(w.json.StateDelay - 1)
			w.wantStatus("a", "UPDATING")
			w.wantDetails("a", nil)
			if got := w.stream("a"); got.Limits().BytesPerRecord != 1<<20 || got.EncryptionType() != putrecords.EncryptionNone {
				t.Errorf("while it is UPDATING, its limits are %+v and its encryption is %s", got.Limits(), got.EncryptionType())
			}
			// No other change, not even the same one, is possible before the stream is ACTIVE.
			for _, other := range changes {
				w.want(other.operation, other.body(byARN("a")),
					"ResourceInUseException: Stream a under account 000000000000 not ACTIVE, instead in state UPDATING")
			}
			w.want("DecreaseStreamRetentionPeriod", `{"StreamName":"a","RetentionPeriodHours":1}`,
				"ResourceInUseException: Stream a under account 000000000000 not ACTIVE, instead in state UPDATING")
			if status, answer := w.call("PutRecord", `{"StreamName":"a","PartitionKey":"k","Data":""}`); status != 200 {
				t.Error(answer)
			}
			w.advance(1)
			w.wantStatus("a", "ACTIVE")
			w.wantDetails("a", c.shown)

			// The same change again leaves the stream ACTIVE, unless it starts encryption.
			status, answer := w.call(c.operation, c.body(byARN("a")))
			if status != 200 {
				t.Error(answer)
			}
			if c.operation == "StartStreamEncryption" {
				w.wantStatus("a", "UPDATING")
				w.wantDetails("a", c.shown)
				w.settle()
			}
			w.wantStatus("a", "ACTIVE")
			w.wantDetails("a", c.shown)
		})
	}
}

func TestAChangeWithoutDelayIsDoneAtOnce(t *testing.T) {
	w := newTwin(t, func(c *Config) { c.StateDelay = 0 })
	w.ok("CreateStream", `{"StreamName":"a","ShardCount":1}`)
	for _, c := range changes {
		w.want(c.operation, c.body(byARN("a")), c.answer)
		w.wantStatus("a", "ACTIVE")
	}
	w.wantDetails("a", func(d *kinesishttp.Details) {
		for _, c := range changes {
			c.shown(d)
		}
	})
	w.ok("DeleteStream", `{"StreamName":"a"}`)
	w.want("DeleteStream", `{"StreamName":"a"}`, "ResourceNotFoundException: Stream a under account 000000000000 not found.")
}

// A stream that is UPDATING because of a reshard takes no change, and the other way round.
func TestChangesAndReshardsExcludeEachOther(t *testing.T) {
	w := newTwin(t, nil)
	w.create("a")
	split := func() error {
		return w.stream("a").SplitShard("shardId-000000000000", putrecords.HashKey{0x80})
	}
	w.ok("IncreaseStreamRetentionPeriod", `{"StreamName":"a","RetentionPeriodHours":25}`)
	const message = "ResourceInUseException: Stream a under account 000000000000 not ACTIVE, instead in state UPDATING"
	if err := split(); err == nil || err.Error() != message {
		t.Errorf("a split gives %v", err)
	}
	w.settle()
	w.wantStatus("a", "ACTIVE")
	if err := split(); err != nil {
		t.Fatal(err)
	}
	if err := w.cbor.Streams()[0].SplitShard("shardId-000000000000", putrecords.HashKey{0x80}); err != nil {
		t.Fatal(err)
	}
	w.want("IncreaseStreamRetentionPeriod", `{"StreamName":"a","RetentionPeriodHours":26}`, message)
	w.settle()
	w.ok("IncreaseStreamRetentionPeriod", `{"StreamName":"a","RetentionPeriodHours":26}`)
}

// While a reshard has the stream UPDATING, descriptions show the shards from before it.
func TestDetailsShowTheShardsFromBeforeAReshard(t *testing.T) {
	w := newTwin(t, nil)
	w.create("a")
	st := w.stream("a")
	for _, target := range []int{2, 4, 3} { // the last two take several splits and merges
		before := st.Shards()
		w.wantDetails("a", nil)
		if err := st.UpdateShardCount(target); err != nil {
			t.Fatal(err)
		}
		w.wantDetails("a", func(d *kinesishttp.Details) { d.Shards = before })
		w.advance(30 * w.json.StateDelay) // the shards in between have closed
		w.wantStatus("a", "ACTIVE")
		w.wantDetails("a", nil)
	}
	w.ok("CreateStream", `{"StreamName":"b"}`)
	w.settle()
	w.ok("UpdateMaxRecordSize", `{`+byARN("b")+`,"MaxRecordSizeInKiB":2048}`)
	if got := w.json.details(w.stream("b").Stream).Shards; got != nil {
		t.Errorf("while the settings change, the shards are %v", got)
	}
}

func TestUpdateStreamMode(t *testing.T) {
	w := newTwin(t, nil)
	for body, want := range map[string]string{
		`{}`: invalid(clause("null", "streamARN", notNull), clause("null", "streamModeDetails", notNull)),
		`{"StreamARN":"a","StreamModeDetails":{}}`: invalid(
			clause("a", "streamARN", arnPattern), clause("null", "streamModeDetails.streamMode", notNull)),
		`{` + byARN("a") + `,"StreamModeDetails":{"StreamMode":"on"}}`: invalid(clause("on", "streamModeDetails.streamMode", modes)),
	} {
		w.want("UpdateStreamMode", body, want)
	}
	w.ok("CreateStream", `{"StreamName":"auto","RecordDistributionStrategy":"AUTO"}`)
	w.settle()
	w.want("UpdateStreamMode", `{`+byARN("auto")+`,"StreamModeDetails":{"StreamMode":"PROVISIONED"}}`,
		"InvalidArgumentException: A stream with RecordDistributionStrategy AUTO must have StreamMode ON_DEMAND.")
	w.ok("UpdateStreamMode", `{`+byARN("auto")+`,"StreamModeDetails":{"StreamMode":"ON_DEMAND"}}`)
	w.wantStatus("auto", "ACTIVE")
	w.create("a")
	before := w.stream("a").Shards()
	w.ok("UpdateStreamMode", `{`+byARN("a")+`,"StreamModeDetails":{"StreamMode":"ON_DEMAND"},"WarmThroughputMiBps":1}`)
	w.settle()
	if diff := cmp.Diff(before, w.stream("a").Shards()); diff != "" {
		t.Errorf("the shards have changed (-want +got):\n%s", diff)
	}
}

func TestTheModeSwitchesTwiceInADay(t *testing.T) {
	w := newTwin(t, nil)
	w.create("a")
	to := func(mode, want string) {
		t.Helper()
		w.want("UpdateStreamMode", `{`+byARN("a")+`,"StreamModeDetails":{"StreamMode":"`+mode+`"}}`, want)
		w.settle()
	}
	const message = "LimitExceededException: Rate exceeded for stream a under account 000000000000."
	first := w.read()
	to("ON_DEMAND", "")
	to("ON_DEMAND", "") // no switch
	w.advance(time.Hour)
	second := w.read()
	to("PROVISIONED", "")
	to("ON_DEMAND", message)
	w.wantStatus("a", "ACTIVE")
	to("PROVISIONED", "") // no switch, so no error

	// Delete and create do not help.
	w.ok("DeleteStream", `{"StreamName":"a"}`)
	w.settle()
	w.ok("CreateStream", `{"StreamName":"a","ShardCount":1}`)
	w.settle()
	to("ON_DEMAND", message)
	w.advance(first.Add(24*time.Hour - 1).Sub(w.read()))
	to("ON_DEMAND", message)
	w.advance(first.Add(24 * time.Hour).Sub(w.read()))
	to("ON_DEMAND", "")
	to("PROVISIONED", message)
	w.advance(second.Add(24*time.Hour - 1).Sub(w.read()))
	to("PROVISIONED", message)
	to("PROVISIONED", "")
}

// A shard takes records of the new size as soon as the size has changed. The clock stands still
// then, so the shard gets no tokens.
func TestShardTakesLargerRecordsAtOnce(t *testing.T) {
	w := newTwin(t, func(config *Config) { config.StateDelay = 0 })
	put := func(kib int, want string) {
		t.Helper()
		data := base64.StdEncoding.EncodeToString(make([]byte, kib<<10-1))
		status, answer := w.call("PutRecord", `{`+byARN("a")+`,"PartitionKey":"k","Data":"`+data+`"}`)
		if stored := status == 200; stored != (want == "") || !strings.Contains(answer, want) {
			t.Errorf("%d KiB: status %d, %s, want %q", kib, status, answer, want)
		}
	}
	const throttled = "ProvisionedThroughputExceededException"
	w.create("a")
	put(1024, "")
	put(1, throttled)
	w.ok("UpdateMaxRecordSize", `{`+byARN("a")+`,"MaxRecordSizeInKiB":10240}`)
	put(10240, "")
	put(5120, "") // 15 MiB in all
	put(1, throttled)
	w.ok("UpdateMaxRecordSize", `{`+byARN("a")+`,"MaxRecordSizeInKiB":1024}`)
	put(1, throttled)
	w.ok("IncreaseStreamRetentionPeriod", `{`+byARN("a")+`,"RetentionPeriodHours":25}`)
	put(1, throttled)
}

func TestUpdateMaxRecordSize(t *testing.T) {
	w := newTwin(t, nil)
	least, most := "have value greater than or equal to 1024", "have value less than or equal to 10240"
	for body, want := range map[string]string{
		`{}`: invalid(clause("null", "maxRecordSizeInKiB", notNull)),
		`{"MaxRecordSizeInKiB":1023,"StreamARN":"a"}`:          invalid(clause("1023", "maxRecordSizeInKiB", least), clause("a", "streamARN", arnPattern)),
		`{"MaxRecordSizeInKiB":10241,` + byARN("a") + `}`:      invalid(clause("10241", "maxRecordSizeInKiB", most)),
		`{"MaxRecordSizeInKiB":1024}`:                          "InvalidArgumentException: Stream arn and stream name can't be empty at the same time",
		`{"MaxRecordSizeInKiB":1024,"StreamName":"a"}`:         "InvalidArgumentException: Stream arn and stream name can't be empty at the same time",
		`{"MaxRecordSizeInKiB":1024,` + byARN("missing") + `}`: "ResourceNotFoundException: Stream missing under account 000000000000 not found.",
	} {
		w.want("UpdateMaxRecordSize", body, want)
	}
	w.create("a")
	usual := w.stream("a").Limits()
	for _, kib := range []int{1024, 1025, 10240, 1024, 10239, 10239} {
		w.ok("UpdateMaxRecordSize", fmt.Sprintf(`{%s,"MaxRecordSizeInKiB":%d}`, byARN("a"), kib))
		w.settle()
		want := usual
		if kib > 1024 {
			want.BytesPerRecord, want.BytesPerRequest, want.ByteBurst = kib<<10, 10<<20, 15<<20
		}
		if diff := cmp.Diff(want, w.stream("a").Limits()); diff != "" {
			t.Errorf("%d KiB (-want +got):\n%s", kib, diff)
		}
	}
}

func TestALargeRecordFitsWhateverTheOtherLimitsAre(t *testing.T) {
	large := `{"StreamName":"a","PartitionKey":"k","Data":"` + strings.Repeat("AAAA", (2<<20)/3) + `"}`
	for _, limits := range []putrecords.Limits{
		{},
		{ByteBurst: 1 << 20},
		{BytesPerRequest: 1 << 20},
		{BytesPerRecord: 1000, BytesPerRequest: 1000, ByteBurst: 1000},
		{BytesPerRecord: -1, BytesPerRequest: 1000},
		{BytesPerRecord: -1, BytesPerRequest: -1, BytesPerSecond: -1},
		{ByteBurst: -1},
	} {
		w := newTwin(t, func(c *Config) { c.Limits = limits })
		w.create("a")
		w.ok("UpdateMaxRecordSize", `{`+byARN("a")+`,"MaxRecordSizeInKiB":10240}`)
		w.settle()
		w.wantStatus("a", "ACTIVE")
		w.cbor.settle()
		w.advance(10 * time.Second) // the bursts grow, but not the tokens that the shards have
		if status, answer := w.call("PutRecord", large); status != 200 {
			t.Errorf("%+v: %s", limits, answer)
		}
	}
}

func TestRetention(t *testing.T) {
	const (
		short  = "InvalidArgumentException: Minimum allowed retention period is 24 hours. Requested retention period (%d hours) is too short."
		long   = "InvalidArgumentException: Maximum allowed retention period is 8760 hours. Requested retention period (%d hours) is too long."
		longer = "InvalidArgumentException: Requested retention period (%d hours) for stream a can not be longer than existing retention " +
			"period (%d hours). Use IncreaseRetentionPeriod API."
		shorter = "InvalidArgumentException: Requested retention period (%d hours) for stream a can not be shorter than existing retention " +
			"period (%d hours). Use DecreaseRetentionPeriod API."
	)
	w := newTwin(t, nil)
	for _, operation := range []string{"IncreaseStreamRetentionPeriod", "DecreaseStreamRetentionPeriod"} {
		for body, want := range map[string]string{
			`{}`: invalid(clause("null", "retentionPeriodHours", notNull)),
			`{"StreamName":"","RetentionPeriodHours":-1}`: invalid(clause("-1", "retentionPeriodHours", "have value greater than or equal to 1"),
				clause("", "streamName", namePattern), clause("", "streamName", nonEmpty)),
			`{"StreamName":"a","RetentionPeriodHours":0}`: invalid(clause("0", "retentionPeriodHours", "have value greater than or equal to 1")),
			`{"RetentionPeriodHours":1}`:                  "InvalidArgumentException: Stream arn and stream name can't be empty at the same time",
			`{"StreamName":"a","RetentionPeriodHours":1}`: "ResourceNotFoundException: Stream a under account 000000000000 not found.",
		} {
			w.want(operation, body, want)
		}
	}
	w.create("a")
	const increase, decrease = "IncreaseStreamRetentionPeriod", "DecreaseStreamRetentionPeriod"
	existing := 24
	for _, test := range []struct {
		operation string
		hours     int
		want      string
	}{
		{increase, 1, fmt.Sprintf(short, 1)},
		{increase, 23, fmt.Sprintf(short, 23)},
		{decrease, 23, fmt.Sprintf(short, 23)},
		{increase, 24, ""},
		{decrease, 24, ""},
		{decrease, 25, fmt.Sprintf(longer, 25, 24)},
		{increase, 25, ""},
		{increase, 24, fmt.Sprintf(shorter, 24, 25)},
		{decrease, 26, fmt.Sprintf(longer, 26, 25)},
		{increase, 8761, fmt.Sprintf(long, 8761)},
		{decrease, 8761, fmt.Sprintf(long, 8761)},
		{increase, 8760, ""},
		{decrease, 8759, ""},
		{decrease, 24, ""},
	} {
		w.want(test.operation, fmt.Sprintf(`{"StreamName":"a","RetentionPeriodHours":%d}`, test.hours), test.want)
		changes := test.want == "" && test.hours != existing
		if got := w.stream("a").Status() == putrecords.StreamUpdating; got != changes {
			t.Errorf("%s from %d to %d: UPDATING is %t", test.operation, existing, test.hours, got)
		}
		if changes {
			existing = test.hours
		}
		w.settle()
		if got := w.json.details(w.stream("a").Stream).RetentionPeriodHours; got != existing {
			t.Errorf("after %s to %d it is %d, want %d", test.operation, test.hours, got, existing)
		}
	}
}

func TestEncryption(t *testing.T) {
	w := newTwin(t, nil)
	long := strings.Repeat("k", 2049)
	for _, operation := range []string{"StartStreamEncryption", "StopStreamEncryption"} {
		for body, want := range map[string]string{
			`{}`: invalid(clause("null", "encryptionType", notNull), clause("null", "keyId", notNull)),
			`{"EncryptionType":"X","KeyId":"","StreamName":"?"}`: invalid(clause("X", "encryptionType", "satisfy enum value set: [KMS, NONE]"),
				clause("", "keyId", nonEmpty), clause("?", "streamName", namePattern)),
			`{"EncryptionType":"KMS","KeyId":"` + long + `","StreamName":"a"}`:      invalid(clause(long, "keyId", "have length less than or equal to 2048")),
			`{"EncryptionType":"KMS","KeyId":"` + long[1:] + `"}`:                   "InvalidArgumentException: Stream arn and stream name can't be empty at the same time",
			`{"EncryptionType":"NONE","KeyId":"` + long[1:] + `","StreamName":"a"}`: "ResourceNotFoundException: Stream a under account 000000000000 not found.",
		} {
			w.want(operation, body, want)
		}
	}
	w.create("a")
	body := func(kind, key string) string {
		return fmt.Sprintf(`{"StreamName":"a","EncryptionType":%q,"KeyId":%q}`, kind, key)
	}
	const (
		other = "InvalidArgumentException: The only EncryptionType that can be started or stopped is KMS."
		off   = "InvalidArgumentException: Cannot stop encrypting an unencrypted stream."
	)
	for _, test := range []struct {
		operation, kind, key, want string
		shown                      string // the key, after that
	}{
		{"StopStreamEncryption", "KMS", "k", off, ""},
		{"StartStreamEncryption", "NONE", "k", other, ""},
		{"StopStreamEncryption", "NONE", "k", other, ""},
		{"StartStreamEncryption", "KMS", "alias/a", "", "alias/a"},
		{"StartStreamEncryption", "KMS", "alias/a", "", "alias/a"},
		{"StartStreamEncryption", "KMS", "alias/b", "", "alias/b"},
		{"StopStreamEncryption", "KMS", "alias/a", "", ""},
		{"StopStreamEncryption", "KMS", "alias/b", off, ""},
	} {
		w.want(test.operation, body(test.kind, test.key), test.want)
		if got := w.stream("a").Status() == putrecords.StreamUpdating; got != (test.want == "") {
			t.Errorf("%s %s: UPDATING is %t", test.operation, test.key, got)
		}
		w.settle()
		w.wantDetails("a", func(d *kinesishttp.Details) { d.KeyID = test.shown })
		if got := w.stream("a").EncryptionType() == putrecords.EncryptionKMS; got != (test.shown != "") {
			t.Errorf("%s %s: encrypted is %t", test.operation, test.key, got)
		}
	}
}

func TestMonitoring(t *testing.T) {
	w := newTwin(t, nil)
	const names = "satisfy constraint: [Member must satisfy enum value set: [ALL, IteratorAgeMilliseconds, IncomingBytes, " +
		"WriteProvisionedThroughputExceeded, OutgoingRecords, ReadProvisionedThroughputExceeded, IncomingRecords, OutgoingBytes]]"
	const eight = "ALL, ALL, ALL, ALL, ALL, ALL, ALL, ALL"
	for _, operation := range []string{"EnableEnhancedMonitoring", "DisableEnhancedMonitoring"} {
		for body, want := range map[string]string{
			`{}`: invalid(clause("null", "shardLevelMetrics", notNull)),
			`{"ShardLevelMetrics":[],"StreamName":"?"}`: invalid(clause("[]", "shardLevelMetrics", nonEmpty), clause("?", "streamName", namePattern)),
			`{"ShardLevelMetrics":["INVALID"]}`:         invalid(clause("[INVALID]", "shardLevelMetrics", names)),
			`{"ShardLevelMetrics":["ALL","x"]}`:         invalid(clause("[ALL, x]", "shardLevelMetrics", names)),
			`{"ShardLevelMetrics":["` + strings.ReplaceAll(eight, ", ", `","`) + `"]}`: invalid(
				clause("["+eight+"]", "shardLevelMetrics", "have length less than or equal to 7")),
			`{"ShardLevelMetrics":["ALL"]}`:                  "InvalidArgumentException: Stream arn and stream name can't be empty at the same time",
			`{"ShardLevelMetrics":["ALL"],"StreamName":"a"}`: "ResourceNotFoundException: Stream a under account 000000000000 not found.",
		} {
			w.want(operation, body, want)
		}
	}
	w.create("a")
	const all = `"IteratorAgeMilliseconds","IncomingBytes","WriteProvisionedThroughputExceeded","OutgoingRecords",` +
		`"ReadProvisionedThroughputExceeded","IncomingRecords","OutgoingBytes"`
	current := ""
	for _, test := range []struct{ operation, metrics, desired string }{
		{"Disable", `"ALL"`, ``},
		{"Enable", `"OutgoingBytes","IncomingBytes"`, `"IncomingBytes","OutgoingBytes"`},
		{"Enable", `"IncomingBytes"`, `"IncomingBytes","OutgoingBytes"`},
		{"Enable", `"IteratorAgeMilliseconds","OutgoingBytes"`, `"IteratorAgeMilliseconds","IncomingBytes","OutgoingBytes"`},
		{"Disable", `"IncomingBytes","IncomingRecords"`, `"IteratorAgeMilliseconds","OutgoingBytes"`},
		{"Enable", `"IncomingBytes","ALL"`, all},
		{"Enable", `"ALL"`, all},
		{"Disable", `"IteratorAgeMilliseconds"`, all[len(`"IteratorAgeMilliseconds",`):]},
		{"Disable", `"ALL"`, ``},
	} {
		w.want(test.operation+"EnhancedMonitoring", `{"StreamName":"a","ShardLevelMetrics":[`+test.metrics+`]}`,
			`{"CurrentShardLevelMetrics":[`+current+`],"DesiredShardLevelMetrics":[`+test.desired+`],`+byARN("a")+`,"StreamName":"a"}`)
		if got := w.stream("a").Status() == putrecords.StreamUpdating; got != (current != test.desired) {
			t.Errorf("%s %s: UPDATING is %t", test.operation, test.metrics, got)
		}
		current = test.desired
		w.settle()
		if got := strings.Join(w.json.details(w.stream("a").Stream).ShardLevelMetrics, `","`); got != strings.Trim(current, `"`) {
			t.Errorf("after %s %s they are %s", test.operation, test.metrics, got)
		}
	}
}
