package putrecords_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/putrecords/putrecords"
)

// aLayout returns the shards of a stream that began with three, split shard 0 and merged shards 4
// and 1.
func aLayout(t testing.TB) []putrecords.Shard {
	t.Helper()
	s := putrecords.MustNew(putrecords.Config{Shards: 3, Now: newClock().Now})
	mustSplit(t, s, shard0, "1000")
	mustMerge(t, s, "shardId-000000000004", shard1)
	return s.Shards()
}

func TestLayoutIsKept(t *testing.T) {
	layout := aLayout(t)
	s := putrecords.MustNew(putrecords.Config{Layout: layout, Now: newClock().Now})
	if diff := cmp.Diff(layout, s.Shards()); diff != "" {
		t.Fatalf("shards differ (-want +got):\n%s", diff)
	}
	out := mustPut(t, s, hashed("0"), hashed("999"), hashed("1000"), hashed("113427455640312821154458202477256070485"), hashed(lastHashKey))
	if got := shardsOf(out); got != "33552" {
		t.Errorf("shards %s, want 33552", got)
	}
	// The clock may not have reached the second of a child's creation.
	created := layout[5].SequenceNumberRange.StartingSequenceNumber.ShardCreated
	if n := sequenceNumber(t, out.Records[2]); n.ShardCreated != created || n.Arrived != created || created <= start.Unix() {
		t.Errorf("number %+v in a shard created in second %d, want that second", n, created)
	}
	if err := s.SplitShard(shard0, parseHashKey(t, "7")); !errors.Is(err, putrecords.InvalidArgumentException) {
		t.Errorf("a shard with an ending number is not treated as closed: %v", err)
	}
	mustSplit(t, s, "shardId-000000000005", "2000")
	if shards := s.Shards(); shards[len(shards)-1].ShardID != "shardId-000000000007" {
		t.Errorf("the last child is %s, want shardId-000000000007", shards[len(shards)-1].ShardID)
	}
}

// A layout may lack the indexes of parents that no longer exist, and New fills in missing sequence
// numbers.
func TestLayoutWithMissingIndexes(t *testing.T) {
	ranges := putrecords.EvenRanges(2)
	s := putrecords.MustNew(putrecords.Config{Now: newClock().Now, Layout: []putrecords.Shard{
		{ShardID: "shardId-000000000007", HashKeyRange: ranges[1], ParentShardID: shard3},
		{ShardID: "shardId-000000000018", HashKeyRange: ranges[0], ParentShardID: shard3, AdjacentParentShardID: "shardId-000000000004"},
	}})
	out := mustPut(t, s, hashed("0"), hashed(lastHashKey))
	for i, index := range []uint32{18, 7} {
		want := putrecords.SequenceNumber{ShardCreated: start.Unix(), Position: 1, Arrived: start.Unix(), ShardIndex: index}
		if got := sequenceNumber(t, out.Records[i]); got != want {
			t.Errorf("number %+v, want %+v", got, want)
		}
	}
	mustMerge(t, s, "shardId-000000000018", "shardId-000000000007")
	if got := mustPut(t, s, keyed("k")).Records[0].ShardID; got != "shardId-000000000019" {
		t.Errorf("the child is %s, want shardId-000000000019", got)
	}
}

// When New fills in the numbers of a child, they follow those of its parents, whatever the clock
// shows.
func TestLayoutWithoutNumbers(t *testing.T) {
	layout := aLayout(t)
	want := layout[5].SequenceNumberRange
	layout[5].SequenceNumberRange = putrecords.SequenceNumberRange{}
	s := putrecords.MustNew(putrecords.Config{Layout: layout, Now: newClock().Now})
	if got := s.Shards()[5].SequenceNumberRange; got != want {
		t.Errorf("numbers %+v, want %+v", got, want)
	}
}

