package activity

import (
	"hash/maphash"
	"math/bits"
	"sync"
	"sync/atomic"

	"github.com/putrecords/putrecords"
)

// maxDistinct is how many distinct records of a stream are counted. Their hashes take 16 MiB.
const maxDistinct = 1 << 20

var seed = maphash.MakeSeed()

// A distinct counts distinct records by their 64-bit hashes. Two of maxDistinct records have the
// same hash, and so count as one, in about one of 30 million runs.
type distinct struct {
	full atomic.Bool // there are more than maxDistinct, and hashes is empty

	mu     sync.Mutex
	hashes set
}

// add counts the records that were stored.
func (d *distinct) add(in *putrecords.Input, out *putrecords.Output) {
	if d.full.Load() {
		return
	}
	var room [500]uint64 // as many as a request holds by default
	hashes := room[:0]
	for i := range in.Records {
		if out.Records[i].ErrorCode == "" {
			hashes = append(hashes, hashOf(&in.Records[i]))
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.full.Load() {
		return
	}
	for _, hash := range hashes {
		if !d.hashes.add(hash) {
			d.hashes = set{}
			d.full.Store(true)
			return
		}
	}
}

func (d *distinct) count() (n int, more bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.full.Load() {
		return maxDistinct, true
	}
	return d.hashes.len, false
}

// hashOf returns a hash of all members of a record. The hashes of the members are rotated, so
// members that trade places give another hash.
func hashOf(entry *putrecords.RequestEntry) uint64 {
	hash := maphash.Bytes(seed, entry.Data)
	if entry.PartitionKey != nil {
		hash ^= bits.RotateLeft64(maphash.String(seed, *entry.PartitionKey), 21)
	}
	if entry.ExplicitHashKey != nil {
		hash ^= bits.RotateLeft64(maphash.String(seed, *entry.ExplicitHashKey), 42)
	}
	return hash
}

// A set holds up to maxDistinct hashes. It is several times as fast as a map, which would hash them
// again.
//
// A hash is in the first slot that was free from the one that its lower bits name. At least half of
// the slots are free.
type set struct {
	slots []uint64 // 0 is free; their number is a power of 2
	len   int
}

// add adds a hash. It returns false if the set is full and does not hold it.
func (s *set) add(hash uint64) bool {
	if hash == 0 {
		hash = 1
	}
	if len(s.slots) == 0 {
		s.slots = make([]uint64, 256)
	}
	mask := uint64(len(s.slots) - 1)
	i := hash & mask
	for s.slots[i] != 0 {
		if s.slots[i] == hash {
			return true
		}
		i = (i + 1) & mask
	}
	if s.len == maxDistinct {
		return false
	}
	s.slots[i] = hash
	if s.len++; 2*s.len > len(s.slots) {
		s.grow()
	}
	return true
}

// grow doubles the number of slots.
func (s *set) grow() {
	old := s.slots
	*s = set{slots: make([]uint64, 2*len(old))}
	for _, hash := range old {
		if hash != 0 {
			s.add(hash)
		}
	}
}
