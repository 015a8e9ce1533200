"""Puts records into an emulator and reads them, while it is killed and started again: restart.py http://HOST:PORT

It prints "kill" when that may happen, waits for the end of its input, when it has happened, and prints how many
records it has read in the end.
"""

import sys
import threading

import boto3
import botocore.config
import botocore.exceptions

STREAM, BEFORE, AFTER = "orders", 500, 500
LOST = botocore.exceptions.HTTPClientError, botocore.exceptions.ConnectionError

config = botocore.config.Config(retries={"total_max_attempts": 1}, connect_timeout=10, read_timeout=30)
kinesis = boto3.client("kinesis", endpoint_url=sys.argv[1], config=config)
acknowledged = {}  # data by shard and sequence number
restarted, finished = threading.Event(), threading.Event()


def await_restart():
    sys.stdin.read()
    restarted.set()


def produce():
    """Puts records one by one, and AFTER of them after the restart."""
    number, after = 0, 0
    while after < AFTER:
        number += 1
        data = b"order %d" % number
        after += restarted.is_set()
        try:
            answer = kinesis.put_record(StreamName=STREAM, PartitionKey=str(number), Data=data)
        except LOST:
            continue
        acknowledged[answer["ShardId"], answer["SequenceNumber"]] = data
        if len(acknowledged) == BEFORE:
            print("kill", flush=True)
    finished.set()


shards = [shard["ShardId"] for shard in kinesis.list_shards(StreamName=STREAM)["Shards"]]
iterators = {
    shard: kinesis.get_shard_iterator(StreamName=STREAM, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    for shard in shards
}
for target in (await_restart, produce):
    threading.Thread(target=target, daemon=True).start()
read, done = {}, False
while not done:
    done = finished.is_set()  # nothing is put after this, so reading ends when nothing is left
    for shard in shards:
        try:
            answer = kinesis.get_records(ShardIterator=iterators[shard], Limit=100)
        except LOST:
            done = False
            continue
        for record in answer["Records"]:
            place = shard, record["SequenceNumber"]
            assert place not in read, f"{place} is read twice"
            read[place] = record["Data"]
        iterators[shard] = answer["NextShardIterator"]
        done = done and not answer["Records"]

assert len(acknowledged) > BEFORE + AFTER // 2
missing = [place for place, data in acknowledged.items() if read.get(place) != data]
assert not missing, f"acknowledged and not read: {missing}"
for shard in shards:
    numbers = [int(number) for at, number in read if at == shard]
    assert numbers == sorted(numbers), f"{shard} is not read in order"
# A record that was stored when the emulator was killed may lack its acknowledgment.
assert len(read) - len(acknowledged) <= 1, "there are records that nobody put"
print(f"read {len(read)} records, {len(acknowledged)} acknowledged")
