module github.com/putrecords/putrecords/conformance/tests

go 1.25.0

require (
	github.com/putrecords/putrecords v0.1.0
	github.com/santhosh-tekuri/jsonschema/v6 v6.0.3
)

require golang.org/x/text v0.14.0 // indirect
