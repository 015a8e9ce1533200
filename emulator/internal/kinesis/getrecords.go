package kinesis

import (
	"context"
	"errors"
	"time"

	"github.com/putrecords/putrecords"

	"github.com/putrecords/putrecords/emulator/internal/store"
	"github.com/putrecords/putrecords/kinesishttp"
)

// AWS's limits on a GetRecords call.
const (
	maxReadRecords = 10_000
	maxReadBytes   = 10 << 20 // of data and partition keys
)

// iteratorLife is how long an iterator can be used.
const iteratorLife = 300 * time.Second

type getRecordsInput struct {
	DryRun        *bool
	Limit         *int
	ShardIterator *string
	StreamARN     *string
}

func (s *Service) getRecords(ctx context.Context, r *kinesishttp.Request, in *getRecordsInput) (any, error) {
	it, err := s.checkGetRecords(r, in)
	if err != nil {
		return nil, err
	}
	now := s.Now()
	if created := time.UnixMilli(it.Created); now.Sub(created) > iteratorLife {
		return nil, iteratorExpired(created, now)
	}
	st, sh, err := s.findIterated(r, it)
	if err != nil {
		return nil, err
	}
	limit := st.reads.of(sh.ShardID, &s.Config)
	if !limit.admit(now) {
		return nil, readRateExceeded(sh.ShardID, it.StreamName, it.AccountID)
	}
	most := maxReadRecords
	if in.Limit != nil {
		most = *in.Limit
	}
	ended := st.hasEnded(sh) // before reading: after it no record is added
	page, err := st.read(ctx, sh, it.Position, most, now)
	if errors.Is(err, store.ErrRemoved) { // the stream was deleted in the meantime
		err = noSuchShard(sh.ShardID, it.StreamName, it.AccountID)
	}
	if err != nil {
		return nil, err
	}
	limit.count(now, page.bytes)
	out := getRecordsOutput{MillisBehindLatest: page.behind(sh, ended, now).Milliseconds(), Records: page.records}
	if ended && len(page.records) == 0 {
		out.ChildShards = st.children(sh.ShardID)
		return out, nil
	}
	it.Position, it.Created = page.next, now.UnixMilli()
	out.NextShardIterator = s.sealIterator(it)
	return out, nil
}

// checkGetRecords makes the checks that come before whether the iterator has expired. It returns
// the iterator.
func (s *Service) checkGetRecords(r *kinesishttp.Request, in *getRecordsInput) (iterator, error) {
	var v violations
	v.AddRange("limit", in.Limit, 1, maxReadRecords)
	v.AddMissing("shardIterator", in.ShardIterator == nil)
	v.AddLength("shardIterator", in.ShardIterator, 1, 512)
	v.AddARN("streamARN", in.StreamARN)
	if err := v.err(); err != nil {
		return iterator{}, err
	}
	account := r.Account(in.StreamARN)
	it, ok := s.openIterator(*in.ShardIterator)
	if !ok || it.AccountID != account.ID() {
		return iterator{}, errorf(putrecords.InvalidArgumentException, "Invalid ShardIterator.")
	}
	if _, err := account.StreamName(&it.StreamName, in.StreamARN); err != nil {
		return iterator{}, err
	}
	if in.DryRun != nil && *in.DryRun {
		return iterator{}, dryRunSucceeded(r.Operation)
	}
	return it, nil
}

func iteratorExpired(created, now time.Time) *putrecords.Error {
	const layout = "Mon Jan 02 15:04:05 UTC 2006"
	return errorf(ExpiredIteratorException, "Iterator expired. The iterator was created at time %s while right now it is %s "+
		"which is further in the future than the tolerated delay of %d milliseconds.",
		created.UTC().Format(layout), now.UTC().Format(layout), iteratorLife.Milliseconds())
}

// findIterated returns the stream and the shard that an iterator is for. If the stream was deleted
// and created again, AWS answers with an InternalFailure, unless it now lacks the shard.
func (s *Service) findIterated(r *kinesishttp.Request, it iterator) (*stream, putrecords.Shard, error) {
	st, err := s.lookUp(r, &it.StreamName, nil)
	switch {
	case errors.Is(err, putrecords.ResourceNotFoundException):
		return nil, putrecords.Shard{}, noSuchShard(it.ShardID, it.StreamName, it.AccountID)
	case err != nil:
		return nil, putrecords.Shard{}, err
	}
	sh, err := st.findReadable(it.ShardID)
	if err == nil && st.id != it.StreamID {
		err = &putrecords.Error{Code: putrecords.InternalFailure}
	}
	return st, sh, err
}