func TestBadLayout(t *testing.T) {
	key := func(decimal string) putrecords.HashKey { return parseHashKey(t, decimal) }
	for _, test := range []struct {
		name   string
		change func([]putrecords.Shard) []putrecords.Shard // modifies the layout of aLayout
		field  string
		reason string // part of the reason
	}{
		{"no ID", func(l []putrecords.Shard) []putrecords.Shard {
			l[1].ShardID = ""
			return l
		}, "Layout[1].ShardID", `"" is not "shardId-" and 12 digits`},
		{"ID with 11 digits", func(l []putrecords.Shard) []putrecords.Shard {
			l[1].ShardID = "shardId-00000000001"
			return l
		}, "Layout[1].ShardID", "shardId-00000000001"},
		{"33-bit index", func(l []putrecords.Shard) []putrecords.Shard {
			l[5].ShardID = "shardId-004294967296"
			return l
		}, "Layout[5].ShardID", "4294967295"},
		{"wrong order", func(l []putrecords.Shard) []putrecords.Shard {
			l[1], l[2] = l[2], l[1]
			return l
		}, "Layout[2].ShardID", "shardId-000000000001 comes after shardId-000000000002"},
		{"same shard twice", func(l []putrecords.Shard) []putrecords.Shard {
			return append(l[:2:2], l[1:]...)
		}, "Layout[2].ShardID", "shardId-000000000001 comes after shardId-000000000001"},
		{"malformed parent", func(l []putrecords.Shard) []putrecords.Shard {
			l[3].ParentShardID = "0"
			return l
		}, "Layout[3].ParentShardID", `"0"`},
		{"parent with a later index", func(l []putrecords.Shard) []putrecords.Shard {
			l[5].AdjacentParentShardID = l[5].ShardID
			return l
		}, "Layout[5].AdjacentParentShardID", "shardId-000000000005"},
		{"range that ends before it starts", func(l []putrecords.Shard) []putrecords.Shard {
			l[0].HashKeyRange = putrecords.HashKeyRange{StartingHashKey: key("2"), EndingHashKey: key("1")}
			return l
		}, "Layout[0].HashKeyRange", "starts at 2, above its end at 1"},
		{"numbers of another shard", func(l []putrecords.Shard) []putrecords.Shard {
			l[1].SequenceNumberRange = l[2].SequenceNumberRange
			return l
		}, "Layout[1].SequenceNumberRange", "is not the first number of shardId-000000000001"},
		{"first number out of range", func(l []putrecords.Shard) []putrecords.Shard {
			l[1].SequenceNumberRange.StartingSequenceNumber.ShardCreated = -1
			return l
		}, "Layout[1].SequenceNumberRange", "ShardCreated=-1"},
		{"last number of another shard", func(l []putrecords.Shard) []putrecords.Shard {
			l[0].SequenceNumberRange.EndingSequenceNumber.ShardIndex++
			return l
		}, "Layout[0].SequenceNumberRange", "is not the last number of shardId-000000000000"},
		{"last number of another creation", func(l []putrecords.Shard) []putrecords.Shard {
			l[0].SequenceNumberRange.EndingSequenceNumber.ShardCreated++
			return l
		}, "Layout[0].SequenceNumberRange", "is not the last number of shardId-000000000000"},
		{"last number equal to the first", func(l []putrecords.Shard) []putrecords.Shard {
			l[0].SequenceNumberRange.EndingSequenceNumber = l[0].SequenceNumberRange.StartingSequenceNumber
			return l
		}, "Layout[0].SequenceNumberRange", "is not the last number of shardId-000000000000"},
		{"last number out of range", func(l []putrecords.Shard) []putrecords.Shard {
			l[0].SequenceNumberRange.EndingSequenceNumber.Arrived = 1 << 36
			return l
		}, "Layout[0].SequenceNumberRange", "Arrived=68719476736"},
		{"first number with a position", func(l []putrecords.Shard) []putrecords.Shard {
			l[1].SequenceNumberRange.StartingSequenceNumber.Position = 1
			return l
		}, "Layout[1].SequenceNumberRange", "is not the first number of shardId-000000000001"},
		{"last number before the creation", func(l []putrecords.Shard) []putrecords.Shard {
			l[0].SequenceNumberRange.EndingSequenceNumber.Arrived = start.Unix() - 1
			return l
		}, "Layout[0].SequenceNumberRange", "is not the last number of shardId-000000000000"},
		{"last number with a smaller position", func(l []putrecords.Shard) []putrecords.Shard {
			l[0].SequenceNumberRange.EndingSequenceNumber.Position--
			return l
		}, "Layout[0].SequenceNumberRange", "is not the last number of shardId-000000000000"},
		{"child created before the parent closes", func(l []putrecords.Shard) []putrecords.Shard {
			first := &l[5].SequenceNumberRange.StartingSequenceNumber
			first.ShardCreated--
			first.Arrived--
			return l
		}, "Layout[5].SequenceNumberRange", fmt.Sprintf("created in second %d, but its parent takes records until second %[1]d", start.Unix()+1)},
		{"gap at the start", func(l []putrecords.Shard) []putrecords.Shard {
			l[3].HashKeyRange.StartingHashKey = key("1")
			return l
		}, "Layout", "below 1, where shardId-000000000003 starts"},
		{"gap in the middle", func(l []putrecords.Shard) []putrecords.Shard {
			l[3].HashKeyRange.EndingHashKey = key("998")
			return l
		}, "Layout", "between 998, where shardId-000000000003 ends, and 1000, where shardId-000000000005 starts"},
		{"overlap", func(l []putrecords.Shard) []putrecords.Shard {
			l[3].HashKeyRange.EndingHashKey = key("1000")
			return l
		}, "Layout", "shardId-000000000003 and shardId-000000000005 are open and overlap at hash key 1000"},
		{"gap at the end", func(l []putrecords.Shard) []putrecords.Shard {
			l[2].HashKeyRange.EndingHashKey = key("300000000000000000000000000000000000000")
			return l
		}, "Layout", "above 300000000000000000000000000000000000000"},
		{"two shards with the whole space", func(l []putrecords.Shard) []putrecords.Shard {
			l[3].HashKeyRange = putrecords.HashKeyRange{EndingHashKey: key(lastHashKey)}
			return l
		}, "Layout", "overlap"},
		{"all shards closed", func(l []putrecords.Shard) []putrecords.Shard { return l[:1] }, "Layout", "no shard is open"},
	} {
		layout := test.change(aLayout(t))
		s, err := putrecords.New(putrecords.Config{Layout: layout, Now: newClock().Now})
		var config *putrecords.ConfigError
		if s != nil || !errors.As(err, &config) || config.Field != test.field || !strings.Contains(config.Reason, test.reason) {
			t.Errorf("%s: %v; want an error for %s containing %q", test.name, err, test.field, test.reason)
		}
	}
}

