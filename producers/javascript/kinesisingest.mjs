// Drives @netacea/kinesisingest, which collects log records and hands signed PutRecords requests to
// a function of its caller. Records go back to its cache if that function throws. Believed counts
// the records that are not in the cache at the end.
//
// Usage: node kinesisingest.mjs [LOGBATCHSIZE], which is how many log records it puts into one
// Kinesis record, 20 by default. Its partition keys are always the time.
import http from "node:http";
import process from "node:process";
import KinesisIngest from "@netacea/kinesisingest";
import { data, endpoint, numbers, print, records, stream } from "./traffic.mjs";

const ingest = new KinesisIngest.default({
  apiKey: "key",
  kinesisStreamName: stream,
  kinesisAccessKey: process.env.AWS_ACCESS_KEY_ID,
  kinesisSecretKey: process.env.AWS_SECRET_ACCESS_KEY,
  logBatchSize: process.argv[2] && Number(process.argv[2]),
});

const agent = new http.Agent({ keepAlive: true, maxSockets: 50 });

// makeRequest sends a request to the endpoint. The package has no option for that: it leaves the
// sending to its caller. It sets the Host header to the name of AWS's endpoint, so drop that.
function makeRequest({ method, path, headers: { Host, ...headers }, body }) {
  return new Promise((resolve, reject) => {
    const options = { agent, method, headers };
    const request = http.request(new URL(path, endpoint), options, (response) => {
      response.resume().on("end", () => {
        if (response.statusCode === 200) {
          resolve();
        } else {
          reject(new Error(`status ${response.statusCode}`));
        }
      });
    });
    request.on("error", reject).end(body);
  });
}

// The first call returns after 10 seconds, so the calls must not wait for each other.
const ingestOne = (i) => ingest.ingest({ apiKey: "key", message: data(i) }, makeRequest);
await Promise.all(numbers().map(ingestOne));
print("@netacea/kinesisingest", records - ingest.logCache.length);
