package putrecords

// An Admission is one record of a call of [Stream.Admit], and the stream's decision about it.
type Admission struct {
	HashKey HashKey
	Bytes   int // data and partition key; not negative

	// Admit sets these.
	ShardIndex uint32 // of the shard that decided, as in its ID and in SequenceNumber.ShardIndex
	Admitted   bool   // false: PutRecords would have throttled the record
}

// Admit decides which records [Stream.PutRecords] would store and which it would throttle, and says
// so in the records. It routes them, takes tokens and counts them in [Stream.Stats] as PutRecords
// does for one request with these records. It stores nothing, so simulations run several times as
// fast with it. Calls of Admit and PutRecords may be mixed.
//
// Admit leaves out everything else that PutRecords does. It checks nothing: the records may be more
// and larger than a request's, and the stream may be CREATING or DELETING. It ignores injected
// faults. It routes by hash key even with [DistributionAuto]. There are no sequence numbers and no
// messages, and the log does not see the records. Stats counts admitted records as stored.
//
// The error is a clock error, as in PutRecords. Then nothing is decided.
func (s *Stream) Admit(records []Admission) error {
	now, err := s.clock.read()
	if err != nil {
		return err
	}
	c := s.newCall(len(records))
	c.now, c.admissions = now, records
	c.pending = c.pending[:0]
	for i := range records {
		c.keys[i] = records[i].HashKey
		c.pending = append(c.pending, i)
	}
	for len(c.pending) > 0 { // again only for records whose shard closes in the middle
		c.route()
		c.begin(c.divide(), (*shard).decide)
	}
	s.endCall(c)
	return nil
}

// decide is begin for a call of Admit.
func (sh *shard) decide(c *call, g *group) bool {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if !sh.arrive(c.now) {
		return false
	}
	var wanted Count
	for i := g.first; i != noEntry; i = c.next[i] {
		wanted.add(Count{1, int64(c.admissions[i].Bytes)})
	}
	room := sh.room(wanted)
	for i := g.first; i != noEntry; i = c.next[i] {
		record := &c.admissions[i]
		record.ShardIndex = sh.index
		record.Admitted = g.admit(room, int64(record.Bytes))
	}
	sh.take(g.admitted)
	sh.count(g)
	return true
}
