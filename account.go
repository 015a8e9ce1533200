package putrecords

import (
	"cmp"
	"context"
	"slices"
	"sync"
)

// An Account holds the streams of an AWS account in one region. It finds the stream that a request
// is for, and answers as AWS does if there is none. [NewAccount] makes one. An Account is safe for
// concurrent use.
type Account struct {
	place
	mu      sync.RWMutex
	streams map[string]*Stream // by name
}

// NewAccount returns an account without streams. id has 12 digits; "" is "000000000000". region has
// lower-case letters, digits and hyphens; "" is "us-east-1". The error is a [*ConfigError].
func NewAccount(id, region string) (*Account, error) {
	a := &Account{place: newPlace(id, region), streams: make(map[string]*Stream)}
	if err := a.check(); err != nil {
		return nil, err
	}
	return a, nil
}

// ID returns the account's 12 digits.
func (a *Account) ID() string { return a.accountID }

// Region returns the account's region.
func (a *Account) Region() string { return a.region }

// Add adds a stream. It returns a [*ConfigError] if the stream belongs to another account or
// region, and AWS's ResourceInUseException, an [*Error], if the account has a stream with that
// name.
func (a *Account) Add(s *Stream) error {
	switch {
	case s.accountID != a.accountID:
		return configErrorf("AccountID", "stream %s belongs to account %s, not %s", s.name, s.accountID, a.accountID)
	case s.region != a.region:
		return configErrorf("Region", "stream %s belongs to region %s, not %s", s.name, s.region, a.region)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.streams[s.name] != nil {
		return errorf(ResourceInUseException, "Stream %s under account %s already exists.", s.name, a.accountID)
	}
	a.streams[s.name] = s
	return nil
}

// Remove removes the stream with the name, if there is one. Calls of the stream that have begun go
// on.
func (a *Account) Remove(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.streams, name)
}

// Streams returns the account's streams, by name.
func (a *Account) Streams() []*Stream {
	a.mu.RLock()
	defer a.mu.RUnlock()
	streams := make([]*Stream, 0, len(a.streams))
	for _, s := range a.streams {
		streams = append(streams, s)
	}
	slices.SortFunc(streams, func(x, y *Stream) int { return cmp.Compare(x.name, y.name) })
	return streams
}

// StreamName returns the name that a request's StreamName and StreamARN stand for, whether or not
// the account has such a stream. The error is an [*Error] with AWS's message. AWS's checks, in
// order: the constraints on both members, that at least one is there, that they agree, and that the
// ARN is one of the region and the account.
func (a *Account) StreamName(streamName, streamARN *string) (string, error) {
	var v violations
	v.AddAddress(streamName, streamARN)
	if err := v.err(); err != nil {
		return "", err
	}
	return a.resolve(streamName, streamARN)
}

// Stream returns the stream that a request's StreamName and StreamARN stand for. The error is that
// of [Account.StreamName], or a ResourceNotFoundException. A stream that is CREATING or DELETING is
// found; it takes no records.
func (a *Account) Stream(streamName, streamARN *string) (*Stream, error) {
	name, err := a.StreamName(streamName, streamARN)
	if err != nil {
		return nil, err
	}
	if s := a.find(name); s != nil {
		return s, nil
	}
	return nil, a.streamNotFound(name)
}

// find returns the stream with the name, or nil.
func (a *Account) find(name string) *Stream {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.streams[name]
}

// PutRecords answers a PutRecords request with the stream that it is for: see [Stream.PutRecords].
// If there is none, it makes the checks of a request that come before that, with AWS's limits.
func (a *Account) PutRecords(ctx context.Context, in *Input) (*Output, error) {
	if in == nil {
		in = &Input{}
	}
	s, err := a.Stream(in.StreamName, in.StreamARN)
	if err == nil {
		return s.PutRecords(ctx, in)
	}
	return nil, firstError(ctx.Err(), Limits{}.inForce().checkMembers(in, UserPartitionKey), err)
}

// PutRecord answers a PutRecord request with the stream that it is for: see [Stream.PutRecord]. If
// there is none, it makes the checks of a request that come before that, with AWS's limits.
func (a *Account) PutRecord(ctx context.Context, in *PutRecordInput) (*PutRecordOutput, error) {
	if in == nil {
		in = &PutRecordInput{}
	}
	s, err := a.Stream(in.StreamName, in.StreamARN)
	if err == nil {
		return s.PutRecord(ctx, in)
	}
	return nil, firstError(ctx.Err(), Limits{}.inForce().checkRecordMembers(in, UserPartitionKey), err)
}

// firstError returns the first of errs that is not nil.
func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
