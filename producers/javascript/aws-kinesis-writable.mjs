// Drives aws-kinesis-writable, a stream for log records. It emits an "error" event with the records
// that it could not send. Believed counts the records it took, except those in such events.
import process from "node:process";
import KinesisWritable from "aws-kinesis-writable";
import { data, endpoint, key, numbers, print, stream, write } from "./traffic.mjs";

let failed = 0;
const writable = new KinesisWritable({
  endpoint,
  accessKeyId: process.env.AWS_ACCESS_KEY_ID,
  secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY,
  streamName: stream,
  partitionKey: (record) => key(record.i),
  objectMode: true,
});
writable.on("error", (error) => {
  console.error(error.message);
  failed += error.records.length;
});

const taken = await write(writable, numbers().map((i) => ({ i, message: data(i) })));
print("aws-kinesis-writable", taken.length - failed);
