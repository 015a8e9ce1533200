module github.com/putrecords/putrecords/examples/jetstream

go 1.26.0

require (
	github.com/google/go-cmp v0.7.0
	github.com/putrecords/putrecords v0.1.0
	pgregory.net/rapid v1.3.0
)

require golang.org/x/time v0.16.0 // indirect
