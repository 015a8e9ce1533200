package producer

import "time"

// A record is a record that Put accepted.
type record struct {
	key      string
	data     []byte
	attempts int
	failure  error     // of the last attempt
	due      time.Time // when it stops lingering
}

func (r *record) size() int { return len(r.key) + len(r.data) }

// A queue holds the records that are ready to send and, if ordered, those behind another record
// with the same key.
type queue struct {
	ordered bool
	ready   []*record
	bytes   int       // of ready
	due     time.Time // when the first of ready stops lingering

	// If ordered: a key is present while a record with it is ready, in flight or resting. Its value
	// holds the records that wait for that one.
	behind map[string][]*record
}

// add adds a new record. It may linger until due.
func (q *queue) add(r *record, due time.Time) {
	if q.ordered {
		behind, busy := q.behind[r.key]
		if busy {
			q.behind[r.key] = append(behind, r)
			return
		}
		q.behind[r.key] = nil
	}
	q.makeReady(r, due)
}

// makeReady makes a record ready to send. It may linger until due for others to fill its request.
func (q *queue) makeReady(r *record, due time.Time) {
	if len(q.ready) == 0 || due.Before(q.due) {
		q.due = due
	}
	r.due = due
	q.ready = append(q.ready, r)
	q.bytes += r.size()
}

// next removes and returns the records for the next request, in the order they became ready. It
// returns nil while the records may linger and do not fill a request.
func (q *queue) next(now time.Time, mayLinger bool) []*record {
	full := len(q.ready) >= maxRequestRecords || q.bytes >= maxRequestBytes
	if mayLinger && !full && now.Before(q.due) {
		return nil
	}
	n, size := 0, 0
	for n < len(q.ready) && n < maxRequestRecords && size+q.ready[n].size() <= maxRequestBytes {
		size += q.ready[n].size()
		n++
	}
	batch, rest := q.ready[:n], q.ready[n:]
	q.ready, q.bytes = nil, 0
	for _, r := range rest {
		q.makeReady(r, r.due)
	}
	return batch
}

// done makes the record behind r ready, if there is one. That record has waited long enough and
// does not linger.
func (q *queue) done(r *record, now time.Time) {
	behind := q.behind[r.key]
	if len(behind) == 0 {
		delete(q.behind, r.key)
		return
	}
	q.makeReady(behind[0], now)
	behind[0] = nil // for the garbage collector
	q.behind[r.key] = behind[1:]
}
