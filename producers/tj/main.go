// This program sends records with tj/go-kinesis: New, Start, a Put for each record, Stop. It
// believes that a record is stored if Put returned no error. The producer reports nothing else, and
// Stop's documentation says that it flushes.
package main

import (
	"log"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/aws/session"
	"github.com/aws/aws-sdk-go/service/kinesis"
	"github.com/putrecords/putrecords/producers/program"
	producer "github.com/tj/go-kinesis"
)

func main() { program.Main("github.com/tj/go-kinesis", send) }

func send(t program.Traffic) (believed int, err error) {
	s, err := session.NewSession(&aws.Config{Endpoint: &t.Endpoint})
	if err != nil {
		return 0, err
	}
	p := producer.New(producer.Config{StreamName: t.Stream, Client: kinesis.New(s)})
	p.Start()
	for i := range t.Records {
		if err := p.Put(t.Data(i), t.Key(i)); err != nil {
			log.Print(err)
		} else {
			believed++
		}
	}
	p.Stop()
	return believed, nil
}
