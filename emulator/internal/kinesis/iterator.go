package kinesis

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"time"

	"github.com/putrecords/putrecords"

	"github.com/putrecords/putrecords/emulator/internal/store"
	"github.com/putrecords/putrecords/kinesishttp"
)

// An iterator is what a ShardIterator holds. A ShardIterator has at most 512 characters, as on AWS.
type iterator struct {
	AccountID  string
	StreamName string
	StreamID   uint64 // in the store; a stream that is created again gets another one
	ShardID    string
	Position   uint64 // of the next record to read
	Created    int64  // milliseconds since 1970
}

const iteratorKind = "ShardIterator"

// sealIterator returns the ShardIterator of an iterator. Clients can neither read it nor make their
// own.
func (s *Service) sealIterator(it iterator) string {
	plain, err := json.Marshal(it)
	if err != nil {
		panic(err) // every iterator can be encoded
	}
	return s.sealer.Seal(iteratorKind, plain)
}

// openIterator returns the iterator that a ShardIterator holds, and whether sealIterator made it.
func (s *Service) openIterator(sealed string) (it iterator, ok bool) {
	plain, ok := s.sealer.Open(iteratorKind, sealed)
	return it, ok && json.Unmarshal(plain, &it) == nil
}

// The types of iterators.
const (
	afterSequenceNumber = "AFTER_SEQUENCE_NUMBER"
	atSequenceNumber    = "AT_SEQUENCE_NUMBER"
	atTimestamp         = "AT_TIMESTAMP"
	latest              = "LATEST"
	trimHorizon         = "TRIM_HORIZON"
)

// handleReads adds the operations that read records.
func (s *Service) handleReads(h *kinesishttp.Handler) {
	handle(h, "GetShardIterator", s.getShardIterator)
	handle(h, "GetRecords", s.getRecords)
}

type getShardIteratorInput struct {
	DryRun                 *bool
	ShardID                *string `json:"ShardId"`
	ShardIteratorType      *string
	StartingSequenceNumber *string
	StreamARN, StreamName  *string
	Timestamp              *time.Time
}

type getShardIteratorOutput struct{ ShardIterator string }

func (s *Service) getShardIterator(ctx context.Context, r *kinesishttp.Request, in *getShardIteratorInput) (any, error) {
	var v violations
	v.AddEnum("shardIteratorType", in.ShardIteratorType, afterSequenceNumber, latest, atTimestamp, atSequenceNumber, trimHorizon)
	v.addShardID("shardId", in.ShardID)
	v.addDecimal("startingSequenceNumber", in.StartingSequenceNumber, maxSequenceNumberDigits)
	v.AddAddress(in.StreamName, in.StreamARN)
	if err := v.err(); err != nil {
		return nil, err
	}
	st, ids, err := s.findShards(r, in.StreamName, in.StreamARN, *in.ShardID)
	if err != nil {
		return nil, err
	}
	if in.DryRun != nil && *in.DryRun {
		return nil, dryRunSucceeded(r.Operation)
	}
	sh, err := st.findReadable(ids[0])
	if err != nil {
		return nil, err
	}
	now := s.Now()
	position, err := st.position(ctx, sh, in, now)
	if errors.Is(err, store.ErrRemoved) { // the stream was deleted in the meantime
		err = noSuchShard(sh.ShardID, st.Name(), st.accountID)
	}
	if err != nil {
		return nil, err
	}
	return getShardIteratorOutput{s.sealIterator(iterator{
		AccountID:  st.accountID,
		StreamName: st.Name(),
		StreamID:   st.id,
		ShardID:    sh.ShardID,
		Position:   position,
		Created:    now.UnixMilli(),
	})}, nil
}

// position returns the position at which the iterator that a request asks for starts. What AWS does
// if an AT_TIMESTAMP request has a StartingSequenceNumber is unknown; position ignores it.
func (st *stream) position(ctx context.Context, sh putrecords.Shard, in *getShardIteratorInput, now time.Time) (uint64, error) {
	switch number := in.StartingSequenceNumber; *in.ShardIteratorType {
	case atTimestamp:
		return st.positionAt(ctx, sh, in.Timestamp, now)
	case afterSequenceNumber, atSequenceNumber:
		if number == nil {
			return 0, wrongCombination(*in.ShardIteratorType, "no")
		}
		position, err := st.positionOf(sh, *number)
		if *in.ShardIteratorType == afterSequenceNumber {
			position++
		}
		return max(position, 1), err
	default:
		if number != nil {
			return 0, wrongCombination(*in.ShardIteratorType, "also a")
		}
		if *in.ShardIteratorType == latest {
			return st.log.LatestPosition(sh.ShardID) + 1, nil
		}
		return 1, nil
	}
}

// maxSequenceNumberDigits is the most digits of a sequence number in a request.
const maxSequenceNumberDigits = 129

func wrongCombination(iteratorType, number string) *putrecords.Error {
	return errorf(putrecords.InvalidArgumentException, "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and "+
		"StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. "+
		"Request specified %s and %s StartingSequenceNumber.", iteratorType, number)
}

// lastCreated is the last second in which AWS takes a shard to have been created.
const lastCreated = 16025175000 - 1

