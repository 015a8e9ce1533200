// Tests a producer's client, the AWS SDK for JavaScript, against an emulator with -control:
//
//	node control.mjs http://HOST:PORT DIRECTORY
//
// The SDK is installed in the directory.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import path from "node:path";
import process from "node:process";
import { after, beforeEach, test } from "node:test";

const [endpoint, directory] = process.argv.slice(2);
const { KinesisClient, PutRecordsCommand } = createRequire(path.join(directory, "index.js"))("@aws-sdk/client-kinesis");

const client = new KinesisClient({ endpoint });
const throttled = "ProvisionedThroughputExceededException";

// control calls the control API and returns its answer.
async function control(method, path, body) {
  const response = await fetch(`${endpoint}/control/${path}`, {
    method,
    headers: { "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) {
    throw new Error(`${response.status} ${answer.error}`);
  }
  return answer;
}

// put puts a record for each key and returns the error codes, undefined for a record that succeeded.
async function put(...keys) {
  const { $metadata: metadata, ...answer } = await client.send(new PutRecordsCommand({
    StreamName: "orders",
    Records: keys.map((key) => ({ Data: Buffer.from("an order"), PartitionKey: key })),
  }));
  assert.equal(metadata.httpStatusCode, 200);
  const codes = answer.Records.map((record) => record.ErrorCode);
  assert.equal(answer.FailedRecordCount, codes.filter((code) => code).length);
  return codes;
}

// stored returns how many records the stream has stored.
async function stored() {
  const { Streams: [stream] } = await control("GET", "streams");
  return stream.Shards.reduce((sum, shard) => sum + shard.Stored.Records, 0);
}

beforeEach(async () => {
  await control("POST", "reset", {});
  await control("PUT", "clock", { Running: false });
  await control("POST", "streams", { Name: "orders", Limits: { RecordsPerSecond: 1 } });
});

after(() => client.destroy());

test("throttled records in an answer with status 200", async () => {
  assert.deepEqual(await put("a", "b", "c"), [undefined, throttled, throttled]);
  assert.equal(await stored(), 1);
});

test("fault by partition key", async () => {
  await control("PUT", "streams/orders/limits", { RecordsPerSecond: -1 });
  const { ID } = await control("POST", "faults", { Stream: "orders", Count: 2, Match: { PartitionKey: "b" } });
  assert.deepEqual(await put("a", "b", "c"), [undefined, "InternalFailure", undefined]);
  assert.deepEqual(await put("b", "b"), ["InternalFailure", undefined]);
  assert.equal(await stored(), 3);
  assert.equal((await control("DELETE", `faults/${ID}`)).Hits, 2);
});

test("record that is stored although it failed", async () => {
  await control("POST", "faults", { Stream: "orders", AfterAppend: true });
  assert.deepEqual(await put("a"), ["InternalFailure"]);
  assert.equal(await stored(), 1);
});

test("tokens come back when the clock is set", async () => {
  assert.deepEqual(await put("a", "b"), [undefined, throttled]);
  const { Now } = await control("GET", "clock");
  const later = new Date(Date.parse(Now) + 3_600_000);
  const set = await control("PUT", "clock", { Now: later.toISOString() });
  assert.equal(Date.parse(set.Now), later.getTime());
  assert.equal(set.Running, false);
  assert.deepEqual(await put("a", "b"), [undefined, throttled]);
  await control("POST", "clock/advance", { By: "1s" });
  assert.deepEqual(await put("a", "b"), [undefined, throttled]);
  assert.equal(await stored(), 3);
});

test("refusal", async () => {
  await assert.rejects(control("POST", "clock/advance", { By: "-1s" }), {
    message: '400 By is "-1s", but the clock cannot go back',
  });
});
