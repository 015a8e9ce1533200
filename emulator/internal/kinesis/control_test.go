package kinesis_test

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/putrecords/putrecords"

	"github.com/putrecords/putrecords/emulator/internal/kinesis"
	"github.com/putrecords/putrecords/emulator/internal/store"
)

// newControlled returns a service on a clock that stands still, its store, and a stream.
func newControlled(t *testing.T) (*kinesis.Service, *store.Memory, *putrecords.Stream) {
	t.Helper()
	memory := store.NewMemory([32]byte{})
	service, err := kinesis.New(kinesis.Config{
		AccountID:          "111122223333",
		Region:             "us-east-1",
		Now:                func() time.Time { return time.Unix(1_800_000_000, 0) },
		Store:              memory,
		Logger:             slog.New(slog.DiscardHandler),
		ReadsPerSecond:     -1,
		ReadBytesPerSecond: -1,
	})
	if err != nil {
		t.Fatal(err)
	}
	stream, err := service.Create(kinesis.NewStream{Name: "orders"})
	if err != nil {
		t.Fatal(err)
	}
	return service, memory, stream
}

func TestFind(t *testing.T) {
	service, _, stream := newControlled(t)
	for _, accountID := range []string{"", "111122223333"} {
		if got, err := service.Find(accountID, "orders"); got != stream || err != nil {
			t.Errorf("%q: got %v, %v", accountID, got, err)
		}
	}
	if _, err := service.Find("444455556666", "orders"); !errors.Is(err, putrecords.ResourceNotFoundException) {
		t.Errorf("in another account: %v", err)
	}
}

// A restart reads the limits from the store.
func TestSetLimitsSurvivesARestart(t *testing.T) {
	service, memory, stream := newControlled(t)
	if err := service.SetLimits(stream, putrecords.Limits{RecordsPerSecond: 3}); err != nil {
		t.Fatal(err)
	}
	if got := stream.Limits().RecordsPerSecond; got != 3 {
		t.Errorf("%d records a second", got)
	}
	config := service.Config
	config.Store = memory
	restarted, err := kinesis.New(config)
	if err != nil {
		t.Fatal(err)
	}
	if got := restarted.Streams()[0].Limits().RecordsPerSecond; got != 3 {
		t.Errorf("%d records a second after a restart", got)
	}
}

func TestSetLimitsNeedsAStreamThatExists(t *testing.T) {
	service, _, stream := newControlled(t)
	if err := stream.SetStatus(putrecords.StreamDeleting); err != nil {
		t.Fatal(err)
	}
	for range 2 { // while it is DELETING, and then when it is gone
		if err := service.SetLimits(stream, putrecords.Limits{}); !errors.Is(err, putrecords.ResourceNotFoundException) {
			t.Errorf("got %v", err)
		}
		if err := service.Remove(stream); err != nil {
			t.Error(err)
		}
	}
}

func TestRemove(t *testing.T) {
	service, memory, stream := newControlled(t)
	for range 2 {
		if err := service.Remove(stream); err != nil {
			t.Error(err)
		}
	}
	kept, err := memory.Streams()
	if len(service.Streams()) != 0 || len(kept) != 0 || err != nil {
		t.Errorf("streams %v, the store keeps %v, error %v", service.Streams(), kept, err)
	}
	if _, err := stream.Put(t.Context(), putrecords.Entry("a", nil)); !errors.Is(err, putrecords.ResourceNotFoundException) {
		t.Errorf("a put gets %v", err)
	}
	if again, err := service.Create(kinesis.NewStream{Name: "orders"}); err != nil || again == stream {
		t.Errorf("creating it again: %v", err)
	}
}
