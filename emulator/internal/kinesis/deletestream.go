package kinesis

import (
	"context"

	"github.com/putrecords/putrecords"

	"github.com/putrecords/putrecords/kinesishttp"
)

type deleteStreamInput struct {
	EnforceConsumerDeletion *bool // accepted; there are no consumers
	StreamARN               *string
	StreamName              *string
}

func (s *Service) deleteStream(_ context.Context, r *kinesishttp.Request, in *deleteStreamInput) (any, error) {
	st, err := s.lookUp(r, in.StreamName, in.StreamARN)
	if err != nil {
		return nil, err
	}
	return nil, st.delete()
}

// delete begins to delete the stream, even if it is CREATING or UPDATING. The store removes it
// immediately. Deleting an UPDATING stream, and the error for a DELETING one, are our choices:
// AWS's behavior is unknown.
func (st *stream) delete() error {
	st.mu.Lock()
	defer st.mu.Unlock()
	if status := st.Status(); status == putrecords.StreamDeleting {
		return notActive(st.Name(), st.accountID, status)
	}
	if err := st.service.Store.Remove(st.id); err != nil {
		return err
	}
	st.begin(putrecords.StreamDeleting)
	return nil
}
