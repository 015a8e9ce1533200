// Sends 500 records a call with the AWS SDK for JavaScript v2 and checks only whether the call
// throws. Believed counts the records of the calls that did not. The SDK does what it documents: a
// call may succeed although records failed, and its result says which.
import AWS from "aws-sdk";
import { batches, data, endpoint, key, print, stream } from "./traffic.mjs";

const client = new AWS.Kinesis({ endpoint });

let believed = 0;
for (const batch of batches()) {
  try {
    await client
      .putRecords({
        StreamName: stream,
        Records: batch.map((i) => ({ Data: data(i), PartitionKey: key(i) })),
      })
      .promise();
    believed += batch.length;
  } catch (error) {
    console.error(error.message);
  }
}
print("aws-sdk", believed);
