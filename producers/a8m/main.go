// This program sends records with a8m/kinesis-producer: New, NotifyFailures, Start, a Put for each
// record, Stop. It believes that a record is stored if Put returned no error and NotifyFailures did
// not report the record.
//
// By default, the producer packs many records into one, so it rarely reaches a shard's limit of
// 1,000 records a second. With -aggregate=false, it sends each record by itself, as the other
// producers do.
package main

import (
	"flag"
	"log"
	"os"

	producer "github.com/a8m/kinesis-producer"
	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/aws/session"
	"github.com/aws/aws-sdk-go/service/kinesis"
	"github.com/putrecords/putrecords/producers/program"
)

var aggregate = flag.Bool("aggregate", true, "pack many records into one")

func main() {
	flag.Parse()
	program.Main("github.com/a8m/kinesis-producer", send)
}

func send(t program.Traffic) (believed int, err error) {
	s, err := session.NewSession(&aws.Config{Endpoint: &t.Endpoint})
	if err != nil {
		return 0, err
	}
	config := &producer.Config{
		StreamName: t.Stream,
		Client:     kinesis.New(s),
		Logger:     &producer.StdLogger{Logger: log.New(os.Stderr, "", log.LstdFlags)}, // not stdout
	}
	if !*aggregate {
		config.AggregateBatchSize = 1 // larger records are sent by themselves
	}
	p := producer.New(config)
	failures, failed := p.NotifyFailures(), make(chan int)
	go func() {
		n := 0
		for failure := range failures {
			log.Print(failure)
			n++
		}
		failed <- n
	}()
	p.Start()
	for i := range t.Records {
		if err := p.Put(t.Data(i), t.Key(i)); err != nil {
			log.Print(err)
		} else {
			believed++
		}
	}
	p.Stop() // closes failures
	return believed - <-failed, nil
}
