package putrecords_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/putrecords/putrecords"
)

// ParseHashKey accepts exactly what AWS's pattern and range allow.
func FuzzParseHashKey(f *testing.F) {
	for _, s := range []string{"", "0", "00", "1", "-1", lastHashKey, afterHashKey, "1e3", " 1", "999999999999999999999999999999999999999"} {
		f.Add(s)
	}
	pattern := regexp.MustCompile(`\A(0|[1-9][0-9]{0,38})\z`)
	f.Fuzz(func(t *testing.T, s string) {
		key, err := putrecords.ParseHashKey(s)
		var want error
		n := new(big.Int)
		if !pattern.MatchString(s) {
			want = strconv.ErrSyntax
		} else if n.SetString(s, 10); n.BitLen() > 128 {
			want = strconv.ErrRange
		}
		if !errors.Is(err, want) || err == nil && (key.String() != s || key.Big().Cmp(n) != 0) {
			t.Errorf("ParseHashKey(%q) = %v, %v; want error %v", s, key, err, want)
		}
	})
}

// Everything ParseSequenceNumber accepts prints unchanged, and all its parts are in range.
func FuzzParseSequenceNumber(f *testing.F) {
	for _, n := range productionNumbers {
		f.Add(n.digits)
	}
	f.Add("")
	f.Add("49543463076570308322303623326179887152428262250726293588")
	f.Add("99999999999999999999999999999999999999999999999999999999")
	f.Fuzz(func(t *testing.T, s string) {
		n, err := putrecords.ParseSequenceNumber(s)
		if err != nil {
			if !errors.Is(err, strconv.ErrSyntax) || !n.IsZero() {
				t.Errorf("ParseSequenceNumber(%q) = %+v, %v", s, n, err)
			}
			return
		}
		if text, err := n.MarshalText(); err != nil || string(text) != s || n.IsZero() {
			t.Errorf("ParseSequenceNumber(%q) = %+v, which prints as %s, %v", s, n, text, err)
		}
	})
}

// The next number is 2^80 above, wherever adding its digits carries.
func FuzzNextNumber(f *testing.F) {
	for _, n := range productionNumbers {
		f.Add(n.digits)
	}
	for i := range 56 { // a carry that starts at each digit, and one that goes on from there
		f.Add(strings.Repeat("0", 55-i) + "9" + strings.Repeat("0", i))
		f.Add("0" + strings.Repeat("9", 55-i) + strings.Repeat("0", i))
		f.Add("0" + strings.Repeat("8", i) + strings.Repeat("9", 55-i))
	}
	pattern := regexp.MustCompile(`\A[0-8][0-9]{55}\z`)
	f.Fuzz(func(t *testing.T, s string) {
		if !pattern.MatchString(s) {
			t.Skip("not 56 digits that leave room for a carry")
		}
		n, _ := new(big.Int).SetString(s, 10)
		want := fmt.Sprintf("%056d", n.Add(n, new(big.Int).Lsh(big.NewInt(1), 80)))
		digits := [56]byte([]byte(s))
		if putrecords.PrintNext(&digits); string(digits[:]) != want {
			t.Errorf("after %s comes %s, want %s", s, digits, want)
		}
	})
}

// A request is either rejected and changes nothing, or each entry of the output describes what the
// log now holds.
func FuzzPutRecords(f *testing.F) {
	for _, s := range []string{
		`{}`,
		`{"StreamName":"stream","Records":[{"Data":"","PartitionKey":"k"}]}`,
		`{"StreamName":"stream","Records":[{"Data":"eA==","PartitionKey":"k","ExplicitHashKey":"` + lastHashKey + `"},{"Data":"","PartitionKey":"é"}]}`,
		`{"StreamName":"stream","Records":[{"Data":"","PartitionKey":"k","ExplicitHashKey":"` + afterHashKey + `"}],"DryRun":true}`,
		`{"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/stream","Records":[{"Data":"","PartitionKey":"k"}],"DryRun":true}`,
		`{"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/stream","StreamName":"other","Records":[{"Data":"","PartitionKey":"k"}]}`,
		`{"StreamName":"","Records":[{"Data":null,"PartitionKey":""},{"ExplicitHashKey":"x"}]}`,
		`{"StreamName":"stream","Records":[{"Data":"","PartitionKey":"1"},{"Data":"","PartitionKey":"2"},{"Data":"","PartitionKey":"3"}]}`,
		`{"StreamName":"stream","Records":[{"Data":"AAAAAAAAAAAAAAAAAAAA","PartitionKey":"12345"},{"Data":"AAAA","PartitionKey":"123456"}]}`,
	} {
		f.Add([]byte(s))
	}
	limits := putrecords.Limits{
		RecordsPerRequest: 4, BytesPerRecord: 20, BytesPerRequest: 40, PartitionKeyLength: 5, RecordsPerSecond: 2, BytesPerSecond: 30,
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var in putrecords.Input
		if json.Unmarshal(body, &in) != nil {
			t.Skip("not a request")
		}
		s := putrecords.MustNew(putrecords.Config{Shards: 2, Limits: limits, Now: newClock().Now})
		before := s.Stats()
		out, err := s.PutRecords(t.Context(), &in)
		if err == nil == (out == nil) {
			t.Fatalf("returned %v and %v", out, err)
		}
		if invalid := limits.Validate(&in); invalid != nil && err == nil {
			t.Errorf("stored what Validate rejects: %v", invalid)
		}
		held := make(map[string]putrecords.Record) // by sequence number
		for _, shard := range s.Shards() {
			for _, r := range recordsOf(t, s, shard.ShardID) {
				held[r.SequenceNumber.String()] = r
			}
		}
		if err != nil {
			var rejection *putrecords.Error
			if !errors.As(err, &rejection) || rejection.Message == "" || !cmp.Equal(before, s.Stats()) || len(held) != 0 {
				t.Errorf("rejected with %#v; %+v, %v in the log", err, s.Stats(), held)
			}
			return
		}
		failures := 0
		for i, entry := range out.Records {
			if entry.ErrorCode != "" {
				failures++
				continue
			}
			r, found := held[entry.SequenceNumber]
			if delete(held, entry.SequenceNumber); !found || r.PartitionKey != *in.Records[i].PartitionKey || string(r.Data) != string(in.Records[i].Data) {
				t.Errorf("record %d, %+v, is in the log as %+v", i, entry, r)
			}
		}
		if len(out.Records) != len(in.Records) || failures != out.FailedRecordCount || len(held) != 0 {
			t.Errorf("%d records, output %+v, in the log besides: %v", len(in.Records), out, held)
		}
	})
}
