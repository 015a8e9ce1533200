package kinesis

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/putrecords/putrecords"

	"github.com/putrecords/putrecords/emulator/internal/store"
)

// A stream is a putrecords.Stream and everything else that the API says about it.
//
// A change goes through these steps. It is stored in kept. The status is UPDATING, and descriptions
// still show the old settings, which are in shown. When the time is until, settle puts the new
// settings in force. Creating and deleting work in the same way, except that the store forgets a
// stream as soon as its deletion begins. So a stream that is DELETING when the program ends is gone
// when it starts again, and one that is CREATING or UPDATING is ACTIVE.
type stream struct {
	*putrecords.Stream
	service   *Service
	id        uint64 // in the store
	accountID string
	log       store.Log
	reads     readLimits

	// mu must not be held while the stream takes records or is resharded, because resharded takes
	// it.
	mu    sync.Mutex
	kept  store.Stream
	shown store.Settings
	until time.Time // when the change is done; zero if there is none

	// before are the shards before the latest reshard. Descriptions show them while it has the
	// stream UPDATING.
	before []putrecords.Shard

	// unstored is set while the store lacks the latest layout, because it could not store it. Until
	// settle has stored it, the stream takes no records: after a restart, their shards might not
	// exist.
	unstored atomic.Bool
}

// open returns the stream that a store keeps, with its settings in force.
func (s *Service) open(kept store.Stream) (*stream, error) {
	st := &stream{
		service:   s,
		id:        kept.ID,
		accountID: kept.AccountID,
		log:       s.Store.Log(kept.ID),
		kept:      kept,
		shown:     kept.Settings,
	}
	config := putrecords.Config{
		Name:                       kept.Name,
		AccountID:                  kept.AccountID,
		Region:                     kept.Region,
		Layout:                     kept.Shards,
		EncryptionType:             kept.Settings.EncryptionType,
		Limits:                     limitsOf(kept.Settings),
		RecordDistributionStrategy: kept.Settings.RecordDistributionStrategy,
		Now:                        s.Now,
		Log:                        layoutLog{st.log, &st.unstored},
		UpdatingDelay:              s.StateDelay,
		ReshardDelay:               s.StateDelay * 25 / 6, // as long as AWS takes, compared to UpdatingDelay
		Resharded:                  st.resharded,
	}
	if kept.ReshardDelay != nil {
		config.ReshardDelay = *kept.ReshardDelay
		config.UpdatingDelay = 0 // AWS's part of ReshardDelay
	}
	var err error
	st.Stream, err = putrecords.New(config)
	return st, err
}

var errUnstored = errors.New("the store lacks the stream's latest layout")

// A layoutLog takes no records while the layout is unstored.
type layoutLog struct {
	store.Log
	unstored *atomic.Bool
}

func (l layoutLog) Append(ctx context.Context, shard putrecords.Shard, records []putrecords.Record) (wait func() error, err error) {
	if l.unstored.Load() {
		return nil, errUnstored
	}
	return l.Log.Append(ctx, shard, records)
}

// resharded stores the layout before the children of a reshard take records. UpdateShardCount lists
// all its shards at the first of many calls, so the others find theirs stored.
func (st *stream) resharded(r putrecords.Reshard) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.kept.Shards[len(st.kept.Shards)-1].ShardID >= r.Children[0].ShardID { // a new shard has the highest ID
		return
	}
	st.before = st.kept.Shards
	next := st.kept
	next.Shards = st.Shards()
	if err := st.keep(next); err != nil {
		st.service.Logger.Error("cannot store a stream's layout", "stream", st.Name(), "error", err)
		st.kept = next // the stream cannot go back
		st.unstored.Store(true)
		st.service.setChanging(st, true)
	}
}

// reshard runs a split or a merge. It also returns an error if the layout could not be stored.
func (st *stream) reshard(do func() error) error {
	if err := do(); err != nil {
		return err
	}
	if st.unstored.Load() {
		return errUnstored
	}
	return nil
}

// keep stores the stream's next state. If that fails, the state stays as it is. The caller holds
// st.mu.
func (st *stream) keep(next store.Stream) error {
	if st.Status() != putrecords.StreamDeleting { // otherwise the store has forgotten it
		if err := st.service.Store.Update(next); err != nil {
			return err
		}
	}
	st.kept = next
	st.unstored.Store(false)
	return nil
}

// begin gives the stream a status for StateDelay. The caller holds st.mu and has stored the change.
func (st *stream) begin(status putrecords.StreamStatus) {
	st.until = st.service.Now().Add(st.service.StateDelay)
	st.setStatus(status)
	st.service.setChanging(st, true)
	if st.service.StateDelay == 0 {
		st.finish()
	}
}

// settle finishes a change whose time has passed, and stores a layout that is unstored.
func (st *stream) settle(now time.Time) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.unstored.Load() {
		_ = st.keep(st.kept) // or at the next request
	}
	switch {
	case !st.until.IsZero() && !now.Before(st.until):
		st.finish()
	case st.until.IsZero() && !st.unstored.Load():
		st.service.setChanging(st, false)
	}
}

// finish finishes a change. The caller holds st.mu.
func (st *stream) finish() {
	st.until = time.Time{}
	if st.Status() == putrecords.StreamDeleting {
		st.service.forget(st)
		return
	}
	st.shown = st.kept.Settings
	err := st.SetEncryptionType(st.shown.EncryptionType)
	if err == nil {
		err = st.setLimits(limitsOf(st.shown))
	}
	if err != nil { // the clock has gone back by more than a day, so puts fail too
		st.service.Logger.Error("cannot put a stream's settings in force", "stream", st.Name(), "error", err)
	}
	st.setStatus(putrecords.StreamActive)
	st.service.setChanging(st, st.unstored.Load())
}

func (st *stream) setStatus(status putrecords.StreamStatus) {
	if err := st.SetStatus(status); err != nil {
		panic(err) // these are all states of the API
	}
}

// change begins the change of the settings that edit makes. If edit returns false, the stream stays
// ACTIVE. If edit returns an error, or the stream is not ACTIVE, change returns the error and
// changes nothing.
func (st *stream) change(edit func(*store.Stream) (changed bool, err error)) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	if status := st.Status(); status != putrecords.StreamActive {
		return notActive(st.Name(), st.accountID, status)
	}
	next := st.kept
	next.ModeSwitches = slices.Clone(next.ModeSwitches)
	if changed, err := edit(&next); err != nil || !changed {
		return err
	}
	if err := st.keep(next); err != nil {
		return err
	}
	st.begin(putrecords.StreamUpdating)
	return nil
}
