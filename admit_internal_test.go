package putrecords

import (
	"slices"
	"testing"
)

// Records whose shard closes between routing and deciding go to the children.
func TestAdmitGoesOnAfterAShardClosed(t *testing.T) {
	s := MustNew(Config{Limits: Limits{RecordsPerSecond: 2}})
	records := []Admission{{HashKey: HashKey{0xff}}, {}, {}, {HashKey: HashKey{0x80}}, {HashKey: HashKey{0x81}}, {}}
	c := s.newCall(len(records))
	c.now, c.admissions = s.Now(), records
	for i := range records {
		c.keys[i] = records[i].HashKey
		c.pending = append(c.pending, i)
	}
	c.route()
	if err := s.SplitShard(shardID(0), HashKey{0x80}); err != nil {
		t.Fatal(err)
	}
	c.begin(c.divide(), (*shard).decide)
	if want := []int{0, 1, 2, 3, 4, 5}; !slices.Equal(c.pending, want) {
		t.Fatalf("pending %v, want %v", c.pending, want)
	}
	c.route()
	c.begin(c.divide(), (*shard).decide)
	want := []Admission{
		{HashKey: HashKey{0xff}, ShardIndex: 2, Admitted: true},
		{ShardIndex: 1, Admitted: true},
		{ShardIndex: 1, Admitted: true},
		{HashKey: HashKey{0x80}, ShardIndex: 2, Admitted: true},
		{HashKey: HashKey{0x81}, ShardIndex: 2},
		{ShardIndex: 1},
	}
	if len(c.pending) > 0 || !slices.Equal(records, want) {
		t.Errorf("%d are pending; got %+v, want %+v", len(c.pending), records, want)
	}
}
