package putrecords

import (
	"cmp"
	"time"
)

// settings are what may change while a stream runs.
type settings struct {
	encryptionType EncryptionType
	limits         Limits // in force
}

// An EncryptionType says how a stream encrypts its records.
type EncryptionType string

// The encryption types of the Kinesis API.
const (
	EncryptionNone EncryptionType = "NONE"
	EncryptionKMS  EncryptionType = "KMS"
)

func (e EncryptionType) check() error {
	if e != EncryptionNone && e != EncryptionKMS {
		return configErrorf("EncryptionType", "%q is neither %q nor %q", e, EncryptionNone, EncryptionKMS)
	}
	return nil
}

// EncryptionType returns EncryptionNone or EncryptionKMS.
func (s *Stream) EncryptionType() EncryptionType { return s.settings.Load().encryptionType }

// shownEncryption returns the encryption type as answers show it: "" unless the stream is
// encrypted.
func (s *Stream) shownEncryption() EncryptionType {
	if e := s.EncryptionType(); e != EncryptionNone {
		return e
	}
	return ""
}

// SetEncryptionType changes what answers show: EncryptionNone, which "" stands for, or
// EncryptionKMS. It returns a [*ConfigError] for anything else.
func (s *Stream) SetEncryptionType(encryptionType EncryptionType) error {
	encryptionType = cmp.Or(encryptionType, EncryptionNone)
	if err := encryptionType.check(); err != nil {
		return err
	}
	s.resharding.Lock()
	defer s.resharding.Unlock()
	s.settings.Store(&settings{encryptionType, s.Limits()})
	return nil
}

// Limits returns the limits in force: no field is zero, and [Unlimited] is no limit.
func (s *Stream) Limits() Limits { return s.settings.Load().limits }

// SetLimits changes the limits. A shard keeps the tokens that it has, as far as the new bursts hold
// them; what was unlimited starts full. A call that has begun may still use the old limits for its
// request. The error is a [*ConfigError] that names an invalid field, or a clock error as in
// [Stream.PutRecords]; then nothing has changed.
func (s *Stream) SetLimits(limits Limits) error {
	if err := limits.check(); err != nil {
		return err
	}
	now, err := s.clock.read()
	if err != nil {
		return err
	}
	limits = limits.inForce()
	s.resharding.Lock()
	defer s.resharding.Unlock()
	s.settings.Store(&settings{s.EncryptionType(), limits})
	for _, sh := range s.completeBy(now).shards {
		sh.setLimits(limits, now)
	}
	return nil
}

func (sh *shard) setLimits(limits Limits, now time.Time) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if now.After(sh.latest) {
		sh.latest = now
	}
	sh.records.set(sh.latest, int64(limits.RecordsPerSecond), int64(limits.RecordBurst))
	sh.bytes.set(sh.latest, limits.BytesPerSecond, limits.ByteBurst)
}

// A StreamStatus says which state a stream is in.
type StreamStatus string

// The states of the Kinesis API. A stream takes records while it is ACTIVE or UPDATING.
const (
	StreamCreating StreamStatus = "CREATING"
	StreamDeleting StreamStatus = "DELETING"
	StreamActive   StreamStatus = "ACTIVE"
	StreamUpdating StreamStatus = "UPDATING" // set, or just split or merged: see Config.UpdatingDelay
)

// Status returns the status that [Stream.SetStatus] set. If that is StreamActive, Status returns
// StreamUpdating for Config.UpdatingDelay after a split or a merge, and for longer after
// [Stream.UpdateShardCount]. From a split or a merge on,
// [Stream.Shards] lists the parents as closed and the children as open, but records go to the
// parents until Config.ReshardDelay has passed.
func (s *Stream) Status() StreamStatus {
	if status := s.setStatus(); status != StreamActive {
		return status
	}
	now, err := s.clock.read()
	if err == nil && s.layoutAt(now).updating(now) {
		return StreamUpdating
	}
	return StreamActive
}

// setStatus returns the status that SetStatus set.
func (s *Stream) setStatus() StreamStatus { return s.status.Load().(StreamStatus) }

// SetStatus sets the status of a stream whose creation, deletion or update takes time. A new stream
// is ACTIVE. One that is CREATING or DELETING rejects all records: AWS's answer is a
// ResourceNotFoundException. It can be resharded only while it is ACTIVE. SetStatus returns a
// [*ConfigError] for a status that the Kinesis API does not have.
func (s *Stream) SetStatus(status StreamStatus) error {
	switch status {
	case StreamCreating, StreamDeleting, StreamActive, StreamUpdating:
		s.status.Store(status)
		return nil
	}
	return configErrorf("Status", "%q is none of %q, %q, %q and %q", status,
		StreamCreating, StreamDeleting, StreamActive, StreamUpdating)
}
