module github.com/putrecords/putrecords/producers/sdkv1

go 1.25.0

require (
	github.com/aws/aws-sdk-go v1.55.8
	github.com/putrecords/putrecords/producers/program v0.0.0
)

require github.com/jmespath/go-jmespath v0.4.0 // indirect

replace github.com/putrecords/putrecords/producers/program => ../program
