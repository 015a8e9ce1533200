package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/time/rate"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/emulator/internal/kinesis"
	"github.com/putrecords/putrecords/emulator/internal/store"
	"github.com/putrecords/putrecords/internal/command"
)

// newService returns a service with the streams that are kept and those of -stream.
func (o options) newService(logger *slog.Logger, now func() time.Time) (service *kinesis.Service, err error) {
	kept, err := o.newStore(logger)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, kept.Close())
		}
	}()
	service, err = kinesis.New(kinesis.Config{
		AccountID:          o.accountID,
		Region:             o.region,
		Now:                now,
		Store:              kept,
		Logger:             logger,
		StateDelay:         o.stateDelay,
		Limits:             o.limits,
		ReadsPerSecond:     o.reads,
		ReadBytesPerSecond: o.readBytes,
	})
	if err != nil {
		return nil, inFlags(err)
	}
	streams := o.streams
	if streams == nil && len(service.Streams()) == 0 {
		streams = []kinesis.NewStream{{Name: "orders", Shards: 4}}
	}
	for _, stream := range streams {
		stream.Limits = o.limits
		_, err := service.Create(stream)
		if errors.Is(err, putrecords.ResourceInUseException) {
			continue // it was kept
		}
		if err != nil {
			return nil, command.UsageError{Err: inFlags(err)}
		}
	}
	return service, nil
}

// newStore returns the store of -data, or one in memory.
func (o options) newStore(logger *slog.Logger) (store.Store, error) {
	if o.data != "" {
		sometimes := rate.Sometimes{First: 3, Interval: time.Second}
		disk, err := store.Open(o.data, store.DiskOptions{Sync: o.sync, Failed: func(err error) {
			sometimes.Do(func() { logger.Error("cannot store records", "data", o.data, "error", err) })
		}})
		if err != nil {
			return nil, fmt.Errorf("-data: %w", err)
		}
		return disk, nil
	}
	var key [32]byte
	if _, err := rand.Read(key[:]); err != nil {
		return nil, err
	}
	memory := store.NewMemory(key)
	memory.Bound = o.memory
	memory.Dropped = func(s store.Stream, records int64) {
		logger.Warn("records were dropped before their retention ended, to keep within -memory", "stream", s.Name, "dropped", records)
	}
	return memory, nil
}
