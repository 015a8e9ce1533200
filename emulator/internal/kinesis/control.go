package kinesis

import (
	"errors"

	"github.com/putrecords/putrecords"
)

// Find returns the stream with a name, or AWS's ResourceNotFoundException. An account ID of "" is
// the default account; any other must be 12 digits.
func (s *Service) Find(accountID, name string) (*putrecords.Stream, error) {
	s.settle()
	s.mu.Lock()
	account := s.account(accountID)
	s.mu.Unlock()
	return account.Stream(&name, nil)
}

// SetLimits changes and stores the limits of a stream immediately, in any status. If it returns an
// error, nothing has changed. The error is a [*putrecords.ConfigError], or AWS's
// ResourceNotFoundException if the stream was deleted.
func (s *Service) SetLimits(of *putrecords.Stream, limits putrecords.Limits) error {
	st := s.find(of)
	if st == nil {
		return errorf(putrecords.ResourceNotFoundException, "Stream %s not found.", of.ARN())
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.Status() == putrecords.StreamDeleting {
		return notFound(st.Name(), st.accountID)
	}
	old := st.Limits()
	if err := st.SetLimits(limits); err != nil {
		return err
	}
	next := st.kept
	next.Settings.Limits, next.Settings.MaxRecordSizeInKiB = limits, 0 // limits have the size of a record too
	if err := st.keep(next); err != nil {
		return errors.Join(err, st.SetLimits(old))
	}
	st.shown.Limits, st.shown.MaxRecordSizeInKiB = limits, 0
	return nil
}

// Remove deletes a stream immediately, in any status. It does nothing if the stream was deleted
// before.
func (s *Service) Remove(of *putrecords.Stream) error {
	st := s.find(of)
	if st == nil {
		return nil
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.Status() != putrecords.StreamDeleting {
		if err := s.Store.Remove(st.id); err != nil {
			return err
		}
		st.setStatus(putrecords.StreamDeleting)
	}
	st.finish()
	return nil
}
