package main

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// A server is a Kinesis server.
type server struct {
	endpoint string
	lenient  bool // its shards allow bursts as large as production was seen to allow
	client   *kinesis.Client
	created  int // streams
}

func newServer(endpoint string, lenient bool) *server {
	return &server{endpoint: endpoint, lenient: lenient, client: kinesis.New(kinesis.Options{
		BaseEndpoint: &endpoint,
		HTTPClient:   awshttp.NewBuildableClient().WithTimeout(time.Minute),
		Region:       "us-east-1",
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "key", SecretAccessKey: "secret"}, nil
		}),
	})}
}

// create creates a stream with a layout and returns its name, which no other run uses.
func (s *server) create(ctx context.Context, l layout) (string, error) {
	s.created++
	name := fmt.Sprintf("producers-%d-%d", os.Getpid(), s.created)
	if err := s.createEven(ctx, name, l.shards); err != nil {
		return "", err
	}
	if err := s.split(ctx, name, l.splits); err != nil {
		return "", errors.Join(err, s.delete(ctx, name))
	}
	return name, nil
}

// split splits shards, and waits until their children take records.
func (s *server) split(ctx context.Context, stream string, splits []int64) error {
	for _, n := range splits {
		start := eighths(n)
		shards, err := s.shards(ctx, stream)
		if err != nil {
			return err
		}
		_, err = s.client.SplitShard(ctx, &kinesis.SplitShardInput{
			StreamName: &stream, ShardToSplit: ownerOf(shards, start), NewStartingHashKey: aws.String(start.String()),
		})
		if err != nil {
			return err
		}
		if err := s.waitUntilActive(ctx, stream); err != nil {
			return err
		}
	}
	shards, err := s.shards(ctx, stream)
	if err != nil {
		return err
	}
	for _, n := range splits {
		if err := s.waitUntilTaking(ctx, stream, shards, eighths(n)); err != nil {
			return err
		}
	}
	return nil
}

// eighths returns the hash key at n eighths of the hash space.
func eighths(n int64) *big.Int { return new(big.Int).Lsh(big.NewInt(n), 128-3) }

// waitUntilTaking waits until the open shard that owns a hash key takes its records. On AWS and its
// emulators, a parent goes on taking them for seconds after a split.
func (s *server) waitUntilTaking(ctx context.Context, stream string, shards []types.Shard, key *big.Int) error {
	owner := aws.ToString(ownerOf(shards, key))
	for range 300 {
		put, err := s.client.PutRecord(ctx, &kinesis.PutRecordInput{
			StreamName: &stream, PartitionKey: aws.String("probe"), ExplicitHashKey: aws.String(key.String()), Data: []byte("probe"),
		})
		if err != nil || aws.ToString(put.ShardId) == owner {
			return err
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return fmt.Errorf("%s takes no records a minute after it was split off", owner)
}

// createEven creates a stream whose shards are equally large.
func (s *server) createEven(ctx context.Context, name string, shards int) error {
	if s.lenient {
		return s.createLenient(ctx, name, shards)
	}
	_, err := s.client.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: &name, ShardCount: aws.Int32(int32(shards))})
	if err != nil {
		return err
	}
	return s.waitUntilActive(ctx, name)
}

// createLenient creates a stream of the emulator with the limits of putrecords.LenientLimits.
func (s *server) createLenient(ctx context.Context, name string, shards int) error {
	stream := fmt.Sprintf(`{"Name": %q, "Shards": %d, "Limits": {"RecordBurst": 5000, "ByteBurst": 15728640}}`, name, shards)
	if err := s.control(ctx, http.MethodPost, "/control/streams", stream); err != nil {
		return fmt.Errorf("-lenient takes the emulator's control API: %w", err)
	}
	return nil
}

// control makes a call of the emulator's control API.
func (s *server) control(ctx context.Context, method, path, body string) error {
	request, err := http.NewRequestWithContext(ctx, method, s.endpoint+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s", method, request.URL, response.Status)
	}
	return nil
}

func (s *server) waitUntilActive(ctx context.Context, stream string) error {
	waiter := kinesis.NewStreamExistsWaiter(s.client, func(o *kinesis.StreamExistsWaiterOptions) {
		o.MinDelay, o.MaxDelay = 100*time.Millisecond, time.Second
	})
	return waiter.Wait(ctx, &kinesis.DescribeStreamInput{StreamName: &stream}, time.Minute)
}

// shards returns all shards of a stream, open and closed.
func (s *server) shards(ctx context.Context, stream string) ([]types.Shard, error) {
	var shards []types.Shard
	in := &kinesis.ListShardsInput{StreamName: &stream}
	for {
		out, err := s.client.ListShards(ctx, in)
		if err != nil {
			return nil, err
		}
		shards = append(shards, out.Shards...)
		if out.NextToken == nil {
			return shards, nil
		}
		in = &kinesis.ListShardsInput{NextToken: out.NextToken}
	}
}

// ownerOf returns the ID of the open shard that owns a hash key, or nil.
func ownerOf(shards []types.Shard, key *big.Int) *string {
	for _, shard := range shards {
		start, _ := new(big.Int).SetString(*shard.HashKeyRange.StartingHashKey, 10)
		end, _ := new(big.Int).SetString(*shard.HashKeyRange.EndingHashKey, 10)
		if shard.SequenceNumberRange.EndingSequenceNumber == nil && start.Cmp(key) <= 0 && key.Cmp(end) <= 0 {
			return shard.ShardId
		}
	}
	return nil
}

// token is in the data of each record that a program sends, with the record's number.
var token = regexp.MustCompile(`record-(\d{6})\.`)

// count returns how many of the records that a program sent a stream holds, with and without
// copies. A Kinesis record may hold several of them.
func (s *server) count(ctx context.Context, stream string) (stored, distinct int, err error) {
	seen := map[string]bool{}
	shards, err := s.shards(ctx, stream)
	if err != nil {
		return 0, 0, err
	}
	for _, shard := range shards {
		err := s.read(ctx, stream, *shard.ShardId, func(record types.Record) {
			for _, found := range token.FindAllSubmatch(record.Data, -1) {
				stored++
				seen[string(found[1])] = true
			}
		})
		if err != nil {
			return 0, 0, err
		}
	}
	return stored, len(seen), nil
}

// read calls visit with each record of a shard. It stops at the latest one.
func (s *server) read(ctx context.Context, stream, shardID string, visit func(types.Record)) error {
	first, err := s.client.GetShardIterator(ctx, &kinesis.GetShardIteratorInput{
		StreamName: &stream, ShardId: &shardID, ShardIteratorType: types.ShardIteratorTypeTrimHorizon,
	})
	if err != nil {
		return err
	}
	const mostEmpty = 1000 // AWS returns some while a reader is behind
	empty := 0
	for iterator := first.ShardIterator; iterator != nil && empty < mostEmpty; {
		out, err := s.client.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: iterator})
		if err != nil {
			return err
		}
		for _, record := range out.Records {
			visit(record)
		}
		if len(out.Records) == 0 && aws.ToInt64(out.MillisBehindLatest) == 0 {
			return nil
		}
		if len(out.Records) == 0 {
			empty++
		}
		iterator = out.NextShardIterator
	}
	if empty == mostEmpty {
		return fmt.Errorf("%d answers about %s were empty, and it has more records", mostEmpty, shardID)
	}
	return nil
}

// delete deletes a stream, even if ctx is done.
func (s *server) delete(ctx context.Context, stream string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_, err := s.client.DeleteStream(ctx, &kinesis.DeleteStreamInput{StreamName: &stream})
	return err
}
