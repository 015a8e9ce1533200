package control

import (
	"net/http"
	"time"

	"github.com/putrecords/putrecords"

	"github.com/putrecords/putrecords/emulator/internal/kinesis"
	"github.com/putrecords/putrecords/internal/constraint"
)

// maxShards is the same as for -stream.
const maxShards = 10_000

// maxReshardDelay is longer than the longest -state-delay makes it.
const maxReshardDelay = 24 * time.Hour

// A description describes a stream and what happened in its shards.
type description struct {
	Name   string
	ARN    string
	Status putrecords.StreamStatus
	Limits putrecords.Limits // in force
	Shards []putrecords.ShardStats
}

func describe(stream *putrecords.Stream) description {
	return description{stream.Name(), stream.ARN(), stream.Status(), stream.Limits(), stream.Stats()}
}

func (h *handler) listStreams(*http.Request) (any, error) {
	streams := h.service.Streams()
	descriptions := make([]description, len(streams))
	for i, stream := range streams {
		descriptions[i] = describe(stream)
	}
	return map[string]any{"Streams": descriptions}, nil
}

type createInput struct {
	Name      string
	AccountID string
	Shards    *int
	Layout    []putrecords.Shard
	Limits    *putrecords.Limits // nil means those of the emulator's flags

	EncryptionType             putrecords.EncryptionType
	RecordDistributionStrategy putrecords.RecordDistributionStrategy
	ReshardDelay               *string // a duration; nil means what the emulator's flags say
}

func (h *handler) createStream(r *http.Request) (any, error) {
	var in createInput
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	n := kinesis.NewStream{
		Name:                       in.Name,
		AccountID:                  in.AccountID,
		Layout:                     in.Layout,
		Limits:                     h.service.Limits,
		EncryptionType:             in.EncryptionType,
		RecordDistributionStrategy: in.RecordDistributionStrategy,
	}
	if in.Name == "" {
		return nil, badRequest("Name is missing or \"\"")
	}
	if in.Shards != nil {
		n.Shards = *in.Shards
		if n.Shards < 1 || n.Shards > maxShards {
			return nil, badRequest("Shards is %d and must be from 1 to %d", n.Shards, maxShards)
		}
	}
	if in.Limits != nil {
		n.Limits = *in.Limits
	}
	if in.ReshardDelay != nil {
		delay, err := time.ParseDuration(*in.ReshardDelay)
		if err != nil || delay < 0 || delay > maxReshardDelay {
			return nil, badRequest("ReshardDelay is %q and must be a duration from \"0s\" to \"24h\"", *in.ReshardDelay)
		}
		n.ReshardDelay = &delay
	}
	stream, err := h.service.Create(n)
	if err != nil {
		return nil, err
	}
	return describe(stream), nil
}

func (h *handler) setLimits(r *http.Request) (any, error) {
	var limits putrecords.Limits
	if err := decode(r, &limits); err != nil {
		return nil, err
	}
	stream, err := h.find(r.URL.Query().Get("AccountID"), r.PathValue("name"))
	if err != nil {
		return nil, err
	}
	if err := h.service.SetLimits(stream, limits); err != nil {
		return nil, err
	}
	return describe(stream), nil
}

func (h *handler) deleteStream(r *http.Request) (any, error) {
	stream, err := h.find(r.URL.Query().Get("AccountID"), r.PathValue("name"))
	if err != nil {
		return nil, err
	}
	return struct{}{}, h.service.Remove(stream)
}

// find returns the stream with a name. An account ID of "" is the default account.
func (h *handler) find(accountID, name string) (*putrecords.Stream, error) {
	if accountID != "" && !constraint.IsAccountID(accountID) {
		return nil, badRequest("AccountID is %q and must be 12 digits", accountID)
	}
	return h.service.Find(accountID, name)
}
