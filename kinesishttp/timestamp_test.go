package kinesishttp_test

import (
	"strings"
	"testing"
	"time"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/kinesishttp"
)

// In CBOR, times are milliseconds tagged as if they were seconds.
func TestTimestampInCBOR(t *testing.T) {
	_, answer := callCBOR(t, kinesishttp.NewHandler(newStream(putrecords.Config{})), "DescribeStreamSummary", map[string]string{"StreamName": "stream"})
	summary, _ := answer["StreamDescriptionSummary"].(map[any]any)
	got, _ := summary["StreamCreationTimestamp"].(time.Time)
	if want := time.Unix(start.Unix()*1000, 0); !got.Equal(want) {
		t.Errorf("the timestamp %v reads as %v, want %v", summary["StreamCreationTimestamp"], got, want)
	}
}

// In JSON, times are seconds formatted as Java formats a double.
func TestTimestampInJSON(t *testing.T) {
	for seconds, want := range map[int64]string{
		1: "1.0", 60: "60.0", 9_999_999: "9999999.0", 10_000_000: "1.0E7", 10_000_001: "1.0000001E7", 1_000_000_000: "1.0E9",
		1_772_600_767: "1.772600767E9", 2_000_000_000: "2.0E9", 9_999_999_999: "9.999999999E9", 10_000_000_000: "1.0E10", 68_719_476_735: "6.8719476735E10",
	} {
		stream := newStream(putrecords.Config{Now: func() time.Time { return time.Unix(seconds, 0) }})
		status, text := call(t, kinesishttp.NewHandler(stream), "DescribeStreamSummary", `{"StreamName":"stream"}`)
		if status != 200 || !strings.Contains(text, `"StreamCreationTimestamp":`+want+`,`) {
			t.Errorf("second %d: %d %s, want %s", seconds, status, text, want)
		}
	}
}
