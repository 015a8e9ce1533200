package putrecords_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/putrecords/putrecords"
)

// pageLog gives the positions in the sequence numbers of AWS's page, and fails on the shards in
// fails.
type pageLog struct{ fails map[string]bool }

func (l pageLog) Append(_ context.Context, shard putrecords.Shard, records []putrecords.Record) (func() error, error) {
	if l.fails[shard.ShardID] {
		return nil, errors.New("the disk is full")
	}
	positions := map[string]uint64{shard0: 0x157d, shard1: 0x157c, shard3: 0x157c}
	for i := range records {
		records[i].SequenceNumber.Position = positions[shard.ShardID] + uint64(i)
	}
	return nil, nil
}

// pageRequest is the sample request of AWS's PutRecords page, without the last character of its
// third Data, which makes that invalid base64.
const pageRequest = `{
	"Records": [
		{"Data": "XzxkYXRhPl8x", "PartitionKey": "partitionKey1"},
		{"Data": "f1PxFQo92Afh", "PartitionKey": "partitionKey2"},
		{"Data": "Gi4sEdd08Hyp", "PartitionKey": "partitionKey3"}
	],
	"StreamName": "exampleStreamName"
}`

// pageStream returns a stream that the page's sample answers may have come from: its shards 0, 1
// and 3 were created and its records arrived when the page's sequence numbers say.
func pageStream(limits putrecords.Limits, fails map[string]bool) *putrecords.Stream {
	shard := func(index uint32, start, end putrecords.HashKey) putrecords.Shard {
		return putrecords.Shard{
			ShardID:      "shardId-00000000000" + string('0'+rune(index)),
			HashKeyRange: putrecords.HashKeyRange{StartingHashKey: start, EndingHashKey: end},
			SequenceNumberRange: putrecords.SequenceNumberRange{StartingSequenceNumber: putrecords.SequenceNumber{
				ShardCreated: 1411403981, Arrived: 1411403981, ShardIndex: index,
			}},
		}
	}
	return putrecords.MustNew(putrecords.Config{
		Name:      "exampleStreamName",
		AccountID: "111111111111",
		Layout: []putrecords.Shard{ // so that the three partition keys have a shard each
			shard(0, putrecords.HashKey{0x80}, before(putrecords.HashKey{0xd0})),
			shard(1, putrecords.HashKey{}, before(putrecords.HashKey{0x80})),
			shard(3, putrecords.HashKey{0xd0}, before(putrecords.HashKey{})),
		},
		Limits: limits,
		Now:    func() time.Time { return time.Unix(1411431220, 0) },
		Log:    pageLog{fails},
	})
}

// before returns the hash key before k, whose last bytes are zeroes.
func before(k putrecords.HashKey) putrecords.HashKey {
	for i := len(k) - 1; i >= 0; i-- {
		k[i]--
		if k[i] != 0xff {
			break
		}
	}
	return k
}

// The stream gives the page's answers to its sample request. The numbers that the page edited by
// hand do not decode, so they are not compared.
func TestSampleAnswersOfAWSPage(t *testing.T) {
	for _, test := range []struct {
		name   string
		limits putrecords.Limits
		before []putrecords.RequestEntry
		fails  map[string]bool
		want   putrecords.Output
		edited int // the entry whose number was edited
	}{
		{
			name: "complete success",
			want: putrecords.Output{Records: []putrecords.ResultEntry{
				{SequenceNumber: "49543463076548007577105092703039560359975228518395019266", ShardID: shard0},
				{SequenceNumber: "49543463076570308322303623326179887152428262250726293522", ShardID: shard1},
				{ShardID: shard3},
			}},
			edited: 2,
		},
		{
			name:   "partial success",
			limits: putrecords.Limits{RecordsPerSecond: 1},
			before: []putrecords.RequestEntry{keyed("partitionKey2")},
			fails:  map[string]bool{shard3: true},
			want: putrecords.Output{FailedRecordCount: 2, Records: []putrecords.ResultEntry{
				{ShardID: shard0},
				{
					ErrorCode:    "ProvisionedThroughputExceededException",
					ErrorMessage: "Rate exceeded for shard shardId-000000000001 in stream exampleStreamName under account 111111111111.",
				},
				{ErrorCode: "InternalFailure", ErrorMessage: "Internal service failure."},
			}},
			edited: 0,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := pageStream(test.limits, test.fails)
			if len(test.before) > 0 {
				mustPut(t, s, test.before...)
			}
			var in putrecords.Input
			if err := json.Unmarshal([]byte(pageRequest), &in); err != nil {
				t.Fatal(err)
			}
			out, err := s.PutRecords(t.Context(), &in)
			if err != nil {
				t.Fatal(err)
			}
			sequenceNumber(t, out.Records[test.edited])
			out.Records[test.edited].SequenceNumber = ""
			if diff := cmp.Diff(&test.want, out); diff != "" {
				t.Errorf("the answer differs (-page +stream):\n%s", diff)
			}
		})
	}
}
