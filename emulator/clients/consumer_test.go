package clients_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/aws/credentials"
	"github.com/aws/aws-sdk-go/aws/session"
	awskinesis "github.com/aws/aws-sdk-go/service/kinesis"
	consumer "github.com/harlow/kinesis-consumer"
	memory "github.com/harlow/kinesis-consumer/store/memory"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/emulator/internal/kinesis"
	"github.com/putrecords/putrecords/emulator/internal/store"
)

// startEmulator returns a client of an emulator, and its stream "orders".
func startEmulator(t *testing.T) (*awskinesis.Kinesis, *putrecords.Stream) {
	t.Helper()
	service, err := kinesis.New(kinesis.Config{
		AccountID:          "000000000000",
		Region:             "us-east-1",
		Now:                time.Now,
		Store:              store.NewMemory([32]byte{}),
		Logger:             slog.New(slog.DiscardHandler),
		ReadsPerSecond:     5,
		ReadBytesPerSecond: 2 << 20,
	})
	if err != nil {
		t.Fatal(err)
	}
	stream, err := service.Create(kinesis.NewStream{Name: "orders"})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(service.Handler())
	t.Cleanup(server.Close)
	return awskinesis.New(session.Must(session.NewSession(&aws.Config{
		Endpoint:    &server.URL,
		Region:      aws.String("us-east-1"),
		Credentials: credentials.NewStaticCredentials("AKID", "secret", ""),
	}))), stream
}

// A producer writes records and splits the shard in the middle. The consumer library reads on in
// the children, and gets every record once.
func TestConsumerReadsAllAcrossSplit(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	client, stream := startEmulator(t)
	const records = 200
	put := func(from, to int) {
		t.Helper()
		for i := from; i < to; i++ {
			key := fmt.Sprint("key-", i)
			if _, err := client.PutRecordWithContext(ctx, &awskinesis.PutRecordInput{
				StreamName: aws.String("orders"), PartitionKey: &key, Data: []byte(key),
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
	put(0, records/2)
	checkpoints := memory.New()
	reader := &counting{read: map[string]int{}}

	// The library looks for new shards twice a minute, so the test scans again instead of waiting.
	if err := reader.scan(ctx, client, checkpoints, func() bool { return reader.distinct() == records/2 }); err != nil {
		t.Fatal(err)
	}
	split := &awskinesis.SplitShardInput{
		StreamName: aws.String("orders"), ShardToSplit: aws.String("shardId-000000000000"),
		NewStartingHashKey: aws.String(stream.Shards()[0].HashKeyRange.Midpoint().String()),
	}
	put(records/2, records*3/4)
	if _, err := client.SplitShardWithContext(ctx, split); err != nil {
		t.Fatal(err)
	}
	put(records*3/4, records)
	if err := reader.scan(ctx, client, checkpoints, func() bool { return reader.distinct() == records }); err != nil {
		t.Fatal(err)
	}
	for i := range records {
		if n := reader.read[fmt.Sprint("key-", i)]; n != 1 {
			t.Errorf("key-%d was read %d times", i, n)
		}
	}
	if len(stream.Shards()) != 3 {
		t.Errorf("the stream has %d shards", len(stream.Shards()))
	}
}

// A counting counts how often it has read each key.
type counting struct {
	mu   sync.Mutex
	read map[string]int
}

func (c *counting) distinct() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.read)
}

// scan reads, from the checkpoints on, until done.
func (c *counting) scan(ctx context.Context, client *awskinesis.Kinesis, checkpoints consumer.Store, done func() bool) error {
	reader, err := consumer.New("orders",
		consumer.WithClient(client),
		consumer.WithStore(checkpoints),
		consumer.WithShardIteratorType(awskinesis.ShardIteratorTypeTrimHorizon),
	)
	if err != nil {
		return err
	}
	scanned, stop := context.WithCancel(ctx)
	defer stop()
	err = reader.Scan(scanned, func(r *consumer.Record) error {
		c.mu.Lock()
		c.read[*r.PartitionKey]++
		c.mu.Unlock()
		if string(r.Data) != *r.PartitionKey {
			return errors.New("the data is not that of the record")
		}
		if done() {
			stop()
		}
		return nil
	})
	return errors.Join(err, ctx.Err())
}
