package producer_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// A diary is a Client that writes down the time and records of each request.
type diary struct {
	fails func(attempt int, data string) bool // whether an attempt, from 1, fails; nil means never
	takes time.Duration                       // each request takes this long

	mu       sync.Mutex
	start    time.Time
	entries  []string
	attempts map[string]int // by data
}

func newDiary() *diary { return &diary{start: time.Now(), attempts: map[string]int{}} }

func (d *diary) PutRecords(_ context.Context, in *kinesis.PutRecordsInput, _ ...func(*kinesis.Options)) (*kinesis.PutRecordsOutput, error) {
	defer time.Sleep(d.takes)
	d.mu.Lock()
	defer d.mu.Unlock()
	out := kinesis.PutRecordsOutput{Records: make([]types.PutRecordsResultEntry, len(in.Records))}
	var all []string
	for i, record := range in.Records {
		data := string(record.Data)
		all = append(all, data)
		d.attempts[data]++
		if d.fails != nil && d.fails(d.attempts[data], data) {
			out.Records[i].ErrorCode = aws.String("InternalFailure")
		}
	}
	records := strings.Join(all, " ")
	if len(records) > 80 {
		records = fmt.Sprint(len(all), " records")
	}
	d.entries = append(d.entries, fmt.Sprint(time.Since(d.start), ": ", records))
	return &out, nil
}

// A clientFunc is a Client.
type clientFunc func(context.Context, *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error)

func (f clientFunc) PutRecords(ctx context.Context, in *kinesis.PutRecordsInput, _ ...func(*kinesis.Options)) (*kinesis.PutRecordsOutput, error) {
	return f(ctx, in)
}
