package producer_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/putrecords/putrecords/examples/producer"
)

// Close does not linger, but it retries.
func TestCloseDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDiary()
		d.fails = func(attempt int, data string) bool { return data == "b" && attempt < 3 }
		p := newProducer(t, d, producer.Config{Ordered: true})
		for _, data := range []string{"a", "b", "c"} {
			put(t, p, "k", data)
		}
		closeProducer(t, p)
		if want := []string{"0s: a", "0s: b", "100ms: b", "300ms: b", "300ms: c"}; !slices.Equal(d.entries, want) {
			t.Errorf("requests %q, want %q", d.entries, want)
		}
	})
}

// When its context ends, Close gives up on all records: those in flight, resting, waiting behind
// another and ready. Done is called for each.
func TestCloseGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := clientFunc(func(ctx context.Context, in *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) {
			if string(in.Records[0].Data) == "fails" {
				return nil, &types.KMSDisabledException{}
			}
			<-ctx.Done()
			return nil, ctx.Err()
		})
		reported := map[string]error{}
		p := newProducer(t, client, producer.Config{
			Ordered: true,
			Linger:  time.Millisecond,
			Done:    func(r producer.Result) { reported[string(r.Data)] = r.Err },
		})
		for _, record := range []struct{ key, data string }{
			{"a", "fails"}, {"a", "behind"}, {"b", "hangs"}, {"c", "hangs"}, {"d", "hangs"}, {"e", "hangs"}, {"f", "ready"},
		} {
			put(t, p, record.key, record.data)
			time.Sleep(2 * time.Millisecond)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := p.Close(ctx)
		var notStored *producer.NotStoredError
		if !errors.As(err, &notStored) || notStored.Records != 7 || !errors.Is(err, context.DeadlineExceeded) ||
			err.Error() != "producer: 7 records were not stored; the first error: "+notStored.Err.Error() {
			t.Errorf("Close: %v", err)
		}
		if again := p.Close(t.Context()); !errors.Is(again, err) {
			t.Errorf("Close again: %v", again)
		}
		for _, data := range []string{"fails", "behind", "hangs", "ready"} {
			if err := reported[data]; !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%q: Done got %v", data, err)
			}
		}
		var failure *types.KMSDisabledException
		if !errors.As(reported["fails"], &failure) {
			t.Errorf("the failed record: Done got %v", reported["fails"])
		}
	})
}
