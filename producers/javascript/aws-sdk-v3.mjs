// Sends 500 records a call with the AWS SDK for JavaScript v3 and checks only whether the call
// throws. Believed counts the records of the calls that did not. The SDK does what it documents: a
// call may succeed although records failed, and its result says which.
import { KinesisClient, PutRecordsCommand } from "@aws-sdk/client-kinesis";
import { batches, data, endpoint, key, print, stream } from "./traffic.mjs";

const client = new KinesisClient({ endpoint });

let believed = 0;
for (const batch of batches()) {
  try {
    await client.send(
      new PutRecordsCommand({
        StreamName: stream,
        Records: batch.map((i) => ({ Data: Buffer.from(data(i)), PartitionKey: key(i) })),
      }),
    );
    believed += batch.length;
  } catch (error) {
    console.error(error.message);
  }
}
client.destroy();
print("@aws-sdk/client-kinesis", believed);
