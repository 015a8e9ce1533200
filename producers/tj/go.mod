module github.com/putrecords/putrecords/producers/tj

go 1.25.0

require (
	github.com/aws/aws-sdk-go v1.55.8
	github.com/putrecords/putrecords/producers/program v0.0.0
	github.com/tj/go-kinesis v0.0.0-20171128231115-08b17f58cb1b
)

require (
	github.com/apex/log v1.9.0 // indirect
	github.com/jmespath/go-jmespath v0.4.0 // indirect
	github.com/jpillora/backoff v1.1.0 // indirect
	github.com/pkg/errors v0.8.1 // indirect
)

replace github.com/putrecords/putrecords/producers/program => ../program
