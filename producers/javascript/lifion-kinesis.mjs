// Drives lifion-kinesis with a loop over its putRecords, 500 records a call. Believed counts the
// records of the calls that did not throw.
import Kinesis from "lifion-kinesis";
import { batches, data, endpoint, key, print, stream } from "./traffic.mjs";

const client = new Kinesis({ streamName: stream, endpoint });

let believed = 0;
for (const batch of batches()) {
  try {
    await client.putRecords({
      records: batch.map((i) => ({ data: data(i), partitionKey: key(i) })),
    });
    believed += batch.length;
  } catch (error) {
    console.error(error.message);
  }
}
print("lifion-kinesis", believed);
