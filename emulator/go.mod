module github.com/putrecords/putrecords/emulator

go 1.25.0

require (
	github.com/emmansun/base64 v0.9.0
	github.com/fxamacker/cbor/v2 v2.10.0
	github.com/google/go-cmp v0.7.0
	github.com/putrecords/putrecords v0.1.0
	github.com/putrecords/putrecords/kinesishttp v0.1.0
	go.etcd.io/bbolt v1.5.0
	golang.org/x/time v0.15.0
	pgregory.net/rapid v1.3.0
)

require (
	github.com/go-json-experiment/json v0.0.0-20251027170946-4849db3c2f7e // indirect
	github.com/x448/float16 v0.8.4 // indirect
	golang.org/x/sys v0.47.0 // indirect
)
