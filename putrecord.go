package putrecords

import (
	"context"
	"regexp"
	"time"
)

// A PutRecordInput is a PutRecord request. Nil members are those that a request leaves out.
type PutRecordInput struct {
	Data                      []byte  // required; nil is missing, empty is fine
	PartitionKey              *string // required
	ExplicitHashKey           *string `json:",omitempty"` // a hash key in decimal, instead of the partition key's
	SequenceNumberForOrdering *string `json:",omitempty"` // of an earlier record; see Stream.PutRecord
	StreamName                *string `json:",omitempty"`
	StreamARN                 *string `json:",omitempty"`
	DryRun                    *bool   `json:",omitempty"`
}

// A PutRecordOutput is the answer to a PutRecord request.
type PutRecordOutput struct {
	EncryptionType EncryptionType `json:",omitempty"` // EncryptionKMS, or "" if the stream is not encrypted
	SequenceNumber string
	ShardID        string `json:"ShardId"`
}

// PutRecord answers a PutRecord request. It is a PutRecords request of one record, but for this: a record that is throttled, or that the
// log could not store, is the call's error, an [*Error] with the code of the record; the paths in a ValidationException have no prefix;
// the text of a dry run names the operation; and there is SequenceNumberForOrdering.
//
// That must be "0", or a number that [ParseSequenceNumber] takes and whose Arrived is not in the future: after neither the stream's clock
// nor the latest second of any shard, which is ahead after a reshard or when the clock has gone back. Another decimal number is an
// InvalidArgumentException, anything else a ValidationException. Whether it is the number of a record does not matter, and the
// answer does not depend on it: the numbers of a shard always increase.
func (s *Stream) PutRecord(ctx context.Context, in *PutRecordInput) (*PutRecordOutput, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if in == nil {
		in = &PutRecordInput{}
	}
	request := &Input{
		Records:    []RequestEntry{{Data: in.Data, PartitionKey: in.PartitionKey, ExplicitHashKey: in.ExplicitHashKey}},
		StreamName: in.StreamName,
		StreamARN:  in.StreamARN,
		DryRun:     in.DryRun,
	}
	if err := s.limits.checkRecordConstraints(in, &request.Records[0]); err != nil {
		return nil, err
	}
	out, err := s.answer(ctx, "PutRecord", request, in.SequenceNumberForOrdering)
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

// checkRecordConstraints is checkConstraints for a PutRecord request; entry is its record.
func (l Limits) checkRecordConstraints(in *PutRecordInput, entry *RequestEntry) error {
	var v Violations
	l.checkEntry(&v, entry, alone)
	if ordering := in.SequenceNumberForOrdering; ordering != nil && !orderingRegexp.MatchString(*ordering) {
		v.Add("Value '"+*ordering+"'", "sequenceNumberForOrdering", "Member must satisfy regular expression pattern: "+orderingRegexp.String())
	}
	v.AddAddress(in.StreamName, in.StreamARN)
	return v.Err()
}

// mayFollow reports whether a record may be ordered after the record with the number.
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
	for _, sh := range s.layout.Load().shards { // which are ahead of the clock after a reshard, and when it has gone back
		sh.mu.Lock()
		second := sh.second()
		sh.mu.Unlock()
		if n.Arrived <= second {
			return true
		}
	}
	return false
}
