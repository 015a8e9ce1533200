// Shows what a server that speaks Kinesis's API does with a throttled shard. Node.js 18 or later:
//
//	node throttle.mjs http://127.0.0.1:4567
const url = process.argv[2];

async function call(operation, body) {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/x-amz-json-1.1',
      'X-Amz-Target': 'Kinesis_20131202.' + operation,
      'X-Amz-Date': '20260101T000000Z',
      Authorization: 'AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/kinesis/aws4_request, ' +
        'SignedHeaders=host;x-amz-date;x-amz-target, Signature=' + '0'.repeat(64),
    },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, ...JSON.parse(text || '{}') };
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// ready waits for a stream of one shard, which it creates if the server can.
async function ready(name) {
  await call('CreateStream', { StreamName: name, ShardCount: 1 });
  for (let i = 0; i < 100; i++) {
    const { StreamDescription: stream } = await call('DescribeStream', { StreamName: name });
    if (stream?.StreamStatus === 'ACTIVE') return;
    await sleep(100);
  }
  throw new Error('no stream ' + name);
}

function summary(answer) {
  if (answer.status !== 200) return `${answer.status} ${answer.__type}: ${answer.message}`;
  return `FailedRecordCount ${answer.FailedRecordCount} of ${answer.Records.length} records`;
}

function put(name, count, size) {
  const Data = Buffer.alloc(size).toString('base64');
  return call('PutRecords', {
    StreamName: name,
    Records: Array.from({ length: count }, () => ({ PartitionKey: 'k', Data })),
  });
}

// report makes calls at the same time, and prints how many records of each failed.
async function report(title, calls) {
  const start = performance.now();
  const answers = await Promise.all(calls());
  const ms = Math.round(performance.now() - start);
  console.log(`${title}, in ${ms} ms:`);
  for (const answer of answers) console.log('  ' + summary(answer));
  const failed = answers.flatMap((a) => a.Records ?? []).find((r) => r.ErrorCode);
  if (failed) console.log(`  ${failed.ErrorCode}: ${failed.ErrorMessage}`);
}

await ready('small');
await report('five calls of 500 records of 11 bytes at once',
  () => Array.from({ length: 5 }, () => put('small', 500, 10)));
await ready('large');
await report('one call of four records of 1 MiB',
  () => [put('large', 4, (1 << 20) - 1)]);
