package producer

import (
	"cmp"
	"errors"
	"fmt"
	"time"
)

// AWS's limits. AWS accepts larger records only in streams that are set up for them.
const (
	maxKeyLength      = 256 // characters
	maxRecordBytes    = 1 << 20
	maxRequestBytes   = 5 << 20 // including partition keys
	maxRequestRecords = 500
)

// Values that suit most producers.
const (
	maxInFlight    = 4 // requests
	requestTimeout = 10 * time.Second
	firstBackoff   = 100 * time.Millisecond // doubles each time
	maxBackoff     = 5 * time.Second
)

// A Config describes a producer. StreamName and Done are required. Every other field has a default,
// which zero selects.
type Config struct {
	StreamName string

	// Done is called once for each record that Put accepted, by one goroutine. The producer waits
	// for it, so it should be quick, and it must not call the producer.
	Done func(Result)

	// Ordered preserves the order of records with the same partition key. This costs throughput:
	// each key has at most one record in flight.
	Ordered bool

	// Linger is how long a record may wait for others to fill its request. The default is 100 ms.
	Linger time.Duration

	// Put blocks while the producer holds this many records or this many bytes of data and
	// partition keys. The defaults are 10,000 records and 64 MiB.
	MaxRecords int
	MaxBytes   int

	// Jitter returns a number from 0, which keeps the whole backoff, to 1, which halves it. It
	// keeps producers that were throttled together from retrying together. Use, for example,
	// rand.Float64 from math/rand/v2. By default there is no jitter.
	Jitter func() float64
}

// withDefaults returns c with its defaults filled in, or an error if a field is invalid.
func (c Config) withDefaults() (Config, error) {
	switch {
	case c.StreamName == "":
		return c, errors.New("producer: Config.StreamName is empty")
	case c.Done == nil:
		return c, errors.New("producer: Config.Done is nil, so nobody would learn of records that are not stored")
	case c.Linger < 0:
		return c, fmt.Errorf("producer: Config.Linger is %v and must not be negative", c.Linger)
	case c.MaxRecords < 0:
		return c, fmt.Errorf("producer: Config.MaxRecords is %d and must not be negative", c.MaxRecords)
	case c.MaxBytes < 0:
		return c, fmt.Errorf("producer: Config.MaxBytes is %d and must not be negative", c.MaxBytes)
	}
	c.Linger = cmp.Or(c.Linger, 100*time.Millisecond)
	c.MaxRecords = cmp.Or(c.MaxRecords, 10_000)
	c.MaxBytes = cmp.Or(c.MaxBytes, 64<<20)
	return c, nil
}
