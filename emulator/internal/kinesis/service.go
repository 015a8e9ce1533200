// Package kinesis serves the operations of the Kinesis API that are not PutRecords' own: it
// creates, describes, changes and deletes streams, and reads them.
package kinesis

import (
	"cmp"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/putrecords/putrecords"

	"github.com/putrecords/putrecords/emulator/internal/store"
	"github.com/putrecords/putrecords/internal/seal"
	"github.com/putrecords/putrecords/kinesishttp"
)

// Config describes a Service. All fields are required, except where they say what zero means.
type Config struct {
	AccountID string // of requests whose access key ID is not 12 digits
	Region    string // of all accounts, whatever the clients' regions
	Now       func() time.Time
	Store     store.Store
	Logger    *slog.Logger

	// StateDelay is how long a stream is CREATING, UPDATING or DELETING. AWS takes about five
	// seconds. With 0 a change is done when the call returns.
	StateDelay time.Duration

	// Limits are those of new streams.
	Limits putrecords.Limits

	// ReadsPerSecond and ReadBytesPerSecond are how many GetRecords calls and how many bytes of
	// their records a shard serves; -1 means no limit.
	ReadsPerSecond     int
	ReadBytesPerSecond int64
}

// A Service holds the streams of an emulator. It is safe for concurrent use.
//
// Streams are looked up in their accounts. streams holds everything else about them. changing holds
// those with a change in progress. Every request first calls settle, which finishes the changes
// whose time has passed.
//
// Locks are taken in this order: creating, the mu of one stream, mu.
type Service struct {
	Config
	sealer *seal.Sealer // of tokens

	creating sync.Mutex // held while a stream is stored and registered

	mu       sync.Mutex
	accounts map[string]*putrecords.Account // by ID
	streams  map[*putrecords.Stream]*stream
	changing map[*stream]bool
	switches map[streamName][]time.Time // the ModeSwitches of deleted streams
	swept    time.Time                  // when records were last dropped because of their age
}

// A streamName identifies a stream, even after it was deleted and created again.
type streamName struct{ accountID, name string }

// New returns a service with the streams that the store keeps. Changes that were in progress when
// they were stored are finished.
func New(config Config) (*Service, error) {
	s := &Service{
		Config:   config,
		sealer:   seal.New(config.Store.Key()),
		accounts: map[string]*putrecords.Account{},
		streams:  map[*putrecords.Stream]*stream{},
		changing: map[*stream]bool{},
		switches: map[streamName][]time.Time{},
	}
	kept, err := config.Store.Streams()
	if err != nil {
		return nil, err
	}
	for _, k := range kept {
		st, err := s.open(k)
		if err != nil {
			return nil, fmt.Errorf("stream %s of account %s: %w", k.Name, k.AccountID, err)
		}
		if err := s.register(st); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Handler returns a handler of all operations.
func (s *Service) Handler() *kinesishttp.Handler {
	h := kinesishttp.NewAccountHandler()
	h.FindAccount = s.findAccount
	h.Details = s.details
	h.TokenKey = s.Store.Key()
	s.handleStreams(h)
	s.handleSettings(h)
	s.handleTags(h)
	s.handleReshards(h)
	s.handleReads(h)
	return h
}

// Streams returns the streams, in the order in which they were created.
func (s *Service) Streams() []*putrecords.Stream {
	s.settle()
	s.mu.Lock()
	defer s.mu.Unlock()
	sorted := slices.SortedFunc(maps.Values(s.streams), func(a, b *stream) int { return cmp.Compare(a.id, b.id) })
	streams := make([]*putrecords.Stream, len(sorted))
	for i, st := range sorted {
		streams[i] = st.Stream
	}
	return streams
}

// findAccount returns the account with an ID, or nil if no stream was ever created in it; "" is the
// default one.
func (s *Service) findAccount(id, _ string) *putrecords.Account {
	s.settle()
	s.mu.Lock()
	defer s.mu.Unlock()
	if id != "" && id != s.AccountID && s.accounts[id] == nil {
		return nil
	}
	return s.account(id)
}

// account returns the account with an ID; "" is the default one. The caller holds s.mu.
func (s *Service) account(id string) *putrecords.Account {
	if id == "" {
		id = s.AccountID
	}
	if account := s.accounts[id]; account != nil {
		return account
	}
	account, err := putrecords.NewAccount(id, s.Region)
	if err != nil {
		panic(err) // the ID and the region were checked before
	}
	return account
}

// register adds a stream to its account. The error is AWS's if there is one with its name.
func (s *Service) register(st *stream) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	account := s.account(st.accountID)
	if err := account.Add(st.Stream); err != nil {
		return err
	}
	s.accounts[account.ID()] = account
	s.streams[st.Stream] = st
	return nil
}

// lookUp returns the stream with a name or an ARN, or AWS's error.
func (s *Service) lookUp(r *kinesishttp.Request, name, arn *string) (*stream, error) {
	account := r.Account(arn) // not under s.mu, which this takes
	found, err := account.Stream(name, arn)
	if err != nil {
		return nil, err
	}
	if st := s.find(found); st != nil {
		return st, nil
	}
	return nil, notFound(found.Name(), account.ID()) // it was deleted in the meantime
}

// find returns the Service's own part of a stream, or nil if the stream was deleted.
func (s *Service) find(of *putrecords.Stream) *stream {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.streams[of]
}

// settle finishes the changes whose time has passed, and drops records that are too old.
func (s *Service) settle() {
	s.mu.Lock()
	changing := slices.Collect(maps.Keys(s.changing))
	s.mu.Unlock()
	now := s.Now()
	for _, st := range changing {
		st.settle(now)
	}
	s.sweep(now)
}

// setChanging records whether a stream has a change in progress.
func (s *Service) setChanging(st *stream, changing bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if changing {
		s.changing[st] = true
	} else {
		delete(s.changing, st)
	}
}

// forget removes a stream that has been deleted. If that was done before, another stream may have
// its name, and stays. The caller holds st.mu.
func (s *Service) forget(st *stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.streams[st.Stream] == nil {
		return
	}
	if account := s.accounts[st.accountID]; account != nil {
		account.Remove(st.Name())
	}
	delete(s.streams, st.Stream)
	delete(s.changing, st)
	if len(st.kept.ModeSwitches) > 0 {
		s.switches[streamName{st.accountID, st.Name()}] = st.kept.ModeSwitches
	}
}

// streamsOf returns the streams of an account, by name.
func (s *Service) streamsOf(account *putrecords.Account) []*stream {
	found := account.Streams()
	s.mu.Lock()
	defer s.mu.Unlock()
	streams := make([]*stream, 0, len(found))
	for _, stream := range found {
		if st := s.streams[stream]; st != nil { // or it was deleted in the meantime
			streams = append(streams, st)
		}
	}
	return streams
}
