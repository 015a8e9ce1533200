package putrecords_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/putrecords/putrecords"
)

// A panickyLog finishes appends in wait, and panics in Append or in wait for one shard each.
type panickyLog struct {
	inAppend, inWait string // shard IDs
	waited           []string
}

func (l *panickyLog) Append(_ context.Context, shard putrecords.Shard, records []putrecords.Record) (func() error, error) {
	if shard.ShardID == l.inAppend {
		panic("in Append")
	}
	return func() error {
		l.waited = append(l.waited, shard.ShardID)
		if shard.ShardID == l.inWait {
			panic("in wait")
		}
		for i := range records {
			records[i].SequenceNumber.Position = uint64(i + 1)
		}
		return nil
	}, nil
}

// When a log panics, no other group begins, but those that have begun are still waited for and
// counted.
func TestGroupsFinishWhenTheLogPanics(t *testing.T) {
	one := putrecords.Count{Records: 1, Bytes: 1}
	for _, test := range []struct {
		log    panickyLog
		waited []string
		want   []putrecords.ShardStats
	}{
		{
			log:    panickyLog{inAppend: shard2},
			waited: []string{shard0, shard1},
			want:   []putrecords.ShardStats{{ShardID: shard0, Stored: one}, {ShardID: shard1, Stored: one}, {ShardID: shard2}},
		},
		{
			log:    panickyLog{inAppend: shard1},
			waited: []string{shard0},
			want:   []putrecords.ShardStats{{ShardID: shard0, Stored: one}, {ShardID: shard1}, {ShardID: shard2}},
		},
		{
			log:    panickyLog{inWait: shard1},
			waited: []string{shard0, shard1, shard2},
			want:   []putrecords.ShardStats{{ShardID: shard0, Stored: one}, {ShardID: shard1, Failed: one}, {ShardID: shard2, Stored: one}},
		},
	} {
		s := putrecords.MustNew(putrecords.Config{Shards: 3, Log: &test.log})
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic is lost")
				}
			}()
			mustPut(t, s, hashed("0"), hashed("170141183460469231731687303715884105728"), hashed(lastHashKey))
		}()
		if diff := cmp.Diff(test.waited, test.log.waited); diff != "" {
			t.Errorf("%+v: waited for (-want +got):\n%s", test.log, diff)
		}
		if diff := cmp.Diff(test.want, s.Stats()); diff != "" {
			t.Errorf("%+v: statistics differ (-want +got):\n%s", test.log, diff)
		}
	}
}
