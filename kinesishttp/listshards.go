package kinesishttp

import (
	"context"
	"encoding/base64"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/putrecords/putrecords"
)

// maxListedShards is the largest number of shards that ListShards lists. AWS: "If you specify a
// value greater than 1000, at most 1000 results are returned".
const maxListedShards = 1000

// A listShardsInput is a ListShards request. A NextToken is its JSON in base64, so the handler
// keeps no state between pages.
type listShardsInput struct {
	ExclusiveStartShardID *string      `json:"ExclusiveStartShardId,omitempty"`
	ShardFilter           *shardFilter `json:",omitempty"`
	StreamName            *string      `json:",omitempty"`
	StreamARN             *string      `json:"-"`
	MaxResults            *int         `json:"-"`
	NextToken             *string      `json:"-"`
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

func listShards(_ context.Context, h *Handler, r reader) (any, error) {
	in, err := readListShards(r)
	if err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	if in.NextToken != nil {
		maxResults := in.MaxResults
		if in, err = parseNextToken(*in.NextToken); err != nil {
			return nil, err
		}
		in.MaxResults = maxResults
	}
	stream, err := h.lookUp(in.StreamName, in.StreamARN)
	if err != nil {
		return nil, err
	}
	shards := stream.Shards()
	if in.ShardFilter != nil {
		shards = in.ShardFilter.apply(shards)
	}
	page, more := pageOf(shards, in.ExclusiveStartShardID, in.MaxResults, maxListedShards)
	answer := struct {
		NextToken string `json:",omitempty"`
		Shards    []shard
	}{Shards: encodeShards(page)}
	if more {
		name := stream.Name()
		answer.NextToken = nextToken(listShardsInput{
			ExclusiveStartShardID: &page[len(page)-1].ShardID,
			ShardFilter:           in.ShardFilter,
			StreamName:            &name,
		})
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
			r.timestamp() // distinguishes streams of the same name; a handler has only one of each
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

// check makes all checks of a request except whether its stream exists.
func (in *listShardsInput) check() error {
	var v violations
	v.AddName("exclusiveStartShardId", in.ExclusiveStartShardID)
	v.checkRange("maxResults", in.MaxResults, maxLimit)
	if in.NextToken != nil && *in.NextToken == "" {
		v.Add("Value ''", "nextToken", notEmpty)
	}
	if filter := in.ShardFilter; filter != nil {
		v.AddName("shardFilter.shardId", filter.ShardID)
		types := []string{afterShardID, atTrimHorizon, fromTrimHorizon, atLatest, atTimestamp, fromTimestamp}
		v.checkEnum("shardFilter.type", filter.Type, types)
	}
	v.AddAddress(in.StreamName, in.StreamARN)
	if err := v.Err(); err != nil {
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
		return in.ShardFilter.check()
	case in.StreamName != nil:
		return invalidArgument("NextToken and StreamName cannot be provided together.")
	case in.StreamARN != nil:
		return invalidArgument("NextToken and StreamARN cannot be provided together.")
	case in.ExclusiveStartShardID != nil:
		return invalidArgument("NextToken and ExclusiveStartShardId cannot be provided together.")
	case in.ShardFilter != nil:
		return invalidArgument("NextToken and ShardFilter cannot be provided together.")
	}
	return nil
}

// check checks that a filter has the member that its type requires. AWS's messages are unknown.
func (f *shardFilter) check() error {
	switch {
	case f == nil:
		return nil
	case *f.Type == afterShardID && f.ShardID == nil:
		return invalidArgument("ShardFilter of type " + *f.Type + " needs a ShardId.")
	case (*f.Type == atTimestamp || *f.Type == fromTimestamp) && f.Timestamp == nil:
		return invalidArgument("ShardFilter of type " + *f.Type + " needs a Timestamp.")
	}
	return nil
}

// apply returns the shards that match the filter. Shards never expire here, so the trim horizon is
// the stream's creation.
func (f *shardFilter) apply(shards []putrecords.Shard) []putrecords.Shard {
	exists := map[string]bool{}
	for _, sh := range shards {
		exists[sh.ShardID] = true
	}
	keep := func(sh putrecords.Shard) bool {
		switch numbers := sh.SequenceNumberRange; *f.Type {
		case afterShardID:
			return sh.ShardID > *f.ShardID
		case atLatest:
			return isOpen(sh)
		case atTimestamp:
			return numbers.StartingSequenceNumber.ShardCreated <= f.Timestamp.Unix() && endsAfter(sh, *f.Timestamp)
		case atTrimHorizon:
			return !exists[sh.ParentShardID]
		case fromTimestamp:
			return endsAfter(sh, *f.Timestamp)
		}
		return true
	}
	return slices.DeleteFunc(shards, func(sh putrecords.Shard) bool { return !keep(sh) })
}

// endsAfter reports whether a shard is open or closed no earlier than the second of t.
func endsAfter(sh putrecords.Shard, t time.Time) bool {
	return isOpen(sh) || sh.SequenceNumberRange.EndingSequenceNumber.Arrived >= t.Unix()
}

func nextToken(in listShardsInput) string {
	return base64.StdEncoding.EncodeToString(must(json.Marshal(in)))
}

func parseNextToken(token string) (*listShardsInput, error) {
	in := &listShardsInput{}
	decoded, err := base64.StdEncoding.Strict().DecodeString(token)
	if err == nil {
		err = json.Unmarshal(decoded, in, json.RejectUnknownMembers(true))
	}
	if err != nil || in.check() != nil {
		// AWS's message is unknown.
		return nil, invalidArgument("The NextToken is not one that ListShards has returned.")
	}
	return in, nil
}
