package kinesis

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/putrecords/putrecords"

	"github.com/putrecords/putrecords/internal/constraint"
	"github.com/putrecords/putrecords/kinesishttp"
)

// handleReshards adds the operations that split and merge shards. The streams make most of the
// checks themselves.
func (s *Service) handleReshards(h *kinesishttp.Handler) {
	handle(h, "SplitShard", s.splitShard)
	handle(h, "MergeShards", s.mergeShards)
	handle(h, "UpdateShardCount", s.updateShardCount)
}

type splitShardInput struct {
	NewStartingHashKey, ShardToSplit *string
	StreamARN, StreamName            *string
}

func (s *Service) splitShard(_ context.Context, r *kinesishttp.Request, in *splitShardInput) (any, error) {
	var v violations
	v.AddMissing("newStartingHashKey", in.NewStartingHashKey == nil)
	v.addDecimal("newStartingHashKey", in.NewStartingHashKey, maxHashKeyDigits)
	v.addShardID("shardToSplit", in.ShardToSplit)
	v.AddAddress(in.StreamName, in.StreamARN)
	if err := v.err(); err != nil {
		return nil, err
	}
	st, ids, err := s.findShards(r, in.StreamName, in.StreamARN, *in.ShardToSplit)
	if err != nil {
		return nil, err
	}
	if err := st.checkReshardable(); err != nil {
		return nil, err
	}
	if sh, ok := st.Shard(ids[0]); ok && isOpen(sh) { // otherwise split says what is wrong with the shard
		if err := s.checkShardLimit(r.Account(in.StreamARN), 1); err != nil {
			return nil, err
		}
	}
	return nil, st.reshard(func() error { return st.split(ids[0], *in.NewStartingHashKey) })
}

// split splits a shard. A key above all hash keys gets the answer of the highest key, which cannot
// split a shard either.
func (st *stream) split(shardID, newStartingHashKey string) error {
	key, err := putrecords.ParseHashKey(newStartingHashKey)
	if err == nil {
		return st.SplitShard(shardID, key)
	}
	highest := putrecords.HashKey(bytes.Repeat([]byte{0xff}, len(key)))
	err = st.SplitShard(shardID, highest)
	if refused := (*putrecords.Error)(nil); errors.As(err, &refused) {
		return errorf(refused.Code, "%s", strings.Replace(refused.Message, "Key "+highest.String(), "Key "+newStartingHashKey, 1))
	}
	return err
}

type mergeShardsInput struct {
	AdjacentShardToMerge, ShardToMerge *string
	StreamARN, StreamName              *string
}

func (s *Service) mergeShards(_ context.Context, r *kinesishttp.Request, in *mergeShardsInput) (any, error) {
	var v violations
	v.addShardID("adjacentShardToMerge", in.AdjacentShardToMerge)
	v.addShardID("shardToMerge", in.ShardToMerge)
	v.AddAddress(in.StreamName, in.StreamARN)
	if err := v.err(); err != nil {
		return nil, err
	}
	st, ids, err := s.findShards(r, in.StreamName, in.StreamARN, *in.ShardToMerge, *in.AdjacentShardToMerge)
	if err != nil {
		return nil, err
	}
	if err := st.checkReshardable(); err != nil {
		return nil, err
	}
	return nil, st.reshard(func() error { return st.MergeShards(ids[0], ids[1]) })
}

type updateShardCountInput struct {
	ScalingType           *string
	StreamARN, StreamName *string
	TargetShardCount      *int
}

type updateShardCountOutput struct {
	CurrentShardCount     int
	StreamARN, StreamName string
	TargetShardCount      int
}

func (s *Service) updateShardCount(_ context.Context, r *kinesishttp.Request, in *updateShardCountInput) (any, error) {
	var v violations
	v.AddEnum("scalingType", in.ScalingType, "UNIFORM_SCALING")
	v.AddMissing("targetShardCount", in.TargetShardCount == nil)
	v.AddRange("targetShardCount", in.TargetShardCount, 1, math.MaxInt32)
	v.AddAddress(in.StreamName, in.StreamARN)
	st, err := s.lookUpValid(r, v, in.StreamName, in.StreamARN)
	if err != nil {
		return nil, err
	}
	if err := st.checkReshardable(); err != nil {
		return nil, err
	}
	out := updateShardCountOutput{
		CurrentShardCount: openShards(st.Stream),
		StreamARN:         st.ARN(),
		StreamName:        st.Name(),
		TargetShardCount:  *in.TargetShardCount,
	}
	return out, st.reshard(func() error { return st.UpdateShardCount(*in.TargetShardCount) })
}

// findShards returns the stream that a request names, and the full IDs of the shards that it names.
func (s *Service) findShards(r *kinesishttp.Request, name, arn *string, sent ...string) (*stream, []string, error) {
	account := r.Account(arn)
	found, err := account.StreamName(name, arn)
	if err != nil {
		return nil, nil, err
	}
	ids := make([]string, len(sent))
	for i := range sent {
		if ids[i], err = fullShardID(sent[i], found, account.ID()); err != nil {
			return nil, nil, err
		}
	}
	st, err := s.lookUp(r, name, arn)
	return st, ids, err
}

// checkReshardable returns an error if the stream's shards cannot be split or merged. AWS documents
// a ValidationException for on-demand streams. Its message is unknown, and so is its place among
// the checks.
func (st *stream) checkReshardable() error {
	st.mu.Lock()
	defer st.mu.Unlock()
	if status := st.Status(); status != putrecords.StreamActive {
		return notActive(st.kept.Name, st.kept.AccountID, status)
	}
	if st.shown.Mode == onDemand {
		return errorf(putrecords.ValidationException,
			"Stream %s under account %s is in on-demand mode: its shards can be split and merged only in provisioned mode.",
			st.kept.Name, st.kept.AccountID)
	}
	return nil
}

// fullShardID returns the ID of a shard that a request names. Only the number after the first
// hyphen counts, or all of an ID without a hyphen. AWS rejects any other ID before it looks up the
// stream.
func fullShardID(sent, streamName, accountID string) (string, error) {
	number := sent
	if _, after, ok := strings.Cut(sent, "-"); ok {
		number, _, _ = strings.Cut(after, "-")
	}
	index, err := strconv.ParseUint(number, 10, 31)
	if err != nil {
		return "", errorf(putrecords.ResourceNotFoundException, "Could not find shard %s in stream %s under account %s.",
			sent, streamName, accountID)
	}
	return shardID(index), nil
}

func shardID(index uint64) string { return fmt.Sprintf("shardId-%012d", index) }

// addShardID reports problems with a required shard ID.
func (v *violations) addShardID(path string, id *string) {
	v.AddMissing(path, id == nil)
	v.AddName(path, id)
}

// maxHashKeyDigits is the most digits of a hash key in a request.
const maxHashKeyDigits = 39

// addDecimal reports a number that is not a decimal without leading zeros. A nil number means the
// member is absent, which is valid.
func (v *violations) addDecimal(path string, number *string, maxDigits int) {
	if number == nil {
		return
	}
	s := *number
	if s != "0" && (s == "" || s[0] == '0' || len(s) > maxDigits || strings.Trim(s, "0123456789") != "") {
		v.Add("Value '"+s+"'", path, fmt.Sprintf(`%s^(0|([1-9]\d{0,%d}))$`, constraint.Matching, maxDigits-1))
	}
}
