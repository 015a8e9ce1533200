package kinesis

import (
	"context"
	"strings"

	"github.com/putrecords/putrecords"

	"github.com/putrecords/putrecords/kinesishttp"
)

type listStreamsInput struct {
	ExclusiveStartStreamName *string
	Limit                    *int
	NextToken                *string
}

type listStreamsOutput struct {
	HasMoreStreams  bool
	NextToken       string `json:",omitzero"`
	StreamNames     []string
	StreamSummaries []streamSummary
}

type streamSummary struct {
	StreamARN               string
	StreamCreationTimestamp kinesishttp.Timestamp
	StreamModeDetails       streamModeDetails
	StreamName              string
	StreamStatus            putrecords.StreamStatus
}

const (
	maxListedStreams   = 100
	maxListLimit       = 10_000
	maxNextTokenLength = 1 << 20
)

func (s *Service) listStreams(_ context.Context, r *kinesishttp.Request, in *listStreamsInput) (any, error) {
	var v violations
	v.AddRange("limit", in.Limit, 1, maxListLimit)
	v.AddName("exclusiveStartStreamName", in.ExclusiveStartStreamName)
	v.AddLength("nextToken", in.NextToken, 1, maxNextTokenLength)
	if err := v.err(); err != nil {
		return nil, err
	}
	account := r.Account(nil)
	start, err := s.listStart(account, in)
	if err != nil {
		return nil, err
	}
	limit := maxListedStreams
	if in.Limit != nil {
		limit = min(limit, *in.Limit)
	}
	out := &listStreamsOutput{}
	for _, st := range s.streamsOf(account) {
		switch {
		case st.Name() <= start:
		case len(out.StreamNames) == limit:
			out.HasMoreStreams = true
			out.NextToken = s.sealer.Seal(listStreamsToken, []byte(account.ID()+"/"+out.StreamNames[limit-1]))
			return out, nil
		default:
			out.StreamNames = append(out.StreamNames, st.Name())
			out.StreamSummaries = append(out.StreamSummaries, st.summary())
		}
	}
	return out, nil
}

// listStreamsToken is the kind of the tokens of ListStreams.
const listStreamsToken = "ListStreams"

// listStart returns the name after which the page starts. "" comes before all names.
func (s *Service) listStart(account *putrecords.Account, in *listStreamsInput) (string, error) {
	switch {
	case in.NextToken == nil && in.ExclusiveStartStreamName == nil:
		return "", nil
	case in.NextToken == nil:
		return *in.ExclusiveStartStreamName, nil
	case in.ExclusiveStartStreamName != nil:
		return "", invalidArgument("ExclusiveStartStreamName and NextToken cannot be provided together.")
	}
	opened, ok := s.sealer.Open(listStreamsToken, *in.NextToken)
	accountID, name, _ := strings.Cut(string(opened), "/")
	if !ok || accountID != account.ID() {
		return "", invalidArgument("Invalid NextToken.")
	}
	return name, nil
}

func (st *stream) summary() streamSummary {
	st.mu.Lock()
	defer st.mu.Unlock()
	mode := st.shown.Mode
	return streamSummary{
		StreamARN:               st.ARN(),
		StreamCreationTimestamp: kinesishttp.Timestamp(st.kept.Created),
		StreamModeDetails:       streamModeDetails{&mode},
		StreamName:              st.Name(),
		StreamStatus:            st.Status(),
	}
}
