// Drives kinesis, a stream that sends one record per request. It emits an "error" event for each
// record that it gives up. Believed counts the records it took, less those events.
//
// The package always makes HTTPS requests, so the agent option here gets an agent that connects
// without TLS. Its code reads the options host and port, but its documentation lacks them.
import https from "node:https";
import net from "node:net";
import kinesis from "kinesis";
import { data, endpoint, key, numbers, print, stream, write } from "./traffic.mjs";

const { hostname: host, port } = new URL(endpoint);
const agent = new https.Agent({ keepAlive: true }); // like the default agent
agent.createConnection = () => net.connect(port, host);

let failed = 0;
const writable = new kinesis.KinesisStream({ name: stream, host, port, agent });
writable.on("error", (error) => {
  console.error(error.message);
  failed++;
});

const taken = await write(
  writable,
  numbers().map((i) => ({ PartitionKey: key(i), Data: Buffer.from(data(i)) })),
);
print("kinesis", taken.length - failed);
