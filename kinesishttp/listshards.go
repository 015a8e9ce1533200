package kinesishttp

import (
	"context"
	"slices"
	"time"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/internal/constraint"
	"github.com/putrecords/putrecords/internal/seal"
)

// maxListedShards is the largest number of shards that ListShards lists. AWS: "If you specify a
// value greater than 1000, at most 1000 results are returned".
const maxListedShards = 1000

type listShardsInput struct {
	ExclusiveStartShardID *string
	MaxResults            *int
	NextToken             *string
	ShardFilter           *shardFilter
	StreamARN, StreamName *string

	StreamCreationTimestamp *time.Time
}

type shardFilter struct {
	ShardID   *string    `json:"ShardId,omitempty"`
	Timestamp *time.Time `json:",omitempty"`
	Type      *string    `json:",omitempty"`
}

// The types of a shardFilter.
const (
	afterShardID    = "AFTER_SHARD_ID"
	atLatest        = "AT_LATEST"
	atTimestamp     = "AT_TIMESTAMP"
	atTrimHorizon   = "AT_TRIM_HORIZON"
	fromTimestamp   = "FROM_TIMESTAMP"
	fromTrimHorizon = "FROM_TRIM_HORIZON"
)

func listShards(_ context.Context, to *Request, r reader) (any, error) {
	in, err := readListShards(r)
	if err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	tokens := seal.New(to.handler.TokenKey)
	var token *pageToken
	if in.NextToken != nil {
		if token, err = openToken(tokens, *in.NextToken); err != nil {
			return nil, err
		}
		if in, err = in.continued(token); err != nil {
			return nil, err
		}
	}
	stream, err := to.stream(in.StreamName, in.StreamARN)
	if err != nil {
		return nil, err
	}
	if token != nil {
		if err := token.check(stream); err != nil {
			return nil, err
		}
	}
	details := to.handler.details(stream)
	shards := details.listed(stream.Status())
	if in.ShardFilter != nil {
		if err := in.ShardFilter.check(stream, details.TrimHorizon); err != nil {
			return nil, err
		}
		shards = in.ShardFilter.apply(stream, shards)
	}
	page, more := pageOf(shards, in.ExclusiveStartShardID, in.MaxResults, maxListedShards)
	answer := struct {
		NextToken string `json:",omitempty"`
		Shards    []shard
	}{Shards: encodeShards(page)}
	if more {
		answer.NextToken = pageToken{
			ExclusiveStartShardID: page[len(page)-1].ShardID,
			Made:                  stream.Now(),
			ShardFilter:           in.ShardFilter,
			StreamARN:             stream.ARN(),
		}.seal(tokens)
	}
	return answer, nil
}

func readListShards(r reader) (*listShardsInput, error) {
	in := &listShardsInput{}
	r.structure(func(name []byte) {
		switch string(name) {
		case "ExclusiveStartShardId":
			in.ExclusiveStartShardID = r.text()
		case "MaxResults":
			in.MaxResults = r.integer()
		case "NextToken":
			in.NextToken = r.text()
		case "ShardFilter":
			in.ShardFilter = readShardFilter(r)
		case "StreamCreationTimestamp":
			in.StreamCreationTimestamp = r.timestamp() // an account has only one stream of each name
		default:
			readStream(r, name, &in.StreamName, &in.StreamARN)
		}
	})
	return in, r.end()
}

func readShardFilter(r reader) *shardFilter {
	filter := &shardFilter{}
	if !r.structure(func(name []byte) {
		switch string(name) {
		case "ShardId":
			filter.ShardID = r.text()
		case "Timestamp":
			filter.Timestamp = r.timestamp()
		case "Type":
			filter.Type = r.text()
		default:
			r.skip()
		}
	}) {
		return nil
	}
	return filter
}

// check makes the checks that come before whether the stream exists.
func (in *listShardsInput) check() error {
	var v violations
	v.AddName("exclusiveStartShardId", in.ExclusiveStartShardID)
	v.AddRange("maxResults", in.MaxResults, 1, maxLimit)
	if in.NextToken != nil && *in.NextToken == "" {
		v.Add("Value ''", "nextToken", constraint.NotEmpty)
	}
	if filter := in.ShardFilter; filter != nil {
		v.AddName("shardFilter.shardId", filter.ShardID)
		v.AddEnum("shardFilter.type", filter.Type, afterShardID, atTrimHorizon, fromTrimHorizon, atLatest, atTimestamp, fromTimestamp)
	}
	v.AddAddress(in.StreamName, in.StreamARN)
	if err := v.err(); err != nil {
		return err
	}
	return in.checkCombination()
}

