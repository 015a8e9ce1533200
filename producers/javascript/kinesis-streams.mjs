// Drives kinesis-streams. Its stream takes a record before it stores it, and records that it could
// not store go back to its queue. Believed counts the records it took, except those that are in the
// queue at the end.
import AWS from "aws-sdk";
import { KinesisWritable } from "kinesis-streams";
import { data, endpoint, key, numbers, print, stream, write } from "./traffic.mjs";

const writable = new KinesisWritable(new AWS.Kinesis({ endpoint }), stream);
// Without this, every record has the same partition key and goes to the same shard.
writable.getPartitionKey = (record) => key(record.i);
writable.on("error", (error) => console.error(error.message));

const taken = await write(writable, numbers().map((i) => ({ i, message: data(i) })));
const stored = taken.filter((record) => !writable.queue.includes(record));
print("kinesis-streams", stored.length);
