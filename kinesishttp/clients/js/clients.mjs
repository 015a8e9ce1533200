// Reads calls from standard input, makes them with the AWS SDK for JavaScript, and prints their results:
//
//	node clients.mjs ENDPOINT (default | http1 | http2) < '{"atOnce": false, "calls": [{"operation": …, "input": …}]}'
import process from "node:process";
import { text } from "node:stream/consumers";
import * as kinesis from "@aws-sdk/client-kinesis";
import { NodeHttp2Handler, NodeHttpHandler } from "@smithy/node-http-handler";

const [endpoint, transport] = process.argv.slice(2);
const { atOnce, calls } = JSON.parse(await text(process.stdin), (name, value) =>
  name === "Data" ? Buffer.from(value, "base64") : value);

const client = new kinesis.KinesisClient({
  endpoint,
  requestHandler: {
    default: undefined, // HTTP/2, one connection per request
    http1: new NodeHttpHandler(),
    http2: new NodeHttp2Handler(), // HTTP/2, many requests on one connection
  }[transport],
});

async function outcome({ operation, input }) {
  try {
    const { $metadata: metadata, ...output } = await client.send(new kinesis[`${operation}Command`](input));
    return { output, metadata };
  } catch (error) {
    const { name, message, $fault: fault, $metadata: metadata } = error;
    const known = name in kinesis && error instanceof kinesis[name]; // whether the SDK has a class for it
    return { error: { name, message, fault, known }, metadata };
  }
}

const outcomes = [];
if (atOnce) {
  outcomes.push(...(await Promise.all(calls.map(outcome))));
} else {
  for (const call of calls) {
    outcomes.push(await outcome(call));
  }
}
client.destroy();
console.log(JSON.stringify(outcomes));