// checkCombination checks that no required member is missing and that no two members
// exclude each other.
func (in *listShardsInput) checkCombination() error {
	switch {
	case in.NextToken == nil && in.StreamName == nil && in.StreamARN == nil:
		return invalidArgument("Either NextToken or StreamName should be provided.")
	case in.NextToken == nil:
		return nil
	case in.ExclusiveStartShardID != nil:
		return invalidArgument("NextToken and ExclusiveStartShardId cannot be provided together.")
	case in.ShardFilter != nil:
		return invalidArgument("NextToken and ShardFilter cannot be provided together.")
	case in.StreamCreationTimestamp != nil:
		return invalidArgument("NextToken and StreamCreationEpoch cannot be provided together.")
	}
	return nil
}

// continued returns the request for the page that in's NextToken stands for.
func (in *listShardsInput) continued(token *pageToken) (*listShardsInput, error) {
	next := token.request()
	if in.StreamName != nil && *in.StreamName != *next.StreamName {
		return nil, invalidArgument("NextToken does not match the provided StreamName.")
	}
	next.MaxResults = in.MaxResults
	if in.StreamARN != nil {
		next.StreamARN = in.StreamARN
	}
	return next, nil
}

// check checks the values of a filter. AWS's message about a missing Timestamp is unknown.
func (f *shardFilter) check(stream *putrecords.Stream, trimHorizon time.Time) error {
	switch {
	case *f.Type == afterShardID && f.ShardID == nil:
		return invalidArgument("ShardId must be provided when the ShardFilter Type is AFTER_SHARD_ID.")
	case *f.Type != atTimestamp && *f.Type != fromTimestamp: // other types ignore a Timestamp
		return nil
	case f.Timestamp == nil:
		return invalidArgument("ShardFilter of type " + *f.Type + " needs a Timestamp.")
	case f.Timestamp.Before(trimHorizon):
		return invalidArgument("ShardFilter Timestamp cannot be older than TRIM_HORIZON of the stream.")
	case f.Timestamp.After(stream.Now()):
		return invalidArgument("ShardFilter Timestamp must not be greater than current time.")
	}
	return nil
}

// apply returns the shards that match the filter. With any type, ShardID is an exclusive start.
func (f *shardFilter) apply(stream *putrecords.Stream, shards []putrecords.Shard) []putrecords.Shard {
	exists := map[string]bool{}
	for _, sh := range shards {
		exists[sh.ShardID] = true
	}
	keep := func(sh putrecords.Shard) bool {
		if f.ShardID != nil && sh.ShardID <= *f.ShardID {
			return false
		}
		switch *f.Type {
		case atLatest:
			return !hasEnded(stream, sh)
		case atTimestamp:
			return sh.SequenceNumberRange.StartingSequenceNumber.ShardCreated <= f.Timestamp.Unix() && endsAfter(sh, *f.Timestamp)
		case atTrimHorizon:
			return !exists[sh.ParentShardID] && !exists[sh.AdjacentParentShardID]
		case fromTimestamp:
			return endsAfter(sh, *f.Timestamp)
		}
		return true
	}
	return slices.DeleteFunc(shards, func(sh putrecords.Shard) bool { return !keep(sh) })
}

// hasEnded reports whether a descendant of the shard takes the records that the shard took. Before
// that, the shard or an ancestor takes them. Descendants have higher IDs, and ancestors lower ones.
// A shard that was open when it was listed has not ended, because its children are not in the list.
func hasEnded(stream *putrecords.Stream, sh putrecords.Shard) bool {
	return !isOpen(sh) && stream.Route(sh.HashKeyRange.StartingHashKey).ShardID > sh.ShardID
}

// endsAfter reports whether a shard is open or closed no earlier than the second of t.
func endsAfter(sh putrecords.Shard, t time.Time) bool {
	return isOpen(sh) || sh.SequenceNumberRange.EndingSequenceNumber.Arrived >= t.Unix()
}
