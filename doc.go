// Package putrecords answers a Kinesis PutRecords call as Amazon's service does. It validates the
// batch, maps partition keys by MD5 onto the hash ranges of shards, throttles each shard, issues
// sequence numbers, and returns one result for each record in the request's order, failures
// included. It runs in process, without a server, a network or an account.
//
//	stream := putrecords.MustNew(putrecords.Config{Shards: 4})
//	out, err := stream.Put(ctx, putrecords.Entry("user-1", []byte("a click")))
//
// # Failures
//
// When AWS would reject the whole request, PutRecords stores nothing and returns an [*Error] with
// AWS's code and message.
//
//	if errors.Is(err, putrecords.ResourceNotFoundException) { … }
//
// Even when PutRecords returns no error, some records may have failed: the shard throttled them, or
// the log could not store them. A producer that checks only the error loses those records.
// [Output.FailedRecordCount] says how many failed, and [Output.Failed] which ones.
//
// Each shard takes 1,000 records and 1 MiB per second, from two token buckets that hold one
// second's worth. [Limits] changes that, and [LargeRecordLimits] allows records of 10 MiB. Use
// [Stream.Inject] for failures that a stream cannot produce on its own, such as a disabled KMS key
// or a failure of the service.
//
// # Time
//
// A stream has one clock, Config.Now, and starts no timer and no goroutine. On virtual time, hours
// of traffic take seconds:
//
//	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
//	stream := putrecords.MustNew(putrecords.Config{Now: func() time.Time { return now }})
//	now = now.Add(time.Hour)
//
// [Stream.Admit] only decides which records would be throttled, several times as fast.
//
// The same Config and the same calls at the same times give the same bytes. A stream made in a
// testing/synctest bubble needs no Config.Now, because time.Now is virtual there.
//
// # Storage
//
// Accepted records go to a [Log], which assigns their positions. The default is a [MemoryLog].
// [Discard] keeps no records. Your own log may use a disk or a network, and may finish storing
// records after Append has returned. Records that the log fails to store are
// answered with InternalFailure.
//
// A [LogAppender] is enough to put records. If it is also a [LogReader], [Stream.Records] reads
// what it holds of a shard, [Stream.RecordsFrom] from a position on, and [Stream.AllRecords] in all
// shards.
//
// # Shards
//
// [Stream.SplitShard] and [Stream.MergeShards] reshard as AWS does: parents close, and children
// with higher sequence numbers take over. That happens immediately or, with Config.ReshardDelay,
// seconds later as in production. [Stream.UpdateShardCount] makes AWS's series of splits and
// merges. [Stream.Shards] lists all shards. To continue a stream elsewhere, pass that list to [New]
// as the Layout of its [Config].
//
// # Servers
//
// [Stream.PutRecord] takes a single record. An [Account] holds the streams of an AWS account in one
// region, finds the one that a request is for, and answers as AWS does if there is none.
// [Stream.SetLimits], [Stream.SetEncryptionType] and [Stream.SetStatus] change a stream while it
// runs. Config.Resharded tells a server of each reshard before the new shards take records, and
// [Stream.Adopt] goes on with the shards of another process in front of the same log.
//
// The module github.com/putrecords/putrecords/kinesishttp speaks Kinesis's HTTP API, for clients in
// any language. In tests, github.com/putrecords/putrecords/kinesistest connects the AWS SDK's own
// client to a stream in one line.
//
// # Fidelity
//
// docs/fidelity.md says for each rule whether AWS documents it, whether it was recorded from
// production, or whether it is inferred or our choice.
//
// # Compatibility
//
// From the first release on, the exported API only grows; testdata/api.txt records it. Structs may
// gain fields, so name the fields in composite literals.
//
// A program may rely on what AWS does: the codes and messages of errors, the order of checks, the
// routing, the layout and order of sequence numbers, and the JSON of requests, answers and shards.
// It may also rely on determinism: with one version of this package, the same Config and the same
// calls in the same order at the same times give the same bytes on every platform.
//
// These may change between versions: a rule marked as inferred or ours, once AWS's rule is known;
// the gaps between positions; the order in which a call reaches its shards and its [Log]; how often
// a fault's Match is called; the messages of errors that are not an [*Error] and of panics; and how
// a SequenceNumber with a part out of range prints.
package putrecords
