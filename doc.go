// Package putrecords answers a Kinesis PutRecords call as Amazon's service does: it validates the batch, maps partition keys
// by MD5 onto the hash ranges of shards, throttles each shard, issues sequence numbers, and returns one result for each record in
// the request's order, failures included. It runs in process, without a server, a network or an account.
//
//	stream := putrecords.MustNew(putrecords.Config{Shards: 4})
//	out, err := stream.Put(ctx, putrecords.Entry("user-1", []byte("a click")), putrecords.Entry("user-2", nil))
//
// # Failures
//
// A request fails as a whole, and nothing of it is stored, with an error that is an [*Error]: its code is AWS's, and so is its text.
//
//	if errors.Is(err, putrecords.ResourceNotFoundException) { … }
//
// A request that does not fail as a whole may still hold records that failed: throttled ones, and ones that the log could not
// store. A producer that checks only the error loses them. [Output.FailedRecordCount] tells how many there are, and
// [Output.Failed] which.
//
// Each shard takes 1,000 records and 1 MiB a second, from two token buckets that hold one second's worth; [Limits] sets other
// rates. What a stream cannot cause by itself, such as a KMS key that is disabled or a failure of the service, comes from
// [Stream.Inject].
//
// # Time
//
// A stream has one clock, Config.Now, and starts no timer and no goroutine. With virtual time, hours of traffic take seconds:
//
//	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
//	stream := putrecords.MustNew(putrecords.Config{Now: func() time.Time { return now }})
//	now = now.Add(time.Hour)
//
// The same Config and the same calls at the same times give the same bytes. Without an option a stream that is made in a
// testing/synctest bubble is right there, where time.Now is virtual.
//
// # Storage
//
// Accepted records go to a [Log], which gives them their positions: a [MemoryLog], by default; [Discard], which keeps none; or
// one of your own, on a disk or over a network, which may finish later than it begins. [Stream.Records] reads what the log holds. A log
// that fails makes InternalFailure entries.
//
// # Shards
//
// [Stream.SplitShard] and [Stream.MergeShards] reshard as AWS does: parents close, children with higher numbers take over, at once or,
// with Config.ReshardDelay, seconds later as in production. [Stream.Shards] lists them all. [Config] takes such a list
// back as Layout, for a stream that goes on elsewhere.
//
// # Clients
//
// [Stream.PutRecord] takes a single record. The module github.com/putrecords/putrecords/kinesishttp puts streams behind Kinesis's HTTP
// API, for the AWS SDK's client in a test, without a socket, and for clients in any language.
//
// # Fidelity
//
// What AWS documents, or has been seen to do in production, is marked as such in the fidelity table of the README, as is what is
// inferred, and what is unknown and decided here.
//
// # Compatibility
//
// The exported API only grows; testdata/api.txt is the record of it. A struct may gain fields, so composite literals should name theirs.
//
// Of the behaviour a program may rely on what AWS does: the codes and texts of errors and the order of checks, the routing, the layout of
// sequence numbers and their order, the JSON of requests, answers and shards. It may also rely on determinism: with one version
// of this package, the same Config and the same calls at the same times, in the same order, give the same bytes, on every platform.
//
// Between versions there may change: a rule that the README marks as inferred or as ours, when AWS's becomes known; the gaps between
// positions; the order in which a call reaches its shards and a [Log] is asked; how often a fault's Match is called; the texts of errors
// that are not an [*Error]; what a panic says; and how a SequenceNumber with a part out of range prints.
package putrecords
