package putrecords

import (
	"context"
	"regexp"
	"time"

	"github.com/putrecords/putrecords/internal/constraint"
)

// A PutRecordInput is a PutRecord request. A nil member is one that the request leaves out.
type PutRecordInput struct {
	Data                      []byte  // required; nil is missing, empty is fine
	PartitionKey              *string // required, except with DistributionAuto
	ExplicitHashKey           *string `json:",omitempty"` // see RequestEntry
	SequenceNumberForOrdering *string `json:",omitempty"` // see Stream.PutRecord
	StreamName                *string `json:",omitempty"`
	StreamARN                 *string `json:",omitempty"`
	DryRun                    *bool   `json:",omitempty"`
}

// A PutRecordOutput is the answer to a PutRecord request.
type PutRecordOutput struct {
	EncryptionType EncryptionType `json:",omitempty"` // EncryptionKMS if the stream is encrypted
	SequenceNumber string
	ShardID        string `json:"ShardId"`
}

// PutRecord answers a PutRecord request. It is like a PutRecords request of one record, except:
//
//   - If the record is throttled, or the log cannot store it, the call returns an [*Error] with the
//     record's code. An InternalFailure has no message.
//   - The paths in a ValidationException have no prefix.
//   - The message of a dry run names PutRecord.
//   - There is a SequenceNumberForOrdering.
//
// SequenceNumberForOrdering must be "0" or a number that [ParseSequenceNumber] accepts and whose
// Arrived is not in the future: the stream's clock, or the latest second of some shard, must have
// reached it. (A shard is ahead of the clock after a reshard, or when the clock has gone back.) Any
// other decimal number is an InvalidArgumentException, and anything else a ValidationException. No
// record needs to have the number, and it does not affect the answer: the numbers of a shard always
// increase.
func (s *Stream) PutRecord(ctx context.Context, in *PutRecordInput) (*PutRecordOutput, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if in == nil {
		in = &PutRecordInput{}
	}
	request := &Input{
		Records:    []RequestEntry{in.entry()},
		StreamName: in.StreamName,
		StreamARN:  in.StreamARN,
		DryRun:     in.DryRun,
	}
	if err := s.Limits().checkRecordMembers(in, s.distribution); err != nil {
		return nil, err
	}
	out, err := s.answer(ctx, putRecord, request, in.SequenceNumberForOrdering)
	if err != nil {
		return nil, err
	}
	result := out.Records[0]
	if result.ErrorCode != "" {
		return nil, &Error{Code: result.ErrorCode, Message: result.ErrorMessage}
	}
	return &PutRecordOutput{EncryptionType: out.EncryptionType, SequenceNumber: result.SequenceNumber, ShardID: result.ShardID}, nil
}

var orderingRegexp = regexp.MustCompile(`^(0|([1-9]\d{0,128}))$`)

// checkRecordMembers is checkMembers for a PutRecord request.
func (l Limits) checkRecordMembers(in *PutRecordInput, distribution RecordDistributionStrategy) error {
	var v violations
	entry := in.entry()
	l.checkEntry(&v, &entry, alone)
	if ordering := in.SequenceNumberForOrdering; ordering != nil && !orderingRegexp.MatchString(*ordering) {
		v.Add("Value '"+*ordering+"'", "sequenceNumberForOrdering", constraint.Matching+orderingRegexp.String())
	}
	v.AddAddress(in.StreamName, in.StreamARN)
	if len(v.Violations) == 0 && in.PartitionKey == nil && distribution == UserPartitionKey {
		return partitionKeyMissing(alone)
	}
	return v.err()
}

// entry returns the request's record.
func (in *PutRecordInput) entry() RequestEntry {
	return RequestEntry{Data: in.Data, PartitionKey: in.PartitionKey, ExplicitHashKey: in.ExplicitHashKey}
}

// checkOrdering checks a SequenceNumberForOrdering.
func (s *Stream) checkOrdering(number string, now time.Time) error {
	if s.distribution == DistributionAuto {
		return errorf(InvalidArgumentException, "SequenceNumberForOrdering can't be used on stream %s under account %s, "+
			"whose record distribution strategy is AUTO.", s.name, s.accountID)
	}
	if !s.mayFollow(number, now) {
		return s.invalidOrdering(number)
	}
	return nil
}

// mayFollow reports whether number may be a request's SequenceNumberForOrdering.
func (s *Stream) mayFollow(number string, now time.Time) bool {
	if number == "0" {
		return true
	}
	n, err := ParseSequenceNumber(number)
	if err != nil {
		return false
	}
	if n.Arrived <= now.Unix() {
		return true
	}
	for _, sh := range s.layout.Load().shards { // one may be ahead of the clock
		sh.mu.Lock()
		second := sh.second()
		sh.mu.Unlock()
		if n.Arrived <= second {
			return true
		}
	}
	return false
}
