package kinesishttp

import (
	"context"
	"errors"

	"github.com/putrecords/putrecords"
)

// putting returns an operation that reads its input with the encoding's readers for puts.
func putting[In any](read func(r reader, size int) In, put func(context.Context, *Request, In) (any, error)) operation {
	return func(ctx context.Context, r *Request) (answer any, err error) {
		for _, newReader := range r.encoding.forPuts {
			from, release := newReader(r.body)
			in := read(from, len(r.body))
			if err = from.end(); err == nil {
				answer, err = put(ctx, r, in)
			}
			release()
			if !errors.Is(err, errUnusual) {
				break
			}
		}
		return answer, err
	}
}

// readPutRecords reads a PutRecords request. size is that of the body.
func readPutRecords(r reader, size int) *putrecords.Input {
	in := &putrecords.Input{}
	r.structure(func(name []byte) {
		switch string(name) {
		case "DryRun":
			in.DryRun = r.boolean()
		case "Records":
			in.Records = readEntries(r, size)
		default:
			readStream(r, name, &in.StreamName, &in.StreamARN)
		}
	})
	return in
}

func putRecords(ctx context.Context, to *Request, in *putrecords.Input) (any, error) {
	stream, err := to.stream(in.StreamName, in.StreamARN)
	if err != nil {
		_, err = to.withoutStreams(in.StreamARN).PutRecords(ctx, in) // other checks come first
		return nil, err
	}
	out, err := stream.PutRecords(ctx, in)
	if err != nil {
		return nil, err
	}
	if answered := to.handler.Answered; answered != nil {
		answered(ctx, stream, in, out)
	}
	return (*putRecordsAnswer)(out), nil
}

// readEntries reads the records of a PutRecords request. It returns nil if the value is not a list.
func readEntries(r reader, size int) []putrecords.RequestEntry {
	const usual = 128 // bytes that a record takes
	entries := make([]putrecords.RequestEntry, 0, min(size/usual, awsLimits.RecordsPerRequest))
	var entry *putrecords.RequestEntry
	member := func(name []byte) {
		switch string(name) {
		case "Data":
			entry.Data = r.blob()
		case "ExplicitHashKey":
			entry.ExplicitHashKey = r.text()
		case "PartitionKey":
			entry.PartitionKey = r.text()
		default:
			r.skip()
		}
	}
	if !r.list(func() {
		entries = append(entries, putrecords.RequestEntry{})
		entry = &entries[len(entries)-1]
		r.structure(member)
	}) {
		return nil
	}
	return entries
}

func readPutRecord(r reader, _ int) *putrecords.PutRecordInput {
	in := &putrecords.PutRecordInput{}
	r.structure(func(name []byte) {
		switch string(name) {
		case "Data":
			in.Data = r.blob()
		case "DryRun":
			in.DryRun = r.boolean()
		case "ExplicitHashKey":
			in.ExplicitHashKey = r.text()
		case "PartitionKey":
			in.PartitionKey = r.text()
		case "SequenceNumberForOrdering":
			in.SequenceNumberForOrdering = r.text()
		default:
			readStream(r, name, &in.StreamName, &in.StreamARN)
		}
	})
	return in
}

func putRecord(ctx context.Context, to *Request, in *putrecords.PutRecordInput) (any, error) {
	stream, err := to.stream(in.StreamName, in.StreamARN)
	if err != nil {
		_, err = to.withoutStreams(in.StreamARN).PutRecord(ctx, in)
		return nil, err
	}
	out, err := stream.PutRecord(ctx, in)
	to.handler.answeredRecord(ctx, stream, in, out, err)
	if err != nil {
		return nil, err
	}
	return (*putRecordAnswer)(out), nil
}

// answeredRecord calls Answered for a PutRecord request, as for a batch of one record.
func (h *Handler) answeredRecord(
	ctx context.Context, stream *putrecords.Stream, in *putrecords.PutRecordInput, out *putrecords.PutRecordOutput, err error,
) {
	if h.Answered == nil {
		return
	}
	batch := &putrecords.Output{}
	var refused *putrecords.Error
	switch {
	case err == nil:
		batch.EncryptionType = out.EncryptionType
		batch.Records = []putrecords.ResultEntry{{SequenceNumber: out.SequenceNumber, ShardID: out.ShardID}}
	case errors.Is(err, putrecords.ProvisionedThroughputExceededException), errors.Is(err, putrecords.InternalFailure):
		errors.As(err, &refused)
		batch.FailedRecordCount = 1
		batch.Records = []putrecords.ResultEntry{{ErrorCode: refused.Code, ErrorMessage: refused.Message}}
	default:
		return
	}
	h.Answered(ctx, stream, &putrecords.Input{
		Records:    []putrecords.RequestEntry{{Data: in.Data, PartitionKey: in.PartitionKey, ExplicitHashKey: in.ExplicitHashKey}},
		StreamName: in.StreamName,
		StreamARN:  in.StreamARN,
		DryRun:     in.DryRun,
	}, batch)
}

// These are a stream's answers. All their texts except error messages are plain ASCII, and their
// counts are not negative.
type (
	putRecordsAnswer putrecords.Output
	putRecordAnswer  putrecords.PutRecordOutput
)

// The room that an answer needs in either encoding, unless its messages are long.
const (
	bytesPerAnswer = 64
	bytesPerResult = 128
)