// hasEnded reports whether a shard takes no more records, and none that it took waits to be stored.
// A parent takes them until its closing second has passed, and a child that is split before it
// takes any is not at its end either. So hasEnded asks whether a descendant, which has a higher ID,
// takes the shard's records.
func (st *stream) hasEnded(sh putrecords.Shard) bool {
	return !sh.SequenceNumberRange.EndingSequenceNumber.IsZero() &&
		st.Route(sh.HashKeyRange.StartingHashKey).ShardID > sh.ShardID && !st.log.Storing(sh.ShardID)
}

// A page is what a GetRecords call reads.
type page struct {
	records []record
	bytes   int64  // of data and partition keys
	last    int64  // second in which the last record arrived
	next    uint64 // position from which to read on
	more    bool   // the shard has more records
}

// read returns up to most records of a shard from a position on, and up to 10 MiB unless the first
// record is larger. It leaves out records that are older than the retention period. All records get
// the stream's EncryptionType: what AWS shows for those stored before it changed is unknown.
func (st *stream) read(ctx context.Context, sh putrecords.Shard, position uint64, most int, now time.Time) (page, error) {
	position, err := st.skipExpired(ctx, sh, position, now)
	if err != nil {
		return page{}, err
	}
	var encryption putrecords.EncryptionType
	if st.EncryptionType() == putrecords.EncryptionKMS {
		encryption = putrecords.EncryptionKMS
	}
	p := page{records: []record{}, next: position}
	for r, err := range st.log.Records(ctx, sh, position) {
		if err != nil {
			return page{}, err
		}
		size := int64(len(r.Data) + len(r.PartitionKey))
		if n := len(p.records); n == most || n > 0 && p.bytes+size > maxReadBytes {
			p.more = true
			break
		}
		p.records = append(p.records, record{
			ApproximateArrivalTimestamp: kinesishttp.Timestamp(r.Arrived),
			Data:                        r.Data,
			EncryptionType:              encryption,
			PartitionKey:                r.PartitionKey,
			SequenceNumber:              r.SequenceNumber.String(),
		})
		p.bytes += size
		p.last = r.Arrived.Unix()
		p.next = r.SequenceNumber.Position + 1
	}
	return p, nil
}

// skipExpired returns the position itself, or that of the first record after it that is not older
// than the retention period.
func (st *stream) skipExpired(ctx context.Context, sh putrecords.Shard, position uint64, now time.Time) (uint64, error) {
	st.mu.Lock()
	retention := time.Duration(st.shown.RetentionHours) * time.Hour
	st.mu.Unlock()
	horizon := now.Add(-retention)
	record, ok, err := st.first(ctx, sh, position)
	if !ok || !record.Arrived.Before(horizon) {
		return position, err
	}
	return st.firstSince(ctx, sh, position, horizon)
}

// behind returns how far behind the shard's tip a page is. AWS counts it in whole seconds.
func (p *page) behind(sh putrecords.Shard, ended bool, now time.Time) time.Duration {
	since := now.Unix()
	switch {
	case p.more:
		since = p.last
	case ended:
		since = sh.SequenceNumberRange.EndingSequenceNumber.Arrived
	}
	return max(0, time.Duration(now.Unix()-since)*time.Second)
}

// children returns the shards that replaced a shard.
func (st *stream) children(parentID string) []childShard {
	var children []childShard
	for _, sh := range st.Shards() {
		if sh.ParentShardID != parentID && sh.AdjacentParentShardID != parentID {
			continue
		}
		child := childShard{ParentShards: []string{sh.ParentShardID}, ShardID: sh.ShardID}
		if sh.AdjacentParentShardID != "" {
			child.ParentShards = append(child.ParentShards, sh.AdjacentParentShardID)
		}
		child.HashKeyRange.EndingHashKey = sh.HashKeyRange.EndingHashKey.String()
		child.HashKeyRange.StartingHashKey = sh.HashKeyRange.StartingHashKey.String()
		children = append(children, child)
	}
	return children
}
