package kinesis

import (
	"errors"
	"time"

	"github.com/putrecords/putrecords"

	"github.com/putrecords/putrecords/emulator/internal/store"
)

// The modes of a stream.
const (
	provisioned = "PROVISIONED"
	onDemand    = "ON_DEMAND"
)

// defaultRetentionHours is how long a new stream keeps its records.
const defaultRetentionHours = 24

// A NewStream describes a stream to create.
type NewStream struct {
	AccountID string // "" is the default account
	Name      string
	Shards    int                // instead of Layout; 0 is 1
	Layout    []putrecords.Shard // as in putrecords.Config
	Limits    putrecords.Limits
}

// Create creates a stream that is ACTIVE at once. The error is a [*putrecords.ConfigError], or AWS's
// ResourceInUseException if the account has a stream with that name.
func (s *Service) Create(n NewStream) (*putrecords.Stream, error) {
	if n.AccountID == "" {
		n.AccountID = s.AccountID
	}
	// A stream that stores nothing checks the fields and makes the layout.
	made, err := putrecords.New(putrecords.Config{
		Name: n.Name, AccountID: n.AccountID, Region: s.Region, Shards: n.Shards, Layout: n.Layout, Limits: n.Limits,
		Now: s.Now, Log: putrecords.Discard(),
	})
	if err != nil {
		return nil, err
	}
	st, err := s.add(store.Stream{
		AccountID: n.AccountID,
		Region:    s.Region,
		Name:      n.Name,
		Created:   s.Now().UTC().Truncate(time.Second),
		Shards:    made.Shards(),
		Settings: store.Settings{
			Mode:           provisioned,
			RetentionHours: defaultRetentionHours,
			EncryptionType: putrecords.EncryptionNone,
			Limits:         n.Limits,
		},
	})
	if err != nil {
		return nil, err
	}
	return st.Stream, nil
}

// add stores and registers a new stream. The error is AWS's if there is one with its name.
func (s *Service) add(kept store.Stream) (*stream, error) {
	s.creating.Lock() // two streams of one name must not both be stored
	defer s.creating.Unlock()
	s.mu.Lock()
	_, err := s.account(kept.AccountID).Stream(&kept.Name, nil)
	s.mu.Unlock()
	if !errors.Is(err, putrecords.ResourceNotFoundException) {
		return nil, alreadyExists(kept.Name, kept.AccountID)
	}
	if err := s.Store.Add(&kept); err != nil {
		return nil, err
	}
	st, err := s.open(kept)
	if err != nil {
		return nil, errors.Join(err, s.Store.Remove(kept.ID))
	}
	return st, s.register(st)
}
