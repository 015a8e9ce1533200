module github.com/putrecords/putrecords/producers/apex

go 1.25.0

require (
	github.com/apex/log v1.9.0
	github.com/aws/aws-sdk-go v1.20.6
	github.com/putrecords/putrecords/producers/program v0.0.0
	github.com/tj/go-kinesis v0.0.0-20171128231115-08b17f58cb1b
)

require (
	github.com/jmespath/go-jmespath v0.0.0-20180206201540-c2b33e8439af // indirect
	github.com/jpillora/backoff v0.0.0-20180909062703-3050d21c67d7 // indirect
	github.com/pkg/errors v0.8.1 // indirect
	github.com/rogpeppe/fastuuid v1.1.0 // indirect
)

replace github.com/putrecords/putrecords/producers/program => ../program
