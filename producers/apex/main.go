// This program sends records with apex/log's Kinesis handler, which uses tj/go-kinesis: one log
// line for each record. Log methods return no error, so the program believes that a record is
// stored once its log call has returned.
//
// By default, the handler's own producer logs through the same package-level logger, and so into
// its own queue, which it stops emptying while it logs. When that queue is full, it waits forever,
// and so do all log calls. With -logger, the producer gets a logger of its own and does not hang.
package main

import (
	"flag"
	"os"
	"sync/atomic"
	"time"

	"github.com/apex/log"
	handler "github.com/apex/log/handlers/kinesis"
	"github.com/apex/log/handlers/text"
	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/aws/session"
	"github.com/aws/aws-sdk-go/service/kinesis"
	"github.com/putrecords/putrecords/producers/program"
	producer "github.com/tj/go-kinesis"
)

var ownLogger = flag.Bool("logger", false, "give the handler's producer a logger of its own")

func main() {
	flag.Parse()
	program.Main("github.com/apex/log", send)
}

func send(t program.Traffic) (int, error) {
	s, err := session.NewSession(&aws.Config{Endpoint: &t.Endpoint})
	if err != nil {
		return 0, err
	}
	config := producer.Config{StreamName: t.Stream, Client: kinesis.New(s)}
	if *ownLogger {
		config.Logger = &log.Logger{Handler: text.New(os.Stderr), Level: log.InfoLevel}
	}
	log.SetHandler(handler.NewConfig(config))
	var believed atomic.Int64
	go func() {
		for i := range t.Records {
			log.Info(t.Token(i))
			believed.Add(1)
		}
	}()
	// The handler has no method that flushes or closes it. This is twice as long as one shard takes
	// for all records, and time for the last pauses, so nothing is lost only because the program
	// ends.
	time.Sleep(10*time.Second + time.Duration(t.Records)*2*time.Millisecond)
	return int(believed.Load()), nil
}