// parseOldNumber returns the shard index and the creation second of a number of an earlier layout,
// and the number as AWS prints it, or false. Such a number has 32 hexadecimal digits: 1, 9 of the
// second, 18 that do not matter here, and 4 of the index. AWS adds the first digit if it is
// missing, and replaces it if it is f; that this holds for other digits too is our guess.
func parseOldNumber(sent string) (n putrecords.SequenceNumber, printed string, ok bool) {
	const firstDigit = 124 // its lowest bit
	number, ok := new(big.Int).SetString(sent, 10)
	if !ok || number.BitLen() > firstDigit+4 {
		return putrecords.SequenceNumber{}, sent, false
	}
	for bit := range 4 {
		number.SetBit(number, firstDigit+bit, 0)
	}
	number.SetBit(number, firstDigit, 1)
	digits := number.FillBytes(make([]byte, 16))
	return putrecords.SequenceNumber{
		ShardCreated: int64(binary.BigEndian.Uint64(digits) << 4 >> 28),
		ShardIndex:   uint32(binary.BigEndian.Uint16(digits[14:])),
	}, number.String(), true
}

// positionOf returns the position in a StartingSequenceNumber, which must be one of the shard's. No
// stream has numbers of the earlier layout.
func (st *stream) positionOf(sh putrecords.Shard, sent string) (uint64, error) {
	n, sent, old := parseOldNumber(sent)
	var err error
	if !old {
		n, err = putrecords.ParseSequenceNumber(sent)
	}
	invalid := fmt.Sprintf("StartingSequenceNumber %s used in GetShardIterator on shard %s in stream %s under account %s is invalid",
		sent, sh.ShardID, st.Name(), st.accountID)
	first := sh.SequenceNumberRange.StartingSequenceNumber
	switch {
	case err != nil || n.ShardCreated > lastCreated || n.ShardIndex > math.MaxInt32:
		return 0, errorf(putrecords.InvalidArgumentException, "%s.", invalid)
	case n.ShardIndex != first.ShardIndex:
		return 0, errorf(putrecords.InvalidArgumentException, "Invalid StartingSequenceNumber. It encodes %s, "+
			"while it was used in a call to a shard with %s", shardID(uint64(n.ShardIndex)), sh.ShardID)
	case old || n.ShardCreated != first.ShardCreated:
		return 0, errorf(putrecords.InvalidArgumentException, "%s because it did not come from this stream.", invalid)
	}
	return n.Position, nil
}

// positionAt returns the position of the first record that arrived at or after t, or else of the
// next record to come.
func (st *stream) positionAt(ctx context.Context, sh putrecords.Shard, t *time.Time, now time.Time) (uint64, error) {
	if t == nil {
		return 0, errorf(putrecords.InvalidArgumentException, "Must specify timestampInMillis parameter for iterator of type "+
			"AT_TIMESTAMP. Current request has no timestamp parameter.")
	}
	if t.UnixMilli() > now.UnixMilli() {
		return 0, errorf(putrecords.InvalidArgumentException, "The timestampInMillis parameter cannot be greater than the "+
			"currentTimestampInMillis. timestampInMillis: %d, currentTimestampInMillis: %d", t.UnixMilli(), now.UnixMilli())
	}
	return st.firstSince(ctx, sh, 1, *t)
}

// firstSince returns the position of the first record, from a position on, that arrived at or after
// t, or else the position after the latest record. It finds it by bisection, because a log may hold
// millions of records.
func (st *stream) firstSince(ctx context.Context, sh putrecords.Shard, from uint64, t time.Time) (uint64, error) {
	low, high := from, st.log.LatestPosition(sh.ShardID)+1
	for low < high {
		middle := low + (high-low)/2
		record, ok, err := st.first(ctx, sh, middle)
		switch {
		case err != nil:
			return 0, err
		case ok && record.Arrived.Before(t):
			low = record.SequenceNumber.Position + 1
		default:
			high = middle
		}
	}
	return low, nil
}

// first returns the first record from a position on, and whether there is one.
func (st *stream) first(ctx context.Context, sh putrecords.Shard, position uint64) (record putrecords.Record, ok bool, err error) {
	for record, err := range st.log.Records(ctx, sh, position) {
		return record, err == nil, err
	}
	return putrecords.Record{}, false, nil
}

// findReadable returns the shard with an ID. While a stream is CREATING or DELETING, it has no
// shards that can be read. For DELETING that is our choice: AWS's behavior is unknown.
func (st *stream) findReadable(id string) (putrecords.Shard, error) {
	sh, ok := st.Shard(id)
	if status := st.Status(); !ok || status == putrecords.StreamCreating || status == putrecords.StreamDeleting {
		return putrecords.Shard{}, noSuchShard(id, st.Name(), st.accountID)
	}
	return sh, nil
}

func noSuchShard(shardID, streamName, accountID string) *putrecords.Error {
	return errorf(putrecords.ResourceNotFoundException, "Shard %s in stream %s under account %s does not exist",
		shardID, streamName, accountID)
}

func dryRunSucceeded(operation string) *putrecords.Error {
	return errorf(putrecords.DryRunOperationException, "DryRunOperation validation succeeded while calling %s operation.: "+
		"Request would have succeeded, but DryRun flag is set.", operation)
}
