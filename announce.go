package putrecords

import "sync"

// A Reshard tells Config.Resharded of a split or a merge.
type Reshard struct {
	// Parents and Children are as Stream.Shards lists them: the parents have ending numbers.
	Parents, Children []Shard

	// Done is false when the reshard has just been made. The parents may still take records, until
	// their closing second has passed. It is true when the children take the records.
	Done bool
}

// An announcer tells a host of reshards: once, in order, and without locks.
type announcer struct {
	tell func(Reshard) // or nil

	mu      sync.Mutex
	queue   []Reshard
	telling chan struct{} // closed when the present call of tell returns; nil if there is none
}

// announce queues reshards that were made or done. The caller holds the locks of their shards.
func (s *Stream) announce(reshards []*pendingReshard, done bool) {
	a := &s.announcer
	if a.tell == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, r := range reshards {
		a.queue = append(a.queue, Reshard{infos(r.parents), infos(r.children), done})
	}
}

func infos(shards []*shard) []Shard {
	descriptions := make([]Shard, len(shards))
	for i, sh := range shards {
		descriptions[i] = sh.info
	}
	return descriptions
}

// deliver returns when the host has been told of all reshards that were queued before. The caller
// holds no locks.
func (a *announcer) deliver() {
	if a.tell == nil {
		return
	}
	for {
		a.mu.Lock()
		telling := a.telling
		if telling == nil && len(a.queue) == 0 {
			a.mu.Unlock()
			return
		}
		if telling != nil { // another caller is at it
			a.mu.Unlock()
			<-telling
			continue
		}
		next := a.queue[0]
		a.queue = a.queue[1:]
		a.telling = make(chan struct{})
		a.mu.Unlock()
		a.tellNext(next)
	}
}

func (a *announcer) tellNext(reshard Reshard) {
	defer func() { // even if tell panics
		a.mu.Lock()
		defer a.mu.Unlock()
		close(a.telling)
		a.telling = nil
	}()
	a.tell(reshard)
}
