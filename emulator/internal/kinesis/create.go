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

	EncryptionType             putrecords.EncryptionType             // "" is NONE; KMS has AWS's own key
	RecordDistributionStrategy putrecords.RecordDistributionStrategy // AUTO makes the stream ON_DEMAND
	ReshardDelay               *time.Duration                        // nil is what Config.StateDelay says
}

// Create creates a stream that is ACTIVE immediately. The error is a [*putrecords.ConfigError], or
// AWS's ResourceInUseException if the account has a stream with that name.
func (s *Service) Create(n NewStream) (*putrecords.Stream, error) {
	if n.AccountID == "" {
		n.AccountID = s.AccountID
	}
	st, err := s.add(streamName{n.AccountID, n.Name}, putrecords.StreamActive, func() (store.Stream, error) {
		kept, _, err := s.newStream(n)
		return kept, err
	})
	if err != nil {
		return nil, err
	}
	return st.Stream, nil
}

// AWS creates the shards of a new stream before the time that descriptions of the stream show.
const shardsCreatedBefore = 3 // seconds

// newStream returns what the store keeps about a new stream, and its ARN.
func (s *Service) newStream(n NewStream) (kept store.Stream, arn string, err error) {
	created := s.Now().UTC().Truncate(time.Second)
	shardsCreated := time.Unix(max(1, created.Unix()-shardsCreatedBefore), 0)
	// A stream that stores nothing checks the fields and makes the layout.
	made, err := putrecords.New(putrecords.Config{
		Name: n.Name, AccountID: n.AccountID, Region: s.Region, Shards: n.Shards, Layout: n.Layout, Limits: n.Limits,
		EncryptionType: n.EncryptionType, RecordDistributionStrategy: n.RecordDistributionStrategy,
		Now: func() time.Time { return shardsCreated }, Log: putrecords.Discard(),
	})
	if err != nil {
		return store.Stream{}, "", err
	}
	mode := provisioned
	if made.RecordDistributionStrategy() == putrecords.DistributionAuto {
		mode = onDemand
	}
	return store.Stream{
		AccountID:    n.AccountID,
		Region:       s.Region,
		Name:         n.Name,
		Created:      created,
		Shards:       made.Shards(),
		ReshardDelay: n.ReshardDelay,
		Settings: store.Settings{
			Mode:                       mode,
			RetentionHours:             defaultRetentionHours,
			EncryptionType:             made.EncryptionType(),
			RecordDistributionStrategy: made.RecordDistributionStrategy(),
			Limits:                     n.Limits,
		},
	}, made.ARN(), nil
}

// add stores and registers a new stream, which prepare returns. Its status is CREATING for
// StateDelay, or ACTIVE immediately. The error is AWS's if there is a stream with its name, or else
// that of prepare.
func (s *Service) add(name streamName, status putrecords.StreamStatus, prepare func() (store.Stream, error)) (*stream, error) {
	s.creating.Lock() // two streams of one name must not both be stored
	defer s.creating.Unlock()
	if s.exists(name) {
		return nil, alreadyExists(name.name, name.accountID)
	}
	kept, err := prepare()
	if err != nil {
		return nil, err
	}
	kept.ModeSwitches = s.switchesOf(name)
	if err := s.Store.Add(&kept); err != nil {
		return nil, err
	}
	st, err := s.open(kept)
	if err != nil {
		return nil, errors.Join(err, s.Store.Remove(kept.ID))
	}
	if status == putrecords.StreamCreating {
		st.mu.Lock()
		st.begin(status)
		st.mu.Unlock()
	}
	return st, s.register(st)
}

func (s *Service) exists(name streamName) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	account := s.accounts[name.accountID]
	if account == nil {
		return false
	}
	_, err := account.Stream(&name.name, nil)
	return err == nil
}

// switchesOf returns when the mode of an earlier stream with the name changed. A restart loses
// that, unless there is a stream with the name.
func (s *Service) switchesOf(name streamName) []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.switches[name]
}
