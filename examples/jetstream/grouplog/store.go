// Package grouplog queues records in front of an engine that replicates them, and retries until the
// engine has stored them or a timeout ends. It knows nothing of the engine except [Store].
//
// Everything that waits for one shard goes to the engine as one group, and one group of a shard is
// under way at a time. So an engine that takes milliseconds to store something still stores many
// records a second, and they stay in order.
package grouplog

import (
	"context"
	"errors"

	"github.com/putrecords/putrecords"
)

// A Store is an engine that stores groups. It must be safe for concurrent use.
type Store interface {
	// Put stores a group at the end of the shard's log, unless it has already stored one with the
	// same ID. Either way it returns the group's sequence: above 0, less than 2^47, and above those
	// of all groups that were stored in the shard before.
	//
	// If the shard is closed, the error wraps ErrClosed. Any other error leaves open whether the
	// group is stored, or will be. Then Put is called again with the same ID. Put must return soon
	// after ctx is done. It must not modify group, nor retain it after it has returned.
	Put(ctx context.Context, shard putrecords.Shard, id string, group []byte) (sequence uint64, err error)
}

// ErrClosed means that the shard takes no more records, and that this group is not stored.
var ErrClosed = errors.New("the shard is closed")