// Route finds the same shard as a search through all of them, even after uneven splits.
func TestRouteAgreesWithASearch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := putrecords.MustNew(putrecords.Config{Shards: rapid.IntRange(1, 50).Draw(t, "shards")})
		near := hashKeys().Draw(t, "near")
		probes := []putrecords.HashKey{{}, near}
		for range rapid.IntRange(0, 20).Draw(t, "splits") {
			shard := s.Route(near)
			key := rapid.Custom(func(t *rapid.T) putrecords.HashKey {
				key := near
				copy(key[rapid.IntRange(0, 15).Draw(t, "from"):], rapid.SliceOfN(rapid.Byte(), 1, 16).Draw(t, "bytes"))
				return key
			}).Draw(t, "key")
			_ = s.SplitShard(shard.ShardID, key) // rejected if the key is not in the shard
			probes = append(probes, key, shard.HashKeyRange.StartingHashKey, shard.HashKeyRange.EndingHashKey)
		}
		probes = append(probes, rapid.SliceOfN(hashKeys(), 1, 20).Draw(t, "probes")...)
		for _, key := range probes {
			var owners []putrecords.Shard
			for _, shard := range s.Shards() {
				if shard.SequenceNumberRange.EndingSequenceNumber.IsZero() && shard.HashKeyRange.Contains(key) {
					owners = append(owners, shard)
				}
			}
			if got := s.Route(key); len(owners) != 1 || got != owners[0] {
				t.Fatalf("Route(%v) = %v, want %v", key, got.ShardID, owners)
			}
		}
	})
}
