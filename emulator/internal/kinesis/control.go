package kinesis

import (
	"errors"

	"github.com/putrecords/putrecords"
)

// Find returns the stream with a name, or AWS's ResourceNotFoundException. An account ID of "" is
// the default account; any other must be 12 digits.
func (s *Service) Find(accountID, name string) (*putrecords.Stream, error) {
	return s.findAccount(accountID, "").Stream(&name, nil)
}

// SetLimits changes the limits of a stream at once, whatever its status, and stores them. The error
// is a [*putrecords.ConfigError], or AWS's ResourceNotFoundException if the stream is deleted; then
// nothing has changed.
func (s *Service) SetLimits(of *putrecords.Stream, limits putrecords.Limits) error {
	st, err := s.streamOf(of)
	if err != nil {
		return err
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.Status() == putrecords.StreamDeleting {
		return notFound(st.kept.Name, st.kept.AccountID)
	}
	old := st.Limits()
	if err := st.SetLimits(limits); err != nil {
		return err
	}
	next := st.kept
	next.Settings.Limits = limits
	if err := s.Store.Update(next); err != nil {
		return errors.Join(err, st.SetLimits(old))
	}
	st.kept = next
	st.shown.Limits = limits
	return nil
}

// Remove deletes a stream at once, whatever its status. It does nothing if the stream is deleted
// already.
func (s *Service) Remove(of *putrecords.Stream) error {
	st, err := s.streamOf(of)
	if err != nil {
		return nil
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.Status() != putrecords.StreamDeleting {
		if err := s.Store.Remove(st.kept.ID); err != nil {
			return err
		}
		st.setStatus(putrecords.StreamDeleting)
	}
	st.finish()
	return nil
}

// streamOf returns what the service holds about a stream, or AWS's error if it is deleted.
func (s *Service) streamOf(of *putrecords.Stream) (*stream, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if st := s.streams[of]; st != nil {
		return st, nil
	}
	return nil, errorf(putrecords.ResourceNotFoundException, "Stream %s not found.", of.ARN())
}
