// Calls every operation of an emulator with the AWS SDK for JavaScript, in Node.js or in a browser.

// operate uses the SDK's module and a client. It returns what it did, in words, or throws an error.
export async function operate(sdk, client, stream) {
  const send = (operation, input) => client.send(new sdk[`${operation}Command`](input));
  const StreamName = stream;
  const StreamARN = `arn:aws:kinesis:us-east-1:000000000000:stream/${stream}`;
  const waiter = { client, maxWaitTime: 60, minDelay: 0.1, maxDelay: 0.1 };
  const active = () => sdk.waitUntilStreamExists(waiter, { StreamName });
  const shards = async () => (await send("ListShards", { StreamName })).Shards.map((shard) => Number(shard.ShardId.slice(-12)));
  const change = async (operation, input) => {
    const answer = await send(operation, input);
    await active();
    return answer;
  };

  // The browser shows these headers to the SDK only if CORS exposes them.
  const { $metadata: metadata } = await change("CreateStream", { StreamName, ShardCount: 1, Tags: { team: "a" } });
  equal(metadata.httpStatusCode, 200);
  equal(/^[0-9a-f-]{36}$/.test(metadata.requestId), true);
  equal(metadata.extendedRequestId?.length > 50, true);

  const text = new TextEncoder().encode("an order of 1 €");
  const first = await send("PutRecord", { StreamName, PartitionKey: "k", Data: text });
  const put = await send("PutRecords", {
    StreamARN,
    Records: [{ PartitionKey: "a", Data: new Uint8Array(256).map((_, i) => i) }, { PartitionKey: "b", Data: new Uint8Array() }],
  });
  equal([first.ShardId, put.FailedRecordCount], ["shardId-000000000000", 0]);

  await change("SplitShard", { StreamName, ShardToSplit: "shardId-000000000000", NewStartingHashKey: String(2n ** 127n) });
  const iterator = async (ShardId, more) =>
    (await send("GetShardIterator", { StreamName, ShardId, ShardIteratorType: "TRIM_HORIZON", ...more })).ShardIterator;
  const read = [];
  let ShardIterator = await iterator("shardId-000000000000");
  let children;
  for (let calls = 0; calls < 1000 && ShardIterator; calls++) { // until the shard's closing second has passed
    try {
      const answer = await send("GetRecords", { ShardIterator });
      read.push(...answer.Records);
      ShardIterator = answer.NextShardIterator;
      children = answer.ChildShards;
    } catch (error) {
      if (error.name !== "ProvisionedThroughputExceededException") {
        throw error;
      }
    }
  }
  equal(read.map((record) => record.PartitionKey), ["k", "a", "b"]);
  equal(new TextDecoder().decode(read[0].Data), "an order of 1 €");
  equal([...read[1].Data], [...Array(256).keys()]);
  equal([read[2].Data.length, read[0].SequenceNumber], [0, first.SequenceNumber]);
  equal(Math.abs(read[0].ApproximateArrivalTimestamp - Date.now()) < 3_600_000, true);
  equal(children.map((child) => [child.ShardId, ...child.ParentShards]), [
    ["shardId-000000000001", "shardId-000000000000"],
    ["shardId-000000000002", "shardId-000000000000"],
  ]);
  const second = await iterator("shardId-000000000000", {
    ShardIteratorType: "AFTER_SEQUENCE_NUMBER",
    StartingSequenceNumber: first.SequenceNumber,
  });
  equal(typeof second, "string");
  await iterator("shardId-000000000000", { ShardIteratorType: "AT_TIMESTAMP", Timestamp: read[0].ApproximateArrivalTimestamp });

  await change("MergeShards", { StreamName, ShardToMerge: "shardId-000000000001", AdjacentShardToMerge: "shardId-000000000002" });
  const count = await change("UpdateShardCount", { StreamName, TargetShardCount: 2, ScalingType: "UNIFORM_SCALING" });
  equal([count.CurrentShardCount, count.TargetShardCount, count.StreamARN], [1, 2, StreamARN]);
  equal(await shards(), [0, 1, 2, 3, 4, 5]);

  await change("IncreaseStreamRetentionPeriod", { StreamName, RetentionPeriodHours: 48 });
  await change("DecreaseStreamRetentionPeriod", { StreamName, RetentionPeriodHours: 36 });
  await change("StartStreamEncryption", { StreamName, EncryptionType: "KMS", KeyId: "alias/aws/kinesis" });
  const metrics = await change("EnableEnhancedMonitoring", { StreamName, ShardLevelMetrics: ["IncomingBytes", "OutgoingBytes"] });
  equal([metrics.CurrentShardLevelMetrics, metrics.DesiredShardLevelMetrics], [[], ["IncomingBytes", "OutgoingBytes"]]);
  await change("DisableEnhancedMonitoring", { StreamName, ShardLevelMetrics: ["OutgoingBytes"] });
  await change("UpdateMaxRecordSize", { StreamARN, MaxRecordSizeInKiB: 2048 });
  await change("UpdateStreamMode", { StreamARN, StreamModeDetails: { StreamMode: "ON_DEMAND" } });
  const { StreamDescriptionSummary: summary } = await send("DescribeStreamSummary", { StreamName });
  equal(
    [
      summary.StreamStatus, summary.RetentionPeriodHours, summary.EncryptionType, summary.KeyId, summary.MaxRecordSizeInKiB,
      summary.StreamModeDetails, summary.EnhancedMonitoring, summary.OpenShardCount,
    ],
    [
      "ACTIVE", 36, "KMS", "alias/aws/kinesis", 2048,
      { StreamMode: "ON_DEMAND" }, [{ ShardLevelMetrics: ["IncomingBytes"] }], 2,
    ],
  );
  await change("StopStreamEncryption", { StreamName, EncryptionType: "KMS", KeyId: "alias/aws/kinesis" });
  const { StreamDescription: description } = await send("DescribeStream", { StreamARN, Limit: 4 });
  equal([description.EncryptionType, description.HasMoreShards, description.Shards.length], ["NONE", true, 4]);
  equal(Math.abs(description.StreamCreationTimestamp - Date.now()) < 3_600_000, true);

  await send("AddTagsToStream", { StreamName, Tags: { stage: "test", owner: "é" } });
  await send("TagResource", { ResourceARN: StreamARN, Tags: { cost: "1" } });
  await send("RemoveTagsFromStream", { StreamName, TagKeys: ["team"] });
  await send("UntagResource", { ResourceARN: StreamARN, TagKeys: ["cost"] });
  const tags = [{ Key: "owner", Value: "é" }, { Key: "stage", Value: "test" }];
  equal((await send("ListTagsForStream", { StreamName })).Tags, tags);
  equal((await send("ListTagsForResource", { ResourceARN: StreamARN })).Tags, tags);

  equal((await send("DescribeLimits", {})).ShardLimit, 20000);
  const names = [];
  for await (const page of sdk.paginateListStreams({ client, pageSize: 1 }, {})) {
    names.push(...page.StreamNames);
  }
  equal(names.includes(stream), true);
  for (const [exception, message, operation, input] of [
    ["ResourceInUseException", `Stream ${stream} under account 000000000000 already exists.`, "CreateStream", { StreamName }],
    ["InvalidArgumentException", "Invalid ShardIterator.", "GetRecords", { ShardIterator: "forged" }],
  ]) {
    try {
      await send(operation, input);
      equal("no error", exception);
    } catch (error) {
      equal([error.name, error.message], [exception, message]);
      equal(error instanceof sdk[exception], true);
    }
  }
  await send("DeleteStream", { StreamName });
  await sdk.waitUntilStreamNotExists(waiter, { StreamName });
  return "every operation has answered";
}

function equal(got, want) {
  if (JSON.stringify(got) !== JSON.stringify(want)) {
    throw new Error(`got ${JSON.stringify(got)}, want ${JSON.stringify(want)}`);
  }
}

// In Node.js: node operations.mjs http://HOST:PORT DIRECTORY. The SDK is installed in the directory.
if (globalThis.process?.argv) {
  const { createRequire } = await import("node:module");
  const [endpoint, directory] = process.argv.slice(2);
  const sdk = createRequire(directory + "/index.js")("@aws-sdk/client-kinesis");
  const client = new sdk.KinesisClient({ endpoint });
  console.log(await operate(sdk, client, "from-node"));
  client.destroy();
}
