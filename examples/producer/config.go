package producer

import (
	"cmp"
	"errors"
	"fmt"
	"time"
)

// What AWS takes. Larger records are for those who have asked AWS for them.
const (
	maxKeyLength      = 256 // characters
	maxRecordBytes    = 1 << 20
	maxRequestBytes   = 5 << 20 // with the partition keys
	maxRequestRecords = 500
)

// What suits most.
const (
	maxInFlight    = 4 // requests at once
	requestTimeout = 10 * time.Second
	firstBackoff   = 100 * time.Millisecond // doubled each time
	maxBackoff     = 5 * time.Second
)

// A Config describes a producer. StreamName and Done are required; zero in any other field is the default.
type Config struct {
	StreamName string

	// Done is told what became of each record that Put has taken. It is called by one goroutine, which does nothing else meanwhile:
	// it should be quick, and must not call the producer.
	Done func(Result)

	// Ordered keeps the order of records with the same partition key. It has its price: of each key there is one record in flight.
	Ordered bool

	// Linger is how long a record may wait for others to fill its request: 100 ms.
	Linger time.Duration

	// Put blocks while the producer holds this many records, or this many bytes of data and partition keys.
	MaxRecords int // 10,000
	MaxBytes   int // 64 MiB

	// Jitter returns a number from 0, which leaves a backoff whole, to 1, which halves it, so that producers which were throttled together
	// do not come back together: rand.Float64 of math/rand/v2, for one. Nil is no jitter.
	Jitter func() float64
}

// withDefaults returns c with defaults in place of zeroes, or what is invalid in it.
func (c Config) withDefaults() (Config, error) {
	switch {
	case c.StreamName == "":
		return c, errors.New("producer: Config.StreamName is empty")
	case c.Done == nil:
		return c, errors.New("producer: Config.Done is nil, and nobody would learn of records that are not stored")
	case c.Linger < 0:
		return c, fmt.Errorf("producer: Config.Linger is %v, which is below 0", c.Linger)
	case c.MaxRecords < 0:
		return c, fmt.Errorf("producer: Config.MaxRecords is %d, which is below 0", c.MaxRecords)
	case c.MaxBytes < 0:
		return c, fmt.Errorf("producer: Config.MaxBytes is %d, which is below 0", c.MaxBytes)
	}
	c.Linger = cmp.Or(c.Linger, 100*time.Millisecond)
	c.MaxRecords = cmp.Or(c.MaxRecords, 10_000)
	c.MaxBytes = cmp.Or(c.MaxBytes, 64<<20)
	return c, nil
}
